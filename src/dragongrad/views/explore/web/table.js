// The trace table. Only the rows in view are in the document, so that 5,000 of them are as quick as fifty.

const ROW = 32;
const tableView = document.getElementById("table");
const tableBody = document.getElementById("rows");
const tableHead = document.getElementById("columns");
const opened = new Set();
// What the browser would have to lay the page out for, kept from when it last changed.
const room = { table: 0, scroll: 0, width: 0, height: 0 };
const keptRows = new Kept(tableBody);
let items = [];
let rowOfNode = new Map();

const membersOf = new Map(GROUPS.map((_, g) => [g, 0]));
for (let i = FIRST; i < NODES.length; i++) for (let g = NODES[i].g; g >= 0; g = GROUPS[g][0]) membersOf.set(g, membersOf.get(g) + 1);

const pathOf = (i) => {
  const path = [];
  for (let g = NODES[i].g; g >= 0; g = GROUPS[g][0]) path.unshift(g);
  return path;
};

// The outermost closed group that a Node is in; null where all around it are open.
const hiddenIn = (i) => pathOf(i).find((g) => !opened.has(g)) ?? null;

function buildItems() {
  items = [];
  rowOfNode = new Map();
  let path = [];
  NODES.forEach((node, i) => {
    const here = i < FIRST ? [] : pathOf(i);
    let k = 0;
    while (k < path.length && path[k] === here[k]) k++;
    let hidden = here.slice(0, k).some((g) => !opened.has(g));
    for (; k < here.length && !hidden; k++) {
      items.push({ group: here[k], depth: k });
      hidden = !opened.has(here[k]);
    }
    if (!hidden) items.push({ node: i, depth: here.length });
    rowOfNode.set(i, items.length - 1);
    path = here;
  });
  tableBody.style.height = `${items.length * ROW}px`;
  tableView.setAttribute("aria-rowcount", String(items.length + 1));
}

const COLUMNS = {
  value: [["name", "name"], ["operation", "operation"], ["value", "value"], ["shape", "shape"]],
  forward: [["name", "name"], ["operation", "operation"], ["value", "value"], ["dot", "tangent"], ["d", "derivative"]],
  reverse: [["name", "name"], ["operation", "operation"], ["value", "value"], ["bar", "adjoint"], ["b", "passes back"]],
};

// Columns as wide as their longest words, up to a limit: v1470 must not look like v1471.
function fitColumns() {
  let name = 3.3, operation = 9;
  NODES.forEach((node, i) => {
    // Digits are broad, the letters of a long name less so.
    const letters = 0.66 * Math.min(node.n.length, 6) + 0.5 * Math.max(node.n.length - 6, 0);
    name = Math.max(name, letters + (i < FIRST ? 0 : 0.45 * Math.min(pathOf(i).length, 6)));
    operation = Math.max(operation, node.o.length);
  });
  const set = (column, rem) => document.querySelector("main").style.setProperty(column, `${rem.toFixed(2)}rem`);
  set("--name", Math.min(name, 9) + 1.2);
  set("--operation", Math.max(6.5, Math.min(operation, 15) * 0.53 + 1));
}

function measure() {
  Object.assign(room, {
    table: tableView.clientHeight, scroll: tableView.scrollTop, width: graphView.clientWidth, height: graphView.clientHeight,
  });
}

function buildHead() {
  version++;
  tableView.className = `table ${state.mode}`;
  tableHead.replaceChildren(...COLUMNS[state.mode].map(([key, title]) =>
    make("span", { role: "columnheader", class: `c-${key}` }, title)));
}

function drawRows(all = false) {
  const top = Math.max(0, Math.floor(room.scroll / ROW) - 6);
  const count = all ? Math.min(items.length, 1500) : Math.ceil(room.table / ROW) + 12;
  const focused = document.activeElement?.dataset?.row;
  const rows = [];
  for (let r = all ? 0 : top; r < Math.min(items.length, (all ? 0 : top) + count); r++) {
    const item = items[r], isNow = item.node !== undefined && item.node === current();
    const shows = item.node === undefined ? `${opened.has(item.group)} ${heldIn(item.group)}`
      : `${isNow} ${reached(item.node)} ${state.position > COUNT} ${arrivedCount(item.node)} ${version}`;
    rows.push(keptRows.element(item.node === undefined ? `g${item.group} ${r}` : `${item.node} ${r}`, shows,
      () => (item.node === undefined ? groupRow(item, r) : nodeRow(item, r))));
  }
  keptRows.show(rows);
  if (focused !== undefined) tableBody.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
}

