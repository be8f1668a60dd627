"use strict";
// Every fragment of HTML comes escaped from the server (state/markup.py); all other text is set as text.
const $ = (id) => document.getElementById(id);
let thread = null, source = null, live = "";
const STEPS = {
  guard: "Reading the goal", decompose: "Making a plan", review: "Checking the plan", search: "Searching",
  recall: "Remembering", act: "Choosing the next step", generate: "Writing the answer", validate: "Checking the answer",
  respond: "Finishing",
};

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
  $("questions").inert = false;
  live = "";
}

// What can be done with the thread as it is: a run at work can be stopped, one that isn't can be gone on with.
function offer({ working = false, unfinished = false, failed = false, finished = false, stored = true }) {
  $("following").hidden = !finished;
  if (!finished) $("follow").checked = false;
  $("actions").hidden = !working && !stored;
  $("stop").hidden = !working;
  $("resume").hidden = working || !unfinished;
  $("retry").hidden = working || !failed;
  $("delete").hidden = working;
  $("main").setAttribute("aria-busy", String(working));
}

// The boxes of the drawing that are at work; the server draws them anew when a task ends.
function mark() {
  const working = [...document.querySelectorAll("#tasks .running, #tasks .retrying, #tasks .asking")].map((row) => row.dataset.task);
  for (const box of document.querySelectorAll("#drawing g")) {
    const title = box.querySelector("title");
    const first = title ? title.textContent.split("\n")[0] : "";
    box.classList.toggle("working", working.some((name) => first === name || first.startsWith(name + ": ")));
  }
}

function showTask(event) {
  const id = "task-" + event.task;
  let row = document.getElementById(id);
  if (!row) {
    row = element("li");
    row.id = id;
    row.dataset.task = event.task;
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
    list();
    $("plan").hidden = false;
    $("drawing").innerHTML = event.drawing;
    $("tasks").replaceChildren();
    for (const task of event.plan.tasks) showTask({ task: task.id, goal: task.goal || task.tool, status: (event.statuses || {})[task.id] || "waiting" });
    mark();
  },
  task(event) {
    showTask(event);
    if (event.drawing) $("drawing").innerHTML = event.drawing;
    mark();
    tell("Working …");
  },
  step(event) { tell((event.status === "started" && STEPS[event.step] || "Working") + " …"); },
  text(event) {
    live = (event.restart ? "" : live) + event.text;
    $("answer").hidden = false;
    $("text").classList.add("live");
    $("text").textContent = live;
  },
  note(event) { tell(event.message); },
  error(event) { tell(event.message, true); $("questions").inert = false; offer({ unfinished: !$("questions").children.length }); },
  stopped() { tell("Stopped. It can be resumed."); $("questions").inert = false; offer({ unfinished: true }); },
  outcome: conclude,
};

function conclude(outcome) {
  clear();
  if (!$("goal").value) $("goal").value = outcome.goal;
  const fill = (section, id, html) => { $(id).innerHTML = html; if (html) $(section).hidden = false; };
  fill("plan", "drawing", outcome.drawing);
  $("text").classList.remove("live");
  fill("answer", "text", outcome.answer);
  fill("run", "timeline", outcome.timeline);
  fill("run", "report", outcome.report);
  $("results").innerHTML = outcome.results.join("");
  for (const question of outcome.waiting) ask(question);
  const waiting = outcome.waiting.length;
  offer({ finished: outcome.finished, unfinished: !outcome.finished && !waiting, failed: outcome.failed && !waiting });
  tell(waiting ? waiting + (waiting > 1 ? " questions wait" : " question waits") + " for you."
    : outcome.finished ? "" : "This run was interrupted; it can be resumed.");
}

const DECISIONS = { approve: "Approve", edit: "Approve as edited", reject: "Reject", respond: "Respond" };

// A text field with its label, in `box`; none if nothing that is allowed here needs it.
function field(box, needed, label, text, rows) {
  if (!needed) return null;
  const around = element("label", label), made = element("textarea");
  made.rows = rows;
  made.value = text;
  around.append(made);
  box.append(around);
  return made;
}

function ask(question) {
  const box = element("div", undefined, "question"), shownPart = element("div"), row = element("div", undefined, "row");
  shownPart.innerHTML = question.shown;
  box.append(shownPart);
  const may = (type) => question.allowed.includes(type), given = JSON.stringify(question.args, null, 2);
  const args = field(box, may("edit"), "Arguments", given, Math.min(16, given.split("\n").length));
  if (args) args.className = "code";
  const words = field(box, may("reject") || may("respond"), may("reject") ? "Reason or response" : "Response", "", 2);
  for (const type of question.allowed) {
    const button = element("button", DECISIONS[type] || type, type === question.allowed[0] ? "primary" : "");
    button.type = "button";
    button.addEventListener("click", () => answer(question, type, args && args.value, words && words.value.trim()));
    row.append(button);
  }
  box.append(row);
  $("questions").append(box);
  $("questions").hidden = false;
}

async function answer(question, type, args, words) {
  const decision = { type };
  try {
    if (type === "edit") decision.edited_action = { name: question.name, args: JSON.parse(args) };
    if ((type === "reject" || type === "respond") && words) decision.message = words;
    await api("/threads/" + encodeURIComponent(thread) + "/resume", { answers: { [question.id]: { decisions: [decision] } } });
    $("questions").inert = true;
    tell("Going on …");
    watch();
  } catch (error) {
    tell(error instanceof SyntaxError ? "The arguments aren't JSON: " + error.message : error.message, true);
  }
}

function watch() {
  if (source) source.close();
  const watched = source = new EventSource("/api/threads/" + encodeURIComponent(thread) + "/events");
  offer({ working: true });
  watched.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (shown[event.type]) shown[event.type](event);
  };
  watched.addEventListener("end", () => { watched.close(); list(); });
}

async function open(id) {
  if (source) source.close();
  source = null;
  thread = id;
  history.replaceState(null, "", "#" + id);
  clear();
  try {
    const outcome = await api("/threads/" + encodeURIComponent(id));
    if (thread !== id) return;  // another was chosen meanwhile
    $("goal").value = outcome.goal;
    if (outcome.at_work) watch();
    else conclude(outcome);
  } catch (error) { tell(error.message, true); }
  list();
}

async function list() {
  let threads;
  try {
    ({ threads } = await api("/threads"));
  } catch (error) { tell(error.message, true); return; }
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
  const given = { goal: $("goal").value, type: $("type").value, policy: $("policy").value };
  if ($("follow").checked) given.thread_id = thread;
  if (source) source.close();
  clear();
  offer({ stored: false });
  tell("Starting …");
  const docs = $("docs").value.split(";").map((path) => path.trim()).filter(Boolean);
  try {
    const started = await api("/runs", { ...given, docs });
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
  offer({ stored: false });
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
$("delete").addEventListener("click", async () => {
  if (confirm("Delete this thread and all that is stored of it?") && await act("", undefined, "DELETE")) fresh();
});
if (location.hash.length > 1) open(decodeURIComponent(location.hash.slice(1)));
else list();
api("/site").then(({ docs }) => { if (docs.length) $("docs").placeholder = docs.join("; "); }, () => {});
