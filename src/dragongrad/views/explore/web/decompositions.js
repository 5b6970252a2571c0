// Eigenvalues, singular values, QR, pseudo-inverses and least squares, with the rules of `blocks/decompositions.py`.
// A vector may have either sign (complex: any phase): it has that nearer to the recorded one, so that it moves steadily.

const EPS = Number.EPSILON;
const rounding = (n) => 16 * EPS * Math.sqrt(n);

// Columns `p` and `q` of a matrix turned by (c, s), when column `q` has the phase (re, im) taken off; or its rows.
function turn(a, p, q, c, s, re, im, isRows = false) {
  const [step, first, second] = isRows ? [1, p * a.m, q * a.m] : [a.m, p, q], count = isRows ? a.m : a.n;
  for (let r = 0, j = first, k = second; r < count; r++, j += step, k += step) {
    const x = a.d[j], y = a.i[j], u = a.d[k] * re + a.i[k] * im, v = a.i[k] * re - a.d[k] * im;
    a.d[j] = c * x - s * u; a.i[j] = c * y - s * v;
    a.d[k] = s * x + c * u; a.i[k] = s * y + c * v;
  }
}

// The turn that makes two columns orthogonal: of |p|^2, |q|^2 and their inner product.
function angle(alpha, beta, re, im) {
  const size = Math.hypot(re, im), zeta = (beta - alpha) / (2 * size);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta)), c = 1 / Math.hypot(1, t);
  return [c, t * c, re / size, im / size];
}

const SWEEPS = 40;
const sized = (a, isComplex) => (isComplex ? a : matrix(a.n, a.m, a.d));

// Jacobi's method for a Hermitian matrix: values that rise, and their vectors as columns.
function eigenOfHermitian(x) {
  const { n } = x, a = widened(x), v = widened(identity(n));
  for (let sweep = 0, moved = true; moved && sweep < SWEEPS; sweep++) {
    moved = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const k = p * n + q, alpha = a.d[p * n + p], beta = a.d[q * n + q];
        if (!(Math.hypot(a.d[k], a.i[k]) > 1e-17 * (Math.abs(alpha) + Math.abs(beta)))) continue;
        moved = true;
        const [c, s, re, im] = angle(alpha, beta, a.d[k], a.i[k]);
        turn(a, p, q, c, s, re, im);
        turn(a, p, q, c, s, re, -im, true);
        for (const place of [k, q * n + p]) a.d[place] = a.i[place] = 0;
        turn(v, p, q, c, s, re, im);
      }
    }
  }
  const w = diagonalOf(a), order = [...w.keys()].sort((i, j) => w[i] - w[j]);
  return [matrix(1, n, Float64Array.from(order, (k) => w[k])), sized(pickedColumns(v, order), x.i !== null)];
}

// One-sided Jacobi: U, the singular values, V; a matrix with more columns than rows by its adjoint.
function singular(x) {
  if (x.n < x.m) { const [v, s, u] = singular(adjoint(x)); return [u, s, v]; }
  const { n, m } = x, a = widened(x), v = widened(identity(m));
  for (let sweep = 0, moved = true; moved && sweep < SWEEPS; sweep++) {
    moved = false;
    for (let p = 0; p < m; p++) {
      for (let q = p + 1; q < m; q++) {
        let alpha = 0, beta = 0, re = 0, im = 0;
        for (let r = 0; r < n; r++) {
          const [b, c, d, e] = [a.d[r * m + p], a.i[r * m + p], a.d[r * m + q], a.i[r * m + q]];
          alpha += b * b + c * c; beta += d * d + e * e; re += b * d + c * e; im += b * e - c * d;
        }
        if (!(Math.hypot(re, im) > EPS * Math.sqrt(alpha * beta))) continue;
        moved = true;
        const how = angle(alpha, beta, re, im);
        turn(a, p, q, ...how);
        turn(v, p, q, ...how);
      }
    }
  }
  const sizes = Float64Array.from({ length: m }, (_, c) => Math.hypot(...pickedColumns(a, [c]).d, ...pickedColumns(a, [c]).i));
  const order = [...sizes.keys()].sort((i, j) => sizes[j] - sizes[i]), s = Float64Array.from(order, (k) => sizes[k]);
  return [sized(orthonormal(pickedColumns(a, order), s), x.i !== null), matrix(1, m, s), sized(pickedColumns(v, order), x.i !== null)];
}

