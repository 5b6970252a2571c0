"""Derive the coefficients of the compiler's mathematical functions again, and print them as they stand there.

    python tools/coefficients.py                        # all of them, in a minute or two
    python tools/coefficients.py exponential._EXP       # one

The tables of `src/dragongrad/compiler/backends/native/math/` are what `tables()` describes: for each the function
that a polynomial stands for, on which interval, and what its error is relative to. They are minimax: Remez's
exchange finds the polynomial whose greatest error is least, in 60 digits; then each coefficient is rounded to a
double.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpmath import mp, mpf

DIGITS = 60
# Functions are computed with more, for what cancels near the removable singularities.
MORE_DIGITS = 110
# Greatest and least error of the alternation agree so far.
LEVELLED = mpf("1e-10")

Real = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Table:
    """A polynomial: of which function, by what its error is multiplied, between which points, of which degree."""

    function: Real
    weight: Real
    low: mpf
    high: mpf
    degree: int

    def derive(self) -> tuple[list[mpf], mpf]:
        """The coefficients, the constant one first, and the greatest error."""
        with mp.workdps(DIGITS):
            return remez(self._exact, self.low, self.high, self.degree, self._weight)

    def error(self, coefficients: tuple[float, ...], count: int) -> mpf:
        """The greatest error of coefficients at so many points, less what rounding each may have added there."""
        with mp.workdps(DIGITS):
            points = [_chebyshev(self.low, self.high, mpf(2 * k + 1) / (2 * count)) for k in range(count)]
            halves = [math.ulp(c) / 2 for c in coefficients]
            return max(
                self._weight(x) * (abs(polynomial(coefficients, x) - self._exact(x)) - polynomial(halves, abs(x)))
                for x in points
            )

    def _exact(self, x: mpf) -> mpf:
        return _limit(self.function, x)

    def _weight(self, x: mpf) -> mpf:
        return abs(_limit(self.weight, x))


def _limit(function: Real, x: mpf) -> mpf:
    """A function where its singularity is removed: not at it, but so close that 60 digits see no difference."""
    with mp.workdps(MORE_DIGITS):
        return function(x if x else mpf("1e-25"))


def _chebyshev(low: mpf, high: mpf, part: mpf) -> mpf:
    return (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * part)


def polynomial(coefficients: Sequence[mpf], x: mpf) -> mpf:
    """`c[0] + c[1] x + c[2] x**2 + ...`."""
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def remez(exact: Real, low: mpf, high: mpf, degree: int, weight: Real) -> tuple[list[mpf], mpf]:
    """The polynomial whose weighted error is least: it has `degree + 2` peaks of one height and changing signs."""
    nodes = [_chebyshev(low, high, mpf(k) / (degree + 1)) for k in range(degree + 2)]
    # Where the weight is zero there is no peak.
    nodes = [x if weight(x) > mpf("1e-25") else (x + nodes[k + 1]) / 2 for k, x in enumerate(nodes)]
    while True:
        rows, wanted = mp.matrix(degree + 2), mp.matrix(degree + 2, 1)
        for k, x in enumerate(nodes):
            scale = weight(x)
            wanted[k] = scale * exact(x)
            rows[k, degree + 1] = (-1) ** k
            for power in range(degree + 1):
                rows[k, power] = scale * x**power
        *coefficients, _ = mp.lu_solve(rows, wanted)
        error = _error(coefficients, exact, weight)
        nodes = _alternation(error, _peaks(error, low, high, nodes), degree + 2)
        heights = [abs(error(x)) for x in nodes]
        if max(heights) < min(heights) * (1 + LEVELLED):
            return coefficients, max(heights)


def _error(coefficients: list[mpf], exact: Real, weight: Real) -> Real:
    known: dict[mpf, mpf] = {}

    def error(x: mpf) -> mpf:
        if x not in known:
            known[x] = weight(x) * (polynomial(coefficients, x) - exact(x))
        return known[x]

    return error


def _peaks(error: Real, low: mpf, high: mpf, nodes: list[mpf]) -> list[mpf]:
    """The highest point of the error in each stretch of one sign, on a grid that has five points for each node."""
    ends = sorted({low, *nodes, high})
    grid = [a + (b - a) * k / 5 for a, b in itertools.pairwise(ends) for k in range(5)] + [high]
    peaks = []
    for _, run in itertools.groupby(range(len(grid)), key=lambda k: error(grid[k]) > 0):
        k = max(run, key=lambda k: abs(error(grid[k])))
        peaks.append(_peak(lambda t: abs(error(t)), grid[max(k - 1, 0)], grid[k], grid[min(k + 1, len(grid) - 1)]))
    return peaks


def _peak(height: Real, a: mpf, x: mpf, b: mpf) -> mpf:
    """The highest point about `x`, which is higher than `a` and `b`: by parabolas through three points."""
    step = (b - a) / 4
    for _ in range(6):
        left, right = max(a, x - step), min(b, x + step)
        best = max((left, x, right), key=height)
        if best == x:
            if left < x < right:
                down, up = (height(x) - height(left)) / (x - left), (height(right) - height(x)) / (right - x)
                vertex = (left + x) / 2 - down * (right - left) / (2 * (up - down)) if up != down else x
                best = max((x, vertex), key=height)
            step /= 16
        x = best
    return x


def _alternation(error: Real, peaks: list[mpf], count: int) -> list[mpf]:
    """So many peaks of changing signs: the highest."""
    peaks = list(peaks)
    while len(peaks) > count:
        least = min(range(len(peaks)), key=lambda k: abs(error(peaks[k])))
        if len(peaks) == count + 1 or least in (0, len(peaks) - 1):
            # Only the ends can go by themselves.
            least = 0 if abs(error(peaks[0])) < abs(error(peaks[-1])) else len(peaks) - 1
            del peaks[least]
        else:
            other = min((least - 1, least + 1), key=lambda k: abs(error(peaks[k])))
            del peaks[min(least, other) : max(least, other) + 1]
    return peaks


def tables() -> dict[str, Table]:
    """All tables, by module and name; those whose names end in _NARROW are for results of float32."""
    with mp.workdps(DIGITS):
        return {
            **_exponential(), **_logarithm(), **_circle(), **_inverse(), **_gauss(), **_gamma(),
            **_modified_bessel(), **_bessel(), **_decaying(), **_swinging(),
            **{k: table for name, one in in_pieces().items() for k, table in one.tables(name).items()},
        }  # fmt: skip


def _both(
    name: str,
    function: Real,
    weight: Real,
    precise: tuple[mpf, mpf, int],
    narrow: tuple[mpf, mpf, int],
    stages: int = 1,
) -> dict[str, Table]:
    """A table and its narrow form: both intervals and degrees."""
    return {
        name: Table(function, weight, *precise), f"{name}_NARROW": Table(function, weight, *narrow),
    }  # fmt: skip


def _exponential() -> dict[str, Table]:
    half = mp.log(2) / 2
    return {
        **_both(
            "exponential._EXP", lambda r: (mp.exp(r) - 1 - r) / r**2, lambda r: r**2 / mp.exp(r),
            (-half, half, 9), (-half, half, 5),
        ),
        **_both(
            "exponential._EXP2", lambda r: (2**r - 1) / r, lambda r: r / 2**r,
            (mpf(-0.5), mpf(0.5), 10), (mpf(-0.5), mpf(0.5), 6),
        ),
        **_both(
            "hyperbolic._SINH", _of_square(lambda r: (mp.sinh(r) / r - 1) / r**2),
            _of_square(lambda r: r**3 / mp.sinh(r)),
            (mpf(0), half**2, 4), (mpf(0), half**2, 2),
        ),
        **_both(
            "hyperbolic._COSH", _of_square(lambda r: (mp.cosh(r) - 1) / r**2),
            _of_square(lambda r: r**2 / mp.cosh(r)),
            (mpf(0), half**2, 4), (mpf(0), half**2, 2),
        ),
        "power._INVERSE_ROOT": Table(lambda x: 1 / mp.cbrt(x), mp.cbrt, mpf(1), mpf(2), 6),
    }  # fmt: skip


def _logarithm() -> dict[str, Table]:
    # The greatest s = f / (2 + f): there 1 + f is the root of 2.
    most = ((mp.sqrt(mpf(2)) - 1) / (mp.sqrt(mpf(2)) + 1)) ** 2

    def series(s: mpf) -> mpf:
        return (2 * mp.atanh(s) / s - 2) / s**2

    return {
        **_both(
            "logarithm._LOG", _of_square(series), _of_square(lambda s: s**3 / (2 * mp.atanh(s))),
            (mpf(0), most, 6), (mpf(0), most, 2),
        ),
        "logarithm._LOG_TAIL": Table(
            _of_square(lambda s: (series(s) - mpf(2) / 3) / s**2), _of_square(lambda s: s**5 / (2 * mp.atanh(s))),
            mpf(0), most, 7,
        ),
    }  # fmt: skip


def _circle() -> dict[str, Table]:
    most = (mp.pi / 4) ** 2
    return {
        **_both(
            "trigonometric._SIN", _of_square(lambda r: (mp.sin(r) / r - 1) / r**2),
            _of_square(lambda r: r**3 / mp.sin(r)),
            (mpf(0), most, 5), (mpf(0), most, 3),
        ),
        **_both(
            "trigonometric._COS", _of_square(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4),
            _of_square(lambda r: r**4 / mp.cos(r)), (mpf(0), most, 5), (mpf(0), most, 2),
        ),
    }  # fmt: skip


def _inverse() -> dict[str, Table]:
    most = mp.tan(mp.pi / 8) ** 2
    return {
        **_both(
            "inverse._ARCSIN", _of_square(lambda s: (mp.asin(s) / s - 1) / s**2),
            _of_square(lambda s: s**3 / mp.asin(s)),
            (mpf(0), mpf(0.25), 12), (mpf(0), mpf(0.25), 5),
        ),
        **_both(
            "inverse._ARCTAN", _of_square(lambda t: (mp.atan(t) / t - 1) / t**2),
            _of_square(lambda t: t**3 / mp.atan(t)),
            (mpf(0), most, 10), (mpf(0), most, 4),
        ),
    }  # fmt: skip


def _gauss() -> dict[str, Table]:
    def scaled(q: mpf) -> mpf:
        x = 4 * (1 + q) / (1 - q) if q < 1 else mp.inf
        if x < 60:
            return (1 + 2 * x) * mp.exp(x**2) * mp.erfc(x)
        # The asymptotic series, whose least term is far below any digit here.
        terms = [mp.fac2(2 * n - 1) / (-2 * x * x) ** n for n in range(60)]
        return (2 + 1 / x) / mp.sqrt(mp.pi) * mp.fsum(terms)

    return {
        **_both(
            "gauss._ERF", _of_square(lambda x: mp.erf(x) / x - 1), _of_square(lambda x: x / mp.erf(x)),
            (mpf(0), mpf(1), 12), (mpf(0), mpf(1), 6),
        ),
        # erf is 1 less its exponential.
        **_both(
            "gauss._LOG_ERFC", lambda t: mp.log(mp.erfc(1 + t)), lambda t: mp.erfc(1 + t) / mp.erf(1 + t),
            (mpf(0), mpf(4.95), 18), (mpf(0), mpf(3), 7),
        ),
        **_both(
            "gauss._ERFC", scaled, lambda q: 1 / scaled(q),
            (mpf(-1), mpf(1), 24), (mpf(-1), mpf(1), 13),
        ),
    }  # fmt: skip


# How many pieces, and how long those of erfcx are.
PIECES, STEP_ERFCX = 8, mpf("0.7125")


@dataclass(frozen=True)
class InPieces:
    """A function that is polynomials in eight pieces: of which degrees, its roots, and where the pieces meet."""

    function: Real
    degree: int
    narrow: int
    ends: tuple[mpf, ...]
    roots: tuple[mpf, ...] = ()

    def centre(self, k: int) -> tuple[float, float]:
        """About which point a piece is a polynomial, and the function there.

        It is the root in the piece. Else it is in an outer fifth, that where the function is smaller, or in the
        middle where it is greatest, so that little cancels: of the points of ten bits behind the binary point the
        one whose value is nearest to a double.
        """
        low, high = self.ends[k : k + 2]
        function = self.function
        with mp.workdps(DIGITS):
            for root in self.roots:
                if low < root < high:
                    return float(root), float(function(mpf(float(root))))
            fifth, (first, middle, last) = (
                (high - low) / 5,
                [abs(function(x)) for x in (low, (low + high) / 2, high)],
            )
            start = low + fifth * (2 if middle > max(first, last) else 0 if first < last else 4)
            points = range(int(mp.floor(start * 1024)) + 1, int(mp.floor((start + fifth) * 1024)))
            values = {n: function(mpf(n) / 1024) for n in points}
            n = min(values, key=lambda n: abs(mpf(float(values[n])) / values[n] - 1))
            return n / 1024, float(values[n])

    def tables(self, name: str) -> dict[str, Table]:
        """The tables of all pieces."""
        found, function = {}, self.function
        for k, (low, high) in enumerate(itertools.pairwise(self.ends)):
            inside = [root for root in self.roots if low < root < high]
            middle = inside[0] if inside else mpf(self.centre(k)[0])
            value = mpf(0) if inside else function(middle)
            found |= _both(
                f"{name}_{k}", lambda t, c=middle, v=value: (function(c + t) - v) / t,
                lambda t, c=middle: t / function(c + t),
                (low - middle, high - middle, self.degree), (low - middle, high - middle, self.narrow),
            )  # fmt: skip
        return found


def in_pieces() -> dict[str, InPieces]:
    """The functions that are polynomials in pieces, by their modules and names."""

    def log_ndtr(x: mpf) -> mpf:
        return mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2)

    def scaled(x: mpf) -> mpf:
        return mp.exp(x**2) * mp.erfc(x)

    with mp.workdps(DIGITS):
        # In the middle of pieces, by ratio, lie the roots of both functions.
        powers = tuple(mpf(2) ** (mpf(k) / 2 - mpf(3) / 4) for k in range(PIECES + 1))
        steps = tuple(mpf(k - PIECES // 2) for k in range(PIECES + 1))
        return {
            "gamma_pieces._GAMMALN": InPieces(mp.loggamma, 14, 7, powers, (mpf(1), mpf(2))),
            "gamma_pieces._DIGAMMA": InPieces(mp.digamma, 15, 7, powers, (digamma_root(),)),
            "gauss_pieces._LOG_NDTR": InPieces(log_ndtr, 16, 9, steps),
            "gauss_pieces._ERFCX": InPieces(scaled, 19, 12, tuple(x * STEP_ERFCX for x in steps)),
        }


def _gamma() -> dict[str, Table]:
    half, beyond = mpf(0.5), mpf(9.5)

    def stirling(x: mpf) -> mpf:
        return x * (mp.loggamma(x) - (x - half) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)

    def series(x: mpf) -> mpf:
        return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x**2

    return {
        **_both(
            "gamma._STIRLING", _of_inverse_square(stirling), _of_inverse_square(lambda x: 1 / (x * mp.loggamma(x))),
            (mpf(0), 1 / beyond**2, 4), (mpf(0), 1 / beyond**2, 1),
        ),
        **_both(
            "gamma._SERIES", _of_inverse_square(series), _of_inverse_square(lambda x: 1 / (x**2 * mp.digamma(x))),
            (mpf(0), 1 / beyond**2, 5), (mpf(0), 1 / beyond**2, 1),
        ),
    }  # fmt: skip


# Where series in x end and those in 1/x begin, of I and of J.
NEAR_I, NEAR_J = 8, 5


def _modified_bessel() -> dict[str, Table]:
    end, found = mpf(NEAR_I) ** 2 / 4, {}

    def series(k: int) -> Real:
        # 0F1, which is I_k(x) / (x/2)**k.
        return lambda t: mp.hyp0f1(k + 1, t) / mp.factorial(k)

    def far(k: int) -> Real:
        return lambda v: (
            mp.sqrt(2 * NEAR_I / (1 + v)) * mp.besseli(k, 2 * NEAR_I / (1 + v)) * mp.exp(-2 * NEAR_I / (1 + v))
        )

    for k in range(3):
        near = series(k)
        found |= _both(
            f"bessel._I{k}",
            near,
            lambda t, near=near: 1 / near(t),
            (mpf(0), end, 15),
            (mpf(0), end, 9),
        )
        slope = lambda t, k=k: series(k + 1)(t) / series(k)(t)
        found[f"bessel._I{k}_SLOPE"] = Table(slope, lambda t, slope=slope: 1 / slope(t), mpf(0), end, 4)
    for k in range(2):
        whole, low = far(k), mpf("1e-15") - 1
        found |= _both(
            f"bessel._I{k}_FAR",
            whole,
            lambda v, whole=whole: 1 / whole(v),
            (low, mpf(1), 25),
            (low, mpf(1), 9),
        )
    return found


def bessel_root(k: int) -> mpf:
    """The first root of J0, or of J1 but 0."""
    with mp.workdps(MORE_DIGITS):
        return mp.besseljzero(k, 1)


# J0 and J1 near zero are divided by a square, so that the polynomial has one size: its roots, less their sign.
FLAT_J = (7.5, 19.0)


def _bessel() -> dict[str, Table]:
    found, half = {}, mpf(NEAR_J) ** 2 / 2

    def near(k: int) -> Real:
        root = bessel_root(k) ** 2

        def flat(v: mpf) -> mpf:
            t = half * (1 + v)
            x = mp.sqrt(t) if t else mpf("1e-25")
            return mp.besselj(k, x) / x**k / (t - root) * (1 + t / mpf(FLAT_J[k])) ** 2

        return flat

    def far(k: int, second: bool) -> Real:
        # The amplitudes of the cosine, and of the sine times x.
        def of(v: mpf) -> mpf:
            x = mp.sqrt(2 * mpf(NEAR_J) ** 2 / (1 + v))
            chi, j, y = x - (2 * k + 1) * mp.pi / 4, mp.besselj(k, x), mp.bessely(k, x)
            c, s = mp.cos(chi), mp.sin(chi)
            root = mp.sqrt(mp.pi * x / 2)
            return root * x * (y * c - j * s) if second else root * (j * c + y * s)

        return of

    for k in range(2):
        flat = near(k)
        found |= _both(
            f"bessel._J{k}", flat, lambda v, flat=flat: 1 / flat(v), (mpf(-1), mpf(1), 14), (mpf(-1), mpf(1), 8),
        )  # fmt: skip
        for second, name in ((False, "P"), (True, "Q")):
            low = mpf("1e-12") - 1
            found |= _both(
                f"bessel._{name}{k}", far(k, second), lambda v: mpf(1), (low, mpf(1), 20 if second else 18),
                (low, mpf(1), 7),
            )  # fmt: skip
    small = lambda t: mp.hyp0f1(3, -t / 4) / 8
    found |= _both(
        "bessel._J2", small, lambda t: 1 / small(t), (mpf(0), mpf(4), 9), (mpf(0), mpf(4), 4),
    )  # fmt: skip
    return found


# Where the series of K0 and K1 ends; beyond, they are polynomials in 1 / (x + 1).
NEAR_K = 1


def scaled_k(k: int, x: mpf) -> mpf:
    """`exp(x) K_k(x)` for x from 1 on, by the trapezoidal rule: mpmath's own takes thirty times as long."""
    count = 160
    step = mp.acosh(1 + 260 / x) / count
    terms = [mp.exp(-2 * x * mp.sinh(t / 2) ** 2) * mp.cosh(k * t) for t in (step * n for n in range(1, count + 1))]
    return step * (mp.fsum(terms) + mpf(1) / 2)


