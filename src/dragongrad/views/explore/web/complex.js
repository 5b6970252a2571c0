// Complex numbers: an array has their imaginary parts in `i`, and none where all are zero. One number is [re, im].
// What is passed back is transposed, not conjugated, as the Blocks have it.

const cmul = ([a, b], [c, d]) => [a * c - b * d, a * d + b * c];
const cadd = ([a, b], [c, d]) => [a + c, b + d];
const csub = ([a, b], [c, d]) => [a - c, b - d];
const cscale = (t, [a, b]) => [t * a, t * b];
// Smith's division: no square overflows.
function cdiv([a, b], [c, d]) {
  if (d === 0) return [a / c, b / c];
  if (Math.abs(c) >= Math.abs(d)) {
    const r = d / c, below = c + d * r;
    return [(a + b * r) / below, (b - a * r) / below];
  }
  const r = c / d, below = c * r + d;
  return [(a * r + b) / below, (b * r - a) / below];
}
const ONE = [1, 0];
const cabs = ([a, b]) => Math.hypot(a, b);
const cconj = ([a, b]) => [a, -b];
const cexp = ([a, b]) => (b === 0 ? [Math.exp(a), b] : [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)]);
const clog = ([a, b]) => [Math.log(Math.hypot(a, b)), Math.atan2(b, a)];
const csqrt = ([a, b]) => {
  if (a === 0 && b === 0) return [0, b];
  const t = Math.sqrt((Math.abs(a) + Math.hypot(a, b)) / 2);
  return a >= 0 ? [t, b / (2 * t)] : [Math.abs(b) / (2 * t), isNegative(b) ? -t : t];
};
const csin = ([a, b]) => [Math.sin(a) * Math.cosh(b), Math.cos(a) * Math.sinh(b)];
const ccos = ([a, b]) => [Math.cos(a) * Math.cosh(b), -Math.sin(a) * Math.sinh(b)];
const csinh = ([a, b]) => [Math.sinh(a) * Math.cos(b), Math.cosh(a) * Math.sin(b)];
const ccosh = ([a, b]) => [Math.cosh(a) * Math.cos(b), Math.sinh(a) * Math.sin(b)];
const ctanh = ([a, b]) => {
  if (Math.abs(a) > 20) return [Math.sign(a), 4 * Math.sin(b) * Math.cos(b) * Math.exp(-2 * Math.abs(a))];
  const below = Math.sinh(a) ** 2 + Math.cos(b) ** 2;
  return [Math.sinh(a) * Math.cosh(a) / below, Math.sin(b) * Math.cos(b) / below];
};
// i * f(z / i), by which circular functions are hyperbolic ones.
const turnedBy = (f) => ([a, b]) => { const [re, im] = f([-b, a]); return [im, -re]; };
const clog1p = ([a, b]) => [0.5 * Math.log1p(a * (2 + a) + b * b), Math.atan2(b, 1 + a)];
const cexpm1 = ([a, b]) => [Math.expm1(a) * Math.cos(b) - 2 * Math.sin(b / 2) ** 2, Math.exp(a) * Math.sin(b)];
// Kahan, "Branch cuts for complex elementary functions" (1987).
const rootsAside = ([a, b]) => [csqrt([1 - a, -b]), csqrt([1 + a, b])];
const carcsin = (z) => {
  const [p, q] = rootsAside(z);
  return [Math.atan2(z[0], cmul(p, q)[0]), Math.asinh(cmul(cconj(p), q)[1])];
};
const carccos = (z) => {
  const [p, q] = rootsAside(z);
  return [2 * Math.atan2(p[0], q[0]), Math.asinh(cmul(cconj(q), p)[1])];
};
const carccosh = ([a, b]) => {
  const p = csqrt([a - 1, b]), q = csqrt([a + 1, b]);
  return [Math.asinh(cmul(cconj(p), q)[0]), 2 * Math.atan2(p[1], q[0])];
};
const carctanh = (z) => cscale(0.5, csub(clog1p(z), clog1p([-z[0], -z[1]])));
const csquare = (z) => cmul(z, z);
const cinverse = (z) => cdiv(ONE, z);
// Sums and differences that keep the sign of a zero imaginary part, and so the side of a branch cut.
const oneMore = (z) => csub(z, [-1, 0]);
const oneLessSquare = (z) => cscale(-1, cmul(csub(z, ONE), oneMore(z)));