// Columns over their sizes; those of size zero are replaced by directions at right angles to all before them.
function orthonormal(a, sizes) {
  const out = widened(a);
  for (let c = 0; c < a.m; c++) {
    const isLost = !(sizes[c] > 4 * EPS * sizes[0]);
    for (let e = 0; e < (isLost ? a.n : 1); e++) {
      if (isLost) for (let r = 0; r < a.n; r++) { out.d[r * a.m + c] = r === e ? 1 : 0; out.i[r * a.m + c] = 0; }
      const size = isLost ? pushedAside(out, c) : sizes[c];
      if (isLost && size < 0.5 / Math.sqrt(a.n)) continue;
      for (let r = 0; r < a.n; r++) { out.d[r * a.m + c] /= size; out.i[r * a.m + c] /= size; }
      break;
    }
  }
  return out;
}

// A column without its parts along those before it; what is left of its size.
function pushedAside(a, c) {
  for (let twice = 0; twice < 2; twice++) {
    for (let k = 0; k < c; k++) {
      const [x, y] = [pickedColumns(a, [k]), pickedColumns(a, [c])], { d, i } = product(adjoint(x), y);
      for (let r = 0; r < a.n; r++) {
        a.d[r * a.m + c] -= d[0] * x.d[r] - i[0] * x.i[r];
        a.i[r * a.m + c] -= d[0] * x.i[r] + i[0] * x.d[r];
      }
    }
  }
  const left = pickedColumns(a, [c]);
  return Math.hypot(...left.d, ...left.i);
}

// For each column the factor of size one that brings columns nearest to those of pairs [columns, recorded ones].
function phases(pairs) {
  return Array.from({ length: pairs[0][0].m }, (_, c) => {
    let sum = [0, 0];
    for (const [a, known] of pairs) {
      const { d, i } = product(adjoint(pickedColumns(a, [c])), pickedColumns(known, [c]));
      sum = cadd(sum, [d[0], i?.[0] ?? 0]);
    }
    const size = cabs(sum);
    return size > 0 ? cscale(1 / size, sum) : ONE;
  });
}

function withPhases(a, factors) {
  const out = a.i ? widened(a) : copied(a);
  for (let r = 0, k = 0; r < a.n; r++) {
    for (let c = 0; c < a.m; c++, k++) {
      const [re, im] = cmul([a.d[k], a.i?.[k] ?? 0], factors[c]);
      out.d[k] = re;
      if (out.i) out.i[k] = im;
    }
  }
  return out;
}

// Which values are equal to rounding, where no gap lies between them; and which are equal to no other.
function closeOf(w) {
  const largest = w.reduce((m, x) => Math.max(m, Math.abs(x)), 0), limit = rounding(w.length) * largest;
  const group = [];
  w.forEach((x, k) => group.push(k === 0 ? 0 : group[k - 1] + (Math.abs(x - w[k - 1]) > limit ? 1 : 0)));
  const close = (j, k) => group[j] === group[k];
  const alone = group.map((g) => group.filter((h) => h === g).length === 1);
  // Each has the mean of the derivatives of all that are equal.
  const shared = (slope) => Float64Array.from(group, (g) => {
    const all = slope.filter((_, k) => group[k] === g);
    return all.reduce((sum, x) => sum + x, 0) / all.length;
  });
  return { close, alone, shared, zero: Array.from(w, (x) => x <= limit) };
}

// Columns of vectors that have no derivative: NaN where the matrix moves at all.
const settled = (dot, known, moves) => (known.every(Boolean) || isZero(moves) ? dot
  : added(dot, weighed(unknownLike(dot), (r, c) => (known[c] ? 0 : 1))));
const lostIn = (bar, known) => !isZero(weighed(bar, (r, c) => (known[c] ? 0 : 1)));

