// The answer: each number in it leads to what it quotes.
import { $, button, tell } from "./dom.js";

export function link() {
  const sources = new Map();
  for (const item of document.querySelectorAll("#text ol li")) {
    item.id = "source-" + item.value;
    item.tabIndex = -1;
    sources.set(String(item.value), item);
  }
  const walker = document.createTreeWalker($("text"), NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest("ol") && /\[\d+\]/.test(walker.currentNode.data)) found.push(walker.currentNode);
  }
  for (const node of found) {
    node.replaceWith(...node.data.split(/(\[\d+\])/).map((part) => {
      const source = sources.get(part.slice(1, -1));
      return source && part.startsWith("[") ? cite(part, source) : part;
    }));
  }
}

function cite(text, source) {
  const made = button(text, "cite", () => {
    for (const other of document.querySelectorAll(".cited")) other.classList.remove("cited");
    source.classList.add("cited");
    source.focus({ preventScroll: true });
    source.scrollIntoView({ block: "nearest" });
  });
  made.title = source.textContent;
  made.setAttribute("aria-label", "source " + text.slice(1, -1));
  return made;
}

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("text").innerText);
    tell("The answer is copied.");
  } catch { tell("This browser doesn't let the page copy.", true); }
});
