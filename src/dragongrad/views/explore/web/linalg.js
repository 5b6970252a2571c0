// Inverses, solutions, determinants and Cholesky factors, of real and complex matrices and stacks of them.

// What the determinant changes with, from the singular values: defined at singular matrices too.
function cofactors(a) {
  const [u, s, v] = singular(a), others = s.d.map((_, c) => s.d.reduce((all, x, k) => (k === c ? all : all * x), 1));
  const phase = eliminated(product(u, adjoint(v)), nothing(a.n, 0)).phase;
  const out = product(weighed(conjugate(u), (r, c) => others[c]), transposed(v));
  return scaledBy(out, matrix(1, 1, Float64Array.of(phase[0]), Float64Array.of(phase[1])));
}

const oneNumber = (a, [re, im]) => matrix(1, 1, Float64Array.of(re), a.i ? Float64Array.of(im) : null);
// A matrix times one number.
const scaledBy = (a, number) => {
  const [x, y] = [number.d[0], number.i?.[0] ?? 0];
  if (x === 0 && y === 0) return nothing(a.n, a.m);
  if (y === 0) return matrix(a.n, a.m, a.d.map((v) => x * v), a.i && a.i.map((v) => x * v));
  const i = a.i ?? new Float64Array(a.d.length);
  return matrix(a.n, a.m, a.d.map((v, k) => x * v - y * i[k]), i.map((w, k) => x * w + y * a.d[k]));
};

// Of the triangle that is read; NaN where the matrix is not positive definite, where NumPy raises.
function cholesky(a) {
  const { n } = a, out = nothing(n, n, a.i !== null);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c <= r; c++) {
      let re = a.d[r * n + c], im = r === c ? 0 : a.i?.[r * n + c] ?? 0;
      for (let k = 0; k < c; k++) {
        const [x, y, u, v] = [out.d[r * n + k], out.i?.[r * n + k] ?? 0, out.d[c * n + k], out.i?.[c * n + k] ?? 0];
        re -= x * u + y * v;
        im -= y * u - x * v;
      }
      const below = r === c ? 1 : out.d[c * n + c];
      if (r === c && !(re > 0)) return unknownLike(out);
      out.d[r * n + c] = r === c ? Math.sqrt(re) : re / below;
      if (out.i) out.i[r * n + c] = r === c ? 0 : im / below;
    }
  }
  return out;
}

function solveForm(node) {
  // Both in full stacks; what arrives for a smaller one is added up.
  const full = (a) => {
    const shape = [...node.s.slice(0, -2), ...a.s.slice(-2)], places = spread(a.s, shape);
    if (places === null) return unstacked(a);
    const all = readAt(shape, a, places);
    return unstacked(a.i ? complexOf(all, readAt(shape, imaginaryPart(a), places)) : all);
  };
  const back = (a, shape) => (a.i ? complexOf(gathered(realPart(a), shape), gathered(imaginaryPart(a), shape)) : gathered(a, shape));
  const solution = (a, b) => stacked(node.s, a.map((x, t) => solved(x, b[t])));
  const square = [...node.s.slice(0, -1), node.s[node.s.length - 2]];
  return {
    value: ([a, b]) => rounded(node, solution(full(a), full(b))),
    push: ([a], out, [da, db]) => {
      if (da === null && db === null) return null;
      const right = db === null ? null : full(db), outs = unstacked(out);
      const moved = da === null ? right : full(da).map((x, t) => {
        const change = product(x, outs[t]);
        return right === null ? negated(change) : minus(right[t], change);
      });
      return solution(full(a), moved);
    },
    pull: ([a, b], out, bar) => {
      const bars = unstacked(bar), outs = unstacked(out);
      const right = full(a).map((x, t) => solved(transposed(x), bars[t]));
      const left = stacked(square, right.map((g, t) => negated(product(g, transposed(outs[t])))));
      return [back(left, a.s), back(stacked(node.s, right), b.s)];
    },
  };
}

Object.assign(FORMS, {
  inv: (node) => ofMatrices(node, {
    value: (x) => [inverse(x)],
    push: (x, [out], dot) => [negated(product(out, dot, out))],
    pull: (x, [out], [bar]) => negated(product(transposed(out), bar, transposed(out))),
  }),
  det: (node) => ofMatrices(node, {
    ranks: [0],
    value: (x) => [oneNumber(x, determinant(x))],
    push: (x, out, dot) => [dotted(cofactors(x), dot)],
    pull: (x, out, [bar]) => scaledBy(cofactors(x), bar),
  }),
  slogdet: (node) => ofMatrices(node, {
    ranks: [0, 0],
    value: (x) => {
      const { phase, log } = eliminated(x, nothing(x.n, 0));
      return [oneNumber(x, phase), oneNumber(matrix(1, 1, null), [log, 0])];
    },
    push: (x, [phase], dot) => {
      const slope = dotted(transposed(inverse(x)), dot);
      // d phase = i phase Im(tr(x^-1 dx))
      const turn = cscale(slope.i?.[0] ?? 0, cmul([0, 1], [phase.d[0], phase.i?.[0] ?? 0]));
      return [oneNumber(x, turn), matrix(1, 1, slope.d)];
    },
    pull: (x, [phase], [ofPhase, ofLog]) => {
      const turn = x.i === null ? 0 : -cmul([0, 1], cmul([ofPhase.d[0], ofPhase.i?.[0] ?? 0], [phase.d[0], phase.i?.[0] ?? 0]))[0];
      return scaledBy(transposed(inverse(x)), matrix(1, 1, ofLog.d, Float64Array.of(turn)));
    },
  }),
  // Murray, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527); of the triangle that is read.
  cholesky: (node) => ofMatrices(node, {
    value: (x) => [cholesky(x)],
    push: (x, [out], dot) => {
      const middle = solved(out, adjoint(solved(out, adjoint(fromTriangle(dot)))));
      return [product(out, half(middle))];
    },
    pull: (x, [out], [bar]) => {
      const middle = half(product(adjoint(out), lower(conjugate(bar))));
      const right = transposed(solved(transposed(out), transposed(middle)));
      return conjugate(intoTriangle(solved(adjoint(out), right)));
    },
  }),
  solve: solveForm,
  pick: (node) => ({
    value: ([x]) => x.several[node.k],
    push: (args, out, [dot]) => dot && dot.several[node.k],
    pull: ([x], out, bar) => [{ s: [], several: x.several.map((part, k) => (k === node.k ? bar : filled(part.s, 0))) }],
  }),
});