const eighRule = (isUpper) => ({
  ranks: [1, 2],
  value: (x, [, known]) => {
    const [w, v] = eigenOfHermitian(fromTriangle(x, isUpper));
    return [w, withPhases(v, phases([[v, known]]))];
  },
  push: (x, [w, v], dot) => {
    const { close, alone, shared } = closeOf(w.d), middle = product(adjoint(v), fromTriangle(dot, isUpper), v);
    const turned = weighed(middle, (r, c) => (close(r, c) ? 0 : 1 / (w.d[c] - w.d[r])));
    return [matrix(1, w.m, shared(diagonalOf(middle))), settled(product(v, turned), alone, middle)];
  },
  pull: (x, [w, v], [ofValues, ofVectors]) => {
    const { close, alone, shared } = closeOf(w.d);
    if (lostIn(ofVectors, alone)) return unknownLike(x);
    const middle = product(adjoint(v), weighed(conjugate(ofVectors), (r, c) => (alone[c] ? 1 : 0)));
    const turned = weighed(middle, (r, c) => (close(r, c) ? 0 : 1 / (w.d[c] - w.d[r])));
    return conjugate(intoTriangle(product(v, added(diagonal(shared(ofValues.d)), turned), adjoint(v)), isUpper));
  },
});

// Townsend, "Differentiating the singular value decomposition" (2016).
const svdRule = {
  ranks: [2, 1, 2],
  value: (x, [u0, , vh0]) => {
    const [u, s, v] = singular(x), factors = phases([[u, u0], [v, adjoint(vh0)]]);
    return [withPhases(u, factors), s, adjoint(withPhases(v, factors))];
  },
  push: (x, [u, s, vh], dot) => {
    const v = adjoint(vh), middle = product(adjoint(u), dot, v), found = weights(s.d);
    const together = weighed(added(middle, adjoint(middle)), (r, c) => found.together(r, c) / 2);
    const apart = weighed(minus(middle, adjoint(middle)), (r, c) => found.apart(r, c) / 2);
    const beyond = (x1, u1, v1, m1) => weighed(minus(product(x1, v1), product(u1, m1)), (r, c) => found.over(c));
    let du = product(u, added(together, apart)), dv = product(v, minus(together, apart));
    if (u.n > u.m) du = added(du, beyond(dot, u, v, middle));
    if (v.n > v.m) dv = added(dv, beyond(adjoint(dot), v, u, adjoint(middle)));
    return [settled(du, found.known, dot), matrix(1, s.m, found.slopes(diagonalOf(middle))), adjoint(settled(dv, found.known, dot))];
  },
  pull: (x, [u, s, vh], [ofU, ofS, ofVh]) => {
    const v = adjoint(vh), gu = conjugate(ofU), gv = transposed(ofVh), found = weights(s.d);
    if (lostIn(gu, found.known) || lostIn(gv, found.known)) return unknownLike(x);
    const p = product(adjoint(u), gu), q = product(adjoint(v), gv);
    const together = weighed(added(p, q), (r, c) => found.together(r, c) / 2);
    const apart = weighed(minus(p, q), (r, c) => found.apart(r, c) / 2);
    const middle = added(added(together, adjoint(together)), minus(apart, adjoint(apart)));
    let out = product(u, added(middle, diagonal(found.slopes(ofS.d))), vh);
    const over = (g, base, m1) => weighed(minus(g, product(base, m1)), (r, c) => found.over(c));
    if (u.n > u.m) out = added(out, product(over(gu, u, p), vh));
    if (v.n > v.m) out = added(out, product(u, adjoint(over(gv, v, q))));
    return conjugate(out);
  },
};

// The weights in the rule of singular values; a value of zero has a kink, and its vectors no derivative.
function weights(s) {
  const { close, alone, shared, zero } = closeOf(s);
  return {
    together: (r, c) => (close(r, c) ? 0 : 1 / (s[c] - s[r])),
    apart: (r, c) => (zero[r] && zero[c] ? 0 : 1 / (s[r] + s[c])),
    over: (c) => (zero[c] ? 0 : 1 / s[c]),
    known: alone.map((is, k) => is && !zero[k]),
    slopes: (slope) => shared(slope).map((x, k) => (zero[k] ? 0 : x)),
  };
}

// Householder's QR with the signs of LAPACK: a column becomes minus its size, with the sign of its first element.
function qrOf(x) {
  const { n, m } = x, k = Math.min(n, m), r = widened(x), q = widened(weighed(nothing(n, k), () => 0));
  for (let c = 0; c < k; c++) q.d[c * k + c] = 1;
  const all = [];
  for (let c = 0; c < k; c++) all.push(reflect(r, c));
  for (let c = k - 1; c >= 0; c--) if (all[c]) applied(q, c, all[c].v, all[c].tau);
  return [sized(q, x.i !== null), sized(upper(matrix(k, m, r.d.slice(0, k * m), r.i.slice(0, k * m))), x.i !== null)];
}

