// The forms of Blocks in JavaScript: each gives the value of a Node, its tangent and what it passes back.
// A form is made once for a Node: `(form, shapes) => ({value(args), push(args, out, dots), pull(args, out, bar)})`,
// where `dots[k]` is null for an argument without a tangent, and `pull` gives a contribution for each argument.

const FORMS = {
  same: (node) => ({
    value: ([x]) => ({ s: node.s, d: x.d }),
    push: (args, out, [dot]) => dot && { s: node.s, d: dot.d },
    pull: ([x], out, bar) => [{ s: x.s, d: bar.d }],
  }),
  gather: gatherForm,
  sum: (node) => {
    const total = (x) => folded(node, x, 0, (a, b) => a + b);
    return {
      value: ([x]) => total(x),
      push: (args, out, [dot]) => dot && total(dot),
      pull: ([x], out, bar) => [unfolded(node, x, (i, place) => bar.d[place])],
    };
  },
  prod: (node) => ({
    value: ([x]) => folded(node, x, 1, (a, b) => a * b),
    push: ([x], out, [dot]) => dot && foldedWeights(node, x, dot, othersOf(node, x)),
    pull: ([x], out, bar) => {
      const others = othersOf(node, x);
      return [unfolded(node, x, (i, place) => weighted(others[i], bar.d[place]))];
    },
  }),
  max: (node) => extreme(node, greater, -Infinity),
  min: (node) => extreme(node, lesser, Infinity),
  where: (node) => {
    const pick = (c, x, y) => elementwiseOf([c, x, y], (a, b, e) => (a ? b : e), node);
    const zero = scalar(0);
    return {
      value: ([c, x, y]) => pick(c, x, y),
      push: ([c], out, [, x, y]) => (x || y) && pick(c, x ?? zero, y ?? zero),
      pull: ([c, x, y], out, bar) => [null, gathered(pick(c, bar, zero), x.s), gathered(pick(c, zero, bar), y.s)],
    };
  },
  matmul: matmulForm,
};

function rounded(node, out) {
  if (node.j.r) for (const part of [out.d, out.i]) if (part) for (let i = 0; i < part.length; i++) part[i] = Math.fround(part[i]);
  return out;
}

function elementwiseOf(args, f, node) {
  const out = { s: node.s, d: new Float64Array(size(node.s)) };
  const places = args.map((a) => spread(a.s, node.s));
  const at = (k, i) => args[k].d[places[k] === null ? i : places[k][i]];
  for (let i = 0; i < out.d.length; i++) {
    out.d[i] = args.length === 1 ? f(at(0, i)) : args.length === 2 ? f(at(0, i), at(1, i)) : f(at(0, i), at(1, i), at(2, i));
  }
  return out;
}

// A derivative times what arrives: nothing arrives where that is zero, also at a pole.
const weighted = (partial, bar) => (bar === 0 ? 0 : partial * bar);

function elementwiseForm(node) {
  const [f, ...partials] = ELEMENTWISE[node.j.f];
  const local = (args, out, k) => elementwiseOf([out, ...args], (o, x, y) => partials[k](o, x, y), node);
  const dull = partials.length === 0;
  return {
    value: (args) => rounded(node, elementwiseOf(args, f, node)),
    partial: dull ? null : local,
    push: (args, out, dots) => {
      if (dull || dots.every((dot) => dot === null)) return null;
      const total = filled(node.s, 0);
      dots.forEach((dot, k) => {
        if (dot === null) return;
        const partial = local(args, out, k), places = spread(dot.s, node.s);
        for (let i = 0; i < total.d.length; i++) {
          total.d[i] += weighted(partial.d[i], dot.d[places === null ? i : places[i]]);
        }
      });
      return total;
    },
    pull: (args, out, bar) => args.map((x, k) => {
      if (dull) return null;
      const partial = local(args, out, k);
      for (let i = 0; i < partial.d.length; i++) partial.d[i] = weighted(partial.d[i], bar.d[i]);
      return gathered(partial, x.s);
    }),
  };
}

function gatherForm(node) {
  const at = new Int32Array(bytes(node.j.at));
  return {
    value: (args) => moved(node, at, args),
    push: (args, out, dots) => (dots.every((d) => d === null) ? null
      : moved(node, at, args.map((x, k) => dots[k] ?? filled(x.s, 0)))),
    pull: (args, out, bar) => {
      const back = args.map((x) => filled(x.s, 0));
      const [owner, first] = owners(args);
      for (let i = 0; i < at.length; i++) {
        // -1 is an element that is zero whatever the arguments are.
        if (at[i] >= 0) back[owner[at[i]]].d[at[i] - first[owner[at[i]]]] += bar.d[i];
      }
      return back;
    },
  };
}

function owners(args) {
  const owner = [], first = [];
  args.forEach((x, k) => {
    first.push(owner.length);
    for (let i = 0; i < x.d.length; i++) owner.push(k);
  });
  return [owner, first];
}

function moved(node, at, args) {
  const out = filled(node.s, 0);
  if (args.length === 1) {
    for (let i = 0; i < at.length; i++) out.d[i] = at[i] < 0 ? 0 : args[0].d[at[i]];
    return out;
  }
  const [owner, first] = owners(args);
  for (let i = 0; i < at.length; i++) {
    if (at[i] >= 0) out.d[i] = args[owner[at[i]]].d[at[i] - first[owner[at[i]]]];
  }
  return out;
}

