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
const logaddexp = (x, y) => {
  const top = Math.max(x, y);
  return Number.isFinite(top) ? top + Math.log1p(Math.exp(Math.min(x, y) - top)) : x + y === Infinity ? Infinity : top;
};
const DEGREES = 180 / Math.PI, RADIANS = Math.PI / 180;
const truth = (found) => (found ? 1 : 0);

const ELEMENTWISE = {
  add: [(x, y) => x + y, () => 1, () => 1],
  subtract: [(x, y) => x - y, () => 1, () => -1],
  multiply: [(x, y) => x * y, (o, x, y) => y, (o, x) => x],
  divide: [(x, y) => x / y, (o, x, y) => 1 / y, (o, x, y) => -o / y],
  power: [power, (o, x, y) => (y === 0 ? 0 : y * power(x, y - 1)),
    (o, x, y) => (o === 0 || (x === 0 && y > 0) ? 0 : o * Math.log(x))],
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
  floor: [Math.floor], ceil: [Math.ceil], trunc: [Math.trunc], rint: [rint],
  greater: [(x, y) => truth(x > y)], greater_equal: [(x, y) => truth(x >= y)],
  less: [(x, y) => truth(x < y)], less_equal: [(x, y) => truth(x <= y)],
  equal: [(x, y) => truth(x === y)], not_equal: [(x, y) => truth(x !== y)],
  logical_and: [(x, y) => truth(x && y)], logical_or: [(x, y) => truth(x || y)], logical_not: [(x) => truth(!x)],
  isfinite: [(x) => truth(Number.isFinite(x))], isnan: [(x) => truth(Number.isNaN(x))],
  isinf: [(x) => truth(!Number.isNaN(x) && !Number.isFinite(x))],
  stop_gradient: [(x) => x],
};