def _decaying() -> dict[str, Table]:
    """K0 and K1: what is left of them beside a logarithm, what that is multiplied by, and themselves beyond."""
    found, end = {}, mpf(NEAR_K) ** 2 / 4

    def rest(k: int) -> Real:
        # K0 + log(x) I0, and (x (K1 - log(x) I1) - 1) / t.
        def of(t: mpf) -> mpf:
            x = 2 * mp.sqrt(t)
            value = mp.besselk(k, x) + (-1) ** k * mp.log(x) * mp.besseli(k, x)
            return (x * value - 1) / t if k else value

        return of

    def growing(k: int) -> Real:
        # (I0 - 1) / t, and I1 / (x/2).
        return lambda t: (mp.hyp0f1(1, t) - 1) / t if k == 0 else mp.hyp0f1(2, t)

    def far(k: int) -> Real:
        def of(v: mpf) -> mpf:
            x = 2 * (NEAR_K + 1) / (1 + v) - 1
            return mp.sqrt(x) * scaled_k(k, x)

        return of

    for k in range(2):
        near, grown, whole, low = rest(k), growing(k), far(k), mpf("1e-15") - 1
        found |= _both(
            f"second_kind._K{k}", near, lambda t, near=near: 1 / near(t), (mpf(0), end, 8), (mpf(0), end, 4),
        )  # fmt: skip
        found |= _both(
            f"second_kind._I{k}", grown, lambda t, grown=grown: 1 / grown(t), (mpf(0), end, 7), (mpf(0), end, 3),
        )  # fmt: skip
        found |= _both(
            f"second_kind._K{k}_FAR", whole, lambda v, whole=whole: 1 / whole(v), (low, mpf(1), 23),
            (low, mpf(1), 9),
        )  # fmt: skip
    return found


