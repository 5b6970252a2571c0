// Linear algebra of small matrices, and stacks of them. A singular matrix gives NaN, where NumPy raises.

const identity = (n) => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

const combined = (a, b, f) => Float64Array.from(a, (x, i) => f(x, b[i]));

// Gauss's elimination with the largest pivot of each column: the solution, the sign and the logarithm of the determinant.
function eliminated(matrix, right, n, m) {
  const a = Float64Array.from(matrix), x = Float64Array.from(right);
  let sign = 1, log = 0;
  const exchange = (array, width, i, j) => {
    for (let k = 0; k < width; k++) [array[i * width + k], array[j * width + k]] = [array[j * width + k], array[i * width + k]];
  };
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c + 1; i < n; i++) if (Math.abs(a[i * n + c]) > Math.abs(a[best * n + c])) best = i;
    const pivot = a[best * n + c];
    sign *= pivot < 0 ? -1 : pivot === 0 ? 0 : 1;
    log += Math.log(Math.abs(pivot));
    if (pivot === 0) return { x: x.fill(NaN), sign: 0, log: -Infinity };
    if (best !== c) { exchange(a, n, c, best); exchange(x, m, c, best); sign = -sign; }
    for (let i = c + 1; i < n; i++) {
      const share = a[i * n + c] / pivot;
      for (let k = c; k < n; k++) a[i * n + k] -= share * a[c * n + k];
      for (let k = 0; k < m; k++) x[i * m + k] -= share * x[c * m + k];
    }
  }
  for (let c = n - 1; c >= 0; c--) {
    for (let k = 0; k < m; k++) {
      for (let j = c + 1; j < n; j++) x[c * m + k] -= a[c * n + j] * x[j * m + k];
      x[c * m + k] /= a[c * n + c];
    }
  }
  return { x, sign, log };
}

const solved = (a, b, n, m) => eliminated(a, b, n, m).x;
const inverse = (a, n) => solved(a, identity(n), n, n);
const determinant = (a, n) => { const { sign, log } = eliminated(a, [], n, 0); return sign === 0 ? 0 : sign * Math.exp(log); };

// What the determinant changes with: defined at singular matrices too.
function cofactors(a, n) {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const minor = a.filter((_, k) => Math.floor(k / n) !== i && k % n !== j);
      out[i * n + j] = ((i + j) % 2 ? -1 : 1) * determinant(minor, n - 1);
    }
  }
  return out;
}

function cholesky(a, n) {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = a[i * n + j];
      for (let k = 0; k < j; k++) rest -= out[i * n + k] * out[j * n + k];
      out[i * n + j] = i === j ? Math.sqrt(rest) : rest / out[j * n + j];
    }
  }
  return out;
}

// The lower triangle with half the diagonal.
const half = (a, n) => a.map((x, k) => { const i = Math.floor(k / n), j = k % n; return j < i ? x : i === j ? x / 2 : 0; });
const symmetric = (a, n) => combined(a, transposed(a, n, n), (x, y) => x + y);
const dotted = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

// A function of each matrix of a stack, and of what else has the same stack: `f(n, x, ...others)` gives flat numbers.
function eachMatrix(shape, arrays, f) {
  const parts = arrays.map((a) => a.d.length / (size(shape.slice(0, -2)) || 1));
  const n = shape[shape.length - 1], count = size(shape.slice(0, -2));
  return Array.from({ length: count }, (_, t) => f(n, ...arrays.map((a, k) => a.d.slice(t * parts[k], (t + 1) * parts[k]))));
}

function stacked(shape, parts) {
  const out = filled(shape, 0);
  let place = 0;
  for (const part of parts) { out.d.set(part, place); place += part.length; }
  return out;
}

// A form of one stack of matrices, from functions of one matrix: of the value, the tangent, what is passed back.
function ofMatrices(node, { value, push, pull }) {
  const each = (shape, x, arrays, f) => stacked(shape, eachMatrix(x.s, arrays, f));
  return {
    value: ([x]) => rounded(node, each(node.s, x, [x], value)),
    push: ([x], out, [dot]) => dot && each(node.s, x, [x, out, dot], push),
    pull: ([x], out, bar) => [each(x.s, x, [x, out, bar], pull)],
  };
}

