// Contours, and the same heights as a surface that turns.

import { button, el, latest, later, slider } from "./ui.js";
import { cividis, contours, css, dark, frame, heights, picture, rgb, star } from "./plot.js";
import { functionPanel } from "./plane.js";

export const title = "Surface";
export const intro = "The contours of a function, and its surface. The height is the logarithm of how far the value is above the least one, so that valleys show. Drag the surface, or use the arrow keys on it.";
export const usual = { f: "himmelblau", region: "", points: "61", turn: "-40", tilt: "35" };
export const asks = ["f", "region", "points"];

export function make(root, state, set) {
  let land = null, ground = null, drag = null, spin = 0;
  const map = el("canvas", { role: "img" }), solid = el("canvas", { className: "turns", tabIndex: 0, role: "application" });
  map.setAttribute("aria-label", "Contours of the function");
  solid.setAttribute("aria-label", "The surface; arrow keys turn and tilt it");
  const flat = picture(map, .85, drawMap), view = picture(solid, .85, drawSolid);
  const panel = functionPanel(state, (patch) => { delete patch.start; set(patch); load(); });
  const soon = later(load, 150);
  const points = slider("Points per side", { low: 11, high: 121, step: 10, value: +state.points || 61, show: String, onchange: (v) => { set({ points: String(v) }); soon(); } });
  const turn = (by, up) => {
    const angle = (((+state.turn + by + 180) % 360) + 360) % 360 - 180;
    set({ turn: String(Math.round(angle)), tilt: String(Math.round(Math.max(0, Math.min(90, +state.tilt + up)))) });
    view.redraw();
  };
  const rotate = button("Turn by itself", () => { spin = spin ? 0 : requestAnimationFrame(round); rotate.setAttribute("aria-pressed", String(Boolean(spin))); });
  const value = el("p", { className: "hint" }, "\u00a0");
  root.append(
    el("div", { className: "stage pair" }, map, solid),
    el("div", { className: "side" }, panel, points,
      el("div", { className: "row" }, button("⟲", () => turn(-10, 0), { ariaLabel: "Turn left" }), button("⟳", () => turn(10, 0), { ariaLabel: "Turn right" }),
        button("↑", () => turn(0, 5), { ariaLabel: "Look from higher" }), button("↓", () => turn(0, -5), { ariaLabel: "Look from lower" }), rotate), value));

  const ask = latest("heights", (told) => { land = told; ground = heights(told); panel.shown = told.region; flat.redraw(); view.redraw(); });
  function load() { ask({ f: state.f, region: state.region, points: state.points }); }
  function round() { if (!spin) return; turn(1, 0); spin = requestAnimationFrame(round); }

  let at = null;
  function drawMap(pen, width, height) {
    if (!land) return;
    at = frame(pen, width, height, land.region, land.names);
    contours(pen, at, ground, true);
    at.inside(() => { for (const m of land.minima) star(pen, at.x(m[0]), at.y(m[1])); });
    at.axes();
  }
  map.addEventListener("mousemove", (event) => {
    if (!at) return;
    const [x, y] = at.back(event.offsetX, event.offsetY), [[l, r], [b, t]] = land.region, n = land.z.length - 1;
    const i = Math.round((y - b) / (t - b) * n), j = Math.round((x - l) / (r - l) * n), z = land.z[i]?.[j];
    value.textContent = z === undefined ? "\u00a0" : `f(${+(l + j / n * (r - l)).toPrecision(4)}, ${+(b + i / n * (t - b)).toPrecision(4)}) = ${z === null ? "not finite" : +z.toPrecision(5)}`;
  });

  // Patches from the farthest to the nearest, each over those behind it.
  function drawSolid(pen, width, height) {
    if (!land) return;
    const { rows, low, high } = ground, n = rows[0].length, m = rows.length;
    const a = +state.turn * Math.PI / 180, e = +state.tilt * Math.PI / 180, size = Math.min(width, height * 1.15) * .62;
    const project = (x, y, z) => {
      const u = x * Math.cos(a) - y * Math.sin(a), v = x * Math.sin(a) + y * Math.cos(a);
      return [width / 2 + size * u, height / 2 - size * (v * Math.sin(e) + z * Math.cos(e)), v * Math.cos(e) - z * Math.sin(e)];
    };
    const spot = rows.map((row, i) => row.map((v, j) => (v === v ? project(j / (n - 1) - .5, i / (m - 1) - .5, ((v - low) / (high - low) - .5) * .6) : null)));
    const patches = [];
    for (let i = 0; i + 1 < m; i++) for (let j = 0; j + 1 < n; j++) {
      const corners = [spot[i][j], spot[i][j + 1], spot[i + 1][j + 1], spot[i + 1][j]];
      if (corners.includes(null)) continue;
      const mean = (rows[i][j] + rows[i + 1][j + 1]) / 2, slope = (rows[i][j + 1] - rows[i][j] + rows[i][j] - rows[i + 1][j]) / (high - low) * n / 8;
      patches.push([corners[0][2] + corners[2][2], corners, (mean - low) / (high - low), Math.max(-.25, Math.min(.25, slope))]);
    }
    patches.sort((p, q) => q[0] - p[0]);
    box(pen, project, false);
    pen.lineWidth = .6; pen.setLineDash([]);
    for (const [, corners, t, slope] of patches) {
      pen.beginPath();
      corners.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](x, y));
      pen.closePath();
      pen.fillStyle = pen.strokeStyle = rgb(cividis(t).map((v) => Math.max(0, Math.min(255, v * (1 + slope)))));
      pen.fill(); pen.stroke();
    }
    box(pen, project, true);
  }

  // The edges of the floor with the names of the axes.
  function box(pen, project, names) {
    const z = -.3, corners = [[-.5, -.5], [.5, -.5], [.5, .5], [-.5, .5]].map(([x, y]) => project(x, y, z));
    pen.strokeStyle = dark() ? "#6b7680" : "#9aa4ae"; pen.fillStyle = css("--ink"); pen.lineWidth = 1; pen.font = "14px system-ui, sans-serif";
    pen.textAlign = "center"; pen.textBaseline = "middle";
    if (!names) { pen.beginPath(); corners.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](x, y)); pen.closePath(); pen.stroke(); return; }
    const [l, r] = land.region[0].map(String), [b, t] = land.region[1].map(String);
    const write = (text, x, y) => { const p = project(x, y, z); pen.fillText(text.replace(/-/g, "\u2212"), p[0], p[1]); };
    const far = .58;
    const front = Math.cos(+state.turn * Math.PI / 180) > 0 ? -far : far, side = Math.sin(+state.turn * Math.PI / 180) > 0 ? -far : far;
    write(land.names[0], 0, front); write(l, -.45, front); write(r, .45, front);
    write(land.names[1], side, 0); write(b, side, -.45); write(t, side, .45);
  }

  solid.addEventListener("pointerdown", (event) => { drag = [event.clientX, event.clientY]; solid.setPointerCapture(event.pointerId); });
  solid.addEventListener("pointermove", (event) => {
    if (!drag) return;
    turn((event.clientX - drag[0]) / 2, (event.clientY - drag[1]) / 3);
    drag = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) solid.addEventListener(end, () => { drag = null; });
  solid.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] }[event.key];
    if (by) { event.preventDefault(); turn(...by); }
  });
  load();
  return { stop() { spin = 0; soon.stop(); panel.stop(); ask.stop(); flat.stop(); view.stop(); } };
}