function rowElement(r, depth, attributes, ...cells) {
  const style = `top:${r * ROW}px;--depth:${Math.min(depth, 6)}`;
  return make("div", { role: "row", style, "data-row": r, "aria-rowindex": r + 2, tabindex: -1, ...attributes }, ...cells);
}

// Whether a closed group holds the Node of the present step.
const heldIn = (group) => current() !== null && !opened.has(group) && pathOf(current()).includes(group);

function groupRow({ group, depth }, r) {
  const [, kind, name] = GROUPS[group];
  const isOpen = opened.has(group), count = membersOf.get(group);
  const label = make("span", { role: "gridcell", class: "group-name" },
    make("span", { class: "fold", "aria-hidden": "true" }, isOpen ? "▾" : "▸"), make("b", {}, name),
    make("small", {}, ` ${kind === "step" ? "" : `${kind}, `}${count} operation${count > 1 ? "s" : ""}`));
  return rowElement(r, depth, {
    class: `row group${heldIn(group) ? " now" : ""}`, "aria-expanded": String(isOpen), "data-group": group,
    tabindex: 0, onclick: () => toggle(group),
  }, label);
}

function nodeRow({ node: i, depth }, r) {
  const node = NODES[i];
  const isNow = current() === i;
  const classes = ["row", isNow ? "now" : "", i < FIRST ? "input" : "",
    data.outputs.includes(i) ? "output" : "", data.trouble?.node === i ? "trouble" : "", reached(i) ? "" : "later"];
  return rowElement(r, depth, {
    class: classes.filter(Boolean).join(" "), "data-node": i, "aria-selected": String(isNow),
    tabindex: isNow ? 0 : -1, title: data.trouble?.node === i ? data.trouble.why : `${node.n} = ${node.o}`,
    onclick: (event) => { if (event.target.tagName !== "INPUT") select(i); },
    onmouseenter: () => hover([i]), onmouseleave: () => hover([]),
  }, ...COLUMNS[state.mode].map(([key]) => make("span", {
    role: "gridcell", class: `c-${key}`, title: key === "d" || key === "b" ? node[key] ?? null : null,
  }, content(key, i))));
}

function content(key, i) {
  const node = NODES[i];
  if (key === "name") return make("b", {}, node.n);
  if (key === "operation") return make("code", {}, node.o);
  if (key === "shape") return make("small", {}, `${node.t} ${shapeText(node.s)}`);
  if (key === "d" || key === "b") return make("code", {}, node[key] ?? "");
  if (!isBlank(key, i)) {
    if (key === "value") return reached(i) ? cell(valueOf(i)) : "";
    if (!isFloat(i)) return "";
    if (key === "dot") return reached(i) ? cell(dotOf(i), false) : "";
    const bar = adjointSoFar(i);
    return bar === null ? (arrivedCount(i) ? cell(null) : "")
      : bar === "none" ? make("span", { class: "number faint" }, "0") : cell(bar, false);
  }
  return blankField(key, i);
}

function scrollTo(top) {
  tableView.scrollTop = top;
  room.scroll = tableView.scrollTop;
}

function showRow(i) {
  const r = rowOfNode.get(i);
  if (r === undefined) return;
  const high = room.table - ROW, top = r * ROW;
  if (top < room.scroll + ROW) scrollTo(Math.max(0, top - ROW));
  else if (top + 2 * ROW > room.scroll + high) scrollTo(top + 2 * ROW - high);
}

function toggle(group) {
  if (!opened.delete(group)) opened.add(group);
  regroup();
}

function openAround(i) {
  const closed = pathOf(i).filter((g) => !opened.has(g));
  closed.forEach((g) => opened.add(g));
  if (closed.length) regroup();
}

function regroup() {
  version++;
  buildItems();
  layoutGraph();
  redraw();
}
