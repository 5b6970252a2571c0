// Eigenvalues and eigenvectors of any square matrix, by the QR algorithm for complex matrices.

// Householder's reflections on both sides: zeros below the first subdiagonal; `q` collects them.
function hessenberg(a, q) {
  for (let c = 0; c + 2 < a.n; c++) {
    const part = nothing(a.n - c - 1, 1, true);
    for (let r = 0; r < part.n; r++) { part.d[r] = a.d[(r + c + 1) * a.n + c]; part.i[r] = a.i[(r + c + 1) * a.n + c]; }
    const how = reflect(part, 0);
    if (how === null) continue;
    applied(a, c + 1, how.v, cconj(how.tau));
    for (const b of [a, q]) {
      const turned = adjoint(b);
      applied(turned, c + 1, how.v, cconj(how.tau));
      const back = adjoint(turned);
      b.d.set(back.d);
      b.i.set(back.i);
    }
  }
}

const entry = (a, r, c) => [a.d[r * a.m + c], a.i[r * a.m + c]];
function setEntry(a, r, c, [re, im]) { a.d[r * a.m + c] = re; a.i[r * a.m + c] = im; }

// The eigenvalue of the last two rows and columns that is nearer to the last element (Wilkinson's shift).
function shiftOf(a, last) {
  const [p, q, r, s] = [[-1, -1], [-1, 0], [0, -1], [0, 0]].map(([i, j]) => entry(a, last + i, last + j));
  const mean = cscale(0.5, csub(p, s)), root = csqrt(cadd(cmul(mean, mean), cmul(q, r)));
  const signed = mean[0] * root[0] + mean[1] * root[1] < 0 ? cscale(-1, root) : root, below = cadd(mean, signed);
  return cabs(below) === 0 ? s : csub(s, cdiv(cmul(q, r), below));
}

// Rows, then columns `k` and `k + 1`, turned by c and s so that an element vanishes.
function givens(a, q, k, from, last, shift) {
  const turns = [];
  for (let j = from; j <= last; j++) setEntry(a, j, j, csub(entry(a, j, j), shift));
  for (let j = from; j < last; j++) {
    const x = entry(a, j, j), y = entry(a, j + 1, j), size = Math.hypot(...x, ...y);
    const [c, s] = size === 0 ? [ONE, [0, 0]] : [cscale(1 / size, cconj(x)), cscale(1 / size, cconj(y))];
    turns.push([c, s]);
    for (let col = j; col < a.m; col++) {
      const u = entry(a, j, col), v = entry(a, j + 1, col);
      setEntry(a, j, col, cadd(cmul(c, u), cmul(s, v)));
      setEntry(a, j + 1, col, csub(cmul(cconj(c), v), cmul(cconj(s), u)));
    }
  }
  turns.forEach(([c, s], t) => {
    const j = from + t;
    for (const [b, rows] of [[a, Math.min(j + 2, last + 1)], [q, q.n]]) {
      for (let r = 0; r < rows; r++) {
        const u = entry(b, r, j), v = entry(b, r, j + 1);
        setEntry(b, r, j, cadd(cmul(cconj(c), u), cmul(cconj(s), v)));
        setEntry(b, r, j + 1, csub(cmul(c, v), cmul(s, u)));
      }
    }
  });
  for (let j = from; j <= last; j++) setEntry(a, j, j, cadd(entry(a, j, j), shift));
}

// The triangular matrix of Schur's decomposition and its unitary matrix; null where it does not settle.
function schur(x) {
  const a = widened(x), q = widened(identity(x.n));
  hessenberg(a, q);
  for (let last = a.n - 1, tries = 0; last > 0;) {
    let from = last;
    while (from > 0) {
      const near = cabs(entry(a, from, from)) + cabs(entry(a, from - 1, from - 1));
      if (cabs(entry(a, from, from - 1)) <= EPS * near) { setEntry(a, from, from - 1, [0, 0]); break; }
      from--;
    }
    if (from === last) { last--; tries = 0; continue; }
    if (++tries > 60) return null;
    // Now and then another shift: some matrices would go round in circles.
    const shift = tries % 11 === 10 ? [cabs(entry(a, last, last - 1)), 0] : shiftOf(a, last);
    givens(a, q, from, from, last, shift);
  }
  return [a, q];
}

// The eigenvectors of a triangular matrix, by substitution, as columns.
function vectorsOf(a) {
  const out = widened(identity(a.n)), smallest = EPS * Math.max(...a.d.map(Math.abs), ...a.i.map(Math.abs), 1e-300);
  for (let c = 0; c < a.n; c++) {
    for (let r = c - 1; r >= 0; r--) {
      let sum = entry(a, r, c);
      for (let k = r + 1; k < c; k++) sum = cadd(sum, cmul(entry(a, r, k), entry(out, k, c)));
      const gap = csub(entry(a, c, c), entry(a, r, r));
      setEntry(out, r, c, cdiv(sum, cabs(gap) < smallest ? [smallest, 0] : gap));
    }
  }
  return out;
}

