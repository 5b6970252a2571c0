// The source of the user's functions. A line with operations is a button that goes to the next of them.

const codeView = document.getElementById("code");
const lineButtons = new Map();
const nodesOfLine = new Map();

function lineKey(i) {
  const at = NODES[i].at;
  return i < FIRST || (!at && data.sources[0].file) ? null : at ? `${at[0]},${at[1]}` : "0,0";
}

function buildCode() {
  NODES.forEach((node, i) => {
    const key = lineKey(i);
    if (key !== null) nodesOfLine.set(key, [...(nodesOfLine.get(key) ?? []), i]);
  });
  data.sources.forEach((source, b) => {
    const lines = source.lines.map((text, k) => codeLine(`${b},${k}`, source.first + k, text));
    const head = source.file ? make("h3", {}, `${source.name === "<lambda>" ? "lambda" : source.name} `, make("small", {}, source.file)) : null;
    codeView.append(make("div", { class: "source" }, head, ...lines));
  });
}

function codeLine(key, number, text) {
  const nodes = nodesOfLine.get(key);
  const words = make("span", { class: "words" }, text || " ");
  const parts = [make("span", { class: "line-number", "aria-hidden": "true" }, String(number)), words];
  if (!nodes) return make("div", { class: "line" }, ...parts);
  const count = `${nodes.length} operation${nodes.length > 1 ? "s" : ""}`;
  const button = make("button", {
    type: "button", class: "line", title: `${count}: go to the next`, "aria-label": `line ${number}, ${count}: ${text.trim()}`,
    onclick: () => jumpInLine(nodes), onmouseenter: () => hover(nodes), onmouseleave: () => hover([]),
    onfocus: () => hover(nodes), onblur: () => hover([]),
  }, ...parts);
  lineButtons.set(key, { button, words, text });
  return button;
}

function jumpInLine(nodes) {
  const at = nodes.indexOf(current());
  select(nodes[(at + 1) % nodes.length]);
}

let markedLine = null;

// Mark the line of a Node, and in it the expression that made the Node.
function markCode(i) {
  const next = i === null ? undefined : lineButtons.get(lineKey(i));
  // Read before anything is written: the browser lays the page out once a step.
  if (next) keepInView(next.button, codeView);
  if (markedLine) {
    markedLine.button.classList.remove("now");
    markedLine.words.textContent = markedLine.text || " ";
  }
  markedLine = next ?? null;
  if (!markedLine) return;
  markedLine.button.classList.add("now");
  const at = NODES[i].at;
  if (at) {
    const { words, text } = markedLine;
    const [, line, from, last, to] = at;
    const end = last === line ? to : text.length;
    words.replaceChildren(text.slice(0, from), make("mark", {}, text.slice(from, end)), text.slice(end));
  }
}

function hoverCode(nodes) {
  for (const line of lineButtons.values()) line.button.classList.remove("partner");
  for (const i of nodes) lineButtons.get(lineKey(i))?.button.classList.add("partner");
}

function keepInView(element, view) {
  const [a, b] = [element.getBoundingClientRect(), view.getBoundingClientRect()];
  if (a.top < b.top) view.scrollTop -= b.top - a.top + 8;
  else if (a.bottom > b.bottom) view.scrollTop += a.bottom - b.bottom + 8;
}