// The reflection that clears a column below the diagonal, made of LAPACK's tau and a vector whose first element is one.
function reflect(r, c) {
  const at = (row) => [r.d[row * r.m + c], r.i[row * r.m + c]], alpha = at(c);
  const rest = [];
  for (let row = c + 1; row < r.n; row++) rest.push(at(row));
  const below = Math.hypot(...rest.flat());
  if (below === 0 && alpha[1] === 0) return null;
  const beta = (isNegative(alpha[0]) ? 1 : -1) * Math.hypot(...alpha, below);
  const tau = [(beta - alpha[0]) / beta, -alpha[1] / beta];
  const v = [ONE, ...rest.map((z) => cdiv(z, csub(alpha, [beta, 0])))];
  applied(r, c, v, cconj(tau));
  return { v, tau };
}

// a - tau v v^H a, from row `from` on.
function applied(a, from, v, tau) {
  for (let c = 0; c < a.m; c++) {
    let sum = [0, 0];
    v.forEach((z, k) => { const p = (from + k) * a.m + c; sum = cadd(sum, cmul(cconj(z), [a.d[p], a.i[p]])); });
    const by = cmul(tau, sum);
    v.forEach((z, k) => { const p = (from + k) * a.m + c, [re, im] = cmul(by, z); a.d[p] -= re; a.i[p] -= im; });
  }
}

// Where a column depends on those before it there is no derivative from there on. The last of as many real columns as
// rows is what the others leave.
function triangleOf(q, r) {
  const k = q.m, isLeft = (c) => c === k - 1 && q.n === k && q.i === null;
  let largest = 0, lost = false;
  for (let j = 0; j < k * r.m; j++) largest = Math.max(largest, size2(r, j));
  const known = Array.from({ length: k }, (_, c) => {
    let most = 0;
    for (let row = 0; row < k; row++) most = Math.max(most, size2(r, row * r.m + c));
    lost ||= !isLeft(c) && size2(r, c * (r.m + 1)) <= rounding(r.m) * most;
    return !lost;
  });
  const first = columnsOf(r, 0, k);
  known.forEach((is, c) => { if (!is || isLeft(c)) { first.d[c * (k + 1)] = 1; if (first.i) first.i[c * (k + 1)] = 0; } });
  return { known, first };
}

// Walter, Lehmann and Lamour (2012).
const imaginaryDiagonal = (a) => (a.i === null ? nothing(a.n, a.m) : matrix(a.n, a.m, new Float64Array(a.d.length), weighed(matrix(a.n, a.m, a.i), (r, c) => (r === c ? 1 : 0)).d));
const overRight = (a, r) => transposed(solved(transposed(r), transposed(a)));
const qrRule = {
  ranks: [2, 2],
  value: (x) => qrOf(x),
  push: (x, [q, r], dot) => {
    const { known, first } = triangleOf(q, r);
    const slope = overRight(columnsOf(dot, 0, q.m), first), middle = product(adjoint(q), slope), below = lower(middle, -1);
    const turned = added(minus(below, adjoint(below)), imaginaryDiagonal(middle));
    const dq = q.n === q.m ? product(q, turned) : added(slope, product(q, minus(turned, middle)));
    const dr = upper(minus(product(adjoint(q), dot), product(turned, r)));
    return [settled(dq, known, dot), transposed(settled(transposed(dr), known, dot))];
  },
  pull: (x, [q, r], [ofQ, ofR]) => {
    const { known, first } = triangleOf(q, r), gq = conjugate(ofQ), gr = upper(conjugate(ofR));
    if (lostIn(gq, known) || lostIn(transposed(gr), known)) return unknownLike(x);
    const p = product(adjoint(q), gq), turned = minus(p, product(gr, adjoint(r)));
    const middle = added(lower(minus(turned, adjoint(turned)), -1), imaginaryDiagonal(turned));
    const slope = q.n === q.m ? product(q, middle) : added(gq, product(q, minus(middle, p)));
    const left = overRight(slope, adjoint(first)), out = product(q, gr);
    const wide = nothing(x.n, x.m, left.i !== null);
    for (let row = 0; row < x.n; row++) {
      wide.d.set(left.d.subarray(row * left.m, (row + 1) * left.m), row * x.m);
      if (left.i) wide.i.set(left.i.subarray(row * left.m, (row + 1) * left.m), row * x.m);
    }
    return conjugate(added(out, wide));
  },
};

