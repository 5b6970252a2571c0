// Blocks that find places, and those that read and add at places; sums along an axis; convolutions.

// The lines of an array along an axis: `f` gets the places of the elements of each. No axis is the flat array.
function alongAxis(shape, axis, f) {
  const whole = axis === null ? [size(shape)] : shape, at = axis ?? 0;
  const step = size(whole.slice(at + 1)), length = whole[at];
  let line = 0;
  for (let before = 0; before < size(whole.slice(0, at)); before++) {
    for (let after = 0; after < step; after++) {
      f(Array.from({ length }, (_, k) => (before * length + k) * step + after), line++);
    }
  }
}

// NaN comes last, as NumPy has it.
const ascending = (x, y) => (Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : Number.isNaN(y) ? -1 : x - y);

const constantForm = (value) => (node) => ({
  value: (args) => value(node, args), push: () => null, pull: (args) => args.map(() => null),
});

function argsorted(node, [x]) {
  const out = filled(node.s, 0);
  alongAxis(x.s, node.j.axis, (places) => {
    const order = [...places.keys()].sort((i, j) => ascending(x.d[places[i]], x.d[places[j]]) || i - j);
    order.forEach((from, k) => { out.d[places[k]] = from; });
  });
  return out;
}

// The places of a partition. NumPy does not say in which order the others are: the recorded one if it still is a
// partition, else that of sorting.
function partitioned(node, [x]) {
  const out = argsorted(node, [x]);
  const known = decode(node.v);
  alongAxis(x.s, node.j.axis, (places) => {
    const at = (k) => x.d[places[known.d[places[k]]]];
    const isOne = node.j.kth.every((k) => places.every((_, j) => (j < k ? ascending(at(j), at(k)) <= 0 : ascending(at(j), at(k)) >= 0)));
    if (isOne) for (const p of places) out.d[p] = known.d[p];
  });
  return out;
}

// The place of the first of the best; a NaN is best of all.
const bestPlace = (better) => (node, [x]) => {
  const out = filled(node.s, 0);
  alongAxis(x.s, node.j.axis, (places, line) => {
    let best = 0;
    places.forEach((p, k) => {
      const now = x.d[places[best]];
      if (!Number.isNaN(now) && (Number.isNaN(x.d[p]) || better(x.d[p], now))) best = k;
    });
    out.d[line] = best;
  });
  return out;
};

function searched(node, [a, v]) {
  const right = node.j.side === "right";
  return { s: node.s, d: v.d.map((x) => {
    let low = 0, high = a.d.length;
    while (low < high) {
      const middle = (low + high) >> 1, order = ascending(a.d[middle], x);
      if (order < 0 || (right && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }) };
}

function cumsumForm(node) {
  const sums = (x, shape, backward) => {
    const out = filled(shape, 0);
    alongAxis(x.s, node.j.axis, (places) => {
      let total = 0;
      for (const p of backward ? places.reverse() : places) out.d[p] = total += x.d[p];
    });
    return out;
  };
  return {
    value: ([x]) => rounded(node, sums(x, node.s, false)),
    push: (args, out, [dot]) => dot && sums(dot, node.s, false),
    pull: ([x], out, bar) => [sums({ s: x.s, d: bar.d }, x.s, true)],
  };
}

// For each element of `x[index]` its place in an array of a shape, where the index is arrays of places for the first axes.
function readPlaces(node, shape, stack) {
  node.read ??= node.j.index.map((part) => (part.at === undefined ? decode(part) : null));
  const taken = node.read.map((part, k) => part ?? stackPart(stack, node.j.index[k].at));
  const spreadTo = broadcastShape(taken.map((t) => t.s)), rest = size(shape.slice(taken.length));
  const places = new Int32Array(size(spreadTo) * rest);
  const sources = taken.map((t) => spread(t.s, spreadTo));
  for (let i = 0; i < size(spreadTo); i++) {
    let place = 0;
    taken.forEach((t, axis) => {
      const given = t.d[sources[axis] === null ? i : sources[axis][i]];
      place = place * shape[axis] + (given < 0 ? given + shape[axis] : given);
    });
    for (let k = 0; k < rest; k++) places[i * rest + k] = place * rest + k;
  }
  return places;
}

function stackPart(a, k) {
  const shape = a.s.slice(1), count = size(shape);
  return { s: shape, d: a.d.slice(k * count, (k + 1) * count) };
}

Object.assign(FORMS, {
  argsort: constantForm(argsorted),
  partition: constantForm(partitioned),
  argmax: constantForm(bestPlace((x, y) => x > y)),
  argmin: constantForm(bestPlace((x, y) => x < y)),
  searchsorted: constantForm(searched),
  all: constantForm((node, [x]) => folded(node, x, 1, (a, b) => truth(a && b))),
  any: constantForm((node, [x]) => folded(node, x, 0, (a, b) => truth(a || b))),
  count_nonzero: constantForm((node, [x]) => folded(node, x, 0, (a, b) => a + truth(b))),
  // The halves of multiples of ten to the minus `digits` go to the even neighbour.
  round: constantForm((node, [x]) => {
    const by = 10 ** Math.abs(node.j.digits), up = node.j.digits >= 0;
    return rounded(node, { s: node.s, d: x.d.map((v) => (up ? rint(v * by) / by : rint(v / by) * by)) });
  }),
  truncation: constantForm((node, [x]) => ({ s: node.s, d: x.d.map(node.t === "bool" ? (v) => truth(v !== 0) : Math.trunc) })),
  cumsum: cumsumForm,
  index: (node) => ({
    value: ([x, stack]) => readAt(node.s, x, readPlaces(node, x.s, stack)),
    push: ([x, stack], out, [dot]) => dot && readAt(node.s, dot, readPlaces(node, x.s, stack)),
    pull: ([x, stack], out, bar) => [addAt(x.s, bar, readPlaces(node, x.s, stack)), null],
  }),
  scatter: (node) => ({
    value: ([x, stack]) => rounded(node, addAt(node.s, x, readPlaces(node, node.s, stack))),
    push: ([x, stack], out, [dot]) => dot && addAt(node.s, dot, readPlaces(node, node.s, stack)),
    pull: ([x, stack], out, bar) => [readAt(x.s, bar, readPlaces(node, node.s, stack)), null],
  }),
  convolve: (node) => {
    const both = (x, y) => {
      const out = filled(node.s, 0);
      x.d.forEach((a, i) => y.d.forEach((b, j) => { out.d[i + j] += a * b; }));
      return out;
    };
    const back = (x, y, bar) => ({ s: x.s, d: x.d.map((_, i) => y.d.reduce((sum, b, j) => sum + b * bar.d[i + j], 0)) });
    return {
      value: ([x, y]) => rounded(node, both(x, y)),
      push: ([x, y], out, [dx, dy]) => (dx && dy ? plus(both(dx, y), both(x, dy)) : dx ? both(dx, y) : dy && both(x, dy)),
      pull: ([x, y], out, bar) => [back(x, y, bar), back(y, x, bar)],
    };
  },
});
