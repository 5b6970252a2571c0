// Elementwise Blocks: the value, and a partial derivative for each argument, of numbers `out`, `x`, `y`.
// At kinks they promise what the Blocks do: the mean of both sides.

const LN2 = Math.LN2, LN10 = Math.LN10;
const wins = (x, y) => (x === y ? 0.5 : x > y ? 1 : 0);
const ratio = (x, y) => (y === 0 ? 0 : x / y);
const share = (x, y) => (x === y ? 0.5 : 1 / (1 + Math.exp(y - x)));
const modulo = (x, y) => { const r = x % y; return r !== 0 && (r < 0) !== (y < 0) ? r + y : r; };
const greater = (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? NaN : Math.max(x, y));
const lesser = (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? NaN : Math.min(x, y));
// Halves go to the even neighbour, as IEEE 754 has it.
const rint = (x) => { const r = Math.round(x); return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r; };
const power = (x, y) => (y === 2 ? x * x : y === 1 ? x : x === 1 || y === 0 ? 1 : x ** y);
const powerPartials = [
  (o, x, y) => (y === 0 ? 0 : y * power(x, y - 1)), (o, x, y) => (o === 0 || (x === 0 && y > 0) ? 0 : o * Math.log(x)),
];
const logaddexp = (x, y) => {
  const top = Math.max(x, y);
  return Number.isFinite(top) ? top + Math.log1p(Math.exp(Math.min(x, y) - top)) : x + y === Infinity ? Infinity : top;
};
const logaddexp2 = (x, y) => logaddexp(x * LN2, y * LN2) / LN2;
const fmaxWins = (x, y) => (Number.isNaN(y) ? 1 : Number.isNaN(x) ? 0 : wins(x, y));
const fminWins = (x, y) => (Number.isNaN(y) ? 1 : Number.isNaN(x) ? 0 : wins(y, x));
const isNegative = (x) => x < 0 || Object.is(x, -0);
const copysign = (x, y) => (isNegative(x) === isNegative(y) ? x : -x);
const floorDivide = (x, y) => (y === 0 ? Math.floor(x / y) : Math.round((x - modulo(x, y)) / y));
const exponent = (x) => {
  if (x === 0 || !Number.isFinite(x)) return 0;
  let k = Math.floor(Math.log2(Math.abs(x))) + 1;
  while (Math.abs(x) / 2 ** k >= 1) k++;
  while (Math.abs(x) / 2 ** k < 0.5) k--;
  return k;
};
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
// Near zero by its series: the difference of the two parts loses digits there.
const sincSlope = (x) => {
  if (Math.abs(x) >= 0.2) return (Math.cos(Math.PI * x) - sinc(x)) / x;
  let sum = 0;
  for (let k = 9, term = 1; k >= 1; k--) {
    term = 1;
    for (let i = 1; i <= 2 * k + 1; i++) term *= i <= 2 * k ? Math.PI / i : 1 / i;
    sum += (k % 2 ? -1 : 1) * term * 2 * k * x ** (2 * k - 1);
  }
  return sum;
};
// The modified Bessel functions I0 and I1 by their power series, all of whose terms have one sign.
const bessel = (order) => (x) => {
  let term = order ? x / 2 : 1, sum = term;
  for (let k = 1; k < 2000 && Math.abs(term) > 1e-18 * Math.abs(sum); k++) { term *= x * x / 4 / k / (k + order); sum += term; }
  return sum;
};
const i0 = bessel(0), i1 = bessel(1);
// Near zero by the series of erf, whose terms have one sign; else by the continued fraction (NIST's DLMF 7.6.2, 7.9.1).
const erfc = (x) => {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = 2 * x / Math.sqrt(Math.PI) * Math.exp(-x * x), sum = term;
    for (let k = 1; term > 1e-18 * sum; k++) { term *= 2 * x * x / (2 * k + 1); sum += term; }
    return 1 - sum;
  }
  let below = x;
  for (let k = 120; k >= 1; k--) below = x + k / 2 / below;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / below;
};
const DEGREES = 180 / Math.PI, RADIANS = Math.PI / 180;
const truth = (found) => (found ? 1 : 0);