def _swinging() -> dict[str, Table]:
    """Y0 and Y1: what is left of them beside a logarithm."""
    found, half = {}, mpf(NEAR_J) ** 2 / 2

    def rest(k: int) -> Real:
        # pi/2 Y0 - log(x) J0, and (pi/2 Y1 - log(x) J1 + 1/x) / x.
        def of(v: mpf) -> mpf:
            t = half * (1 + v)
            x = mp.sqrt(t) if t else mpf("1e-25")
            value = mp.pi / 2 * mp.bessely(k, x) - mp.log(x) * mp.besselj(k, x)
            return (value + 1 / x) / x if k else value

        return of

    for k in range(2):
        found |= _both(
            f"second_kind._Y{k}", rest(k), lambda v: mpf(1), (mpf(-1), mpf(1), 14), (mpf(-1), mpf(1), 8),
        )  # fmt: skip
    return found


def _of_square(function: Real) -> Real:
    """A function of a number as one of its square."""
    return lambda z: function(mp.sqrt(z))


def _of_inverse_square(function: Real) -> Real:
    """A function of a number as one of the inverse of its square."""
    return lambda z: function(1 / mp.sqrt(z))


def digamma_root() -> mpf:
    """Where digamma is zero."""
    with mp.workdps(MORE_DIGITS):
        return mp.findroot(mp.digamma, mpf("1.4616"))


