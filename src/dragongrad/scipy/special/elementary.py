"""Elementary functions: logistic ones, `x log y` and its kin, transformations of Box and Cox, degrees."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .near import factorials, patched
from .verbs import enter

INF = np.inf
DEGREE = np.pi / 180
_ANY, _POSITIVE = (-INF, INF), (0, INF)

# Exponentials and logarithms
enter("expm1", lambda x: np.exp(x))
enter("exp2", lambda out: float(np.log(2)) * out)
enter("exp10", lambda out: float(np.log(10)) * out)
enter("log1p", lambda x: 1 / (1 + x), domain=(-1, INF))
enter("cbrt", lambda out: 1 / (3 * out * out), domain=_POSITIVE)
enter("expit", lambda out, x: out * sp.expit(-x))
enter("logit", lambda x: 1 / (x * (1 - x)), domain=(0, 1))
enter("log_expit", lambda x: sp.expit(-x))


def _over(x: Any, y: Any) -> Any:
    """`x / y`, and 0 where both are zero: that of a function which is zero all along `x = 0`."""
    return x / np.where(np.logical_and(x == 0, y == 0), 1.0, y)


# Of x * log(y) at x = y = 0: by x it is -inf, by y it is 0, as along x = 0.
enter("xlogy", lambda y: np.log(y), lambda x, y: _over(x, y), domain=(_ANY, _POSITIVE))
enter("xlog1py", lambda y: np.log1p(y), lambda x, y: _over(x, 1 + y), domain=(_ANY, (-1, INF)))
enter("entr", lambda x: -np.log(x) - 1, domain=_POSITIVE)
enter("rel_entr", lambda x, y: np.log(x / y) + 1, lambda x, y: -_over(x, y), domain=(_POSITIVE, _POSITIVE))
enter("kl_div", lambda x, y: np.log(x / y), lambda x, y: 1 - _over(x, y), domain=(_POSITIVE, _POSITIVE))

# Robust losses
enter(
    "huber",
    lambda x, y: np.maximum(np.absolute(y) - x, 0.0),
    lambda x, y: np.clip(y, -x, x),
    domain=(_POSITIVE, _ANY),
)


def _radius(x: Any, y: Any) -> Any:
    radius = np.hypot(x, y)
    return np.where(radius == 0, 1.0, radius)


def _pseudo_huber_delta(x: Any, y: Any) -> Any:
    """`(h - x)**2 / h` with `h = hypot(x, y)`, without the difference."""
    radius = _radius(x, y)
    part = y / (radius + x)
    return part * part * (y / radius) * y


def _pseudo_huber_slope(x: Any, y: Any) -> Any:
    far = np.isinf(y)
    return x * np.where(far, np.sign(y), np.where(far, 0.0, y) / _radius(x, y))


enter("pseudo_huber", _pseudo_huber_delta, _pseudo_huber_slope, domain=(_POSITIVE, _ANY))

# Powers less one, over the exponent

# The derivative of (exp(x) - 1) / x.
exprel_slope = patched(
    lambda x: (np.exp(x) - sp.exprel(x)) / x, 1.0, [(k + 1) / factorials[k + 2] for k in range(22)]
)
enter("exprel", lambda x: exprel_slope(x))


def boxcox_by_exponent(log: Any, y: Any) -> Any:
    """The derivative by the exponent of `(exp(y * log) - 1) / y`; `1 / y**2` where `log` is -inf."""
    start = np.logical_and(log == -INF, y > 0)
    log = np.where(start, -1.0, log)
    inner = log * log * exprel_slope(y * log)
    return np.where(start, 1 / np.where(start, y, 1.0) ** 2, inner)


enter("boxcox", lambda x, y: x ** (y - 1), lambda x, y: boxcox_by_exponent(np.log(x), y), domain=(_POSITIVE, _ANY))
enter(
    "boxcox1p",
    lambda x, y: (1 + x) ** (y - 1),
    lambda x, y: boxcox_by_exponent(np.log1p(x), y),
    domain=((-1, INF), _ANY),
)
# The derivative of log1p(x) / x.
_log1prel_slope = patched(
    lambda x: (x / (1 + x) - np.log1p(x)) / (x * x), 0.1, [(-1.0) ** (n + 1) * (1 - 1 / n) for n in range(2, 26)]
)
enter("inv_boxcox", lambda out, x, y: out / (1 + x * y), lambda out, x, y: out * x * x * _log1prel_slope(x * y))
enter(
    "inv_boxcox1p",
    lambda out, x, y: (out + 1) / (1 + x * y),
    lambda out, x, y: (out + 1) * x * x * _log1prel_slope(x * y),
)
enter(
    "powm1",
    lambda x, y: y * x ** (y - 1),
    lambda out, x, y: (out + 1) * np.log(np.where(np.logical_and(x == 0, y > 0), 1.0, x)),
    domain=(_POSITIVE, _ANY),
)

# Angles in degrees
enter("radian", DEGREE, DEGREE / 60, DEGREE / 3600)
enter("sindg", lambda x: DEGREE * sp.cosdg(x))
enter("cosdg", lambda x: -DEGREE * sp.sindg(x))
enter("tandg", lambda out: DEGREE * (1 + out * out))
enter("cotdg", lambda out: -DEGREE * (1 + out * out))
enter("cosm1", lambda x: -np.sin(x))
