// A kernel that slides over a small image: the products, their sum, and the gradients that flow back.

import { button, el, later, latest, minus, only, say, select, slider } from "./ui.js";
import { dark } from "./plot.js";

export const title = "Convolution";
export const intro = "A 3 × 3 kernel slides over an image; each window gives one sum of products. The derivative of such a sum with respect to the kernel is the window, and its derivative with respect to the image is the kernel, placed where the window is. The contributions of several windows add up.";
export const usual = { image: "ring", kernel: "-1,-1,-1,-1,8,-1,-1,-1,-1", stride: "1", padding: "0", at: "0", flow: "one" };
export const asks = ["image", "kernel", "stride", "padding"];

const say3 = (v) => minus(String(+v.toFixed(Math.abs(v) >= 10 ? 1 : 2)));

export function make(root, state, set) {
  let told = null, at = +state.at || 0, timer = 0;
  const image = el("div", { className: "cells", role: "group" }), sums = el("div", { className: "cells", role: "img" });
  const products = el("div", { className: "cells products kernel", role: "img" }), back = el("div", { className: "cells", role: "img" }), slope = el("div", { className: "cells kernel", role: "img" });
  image.setAttribute("aria-label", "Image: arrow keys move, digits 0 to 9 or Enter change a pixel");
  const sum = el("p", { className: "sum" });
  const kernel = el("div", { className: "cells kernel" }, ...Array.from({ length: 9 }, (_, k) => el("input", { value: state.kernel.split(",")[k] ?? "0", inputMode: "decimal", ariaLabel: `Kernel, row ${Math.floor(k / 3) + 1}, column ${k % 3 + 1}`, oninput: () => soon() })));
  const soon = later(() => change({ kernel: [...kernel.children].map((c) => c.value.trim()).join(",") }), 300);
  const slide = el("input", { type: "range", min: 0, max: 0, value: 0, ariaLabel: "Position", oninput: () => { stop(); go(+slide.value); } });
  const play = button("▶ Slide", () => (timer ? stop() : start()), { className: "main" });
  const shapes = el("div"), presets = el("div");
  const headBack = el("h2", {}, "Gradient of the image"), headSlope = el("h2", {}, "Gradient of the kernel");
  root.append(
    el("div", { className: "stage" },
      el("div", { className: "row" }, play, button("◀", () => { stop(); go(at - 1); }, { ariaLabel: "One position back" }), button("▶", () => { stop(); go(at + 1); }, { ariaLabel: "One position on" }), slide),
      el("div", { className: "grids" },
        el("div", {}, el("h2", {}, "Image (click to change a pixel)"), image),
        el("div", {}, el("h2", {}, "Products of this window"), products, sum),
        el("div", {}, el("h2", {}, "Sums"), sums),
        el("div", {}, headBack, back), el("div", {}, headSlope, slope))),
    el("div", { className: "side" }, shapes, presets, el("h2", {}, "Kernel"), kernel,
      slider("Stride", { low: 1, high: 3, value: +state.stride, show: String, onchange: (v) => change({ stride: String(v) }) }),
      slider("Padding", { low: 0, high: 2, value: +state.padding, show: String, onchange: (v) => change({ padding: String(v) }) }),
      select("Gradient of", [{ value: "one", text: "this sum" }, { value: "far", text: "the sums so far" }, { value: "all", text: "all sums" }], state.flow, (v) => { set({ flow: v }); draw(); }),
      el("p", { className: "hint" }, "The sums so far: watch the gradients add up as the kernel slides. Numbers come from dragongrad's own rules, by ad.jacobian.")));

  const load = latest("convolution", (answer) => {
    const first = !told;
    told = answer;
    if (first) {
      presets.append(select("Kernels", [{ value: "", text: "choose" }, ...Object.entries(told.kernels).map(([text, value]) => ({ text, value }))], Object.values(told.kernels).includes(state.kernel) ? state.kernel : "",
        (v) => { if (v) { v.split(",").forEach((n, k) => { kernel.children[k].value = n; }); change({ kernel: v }); } }));
      shapes.append(select("Image", [...told.images, { value: "", text: "your own" }], told.images.includes(state.image) ? state.image : "", (v) => { if (v) change({ image: v }); }));
    }
    slide.max = told.sums.flat().length - 1;
    build(); go(Math.min(at, +slide.max));
  });
  const ask = () => load(only(state, asks));
  function change(patch) { set(patch); ask(); }

  const cell = (props = {}) => el("div", { className: "cell", ...props });
  const columns = (grid, n) => { grid.style.gridTemplateColumns = `repeat(${n}, max-content)`; };
  // The paper for zero, blue for positive, vermilion for negative.
  function tint(node, v, most) {
    const t = Math.min(1, Math.abs(v) / (most || 1)) * .8, paper = dark() ? [21, 24, 28] : [255, 255, 255], end = v < 0 ? [213, 94, 0] : dark() ? [60, 150, 220] : [0, 114, 178];
    const c = paper.map((p, i) => Math.round(p + t * (end[i] - p)));
    node.style.background = `rgb(${c})`; node.style.color = .3 * c[0] + .59 * c[1] + .11 * c[2] > 128 ? "#000" : "#fff";
    node.textContent = v === 0 ? "0" : say3(v);
  }

  function build() {
    const n = told.image.length, p = told.padding, size = n + 2 * p, focused = document.activeElement?.dataset?.pixel;
    columns(image, size); columns(sums, told.sums[0].length); columns(back, n);
    const cells = [];
    for (let i = -p; i < n + p; i++) for (let j = -p; j < n + p; j++) {
      if (i < 0 || j < 0 || i >= n || j >= n) { cells.push(cell({ className: "cell outside", textContent: "0" })); continue; }
      const level = told.image[i][j], k = i * n + j;
      const made = el("button", { type: "button", className: "cell", tabIndex: k ? -1 : 0, onclick: () => paint(k, (level + 3) % 12 > 9 ? 0 : Math.min(9, level + 3)) }, say3(level / 9));
      made.dataset.pixel = k;
      made.setAttribute("aria-label", `row ${i + 1}, column ${j + 1}: ${say3(level / 9)}`);
      const grey = Math.round(255 * level / 9);
      made.style.background = `rgb(${grey},${grey},${grey})`; made.style.color = grey > 128 ? "#000" : "#fff";
      cells.push(made);
    }
    image.replaceChildren(...cells);
    if (focused !== undefined) image.querySelector(`[data-pixel="${focused}"]`)?.focus();
    sums.replaceChildren(...told.sums.flat().map((_, k) => cell({ onclick: () => { stop(); go(k); } })));
    back.replaceChildren(...told.image.flat().map(() => cell()));
    slope.replaceChildren(...Array.from({ length: 9 }, () => cell()));
    products.replaceChildren(...Array.from({ length: 9 }, () => cell()));
  }

  function paint(k, level) {
    const digits = told.image.flat();
    digits[k] = level;
    shapes.querySelector("select").value = "";
    change({ image: digits.join("") });
  }
  image.addEventListener("keydown", (event) => {
    const n = told.image.length, k = +event.target.dataset.pixel;
    const to = { ArrowLeft: k % n ? k - 1 : k, ArrowRight: k % n < n - 1 ? k + 1 : k, ArrowUp: k - n, ArrowDown: k + n }[event.key];
    if (to !== undefined) { event.preventDefault(); image.querySelector(`[data-pixel="${to}"]`)?.focus(); }
    else if (/^[0-9]$/.test(event.key)) { event.preventDefault(); paint(k, +event.key); }
  });

  function go(to) {
    if (!told) return;
    at = Math.max(0, Math.min(+slide.max, to));
    slide.value = at;
    set({ at: String(at) });
    draw();
  }

  function draw() {
    if (!told) return;
    const n = told.image.length, p = told.padding, wide = told.sums[0].length, flat = told.sums.flat();
    const top = Math.floor(at / wide) * told.stride, left = at % wide * told.stride, size = n + 2 * p;
    [...image.children].forEach((c, k) => {
      const i = Math.floor(k / size), j = k % size;
      c.classList.toggle("now", i >= top && i < top + 3 && j >= left && j < left + 3);
    });
    const words = [];
    [...products.children].forEach((c, k) => {
      const i = top + Math.floor(k / 3) - p, j = left + k % 3 - p, pixel = (told.image[i]?.[j] ?? 0) / 9, w = told.kernel[Math.floor(k / 3)][k % 3];
      tint(c, pixel * w, Math.max(1, ...told.kernel.flat().map(Math.abs)));
      c.replaceChildren(`${say3(pixel)} × ${say3(w)}`, el("br"), `= ${say3(pixel * w)}`);
      words.push(say3(pixel * w));
    });
    sum.textContent = `sum: ${say3(flat[at])}`;
    products.setAttribute("aria-label", `Products ${words.join(", ")}; ${sum.textContent}`);
    const most = Math.max(...flat.map(Math.abs));
    [...sums.children].forEach((c, k) => { tint(c, flat[k], most); c.classList.toggle("now", k === at); });
    sums.setAttribute("aria-label", `Sums: ${told.sums.map((row) => row.map(say3).join(" ")).join("; ")}`);
    const chosen = flat.map((_, k) => k).filter((k) => (state.flow === "all" ? true : state.flow === "far" ? k <= at : k === at));
    const added = (rows) => rows[0].map((_, i) => chosen.reduce((s, k) => s + rows[k][i], 0));
    const toImage = added(told.to_image), toKernel = added(told.to_kernel);
    const m1 = Math.max(...toImage.map(Math.abs)), m2 = Math.max(...toKernel.map(Math.abs));
    [...back.children].forEach((c, k) => tint(c, toImage[k], m1));
    [...slope.children].forEach((c, k) => tint(c, toKernel[k], m2));
    const of = { one: "this sum", far: `the first ${at + 1} sums`, all: "all sums" }[state.flow];
    headBack.textContent = `Gradient of ${of}: image`; headSlope.textContent = `Gradient of ${of}: kernel`;
    back.setAttribute("aria-label", `${headBack.textContent}: ${toImage.map(say3).join(" ")}`);
    slope.setAttribute("aria-label", `${headSlope.textContent}: ${toKernel.map(say3).join(" ")}`);
    if (!timer) say(`Position ${at + 1} of ${flat.length}: sum ${say3(flat[at])}`);
  }

  function start() {
    if (!told) return;
    if (at >= +slide.max) go(0);
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => { go(at + 1); if (at >= +slide.max) stop(); }, 350);
  }
  function stop() { clearInterval(timer); timer = 0; play.textContent = "▶ Slide"; }
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", draw);
  const keys = (event) => {
    if (/^(INPUT|SELECT|BUTTON|TEXTAREA|A)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const act = { " ": () => (timer ? stop() : start()), ArrowLeft: () => { stop(); go(at - 1); }, ArrowRight: () => { stop(); go(at + 1); } }[event.key];
    if (act) { event.preventDefault(); act(); }
  };
  addEventListener("keydown", keys);
  ask();
  return { stop() { stop(); soon.stop(); load.stop(); removeEventListener("keydown", keys); scheme.removeEventListener("change", draw); } };
}