function cpower(x, y) {
  if (y[0] === 0 && y[1] === 0) return ONE;
  if (x[0] === 0 && x[1] === 0) return y[0] > 0 ? [0, 0] : [NaN, NaN];
  if (y[1] !== 0 || !Number.isInteger(y[0]) || Math.abs(y[0]) > 100) return cexp(cmul(y, clog(x)));
  let out = ONE, by = x;
  for (let n = Math.abs(y[0]); n > 0; n = Math.floor(n / 2), by = cmul(by, by)) if (n % 2) out = cmul(out, by);
  return y[0] < 0 ? cinverse(out) : out;
}
const cpowerPartials = [
  (o, x, y) => (y[0] === 0 && y[1] === 0 ? [0, 0] : cmul(y, cpower(x, csub(y, ONE)))),
  (o, x) => (o[0] === 0 && o[1] === 0 ? o : cmul(o, clog(x))),
];
const cabsPartial = (o, x) => (o[0] === 0 ? [0, 0] : [x[0] / o[0], -x[1] / o[0]]);
const either = (f) => ([a, b]) => [truth(f(a) || f(b)), 0];

const COMPLEX = {
  add: [cadd, () => ONE, () => ONE],
  subtract: [csub, () => ONE, () => [-1, 0]],
  multiply: [cmul, (o, x, y) => y, (o, x) => x],
  divide: [cdiv, (o, x, y) => cinverse(y), (o, x, y) => cscale(-1, cdiv(o, y))],
  power: [cpower, ...cpowerPartials],
  float_power: [cpower, ...cpowerPartials],
  negative: [(x) => cscale(-1, x), () => [-1, 0]],
  positive: [(x) => x, () => ONE],
  reciprocal: [cinverse, (o) => cscale(-1, csquare(o))],
  square: [csquare, (o, x) => cscale(2, x)],
  sqrt: [csqrt, (o) => cdiv([0.5, 0], o)],
  absolute: [(x) => [cabs(x), 0], cabsPartial],
  exp: [cexp, (o) => o],
  exp2: [(x) => cexp(cscale(LN2, x)), (o) => cscale(LN2, o)],
  expm1: [cexpm1, (o, x) => cexp(x)],
  log: [clog, (o, x) => cinverse(x)],
  log2: [(x) => cscale(1 / LN2, clog(x)), (o, x) => cinverse(cscale(LN2, x))],
  log10: [(x) => cscale(1 / LN10, clog(x)), (o, x) => cinverse(cscale(LN10, x))],
  log1p: [clog1p, (o, x) => cinverse(cadd(ONE, x))],
  sin: [csin, (o, x) => ccos(x)],
  cos: [ccos, (o, x) => cscale(-1, csin(x))],
  tan: [turnedBy(ctanh), (o) => cadd(ONE, csquare(o))],
  arcsin: [carcsin, (o, x) => cinverse(csqrt(oneLessSquare(x)))],
  arccos: [carccos, (o, x) => cscale(-1, cinverse(csqrt(oneLessSquare(x))))],
  arctan: [turnedBy(carctanh), (o, x) => cinverse(cadd(ONE, csquare(x)))],
  sinh: [csinh, (o, x) => ccosh(x)],
  cosh: [ccosh, (o, x) => csinh(x)],
  tanh: [ctanh, (o) => oneLessSquare(o)],
  arcsinh: [turnedBy(carcsin), (o, x) => cinverse(csqrt(oneMore(csquare(x))))],
  arccosh: [carccosh, (o, x) => cinverse(cmul(csqrt(csub(x, ONE)), csqrt(oneMore(x))))],
  arctanh: [carctanh, (o, x) => cinverse(oneLessSquare(x))],
  stop_gradient: [(x) => x],
  equal: [(x, y) => [truth(x[0] === y[0] && x[1] === y[1]), 0]],
  not_equal: [(x, y) => [truth(x[0] !== y[0] || x[1] !== y[1]), 0]],
  isnan: [either(Number.isNaN)], isinf: [either((x) => Math.abs(x) === Infinity)],
  isfinite: [([a, b]) => [truth(Number.isFinite(a) && Number.isFinite(b)), 0]],
};

const isComplexType = (t) => t.startsWith("complex");
const realPart = (a) => a && (a.i ? { s: a.s, d: a.d } : a);
const imaginaryPart = (a) => a && { s: a.s, d: a.i ?? new Float64Array(a.d.length) };
// An array of two real ones.
const complexOf = (x, y) => (x === null || y === null ? null : { s: x.s, d: x.d, i: y.d });

