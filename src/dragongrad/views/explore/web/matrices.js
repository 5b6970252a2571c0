// Matrices: `n` rows, `m` columns, the numbers `d` row by row, and `i`, their imaginary parts, where there are any.

const matrix = (n, m, d, i = null) => ({ n, m, d, i });
const nothing = (n, m, isComplex = false) => matrix(n, m, new Float64Array(n * m), isComplex ? new Float64Array(n * m) : null);
const identity = (n) => matrix(n, n, Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0)));
const copied = (a) => matrix(a.n, a.m, Float64Array.from(a.d), a.i && Float64Array.from(a.i));
const widened = (a) => matrix(a.n, a.m, Float64Array.from(a.d), a.i ? Float64Array.from(a.i) : new Float64Array(a.d.length));
const unknownLike = (a) => matrix(a.n, a.m, new Float64Array(a.d.length).fill(NaN), a.i && new Float64Array(a.d.length).fill(NaN));
const isZero = (a) => a.d.every((x) => x === 0) && (a.i === null || a.i.every((x) => x === 0));

function times2(a, b) {
  const out = nothing(a.n, b.m, a.i !== null || b.i !== null);
  const add = (to, x, y, by) => multiplyInto(to, x, y, a.n, a.m, b.m, by);
  add(out.d, a.d, b.d);
  if (a.i && b.i) add(out.d, a.i, b.i, -1);
  if (b.i) add(out.i, a.d, b.i);
  if (a.i) add(out.i, a.i, b.d);
  return out;
}
const product = (...all) => all.reduce(times2);

function transposed(a, sign = 1) {
  const out = nothing(a.m, a.n, a.i !== null);
  for (let r = 0; r < a.n; r++) {
    for (let c = 0; c < a.m; c++) {
      out.d[c * a.n + r] = a.d[r * a.m + c];
      if (a.i) out.i[c * a.n + r] = sign * a.i[r * a.m + c];
    }
  }
  return out;
}
const adjoint = (a) => transposed(a, -1);
const conjugate = (a) => (a.i === null ? a : matrix(a.n, a.m, a.d, a.i.map((x) => -x)));

// `a` + `by` * `b`, for a real factor.
function added(a, b, by = 1) {
  const i = a.i === null && b.i === null ? null : Float64Array.from(a.d, (_, k) => (a.i?.[k] ?? 0) + by * (b.i?.[k] ?? 0));
  return matrix(a.n, a.m, a.d.map((x, k) => x + by * b.d[k]), i);
}
const minus = (a, b) => added(a, b, -1);
const negated = (a) => matrix(a.n, a.m, a.d.map((x) => -x), a.i && a.i.map((x) => -x));

// Each element times a real weight; where that is zero the element does not count, be it infinite.
function weighed(a, weight) {
  const out = nothing(a.n, a.m, a.i !== null);
  for (let r = 0, k = 0; r < a.n; r++) {
    for (let c = 0; c < a.m; c++, k++) {
      const w = weight(r, c);
      if (w !== 0) { out.d[k] = w * a.d[k]; if (a.i) out.i[k] = w * a.i[k]; }
    }
  }
  return out;
}
const columnsOf = (a, from, to) => pickedColumns(a, Array.from({ length: to - from }, (_, k) => from + k));
function pickedColumns(a, order) {
  const out = nothing(a.n, order.length, a.i !== null);
  for (let r = 0; r < a.n; r++) {
    order.forEach((c, k) => { out.d[r * order.length + k] = a.d[r * a.m + c]; if (a.i) out.i[r * order.length + k] = a.i[r * a.m + c]; });
  }
  return out;
}

const size2 = (a, k) => Math.hypot(a.d[k], a.i?.[k] ?? 0);
const diagonalOf = (a) => Float64Array.from({ length: Math.min(a.n, a.m) }, (_, k) => a.d[k * (a.m + 1)]);
const diagonal = (d) => weighed(identity(d.length), (r, c) => (r === c ? d[r] : 0));
const lower = (a, k = 0) => weighed(a, (r, c) => (c <= r + k ? 1 : 0));
const upper = (a) => weighed(a, (r, c) => (c >= r ? 1 : 0));
// The lower triangle with half the diagonal.
const half = (a) => weighed(a, (r, c) => (c < r ? 1 : r === c ? 0.5 : 0));
// What LAPACK reads of a Hermitian matrix, and its transpose.
const fromTriangle = (a, isUpper = false) => { const x = half(isUpper ? adjoint(a) : a); return added(x, adjoint(x)); };
const intoTriangle = (a, isUpper = false) => { const x = half(added(a, adjoint(a))); return isUpper ? adjoint(x) : x; };
// The real part of the inner product of two matrices, the first conjugated; and both parts, not conjugated.
const inner = (a, b) => a.d.reduce((sum, x, k) => sum + x * b.d[k] + (a.i && b.i ? a.i[k] * b.i[k] : 0), 0);
function dotted(a, b) {
  let re = 0, im = 0;
  a.d.forEach((x, k) => {
    const y = a.i?.[k] ?? 0, u = b.d[k], v = b.i?.[k] ?? 0;
    re += x * u - y * v; im += x * v + y * u;
  });
  return matrix(1, 1, Float64Array.of(re), a.i || b.i ? Float64Array.of(im) : null);
}

