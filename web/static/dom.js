// What every part of the page uses. All text is set as text; fragments of HTML come escaped from the server.
export const $ = (id) => document.getElementById(id);

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

export function button(text, className, pressed) {
  const made = element("button", text, className);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

export function tell(text, failed) {
  $("status").textContent = text;
  $("status").classList.toggle("error", Boolean(failed));
}

export async function api(path, body, method) {
  let response;
  try {
    response = await fetch("api" + path, {
      method: method || (body === undefined ? "GET" : "POST"),
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch { throw new Error("The page's server can't be reached. Start it again; `orchestrate serve` prints a new address."); }
  const given = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(given.error || "The server answered " + response.status + ".");
  return given;
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
export function ago(seconds) {
  const passed = Math.max(0, Date.now() / 1000 - seconds);
  const [unit, size] = UNITS.find(([, size]) => passed >= size) || [];
  return unit ? new Intl.RelativeTimeFormat("en").format(-Math.floor(passed / size), unit) : "just now";
}
