"use strict";
// Every fragment of HTML comes escaped from the server (state/markup.py); all other text is set as text.
const $ = (id) => document.getElementById(id);
let thread = null, source = null, live = "";

async function api(path, body, method) {
  const response = await fetch("/api" + path, {
    method: method || (body === undefined ? "GET" : "POST"),
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const given = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(given.error || "The server answered " + response.status + ".");
  return given;
}

function tell(text, failed) {
  $("status").textContent = text;
  $("status").classList.toggle("error", Boolean(failed));
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function clear() {
  for (const id of ["plan", "answer", "run", "questions", "actions"]) $(id).hidden = true;
  for (const id of ["drawing", "tasks", "text", "timeline", "report", "results", "questions"]) $(id).replaceChildren();
  live = "";
}

function showTask(event) {
  const id = "task-" + event.task;
  let row = document.getElementById(id);
  if (!row) {
    row = element("li");
    row.id = id;
    row.append(element("b", event.task), element("span", event.goal || event.tool || "", "goal"), element("span", "", "state"));
    $("tasks").append(row);
  }
  if (event.item !== undefined) return;
  row.className = event.status || "";
  if (event.goal) row.querySelector(".goal").textContent = event.goal;
  row.querySelector(".state").textContent = [(event.status || "waiting").replace("_", " "), event.detail].filter(Boolean).join(" · ");
}

const shown = {
  plan(event) {
    $("plan").hidden = false;
    $("drawing").innerHTML = event.drawing;
    $("tasks").replaceChildren();
    for (const task of event.plan.tasks) showTask({ task: task.id, goal: task.goal || task.tool, status: "waiting" });
  },
  task(event) {
    showTask(event);
    if (event.drawing) $("drawing").innerHTML = event.drawing;
  },
  step(event) { if (event.status === "started") tell(event.step + " …"); },
  text(event) {
    live = (event.restart ? "" : live) + event.text;
    $("answer").hidden = false;
    $("text").classList.add("live");
    $("text").textContent = live;
  },
  note(event) { tell(event.message); },
  error(event) { tell(event.message, true); $("actions").hidden = false; },
  stopped() { tell("Stopped. The thread can be resumed."); $("actions").hidden = false; },
  outcome: conclude,
};

function conclude(outcome) {
  clear();
  const fill = (section, id, html) => { $(id).innerHTML = html; if (html) $(section).hidden = false; };
  fill("plan", "drawing", outcome.drawing);
  $("text").classList.remove("live");
  fill("answer", "text", outcome.answer);
  fill("run", "timeline", outcome.timeline);
  fill("run", "report", outcome.report);
  $("results").innerHTML = outcome.results.join("");
  for (const question of outcome.waiting) ask(question);
  $("actions").hidden = false;
  const waiting = outcome.waiting.length;
  tell(waiting ? waiting + (waiting > 1 ? " questions wait" : " question waits") + " for you."
    : outcome.finished ? "" : "This run was interrupted; it can be resumed.");
}

function ask(question) {
  const box = element("div", undefined, "question");
  const shownPart = element("div");
  shownPart.innerHTML = question.shown;
  const text = element("textarea");
  text.rows = 3;
  text.setAttribute("aria-label", "Arguments, reason or response");
  if (question.allowed.includes("edit")) text.value = JSON.stringify(question.args, null, 2);
  const row = element("div", undefined, "row");
  for (const type of question.allowed) {
    const button = element("button", type[0].toUpperCase() + type.slice(1), type === "approve" ? "primary" : "");
    button.type = "button";
    button.addEventListener("click", () => answer(question, type, text.value));
    row.append(button);
  }
  box.append(shownPart, text, row);
  $("questions").append(box);
  $("questions").hidden = false;
}

async function answer(question, type, text) {
  const decision = { type };
  try {
    if (type === "edit") decision.edited_action = { name: question.name, args: JSON.parse(text) };
    const unchanged = text === JSON.stringify(question.args, null, 2);
    if ((type === "reject" || type === "respond") && !unchanged) decision.message = text;
    await api("/threads/" + encodeURIComponent(thread) + "/resume", { answers: { [question.id]: { decisions: [decision] } } });
    watch();
  } catch (error) {
    tell(error instanceof SyntaxError ? "The arguments aren't JSON: " + error.message : error.message, true);
  }
}

function watch() {
  if (source) source.close();
  source = new EventSource("/api/threads/" + encodeURIComponent(thread) + "/events");
  $("actions").hidden = false;
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (shown[event.type]) shown[event.type](event);
  };
  source.addEventListener("end", () => { source.close(); source = null; list(); });
}

async function open(id) {
  thread = id;
  history.replaceState(null, "", "#" + id);
  clear();
  try {
    const outcome = await api("/threads/" + encodeURIComponent(id));
    $("goal").value = outcome.goal;
    conclude(outcome);
  } catch (error) { tell(error.message, true); }
  watch();
  list();
}

async function list() {
  const { threads } = await api("/threads");
  $("threads").replaceChildren(...threads.map((one) => {
    const item = element("li"), button = element("button", one.goal || one.thread_id);
    button.type = "button";
    button.title = one.goal;
    button.setAttribute("aria-current", String(one.thread_id === thread));
    button.append(element("small", one.status + " · " + new Date(one.updated * 1000).toLocaleString()));
    button.addEventListener("click", () => open(one.thread_id));
    item.append(button);
    return item;
  }));
}

async function begin(event) {
  event.preventDefault();
  clear();
  tell("Starting …");
  const docs = $("docs").value.split(";").map((path) => path.trim()).filter(Boolean);
  try {
    const started = await api("/runs", { goal: $("goal").value, type: $("type").value, policy: $("policy").value, docs });
    thread = started.thread_id;
    history.replaceState(null, "", "#" + thread);
    watch();
  } catch (error) { tell(error.message, true); }
}

async function act(path, body, method) {
  try {
    await api("/threads/" + encodeURIComponent(thread) + path, body, method);
    return true;
  } catch (error) { tell(error.message, true); return false; }
}

function fresh() {
  if (source) source.close();
  thread = source = null;
  history.replaceState(null, "", location.pathname);
  clear();
  tell("");
  $("goal").value = "";
  $("goal").focus();
  list();
}

$("ask").addEventListener("submit", begin);
$("goal").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("ask").requestSubmit(); });
$("new").addEventListener("click", fresh);
$("stop").addEventListener("click", () => act("/stop", {}));
$("resume").addEventListener("click", async () => { if (await act("/resume", {})) watch(); });
$("retry").addEventListener("click", async () => { if (await act("/resume", { retry_failed: true })) watch(); });
$("delete").addEventListener("click", async () => { if (await act("", undefined, "DELETE")) fresh(); });
if (location.hash.length > 1) open(decodeURIComponent(location.hash.slice(1)));
else list().catch((error) => tell(error.message, true));