// Gauss's elimination with the largest pivot of each column: the solution, the phase and the logarithm of the
// determinant. Of a singular matrix NaN, where NumPy raises.
function eliminated(left, right) {
  const n = left.n, m = right.m, isComplex = left.i !== null || right.i !== null;
  const a = isComplex ? widened(left) : copied(left), x = isComplex ? widened(right) : copied(right);
  let phase = [1, 0], log = 0;
  const exchange = (b, r, s) => {
    for (const part of [b.d, b.i]) if (part) for (let k = 0; k < b.m; k++) [part[r * b.m + k], part[s * b.m + k]] = [part[s * b.m + k], part[r * b.m + k]];
  };
  // The row `r` of a matrix minus a number times the row `s`, from a column on.
  const take = (b, r, s, re, im, from) => {
    for (let k = from, p = r * b.m + from, q = s * b.m + from; k < b.m; k++, p++, q++) {
      if (!isComplex) b.d[p] -= re * b.d[q];
      else { b.d[p] -= re * b.d[q] - im * b.i[q]; b.i[p] -= re * b.i[q] + im * b.d[q]; }
    }
  };
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let r = c + 1; r < n; r++) if (size2(a, r * n + c) > size2(a, best * n + c)) best = r;
    const pivot = [a.d[best * n + c], a.i?.[best * n + c] ?? 0], large = Math.hypot(...pivot);
    if (large === 0) return { x: unknownLike(x), phase: [0, 0], log: -Infinity };
    log += Math.log(large);
    phase = cmul(phase, [pivot[0] / large, pivot[1] / large]);
    if (best !== c) { exchange(a, c, best); exchange(x, c, best); phase = [-phase[0], -phase[1]]; }
    for (let r = c + 1; r < n; r++) {
      const [re, im] = cdiv([a.d[r * n + c], a.i?.[r * n + c] ?? 0], pivot);
      take(a, r, c, re, im, c);
      take(x, r, c, re, im, 0);
    }
  }
  for (let c = n - 1; c >= 0; c--) {
    for (let j = c + 1; j < n; j++) take(x, c, j, a.d[c * n + j], a.i?.[c * n + j] ?? 0, 0);
    const pivot = [a.d[c * n + c], a.i?.[c * n + c] ?? 0];
    for (let k = c * m; k < (c + 1) * m; k++) {
      const [re, im] = cdiv([x.d[k], x.i?.[k] ?? 0], pivot);
      x.d[k] = re;
      if (x.i) x.i[k] = im;
    }
  }
  return { x, phase, log };
}

const solved = (a, b) => eliminated(a, b).x;
const inverse = (a) => solved(a, identity(a.n));
function determinant(a) {
  const { phase, log } = eliminated(a, nothing(a.n, 0)), large = Math.exp(log);
  return phase[0] === 0 && phase[1] === 0 ? [0, 0] : [phase[0] * large, phase[1] * large];
}

// Stacks of matrices, as arrays have them. `rank` counts the axes of one: a vector is a row, a number one element.

function unstacked(a, rank = 2) {
  const core = rank ? a.s.slice(-rank) : [], [n, m] = rank === 2 ? core : [1, core[0] ?? 1];
  const part = (all, t) => all.subarray(t * n * m, (t + 1) * n * m);
  return Array.from({ length: size(a.s.slice(0, a.s.length - rank)) }, (_, t) => matrix(n, m, part(a.d, t), a.i ? part(a.i, t) : null));
}

function stacked(shape, all) {
  const out = filled(shape, 0), isComplex = all.some((a) => a.i);
  if (isComplex) out.i = new Float64Array(out.d.length);
  let place = 0;
  for (const a of all) {
    out.d.set(a.d, place);
    if (a.i) out.i.set(a.i, place);
    place += a.d.length;
  }
  return out;
}

// The form of a Block of one stack of matrices, by a rule for one matrix of it: `value(x, known)` gives the matrices of
// all outputs, `known` what was recorded; `push(x, outs, dot)` their tangents, `pull(x, outs, bars)` what is passed back.
function ofMatrices(node, { ranks = [2], value, push, pull }) {
  const shapes = node.several ? node.s : [node.s];
  const all = (a) => (node.several ? a.several : [a]).map((part, k) => unstacked(part, ranks[k]));
  const at = (lists, t) => lists.map((list) => list[t]);
  const made = (parts) => {
    const outs = shapes.map((shape, k) => stacked(shape, parts.map((part) => part[k])));
    return node.several ? { s: [], several: outs } : outs[0];
  };
  return {
    value: ([x]) => {
      const known = all(recordedOf(node)), out = made(unstacked(x).map((a, t) => value(a, at(known, t))));
      for (const part of out.several ?? [out]) rounded(node, part);
      return out;
    },
    push: ([x], out, [dot]) => {
      if (dot === null) return null;
      const outs = all(out), dots = unstacked(dot);
      return made(unstacked(x).map((a, t) => push(a, at(outs, t), dots[t])));
    },
    pull: ([x], out, bar) => {
      const outs = all(out), bars = all(bar);
      return [stacked(x.s, unstacked(x).map((a, t) => pull(a, at(outs, t), at(bars, t))))];
    },
  };
}

const recordedOf = (node) => (node.known ??= decode(node.v));