// Golub and Pereyra (1973), for a constant rank. Singular values below a part of the largest count as zero.
function pseudoInverse(x, limit) {
  const [u, s, v] = singular(x);
  return product(weighed(v, (r, c) => (s.d[c] > limit * s.d[0] ? 1 / s.d[c] : 0)), adjoint(u));
}
// With others cut off the derivative is not that of a constant rank, and is not known here.
const isWhole = (x, limit) => { const s = singular(x)[1].d; return s.every((v) => v > limit * s[0] || v <= 1e-15 * s[0]); };
const restOf = (x, out) => [minus(identity(x.n), product(x, out)), minus(identity(x.m), product(out, x))];

const pinvRule = (limit) => ({
  value: (x) => [pseudoInverse(x, limit)],
  push: (x, [p], dot) => {
    if (!isWhole(x, limit)) return [unknownLike(p)];
    const [left, right] = restOf(x, p), t = adjoint(dot), q = adjoint(p);
    return [added(added(negated(product(p, dot, p)), product(p, q, t, left)), product(right, t, q, p))];
  },
  pull: (x, [p], [bar]) => {
    if (!isWhole(x, limit)) return unknownLike(x);
    const [left, right] = restOf(x, p), q = adjoint(p), g = transposed(bar);
    return conjugate(added(added(negated(product(q, adjoint(g), q)), product(left, g, p, q)), product(q, p, g, right)));
  },
});

// The solution, the sums of squares that are left, and the rank.
function lstsqForm(node) {
  const { limit } = node.j;
  const several = (a, b) => ({ s: [], several: [a, b, filled([], 0)] });
  const solutionOf = (x) => stacked(node.s[0], [x]);
  // The residuals are there where the rank is full and there are more rows than columns.
  const squares = (rest, by) => ({
    s: node.s[1], d: Float64Array.from({ length: size(node.s[1]) }, (_, c) => inner(columnsOf(rest, c, c + 1), columnsOf(by, c, c + 1))),
  });
  const read = (...all) => all.map((a) => unstacked(a)[0]);
  return {
    value: ([a, b]) => {
      const [x, y] = read(a, b), solution = product(pseudoInverse(x, limit), y), rest = minus(y, product(x, solution));
      const found = several(rounded(node, solutionOf(solution)), rounded(node, squares(rest, rest)));
      found.several[2].d[0] = singular(x)[1].d.filter((v, k, s) => v > limit * s[0]).length;
      return found;
    },
    push: ([a, b], out, [da, db]) => {
      if (da === null && db === null) return null;
      const [x, y, solution] = read(a, b, out.several[0]), p = pseudoInverse(x, limit), q = adjoint(p);
      const dx = da ? read(da)[0] : nothing(x.n, x.m), dy = db ? read(db)[0] : nothing(y.n, y.m), t = adjoint(dx);
      const rest = minus(y, product(x, solution)), change = minus(dy, product(dx, solution)), [, right] = restOf(x, p);
      const dot = added(added(product(p, change), product(p, q, t, rest)), product(right, t, q, solution));
      const slope = squares(rest, change);
      return several(solutionOf(isWhole(x, limit) ? dot : unknownLike(dot)), { s: slope.s, d: slope.d.map((v) => 2 * v) });
    },
    pull: ([a, b], out, bar) => {
      const [x, y, solution, g1] = read(a, b, out.several[0], bar.several[0]), p = pseudoInverse(x, limit), q = adjoint(p);
      const g = adjoint(conjugate(g1)), rest = minus(y, product(x, solution)), [, right] = restOf(x, p);
      const ofSquares = bar.several[1].d, change = weighed(rest, (r, c) => 2 * (ofSquares[c] ?? 0));
      const ofY = added(product(q, adjoint(g)), change);
      const ofX = added(added(negated(product(ofY, adjoint(solution))), product(rest, g, p, q)), product(q, solution, g, right));
      return [stacked(a.s, [isWhole(x, limit) ? conjugate(ofX) : unknownLike(ofX)]), stacked(b.s, [conjugate(ofY)])];
    },
  };
}

Object.assign(FORMS, {
  lstsq: lstsqForm,
  eigh: (node) => ofMatrices(node, eighRule(node.j.upper === 1)),
  svd: (node) => ofMatrices(node, svdRule),
  qr: (node) => ofMatrices(node, qrRule),
  pinv: (node) => ofMatrices(node, pinvRule(node.j.limit)),
});
