// The list of earlier goals.
import { $, ago, api, button, element, tell } from "./dom.js";

const MANY = 8;
const ENDED = { answered: "answered", partial: "answered in part", not_found: "nothing found", failed: "failed", refused: "refused", declined: "declined", budget: "budget used up", rounds: "answered in part" };
const OPEN = { working: "at work", waiting: "waits for you", unfinished: "stopped", failed: "failed" };
const BAD = ["failed", "refused"];

export function cameTo(reason) { return ENDED[reason] || ""; }
export function isBad(reason) { return BAD.includes(reason); }

// `current`: the id of the thread that is shown; `open(id)` shows another.
export async function list(current, open) {
  let threads;
  try {
    ({ threads } = await api("/threads"));
  } catch (error) { tell(error.message, true); return; }
  $("threads").replaceChildren(...threads.map((one) => {
    const item = element("li"), chosen = button("", "", () => open(one.thread_id)), state = one.status === "done" ? one.stop_reason : one.status;
    const told = element("small", (one.status === "done" ? cameTo(one.stop_reason) || "done" : OPEN[one.status]) + " · " + ago(one.updated));
    told.title = new Date(one.updated * 1000).toLocaleString();
    chosen.title = one.goal;
    chosen.className = state || "";
    chosen.append(element("span", one.goal || one.thread_id), told);
    chosen.setAttribute("aria-current", String(one.thread_id === current()));
    item.append(chosen);
    return item;
  }));
  $("find").hidden = threads.length <= MANY;
  $("none").hidden = threads.length > 0;
  filter();
}

function filter() {
  const words = $("find").hidden ? "" : $("find").value.trim().toLowerCase();
  for (const item of $("threads").children) item.hidden = !item.textContent.toLowerCase().includes(words);
}

const narrow = matchMedia("(max-width: 46rem)");
function fold() { $("earlier").open = !narrow.matches; }
narrow.addEventListener("change", fold);
$("find").addEventListener("input", filter);
fold();
