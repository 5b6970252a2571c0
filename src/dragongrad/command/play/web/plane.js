// What the views of functions of two numbers share: the function, its region, the optimizers.

import { ask, button, el, field, later, short, slider } from "./ui.js";

let catalog = null;
export const chosen = async () => (catalog ??= await ask("catalog"));

// The function and the region; `changed(patch)` is told what was typed.
export function functionPanel(state, changed) {
  const list = el("datalist", { id: "functions" });
  chosen().then((c) => list.append(...c.functions.map((name) => el("option", { value: name }))));
  const text = el("input", { className: "formula", value: state.f, spellcheck: false, autocomplete: "off", maxLength: 4000 });
  text.setAttribute("list", "functions");
  const region = el("input", { value: state.region, placeholder: "such as -2,2,-1,3", title: "x low, x high, y low, y high", spellcheck: false, autocomplete: "off" });
  const soon = later(() => changed({ f: text.value.trim(), region: region.value.trim(), start: "" }), 500);
  text.addEventListener("input", () => { region.value = ""; soon(); });
  region.addEventListener("change", () => changed({ region: region.value.trim() }));
  const zoom = (factor) => () => {
    if (!made.shown) return;
    const box = made.shown.flatMap(([a, b]) => [(a + b) / 2 - (b - a) / 2 * factor, (a + b) / 2 + (b - a) / 2 * factor]);
    region.value = box.map((v) => +v.toPrecision(6)).join(",");
    changed({ region: region.value });
  };
  const made = el("div", {}, field("Function", text), list, field("Region", region),
    el("div", { className: "row" }, button("Zoom in", zoom(.5)), button("Zoom out", zoom(2)),
      button("Default region", () => { region.value = ""; changed({ region: "" }); })),
    el("p", { className: "hint" }, "A name of the zoo, or a formula of two variables such as (x**2 + y - 11)**2 + exp(-y)."));
  made.shown = null;
  made.stop = soon.stop;
  return made;
}

// "adam:lr=0.1,lbfgs" as [{name, lr}], and back.
export const parse = (text) => text.split(",").filter(Boolean).map((word) => {
  const [name, ...options] = word.split(":");
  const rate = options.find((o) => o.startsWith("lr="));
  return { name: name.trim(), lr: rate ? Number(rate.slice(3)) : null };
});
// A method is written with or without a hyphen.
const plain = (name) => name.replace(/-/g, "").toLowerCase();
const print = (list) => list.map(({ name, lr }) => (lr === null ? name : `${name}:lr=${lr}`)).join(",");

// Check boxes for the methods, each with its learning rate; those that nobody moved are chosen by the server.
export function methodPanel(state, changed) {
  const made = el("fieldset", {}, el("legend", {}, "Optimizers"));
  const rows = new Map();
  let list = parse(state.o);
  const tell = later(() => changed({ o: print(list) }), 200);
  chosen().then((c) => {
    for (const { name, lr } of c.methods) {
      const own = () => list.find((m) => plain(m.name) === plain(name));
      const box = el("input", { type: "checkbox", id: `m-${name}`, checked: Boolean(own()), onchange: () => {
        list = box.checked ? [...list, { name, lr: null }] : list.filter((m) => plain(m.name) !== plain(name));
        tell();
      } });
      const row = el("div", { className: "method" }, box, el("label", { htmlFor: box.id }, name));
      if (lr !== null) {
        const part = slider(name, { low: 1e-5, high: 3, log: true, value: own()?.lr ?? lr, show: short, onchange: (v) => {
          if (!own()) { list = [...list, { name, lr: v }]; box.checked = true; } else own().lr = v;
          tell();
        } });
        part.input.setAttribute("aria-label", `learning rate of ${name}`);
        row.append(part.input, part.querySelector("output"));
        rows.set(plain(name), { part, lr, own });
      }
      made.append(row);
    }
  });
  // The learning rates that the runs had.
  made.show = (runs) => {
    for (const run of runs) {
      const row = rows.get(plain(run.name.split(":")[0]));
      if (row && row.own()?.lr === null) row.part.put(run.lr ?? row.lr);
    }
  };
  made.stop = tell.stop;
  return made;
}

// The start, as two numbers that can be typed.
export function startPanel(state, changed) {
  const input = el("input", { value: state.start, placeholder: "its standard start", spellcheck: false, autocomplete: "off",
    onchange: () => changed({ start: input.value.trim() }) });
  const made = field("Start", input);
  made.put = (text) => { input.value = text; };
  return made;
}

// Click a map, or move with the arrow keys, to place the start.
export function placing(canvas, frame, now, place) {
  canvas.tabIndex = 0;
  canvas.classList.add("place");
  const digits = (point) => {
    const [[l, r], [b, t]] = frame().region;
    return point.map((v, k) => +v.toFixed(Math.max(0, 3 - Math.floor(Math.log10(k ? t - b : r - l))))).join(",");
  };
  canvas.addEventListener("click", (event) => {
    const at = frame();
    if (!at) return;
    const point = at.back(event.offsetX, event.offsetY), [[l, r], [b, t]] = at.region;
    if (point[0] >= l && point[0] <= r && point[1] >= b && point[1] <= t) place(digits(point));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const at = frame();
    if (!step || !at || !now()) return;
    event.preventDefault(); event.stopPropagation();
    const [[l, r], [b, t]] = at.region;
    place(digits([now()[0] + step[0] * (r - l) / 40, now()[1] + step[1] * (t - b) / 40]));
  });
}