const ELEMENTWISE = {
  add: [(x, y) => x + y, () => 1, () => 1],
  subtract: [(x, y) => x - y, () => 1, () => -1],
  multiply: [(x, y) => x * y, (o, x, y) => y, (o, x) => x],
  divide: [(x, y) => x / y, (o, x, y) => 1 / y, (o, x, y) => -o / y],
  power: [power, ...powerPartials],
  remainder: [modulo, () => 1, (o, x, y) => -Math.floor(x / y)],
  negative: [(x) => -x, () => -1],
  positive: [(x) => x, () => 1],
  reciprocal: [(x) => 1 / x, (o) => -o * o],
  square: [(x) => x * x, (o, x) => 2 * x],
  sqrt: [Math.sqrt, (o) => 0.5 / o],
  cbrt: [Math.cbrt, (o) => 1 / (3 * o * o)],
  absolute: [Math.abs, (o, x) => Math.sign(x)],
  fabs: [Math.abs, (o, x) => Math.sign(x)],
  sign: [Math.sign, () => 0],
  hypot: [Math.hypot, (o, x) => ratio(x, o), (o, x, y) => ratio(y, o)],
  exp: [Math.exp, (o) => o],
  exp2: [(x) => 2 ** x, (o) => LN2 * o],
  expm1: [Math.expm1, (o, x) => Math.exp(x)],
  log: [Math.log, (o, x) => 1 / x],
  log2: [Math.log2, (o, x) => 1 / (LN2 * x)],
  log10: [Math.log10, (o, x) => 1 / (LN10 * x)],
  log1p: [Math.log1p, (o, x) => 1 / (1 + x)],
  logaddexp: [logaddexp, (o, x, y) => share(x, y), (o, x, y) => share(y, x)],
  sin: [Math.sin, (o, x) => Math.cos(x)],
  cos: [Math.cos, (o, x) => -Math.sin(x)],
  tan: [Math.tan, (o) => 1 + o * o],
  arcsin: [Math.asin, (o, x) => 1 / Math.sqrt((1 - x) * (1 + x))],
  arccos: [Math.acos, (o, x) => -1 / Math.sqrt((1 - x) * (1 + x))],
  arctan: [Math.atan, (o, x) => 1 / (1 + x * x)],
  arctan2: [Math.atan2, (o, x, y) => y / (x * x + y * y), (o, x, y) => -x / (x * x + y * y)],
  degrees: [(x) => x * DEGREES, () => DEGREES],
  rad2deg: [(x) => x * DEGREES, () => DEGREES],
  radians: [(x) => x * RADIANS, () => RADIANS],
  deg2rad: [(x) => x * RADIANS, () => RADIANS],
  sinh: [Math.sinh, (o, x) => Math.cosh(x)],
  cosh: [Math.cosh, (o, x) => Math.sinh(x)],
  tanh: [Math.tanh, (o) => 1 - o * o],
  arcsinh: [Math.asinh, (o, x) => 1 / Math.sqrt(x * x + 1)],
  arccosh: [Math.acosh, (o, x) => 1 / (Math.sqrt(x - 1) * Math.sqrt(x + 1))],
  arctanh: [Math.atanh, (o, x) => 1 / ((1 - x) * (1 + x))],
  maximum: [greater, (o, x, y) => wins(x, y), (o, x, y) => wins(y, x)],
  minimum: [lesser, (o, x, y) => wins(y, x), (o, x, y) => wins(x, y)],
  logistic: [(x) => 1 / (1 + Math.exp(-x)), (o) => o * (1 - o)],
  fmax: [(x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y)), (o, x, y) => fmaxWins(x, y),
    (o, x, y) => (Number.isNaN(x) && Number.isNaN(y) ? 1 : fmaxWins(y, x))],
  fmin: [(x, y) => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.min(x, y)), (o, x, y) => fminWins(x, y),
    (o, x, y) => (Number.isNaN(x) && Number.isNaN(y) ? 1 : fminWins(y, x))],
  float_power: [power, ...powerPartials],
  fmod: [(x, y) => x % y, () => 1, (o, x, y) => -Math.trunc(x / y)],
  copysign: [copysign, (o, x, y) => Math.sign(x) * (isNegative(y) ? -1 : 1), () => 0],
  ldexp: [(x, y) => x * 2 ** y, (o, x, y) => 2 ** y, () => 0],
  heaviside: [(x, y) => (x === 0 ? y : Number.isNaN(x) ? NaN : truth(x > 0)), () => 0, (o, x) => truth(x === 0)],
  logaddexp2: [logaddexp2, (o, x, y) => share(LN2 * x, LN2 * y), (o, x, y) => share(LN2 * y, LN2 * x)],
  sinc: [sinc, (o, x) => sincSlope(x)],
  erfc: [erfc, (o, x) => -2 / Math.sqrt(Math.PI) * Math.exp(-x * x)],
  i0: [i0, (o, x) => i1(x)],
  i1: [i1, (o, x) => (x === 0 ? 0.5 : i0(x) - o / x)],
  floor_divide: [floorDivide], frexp_exponent: [exponent], signbit: [(x) => truth(isNegative(x))],
  logical_xor: [(x, y) => truth(Boolean(x) !== Boolean(y))],
  floor: [Math.floor], ceil: [Math.ceil], trunc: [Math.trunc], rint: [rint],
  greater: [(x, y) => truth(x > y)], greater_equal: [(x, y) => truth(x >= y)],
  less: [(x, y) => truth(x < y)], less_equal: [(x, y) => truth(x <= y)],
  equal: [(x, y) => truth(x === y)], not_equal: [(x, y) => truth(x !== y)],
  logical_and: [(x, y) => truth(x && y)], logical_or: [(x, y) => truth(x || y)], logical_not: [(x) => truth(!x)],
  isfinite: [(x) => truth(Number.isFinite(x))], isnan: [(x) => truth(Number.isNaN(x))],
  isinf: [(x) => truth(!Number.isNaN(x) && !Number.isFinite(x))],
  stop_gradient: [(x) => x],
};