// Reductions: for each element of an argument, the place of the element that it goes into.
function foldPlaces(node, x) {
  const kept = x.s.map((n, k) => (node.j.axes.includes(k) ? 1 : n));
  return spread(kept, x.s) ?? Int32Array.from(x.d.keys());
}

function folded(node, x, start, f) {
  const out = filled(node.s, start), places = foldPlaces(node, x);
  for (let i = 0; i < x.d.length; i++) out.d[places[i]] = f(out.d[places[i]], x.d[i]);
  return rounded(node, out);
}

function foldedWeights(node, x, dot, weights) {
  const out = filled(node.s, 0), places = foldPlaces(node, x);
  for (let i = 0; i < x.d.length; i++) out.d[places[i]] += weighted(weights[i], dot.d[i]);
  return out;
}

function unfolded(node, x, f) {
  const out = filled(x.s, 0), places = foldPlaces(node, x);
  for (let i = 0; i < x.d.length; i++) out.d[i] = f(i, places[i]);
  return out;
}

// The product of the others, without a division: right also where one is zero.
function othersOf(node, x) {
  const places = foldPlaces(node, x), before = filled(node.s, 1), after = filled(node.s, 1);
  const others = new Float64Array(x.d.length);
  for (let i = 0; i < x.d.length; i++) { others[i] = before.d[places[i]]; before.d[places[i]] *= x.d[i]; }
  for (let i = x.d.length - 1; i >= 0; i--) { others[i] *= after.d[places[i]]; after.d[places[i]] *= x.d[i]; }
  return others;
}

// Of equal elements that are the largest, each has its share.
function extreme(node, better, worst) {
  const shares = (x, out) => {
    const places = foldPlaces(node, x), count = filled(node.s, 0);
    for (let i = 0; i < x.d.length; i++) if (x.d[i] === out.d[places[i]]) count.d[places[i]]++;
    return Float64Array.from(x.d, (v, i) => (v === out.d[places[i]] ? 1 / count.d[places[i]] : 0));
  };
  return {
    value: ([x]) => folded(node, x, worst, better),
    push: ([x], out, [dot]) => dot && foldedWeights(node, x, dot, shares(x, out)),
    pull: ([x], out, bar) => {
      const share = shares(x, out);
      return [unfolded(node, x, (i, place) => weighted(share[i], bar.d[place]))];
    },
  };
}

// Of matrices, as their flat numbers.
function turnedOver(a, n, m) {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) out[j * n + i] = a[i * m + j];
  return out;
}

// Adds to `out` the product of two, times a number.
function multiplyInto(out, a, b, n, k, m, by = 1) {
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < k; l++) {
      const x = by * a[i * k + l];
      for (let j = 0; j < m; j++) out[i * m + j] += x * b[l * m + j];
    }
  }
  return out;
}

// Products of stacks of matrices; a vector is a row on the left and a column on the right.
function matmulForm(node) {
  const matrix = (x, left) => (x.s.length > 1 ? x : { s: left ? [1, x.s[0]] : [x.s[0], 1], d: x.d });
  const full = (a, b) => {
    const stack = broadcastShape([a.s.slice(0, -2), b.s.slice(0, -2), []]);
    return [...stack, a.s[a.s.length - 2], b.s[b.s.length - 1]];
  };
  const product = (a, b) => {
    const shape = full(a, b), stack = shape.slice(0, -2);
    const [n, k] = a.s.slice(-2), m = b.s[b.s.length - 1];
    const [pa, pb] = [a, b].map((x) => spread(x.s.slice(0, -2), stack) ?? Int32Array.from(Array(size(stack)).keys()));
    const matrixAt = (x, t, count) => x.d.subarray(t * count, (t + 1) * count);
    const out = filled(shape, 0);
    for (let t = 0; t < size(stack); t++) {
      multiplyInto(matrixAt(out, t, n * m), matrixAt(a, pa[t], n * k), matrixAt(b, pb[t], k * m), n, k, m);
    }
    return out;
  };
  const turned = (x) => {
    const [n, m] = x.s.slice(-2), out = { s: [...x.s.slice(0, -2), m, n], d: new Float64Array(x.d.length) };
    for (let t = 0; t < x.d.length; t += n * m) out.d.set(turnedOver(x.d.subarray(t, t + n * m), n, m), t);
    return out;
  };
  const times = (x, y) => ({ s: node.s, d: product(matrix(x, true), matrix(y, false)).d });
  return {
    value: ([x, y]) => rounded(node, times(x, y)),
    push: ([x, y], out, [dx, dy]) => {
      const parts = [dx && times(dx, y), dy && times(x, dy)].filter(Boolean);
      return parts.length === 2 ? plus(...parts) : parts[0] ?? null;
    },
    pull: ([x, y], out, bar) => {
      const a = matrix(x, true), b = matrix(y, false), g = { s: full(a, b), d: bar.d };
      return [[product(g, turned(b)), a, x], [product(turned(a), g), b, y]].map(([made, as, like]) =>
        ({ s: like.s, d: gathered(made, as.s).d }));
    },
  };
}

const formOf = (node) => (node.j.z ? complexFormOf(node) : ELEMENTWISE[node.j.f] ? elementwiseForm(node) : FORMS[node.j.f](node));
