// What a run asks a person: the whole action, where each argument comes from, and a way to answer.
import { $, button, element, tell } from "./dom.js";

const SOURCES = { plan: "the plan", user: "your words" };
const KINDS = { approval: "May this be done?", plan: "May this plan run?", in_doubt: "Did this happen?", clarify: "One thing first", question: "A question" };
const DECISIONS = {
  approve: { name: "Approve" },
  edit: { name: "Edit", send: "Approve as edited", field: "Arguments" },
  reject: { name: "Reject", send: "Reject", field: "Reason" },
  respond: { name: "Respond", send: "Send", field: "Response" },
};
const IN_DOUBT = {
  approve: { name: "Do it again" },
  respond: { name: "It happened", send: "It happened", field: "What it came to" },
  reject: { name: "Leave it", send: "Leave it", field: "Reason" },
};

// `send(question, decision)` hands in the answer.
export function ask(question, send) {
  const box = element("article", undefined, "question"), title = element("h2", question.asked || question.name);
  const ways = question.kind === "in_doubt" ? IN_DOUBT : DECISIONS;
  title.id = "asked-" + question.id;
  box.setAttribute("aria-labelledby", title.id);
  box.append(element("p", KINDS[question.kind] || question.kind, "kind"), title);
  const tool = question.rows.length && question.kind !== "plan" ? question.name : "";
  const why = [tool, question.reason].filter(Boolean).join(" · ");
  if (why) box.append(element("p", why, "faint"));
  box.append(...rows(question));
  if (question.expires) box.append(element("p", "Answer until " + new Date(question.expires * 1000).toLocaleString() + ".", "faint"));
  const row = element("div", undefined, "row"), below = element("form", undefined, "below");
  below.hidden = true;
  for (const type of question.allowed) {
    const way = ways[type] || { name: type };
    const choose = button(way.name, type === question.allowed[0] ? "primary" : "", () => {
      if (!way.field) return send(question, { type });
      for (const other of row.children) if (other.hasAttribute("aria-expanded")) other.setAttribute("aria-expanded", String(other === choose));
      unfold(below, question, type, way, send);
    });
    if (way.field) choose.setAttribute("aria-expanded", "false");
    row.append(choose);
  }
  box.append(row, below);
  $("questions").append(box);
  $("questions").hidden = false;
  if (question.allowed.length === 1 && row.firstChild) row.firstChild.click();
}

function rows(question) {
  if (!question.rows.length) return [];
  const list = element("dl");
  for (const { name, text, sources, trusted } of question.rows) {
    const value = element("dd"), from = element("span", (trusted ? "from " : "untrusted, from ") + sources.map((name) => SOURCES[name] || name).join(", "), trusted ? "from" : "from untrusted");
    const shown = element("pre", text);
    shown.tabIndex = 0;
    value.append(shown);
    if (sources.length) value.append(from);
    list.append(element("dt", name), value);
  }
  return [list];
}

function unfold(form, question, type, way, send) {
  const label = element("label", way.field), field = element("textarea"), given = element("button", way.send, "primary");
  if (type === "edit") {
    field.value = JSON.stringify(question.args, null, 2);
    field.className = "code";
    field.spellcheck = false;
  }
  field.rows = type === "edit" ? Math.min(16, field.value.split("\n").length) : 2;
  field.required = type === "respond";
  label.append(field);
  form.replaceChildren(label, given);
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    const decision = { type };
    try {
      if (type === "edit") decision.edited_action = { name: question.name, args: JSON.parse(field.value) };
      else if (field.value.trim()) decision.message = field.value.trim();
    } catch (error) { return tell("The arguments aren't JSON: " + error.message, true); }
    send(question, decision);
  };
  field.focus();
}