// In the order of the recorded values, each the nearest that is left; of unit length.
function eigenOf(x, w0, v0) {
  const found = schur(x);
  if (found === null) return [unknownLike(w0), unknownLike(v0)];
  const [a, q] = found, all = product(q, vectorsOf(a)), left = Array.from({ length: x.n }, (_, k) => k);
  const at = (k) => [w0.d[k], w0.i?.[k] ?? 0];
  const order = left.map((_, k) => k).map((k) => {
    const best = left.reduce((b, c) => (cabs(csub(entry(a, c, c), at(k))) < cabs(csub(entry(a, b, b), at(k))) ? c : b), left[0]);
    left.splice(left.indexOf(best), 1);
    return best;
  });
  const w = matrix(1, x.n, ...["d", "i"].map((part) => Float64Array.from(order, (k) => a[part][k * (x.n + 1)])));
  const v = pickedColumns(all, order), sizes = order.map((_, c) => Math.hypot(...pickedColumns(v, [c]).d, ...pickedColumns(v, [c]).i));
  return [w, withPhases(weighed(v, (r, c) => 1 / sizes[c]), phases([[v, v0]]))];
}

// Which values are equal to rounding, in any order, through others too.
function closeInAnyOrder(w) {
  const { m } = w, size = (j, k) => Math.hypot(w.d[j] - w.d[k], (w.i?.[j] ?? 0) - (w.i?.[k] ?? 0));
  let largest = 0;
  for (let k = 0; k < m; k++) largest = Math.max(largest, size2(w, k));
  const group = Array.from({ length: m }, (_, k) => k);
  for (let j = 0; j < m; j++) {
    for (let k = 0; k < j; k++) {
      if (size(j, k) <= rounding(m) * largest) { const old = group[j]; group.forEach((g, l) => { if (g === old) group[l] = group[k]; }); }
    }
  }
  return group;
}

// The eigenvectors keep unit length and their phase (v^H dv = 0). Equal values share the mean of their derivatives.
function eigParts(w, v) {
  const group = closeInAnyOrder(w), inverted = inverse(v), n = w.m;
  const close = (j, k) => group[j] === group[k], count = (k) => group.filter((g) => g === group[k]).length;
  // 1 / (w_j - w_i), as a matrix of complex numbers.
  const gaps = nothing(n, n, true);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < n; c++) {
      if (!close(r, c)) setEntry(gaps, r, c, cinverse([w.d[c] - w.d[r], (w.i?.[c] ?? 0) - (w.i?.[r] ?? 0)]));
    }
  }
  // Where eigenvectors coincide the matrix is defective, and its eigenvalues have an infinite slope.
  const sound = Array.from({ length: n }, (_, r) => {
    let most = 0;
    for (let c = 0; c < n; c++) most = Math.max(most, size2(inverted, r * n + c));
    return most < 1e-3 / EPS;
  });
  const mean = (a) => product(a, weighed(allOnes(n), (r, c) => (close(r, c) ? 1 / count(r) : 0)));
  return { inverted, gaps, sound, mean, known: sound.map((_, k) => count(k) === 1 && sound.every(Boolean)) };
}
const allOnes = (n) => matrix(n, n, new Float64Array(n * n).fill(1));
const byElement = (a, b) => {
  const out = nothing(a.n, a.m, true), [x, y] = [widened(a), widened(b)];
  for (let r = 0; r < a.n; r++) for (let c = 0; c < a.m; c++) setEntry(out, r, c, cmul(entry(x, r, c), entry(y, r, c)));
  return out;
};
const rowOfDiagonal = (a) => matrix(1, a.n, diagonalOf(a), a.i && diagonalOf(matrix(a.n, a.m, a.i)));
const diagonalFrom = (row) => matrix(row.m, row.m, diagonal(row.d).d, row.i && diagonal(row.i).d);
// Each column without its part along the vector there.
const beside = (a, v) => {
  const along = rowOfDiagonal(product(adjoint(v), a));
  return minus(a, product(v, diagonalFrom(along)));
};

const eigRule = (isReal) => {
  // A matrix whose eigenvalues were real may have complex ones now, which the recorded types cannot hold.
  const kept = (parts) => {
    if (!isReal) return parts;
    const largest = Math.max(...parts[0].d.map(Math.abs), 1e-300);
    const fits = parts[0].i.every((y) => Math.abs(y) <= 1e-9 * largest);
    return parts.map((a) => { const only = matrix(a.n, a.m, a.d); return fits ? only : unknownLike(only); });
  };
  return {
    ranks: [1, 2],
    value: (x, [w0, v0]) => kept(eigenOf(x, w0, v0)),
    push: (x, [w, v], dot) => {
      const { inverted, gaps, sound, mean, known } = eigParts(w, v), middle = product(inverted, dot, v);
      const dv = beside(product(v, byElement(gaps, middle)), v);
      return [settled(mean(rowOfDiagonal(middle)), sound, dot), settled(dv, known, dot)];
    },
    pull: (x, [w, v], [ofValues, ofVectors]) => {
      const { inverted, gaps, sound, mean, known } = eigParts(w, v), gv = conjugate(ofVectors);
      if (lostIn(gv, known) || lostIn(ofValues, sound)) return unknownLike(x);
      const middle = byElement(conjugate(gaps), product(adjoint(v), beside(gv, v)));
      const both = added(middle, diagonalFrom(mean(conjugate(ofValues))));
      return conjugate(product(adjoint(inverted), both, adjoint(v)));
    },
  };
};

Object.assign(FORMS, { eig: (node) => ofMatrices(node, eigRule(!isComplexType(node.t))) });
