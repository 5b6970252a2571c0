// A layered layout: every box below those it was made from (Sugiyama, Tagawa and Toda 1981).

const GAP_X = 26, GAP_Y = 34, LANE = 8, MOST_LANES = 4000;

// `parents[i]` lists the boxes that box i was made from, all before i. Gives the centre of each box, the points
// that each edge passes, known by "parent,i", and the size of the whole.
function layered(parents, widths, height) {
  const count = parents.length;
  const layer = layersOf(parents);
  widths = [...widths];
  const lanes = parents.reduce((n, above, i) => above.reduce((m, p) => m + layer[i] - layer[p] - 1, n), 0);
  const above = [], chains = new Map(), extra = [];
  parents.forEach((from, i) => {
    const ends = [];
    for (const p of new Set(from)) {
      const chain = [];
      // Of a graph beyond reading, the long edges are drawn straight.
      for (let level = layer[p] + 1; level < (lanes <= MOST_LANES ? layer[i] : 0); level++) {
        extra.push([chain.length ? chain[chain.length - 1] : p]);
        widths.push(LANE);
        layer.push(level);
        chain.push(count + extra.length - 1);
      }
      chains.set(`${p},${i}`, chain);
      ends.push(chain.length ? chain[chain.length - 1] : p);
    }
    above.push(ends);
  });
  above.push(...extra);
  const below = above.map(() => []), rows = [];
  above.forEach((ends, i) => {
    (rows[layer[i]] ??= []).push(i);
    for (const p of ends) below[p].push(i);
  });
  const x = new Float64Array(above.length);
  for (const row of rows) apart(row, x, widths);
  const sweeps = above.length > 1500 ? 3 : 10;
  for (let k = 0; k < sweeps; k++) {
    for (const row of rows) relax(row, above, x, widths);
    for (let r = rows.length - 1; r >= 0; r--) relax(rows[r], below, x, widths);
  }
  let left = Infinity, right = -Infinity;
  for (let i = 0; i < x.length; i++) {
    left = Math.min(left, x[i] - widths[i] / 2);
    right = Math.max(right, x[i] + widths[i] / 2);
  }
  const y = layer.map((l) => l * (height + GAP_Y) + height / 2);
  const routes = new Map([...chains].map(([edge, chain]) =>
    [edge, chain.flatMap((v) => [[x[v] - left, y[v] - height / 2], [x[v] - left, y[v] + height / 2]])]));
  return {
    x: Array.from(x.subarray(0, count), (v) => v - left), y: y.slice(0, count), routes,
    width: count ? right - left : 0, height: rows.length * (height + GAP_Y) - GAP_Y,
  };
}

function layersOf(parents) {
  const layer = parents.map(() => 0);
  parents.forEach((above, i) => { for (const p of above) layer[i] = Math.max(layer[i], layer[p] + 1); });
  const first = new Map();
  parents.forEach((above, i) => { for (const p of above) first.set(p, Math.min(first.get(p) ?? Infinity, layer[i])); });
  // A box without inputs of its own stands just above its first use.
  for (const [p, use] of first) if (!parents[p].length) layer[p] = use - 1;
  return layer;
}

function relax(row, neighbours, x, widths) {
  const wish = new Map(row.map((i) => {
    const near = neighbours[i];
    return [i, near.length ? near.reduce((a, n) => a + x[n], 0) / near.length : x[i]];
  }));
  row.sort((a, b) => wish.get(a) - wish.get(b));
  for (const i of row) x[i] = wish.get(i);
  apart(row, x, widths);
}

// Push the boxes of a row apart where they overlap, keeping their order and their common centre.
function apart(row, x, widths) {
  const mean = () => row.reduce((a, i) => a + x[i], 0) / row.length;
  const centre = mean();
  for (let k = 1; k < row.length; k++) {
    const [before, i] = [row[k - 1], row[k]];
    x[i] = Math.max(x[i], x[before] + (widths[before] + widths[i]) / 2 + GAP_X);
  }
  const shift = centre - mean();
  for (const i of row) x[i] += shift;
}