function slogdetForm(node) {
  const found = (x) => eachMatrix(x.s, [x], (n, a) => eliminated(a, [], n, 0));
  const slopes = (x) => eachMatrix(x.s, [x], (n, a) => transposed(inverse(a, n), n, n));
  return {
    value: ([x]) => ({ s: [], several: ["sign", "log"].map((kind, k) => rounded(node, stacked(node.s[k], found(x).map((f) => [f[kind]])))) }),
    push: ([x], out, [dot]) => dot && {
      s: [], several: [filled(node.s[0], 0), stacked(node.s[1], eachMatrix(x.s, [stacked(x.s, slopes(x)), dot], (n, a, b) => [dotted(a, b)]))],
    },
    pull: ([x], out, bar) => [stacked(x.s, slopes(x).map((a, t) => a.map((g) => weighted(g, bar.several[1].d[t]))))],
  };
}

function solveForm(node) {
  // Both in full stacks; what arrives for a smaller one is added up.
  const full = (a) => {
    const shape = [...node.s.slice(0, -2), ...a.s.slice(-2)], places = spread(a.s, shape);
    return places === null ? a : readAt(shape, a, places);
  };
  const n = node.s[node.s.length - 2], m = node.s[node.s.length - 1];
  const square = [...node.s.slice(0, -1), n];
  const solution = (a, b) => stacked(node.s, eachMatrix(square, [full(a), full(b)], (_, x, y) => solved(x, y, n, m)));
  return {
    value: ([a, b]) => rounded(node, solution(a, b)),
    push: ([a], out, [da, db]) => {
      if (da === null && db === null) return null;
      const right = db === null ? filled(node.s, 0) : full(db);
      const moved = da === null ? right : stacked(node.s, eachMatrix(square, [full(da), out, right], (_, x, y, r) =>
        combined(r, multiplied(x, y, n, n, m), (p, q) => p - q)));
      return solution(a, moved);
    },
    pull: ([a, b], out, bar) => {
      const back = stacked(node.s, eachMatrix(square, [full(a), bar], (_, x, g) => solved(transposed(x, n, n), g, n, m)));
      const left = stacked(square, eachMatrix(square, [back, out], (_, g, y) => multiplied(g.map((v) => -v), transposed(y, n, m), n, m, n)));
      return [gathered(left, a.s), gathered(back, b.s)];
    },
  };
}

Object.assign(FORMS, {
  inv: (node) => ofMatrices(node, {
    value: (n, a) => inverse(a, n),
    push: (n, a, out, dot) => multiplied(out.map((x) => -x), multiplied(dot, out, n, n, n), n, n, n),
    pull: (n, a, out, bar) => {
      const turned = transposed(out, n, n);
      return multiplied(turned.map((x) => -x), multiplied(bar, turned, n, n, n), n, n, n);
    },
  }),
  det: (node) => ofMatrices(node, {
    value: (n, a) => [determinant(a, n)],
    push: (n, a, out, dot) => [dotted(cofactors(a, n), dot)],
    pull: (n, a, out, [bar]) => cofactors(a, n).map((x) => weighted(x, bar)),
  }),
  // Murray, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527); of the triangle that is read.
  cholesky: (node) => ofMatrices(node, {
    value: (n, a) => cholesky(a, n),
    push: (n, a, out, dot) => {
      const inner = solved(out, transposed(solved(out, symmetric(half(dot, n), n), n, n), n, n), n, n);
      return multiplied(out, half(inner, n), n, n, n);
    },
    pull: (n, a, out, bar) => {
      const turned = transposed(out, n, n), middle = half(multiplied(turned, half(bar, n).map((x, k) => (k % (n + 1) ? x : 2 * x)), n, n, n), n);
      const right = transposed(solved(turned, transposed(middle, n, n), n, n), n, n);
      return half(symmetric(solved(turned, right, n, n), n), n);
    },
  }),
  slogdet: slogdetForm,
  solve: solveForm,
  pick: (node) => ({
    value: ([x]) => x.several[node.k],
    push: (args, out, [dot]) => dot && dot.several[node.k],
    pull: ([x], out, bar) => [{ s: [], several: x.several.map((part, k) => (k === node.k ? bar : filled(part.s, 0))) }],
  }),
});