function complexElements(args, shape, f) {
  const out = filled(shape, 0);
  out.i = new Float64Array(out.d.length);
  const places = args.map((a) => spread(a.s, shape));
  for (let k = 0; k < out.d.length; k++) {
    const [re, im] = f(...args.map((a, j) => { const p = places[j] === null ? k : places[j][k]; return [a.d[p], a.i ? a.i[p] : 0]; }));
    out.d[k] = re;
    out.i[k] = im;
  }
  return out;
}

// A derivative times what arrives: nothing arrives where that is zero.
const cweighted = (partial, bar) => (bar[0] === 0 && bar[1] === 0 ? bar : cmul(partial, bar));

function complexElementwiseForm(node) {
  const [f, ...partials] = COMPLEX[node.j.f];
  const isDull = partials.length === 0;
  return {
    value: (args) => rounded(node, complexElements(args, node.s, f)),
    push: (args, out, dots) => dots.reduce((total, dot, k) => {
      if (dot === null || isDull) return total;
      const part = complexElements([out, dot, ...args], node.s, (o, t, ...xs) => cweighted(partials[k](o, ...xs), t));
      return total === null ? part : plus(total, part);
    }, null),
    pull: (args, out, bar) => args.map((x, k) => {
      if (isDull) return null;
      const all = complexElements([out, bar, ...args], node.s, (o, t, ...xs) => cweighted(partials[k](o, ...xs), t));
      return complexOf(gathered(realPart(all), x.s), gathered(imaginaryPart(all), x.s));
    }),
  };
}

// Forms of real numbers that are linear, of both parts; arguments that are `fixed` (places, truths) have none.
function linearOfParts(form, fixed) {
  const of = (args, part) => args.map((a, k) => (fixed.includes(k) ? a : part(a)));
  const both = (f) => complexOf(f(realPart), f(imaginaryPart));
  return {
    value: (args) => both((part) => form.value(of(args, part))),
    push: (args, out, dots) => (dots.every((dot) => dot === null) ? null
      : both((part) => form.push(of(args, part), part(out), dots.map(part)))),
    pull: (args, out, bar) => {
      const [re, im] = [realPart, imaginaryPart].map((part) => form.pull(of(args, part), part(out), part(bar)));
      return re.map((part, k) => (fixed.includes(k) ? null : complexOf(part, im[k])));
    },
  };
}

// Forms of real numbers that are linear in each of two arguments, by the products of their parts.
function bilinearOfParts(form) {
  const [re, im] = [realPart, imaginaryPart];
  const less = (a, b) => ({ s: a.s, d: a.d.map((x, k) => x - b.d[k]) });
  const four = (f) => complexOf(less(f(re, re), f(im, im)), plus(f(re, im), f(im, re)));
  const both = (x, y) => four((p, q) => form.value([p(x), q(y)]));
  return {
    value: ([x, y]) => both(x, y),
    push: ([x, y], out, [dx, dy]) => (dx && dy ? plus(both(dx, y), both(x, dy)) : dx ? both(dx, y) : dy && both(x, dy)),
    pull: ([x, y], out, bar) => [0, 1].map((k) => four((p, q) => form.pull([p(x), p(y)], p(out), q(bar))[k])),
  };
}

const FIXED = { same: [], gather: [], sum: [], cumsum: [], where: [0], index: [1], scatter: [1] };
const BILINEAR = ["matmul", "convolve"];

// The form of a Node that has to do with complex numbers.
function complexFormOf(node) {
  const { f } = node.j;
  if (COMPLEX[f]) return complexElementwiseForm(node);
  if (FIXED[f]) return linearOfParts(FORMS[f](node), FIXED[f]);
  return BILINEAR.includes(f) ? bilinearOfParts(FORMS[f](node)) : FORMS[f](node);
}

Object.assign(FORMS, {
  real: () => ({ value: ([x]) => realPart(x), push: (args, out, [dot]) => realPart(dot), pull: (args, out, bar) => [realPart(bar)] }),
  imag: () => ({
    value: ([x]) => imaginaryPart(x), push: (args, out, [dot]) => imaginaryPart(dot),
    pull: (args, out, bar) => [{ s: bar.s, d: new Float64Array(bar.d.length), i: bar.d.map((x) => -x) }],
  }),
  conjugate: () => {
    const of = (a) => a && (a.i ? { s: a.s, d: a.d, i: a.i.map((x) => -x) } : a);
    return { value: ([x]) => of(x), push: (args, out, [dot]) => of(dot), pull: (args, out, bar) => [of(bar)] };
  },
});
