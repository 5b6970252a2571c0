// A network of two layers that learns to tell points apart: its decision surface as it trains.

import { ask, button, bytes, el, later, listen, only, Refused, say, select, short, slider, trouble } from "./ui.js";
import { colour, curves, dark, frame, paper, picture, rgbOf } from "./plot.js";

export const title = "Network";
export const intro = "A network with one hidden layer learns which class a point belongs to. The map shows the probability that it predicts; it is one half where the colours meet. You can change the learning rate while it trains; any other change starts the training again.";
export const usual = { data: "moons", noise: "0.08", points: "200", hidden: "12", activation: "tanh", o: "adam", lr: "0.03", seed: "0", speed: "5" };
export const asks = ["data", "noise", "points", "hidden", "activation", "o", "lr", "seed"];

export function make(root, state, set) {
  let name = null, points = null, now = null, losses = [], stream = null, image = null, asked = 0, scheme = null;
  const map = el("canvas", { role: "img" }), chart = el("canvas", { role: "img" });
  const view = picture(map, .95, drawMap), plot = picture(chart, .7, drawLosses);
  const play = button("▶ Start", () => (stream ? pause() : start()), { className: "main", disabled: true });
  const one = button("Step", step, { disabled: true });
  const status = el("p", { className: "sum" });
  const soon = later(reset, 250);
  const change = (patch) => { set(patch); soon(); };
  const again = later(() => { if (stream) { pause(); start(); } }, 200);
  const whole = (v) => String(Math.round(v));
  root.append(
    el("div", { className: "stage" },
      el("div", { className: "row" }, play, one, button("Reset", reset)), status, el("div", { className: "pair" }, map, chart)),
    el("div", { className: "side" },
      select("Points", ["moons", "circles", "spirals", "xor"], state.data, (v) => change({ data: v })),
      slider("How many", { low: 20, high: 500, step: 20, value: +state.points, show: whole, onchange: (v) => change({ points: whole(v) }) }),
      slider("Noise", { low: 0, high: .5, step: .01, value: +state.noise, onchange: (v) => change({ noise: String(v) }) }),
      slider("Hidden units", { low: 1, high: 64, value: +state.hidden, show: whole, onchange: (v) => change({ hidden: whole(v) }) }),
      select("Activation", ["tanh", "relu", "sigmoid", "gelu"], state.activation, (v) => change({ activation: v })),
      select("Optimizer", ["adam", "sgd", "momentum", "rmsprop"], state.o, (v) => change({ o: v })),
      slider("Learning rate", { low: 1e-4, high: 3, log: true, value: +state.lr, onchange: (v) => { set({ lr: String(v) }); again(); } }),
      slider("Steps per frame", { low: 1, high: 50, value: +state.speed, show: whole, onchange: (v) => { set({ speed: whole(v) }); again(); } }),
      slider("Random seed", { low: 0, high: 20, value: +state.seed, show: whole, onchange: (v) => change({ seed: whole(v) }) })));

  const guarded = async (work) => {
    try { trouble(""); return await work(); } catch (error) { if (!(error instanceof Refused)) throw error; trouble(error.message); return null; }
  };

  async function reset() {
    const going = Boolean(stream), mine = ++asked;
    pause();
    const told = await guarded(() => ask("network", only(state, asks), { method: "POST" }));
    if (!told || mine !== asked) return;
    play.disabled = one.disabled = false;
  name = told.name; points = told; losses = [];
    take(told);
    if (going) start();
  }
  async function step() {
    pause();
    const told = name && await guarded(() => ask(`network/${name}/step`, {}, { method: "POST" }));
    if (told) { take(told); say(status.textContent); }
  }
  function start() {
    if (!name) return;
    trouble(""); play.textContent = "❚❚ Pause";
    stream = listen(`network/${name}/run`, { speed: state.speed, lr: state.lr }, take, (error) => { pause(); trouble(error); });
  }
  function pause() {
    if (stream) say(status.textContent);
    stream?.stop(); stream = null; play.textContent = "▶ Start";
  }
  function take(told) {
    now = told; image = null; losses.push(...told.losses);
    const last = losses.at(-1);
    status.textContent = `Step ${told.step}: ${last ? `loss ${short(last[1])}, ` : ""}${(100 * told.right).toFixed(1)} % of the points are right`;
    map.setAttribute("aria-label", `The decision surface of the network. ${status.textContent}`);
    chart.setAttribute("aria-label", `The loss against steps. ${status.textContent}`);
    view.redraw(); plot.redraw();
  }

  function paint() {
    const n = now.side, level = bytes(now.map), made = new OffscreenCanvas(n, n), pen = made.getContext("2d"), data = pen.createImageData(n, n);
    const ground = paper(), ends = [rgbOf(colour(1)), rgbOf(colour(0))];
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
      const p = level[(n - 1 - i) * n + j] / 255, s = .75 * Math.abs(2 * p - 1);
      data.data.set([...ends[+(p > .5)].map((v) => ground + s * (v - ground)), 255], 4 * (i * n + j));
    }
    pen.putImageData(data, 0, 0);
    return made;
  }
  function drawMap(pen, width, height) {
    if (!now) return;
    if (scheme !== dark()) { image = null; scheme = dark(); }
    image ??= paint();
    const side = Math.min(width, height), at = frame(pen, side, side, [[-now.reach, now.reach], [-now.reach, now.reach]], ["first number", "second number"]);
    at.inside(() => {
      const w = (at.right - at.left) / (now.side - 1), h = (at.bottom - at.top) / (now.side - 1);
      pen.imageSmoothingEnabled = true;
      pen.drawImage(image, at.left - w / 2, at.top - h / 2, w * now.side, h * now.side);
      points.x.forEach(([x, y], i) => {
        const k = 1 - points.y[i];
        pen.beginPath();
        // The classes differ in shape too.
        if (k) pen.rect(at.x(x) - 3.2, at.y(y) - 3.2, 6.4, 6.4); else pen.arc(at.x(x), at.y(y), 3.8, 0, 7);
        pen.fillStyle = colour(k); pen.fill(); pen.strokeStyle = dark() ? "#000" : "#fff"; pen.lineWidth = 1; pen.stroke();
      });
    });
    at.axes();
  }
  function drawLosses(pen, width, height) {
    const every = Math.max(1, Math.ceil(losses.length / 1500));
    curves(pen, width, height, [{ points: losses.filter((_, i) => i % every === 0 || i === losses.length - 1), k: 0 }], ["step", "loss"], 1e-12);
  }
  reset();
  return { stop() { asked++; soon.stop(); again.stop(); stream?.stop(); view.stop(); plot.stop(); } };
}
