// The page: which view is shown, the link that holds its state, and its Python code.

import { $, ask, copy, el, forgetTrouble, only, Refused, trouble } from "./ui.js";
import * as explorer from "./explorer.js";
import * as race from "./race.js";
import * as basins from "./basins.js";
import * as surface from "./surface.js";
import * as losses from "./losses.js";
import * as network from "./network.js";
import * as convolution from "./convolution.js";

const VIEWS = { explorer, race, losses, surface, basins, network, convolution };
// What a function of two numbers keeps when the view changes.
const KEPT = ["f", "region", "start"];
const kept = {};
let shown = null, running = null, state = {}, written = "";

for (const [name, view] of Object.entries(VIEWS)) $("views").append(el("a", { href: `#${name}`, id: `to-${name}` }, view.title));

// The state of the address: a view, and what differs from its usual values.
function read() {
  const [name, ...words] = location.hash.slice(1).split("?");
  // A plus is a plus, so that a formula can be typed into the address.
  const plain = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  const pairs = words.join("?").split("&").filter(Boolean).map((word) => {
    const [key, ...value] = word.split("=");
    return [plain(key), plain(value.join("="))];
  });
  return [Object.hasOwn(VIEWS, name) ? name : "race", Object.fromEntries(pairs)];
}

function write() {
  const usual = VIEWS[shown].usual;
  const changed = Object.fromEntries(Object.entries(state).filter(([k, v]) => String(v) !== String(usual[k] ?? "")));
  const words = Object.entries(changed).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join("&");
  written = `#${shown}${words ? `?${words}` : ""}`;
  history.replaceState(null, "", written);
}

function show() {
  if (location.hash === written && running) return;
  running?.stop();
  running = null;
  const [name, given] = read();
  const view = VIEWS[name], bare = Object.keys(given).length === 0;
  const known = Object.fromEntries(Object.entries(given).filter(([k]) => k in view.usual));
  shown = name;
  state = { ...view.usual, ...(bare ? Object.fromEntries(KEPT.filter((k) => k in view.usual && k in kept).map((k) => [k, kept[k]])) : {}), ...known };
  for (const link of $("views").children) {
    if (link.id === `to-${name}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  document.title = `${view.title}: dragongrad play ground`;
  $("intro").textContent = view.intro;
  forgetTrouble();
  const root = $("view");
  root.replaceChildren();
  root.className = view.whole ? "whole" : "";
  const set = (patch) => {
    Object.assign(state, patch);
    if (view !== explorer) for (const k of KEPT) if (k in patch) kept[k] = patch[k];
    write();
  };
  set({});
  running = view.make(root, state, set);
}

addEventListener("hashchange", show);
addEventListener("pagehide", () => running?.stop());

$("link").addEventListener("click", () => copy(location.href, $("link")));
$("code").addEventListener("click", async () => {
  const view = VIEWS[shown];
  try {
    const told = await ask(`code/${shown}`, only(state, view.asks));
    $("program-text").textContent = told.text;
    $("program").showModal();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    trouble(error.message);
  }
});
$("copy").addEventListener("click", () => copy($("program-text").textContent, $("copy")));

show();
