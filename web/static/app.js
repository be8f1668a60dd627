// A goal from its asking to its answer.
import { $, api, button, element, tell } from "./dom.js";
import { ask } from "./questions.js";
import { cameTo, isBad, list as listThreads } from "./threads.js";
import { link } from "./answer.js";

let thread = null, source = null, live = "";
const STEPS = {
  guard: "Reading the goal", decompose: "Making a plan", review: "Checking the plan", search: "Searching",
  recall: "Remembering", act: "Choosing the next step", generate: "Writing the answer", validate: "Checking the answer",
  respond: "Finishing",
};
const ENDED = ["done", "failed", "skipped", "refused", "in_doubt"];
const list = () => listThreads(() => thread, open);

function clear() {
  for (const id of ["plan", "answer", "run", "questions", "actions", "welcome", "outcome", "delete"]) $(id).hidden = true;
  for (const id of ["drawing", "tasks", "text", "timeline", "report", "results", "questions"]) $(id).replaceChildren();
  $("questions").inert = false;
  document.title = "Orchestrate";
  live = "";
}

// What can be done with the thread as it is: a run at work can be stopped, one that isn't can be gone on with.
function offer({ working = false, unfinished = false, failed = false, finished = false, stored = true }) {
  $("following").hidden = !finished;
  if (!finished) $("follow").checked = false;
  $("actions").hidden = !working && !unfinished && !failed;
  $("stop").hidden = !working;
  $("resume").hidden = working || !unfinished;
  $("retry").hidden = working || !failed;
  $("delete").hidden = working || !stored;
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

function progress() {
  const rows = [...$("tasks").children], ended = rows.filter((row) => ENDED.some((state) => row.classList.contains(state)));
  tell(rows.length > 1 ? "Working · " + ended.length + " of " + rows.length + " tasks done" : "Working …");
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
    progress();
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
  $("timeline").hidden = !outcome.timeline;
  $("results").innerHTML = outcome.results.join("");
  link();
  for (const question of outcome.waiting) ask(question, answer);
  if (outcome.goal) document.title = outcome.goal.slice(0, 80) + " · Orchestrate";
  if (outcome.finished && outcome.stop_reason !== "answered") {
    $("outcome").textContent = cameTo(outcome.stop_reason);
    $("outcome").className = isBad(outcome.stop_reason) ? "pill bad" : "pill";
    $("outcome").hidden = !cameTo(outcome.stop_reason);
  }
  const waiting = outcome.waiting.length;
  offer({ finished: outcome.finished, unfinished: !outcome.finished && !waiting, failed: outcome.failed && !waiting });
  tell(waiting ? waiting + (waiting > 1 ? " questions wait" : " question waits") + " for you."
    : outcome.finished ? "" : "This run was interrupted; it can be resumed.");
}

async function answer(question, decision) {
  try {
    await api("/threads/" + encodeURIComponent(thread) + "/resume", { answers: { [question.id]: { decisions: [decision] } } });
    $("questions").inert = true;
    tell("Going on …");
    watch();
  } catch (error) { tell(error.message, true); }
}

function watch() {
  if (source) source.close();
  const watched = source = new EventSource("api/threads/" + encodeURIComponent(thread) + "/events");
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
    history.pushState(null, "", "#" + thread);
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
  $("welcome").hidden = false;
  list();
}

function choose() {
  const picked = [$("type").value !== "hybrid" && $("type").value, $("policy").value !== "default" && "policy " + $("policy").value, $("docs").value && $("docs").value];
  $("chosen").textContent = picked.filter(Boolean).join(" · ");
}

function show() {
  if (location.hash.length > 1) open(decodeURIComponent(location.hash.slice(1)));
  else fresh();
}

async function welcome() {
  const { docs, db, brain, examples } = await api("/site");
  if (docs.length) $("docs").placeholder = docs.join("; ");
  const searched = [...docs, ...(db ? ["a database"] : [])].join(", ");
  $("served").textContent = "It thinks with " + brain + ". " + (searched ? "It searches " + searched + "." : "Name documents to search under Options.");
  $("examples").replaceChildren(...examples.map((goal) => button(goal, "example", () => { $("goal").value = goal; $("goal").focus(); })));
}

$("ask").addEventListener("submit", begin);
$("ask").addEventListener("change", choose);
$("goal").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("ask").requestSubmit(); });
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("goal").focus(); });
$("new").addEventListener("click", fresh);
$("stop").addEventListener("click", () => act("/stop", {}));
$("resume").addEventListener("click", async () => { if (await act("/resume", {})) watch(); });
$("retry").addEventListener("click", async () => { if (await act("/resume", { retry_failed: true })) watch(); });
$("delete").addEventListener("click", async () => {
  if (confirm("Delete this thread and all that is stored of it?") && await act("", undefined, "DELETE")) fresh();
});
addEventListener("popstate", show);
show();
welcome().catch(() => {});
