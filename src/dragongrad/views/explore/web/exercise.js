// Exercises: blank cells, checked as they are filled in.

const attempts = new Map();

function answerOf(kind, i) {
  return kind === "value" ? valueOf(i) : kind === "dot" ? dotOf(i) : barOf(i) ?? filled(NODES[i].s, 0);
}

const KINDS = { value: "value", dot: "tangent", bar: "adjoint" };

function blankField(kind, i) {
  const key = `${kind} ${i}`, count = size(NODES[i].s);
  const field = make("input", {
    type: "text", class: "blank", inputmode: "text", autocomplete: "off", size: count > 1 ? 14 : 7,
    "aria-label": `${KINDS[kind]} of ${NODES[i].n}`, placeholder: count > 1 ? `${count} numbers` : "?",
    onchange: () => check(kind, i, field), oninput: () => attempts.set(key, field.value),
  });
  field.value = attempts.get(key) ?? "";
  return field;
}

const numbersIn = (text) => text.replace(/−/g, "-").split(/[\s,;[\]()]+/).filter(Boolean)
  .map((word) => (/^-?(inf|∞)$/i.test(word) ? (word.startsWith("-") ? -Infinity : Infinity) : /^nan$/i.test(word) ? NaN : Number(word)));

// Right to three digits, as one computes by hand.
const close = (x, y) => Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-3 * Math.max(1, Math.abs(y));

function check(kind, i, field) {
  if (!field.value.trim()) return;
  const wanted = answerOf(kind, i), given = numbersIn(field.value);
  const right = given.length === wanted.d.length && given.every((x, k) => close(x, wanted.d[k]));
  if (right) { state.solved.add(`${kind} ${i}`); version++; }
  field.classList.toggle("wrong", !right);
  field.setAttribute("aria-invalid", String(!right));
  const verdict = right ? "Right" : "Not yet";
  say(`${verdict}: ${KINDS[kind]} of ${NODES[i].n}`);
  drawScore(`${verdict}: ${KINDS[kind]} of ${NODES[i].n}.`);
  if (right) redraw();
}

function drawScore(verdict = "") {
  const box = document.getElementById("exercise");
  box.hidden = !data.exercise;
  if (!data.exercise) return;
  const text = state.revealed ? "Solutions are shown." : `${state.solved.size} of ${BLANKS.size} blanks are right. ${verdict}`;
  const button = make("button", { type: "button", id: "reveal", onclick: () => { state.revealed = !state.revealed; version++; drawScore(); redraw(); } },
    state.revealed ? "Hide the solutions" : "Show the solutions");
  box.replaceChildren(make("span", {}, text), button);
}