def parts(value: mpf, *bits: int) -> tuple[float, ...]:
    """A number as a sum of doubles, of which the first have so many bits; a last one has all.

    Fewer bits than a double's are cut off and not rounded, as in fdlibm, so that the rest has the same sign.
    """
    found = []
    for count in (*bits, 53):
        mantissa, exponent = mp.frexp(value)
        whole = (mp.nint if count == 53 else mp.floor)(mp.ldexp(mantissa, count))
        found.append(float(mp.ldexp(whole, exponent - count)))
        value -= found[-1]
    return tuple(found)


def bits_of(value: mpf, count: int) -> str:
    """The first bits behind the binary point of a number below 1, as hexadecimal digits."""
    with mp.workprec(count + 64):
        return format(int(mp.floor(mp.ldexp(value, count))), f"0{count // 4}x")


def text(name: str, coefficients: tuple[float, ...], error: mpf) -> str:
    """A table as it stands in the source."""
    lines, line = [], "   "
    for number in coefficients:
        if len(line) + len(f" {number!r},") > 112:
            lines.append(line)
            line = "   "
        line += f" {number!r},"
    own = name.split(".")[1]
    one = f"{own} = ({', '.join(map(repr, coefficients))})"
    shown = one if len(one) <= 116 else "\n".join([f"{own} = (", *lines, line, ")  # fmt: skip"])
    return f"# Degree {len(coefficients) - 1}, error {rounded(error)}.\n{shown}"


def rounded(error: mpf) -> str:
    """An error in two digits."""
    digits, exponent = f"{float(error):.1e}".split("e")
    return f"{digits}e{int(exponent)}"


def main(wanted: list[str]) -> None:
    """Derive the tables that are named, or all."""
    for name, table in tables().items():
        if not wanted or name in wanted:
            exact, error = table.derive()
            coefficients = tuple(map(float, exact))
            print(f"# {name}; rounding took {float(exact[0] - coefficients[0])!r} from the first")
            print(text(name, coefficients, error), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
