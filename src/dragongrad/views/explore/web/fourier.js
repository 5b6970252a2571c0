// Discrete Fourier transforms along an axis. The matrix of a transform is symmetric: it is its own transpose.

// Of the lines re, im, with the sign of the exponent: by halves while the length is even, else by its definition.
function transformed(re, im, sign) {
  const n = re.length, x = new Float64Array(n), y = new Float64Array(n);
  const isEven = n % 2 === 0 && n > 2, m = isEven ? n / 2 : n;
  const halves = isEven ? [0, 1].map((first) => transformed(...[re, im].map((a) => a.filter((_, k) => k % 2 === first)), sign)) : null;
  for (let j = 0; j < n; j++) {
    const add = (k, u, v) => {
      const t = 2 * Math.PI * ((j * k) % n) / n, c = Math.cos(t), s = sign * Math.sin(t);
      x[j] += c * u - s * v; y[j] += c * v + s * u;
    };
    if (isEven) halves.forEach(([u, v], k) => add(k, u[j % m], v[j % m]));
    else for (let k = 0; k < n; k++) add(k, re[k], im[k]);
  }
  return [x, y];
}

// Along an axis: its first `length` elements (zeros where there are fewer), transformed by `f`, which returns lines.
function alongLines(a, shape, axis, length, f) {
  const out = filled(shape, 0);
  out.i = new Float64Array(out.d.length);
  const places = [];
  alongAxis(shape, axis, (line) => places.push(line));
  alongAxis(a.s, axis, (line, k) => {
    const taken = [a.d, a.i ?? new Float64Array(a.d.length)].map((part) => Float64Array.from({ length }, (_, j) => (j < line.length ? part[line[j]] : 0)));
    const [re, im] = f(...taken);
    places[k].forEach((p, j) => { out.d[p] = re[j] ?? 0; out.i[p] = im[j] ?? 0; });
  });
  return out;
}

// `by` scales the transform.
const transformForm = (sign) => (node) => {
  const { axis, n, by } = node.j;
  const of = (a, shape) => alongLines(a, shape, axis, n, (re, im) => transformed(re, im, sign).map((part) => part.map((x) => by * x)));
  return {
    value: ([x]) => rounded(node, of(x, node.s)),
    push: (args, out, [dot]) => dot && of(dot, node.s),
    // The first elements are what was read; those beyond the length were not.
    pull: ([x], out, bar) => [of(bar, x.s)],
  };
};

// From half a spectrum to real numbers: each frequency but the first and that of Nyquist stands for two.
function realTransformForm(node) {
  const { axis, n, by } = node.j, half = Math.floor(n / 2) + 1;
  const whole = (part, sign) => Float64Array.from({ length: n }, (_, k) => (k < half ? part[k] : sign * part[n - k]));
  const of = (a) => realPart(alongLines(a, node.s, axis, half, (re, im) => {
    const only = im.map((y, k) => (k === 0 || 2 * k === n ? 0 : y));
    return transformed(whole(re, 1), whole(only, -1), 1).map((part) => part.map((x) => by * x));
  }));
  const twice = (k) => (k === 0 || 2 * k === n ? by : 2 * by);
  return {
    value: ([x]) => rounded(node, of(x)),
    push: (args, out, [dot]) => dot && of(dot),
    pull: ([x], out, bar) => [alongLines(bar, x.s, axis, n, (re, im) =>
      transformed(re, im, 1).map((part) => Float64Array.from(part.slice(0, half), (v, k) => v * twice(k))))],
  };
}

Object.assign(FORMS, { fft: transformForm(-1), ifft: transformForm(1), irfft: realTransformForm });
