"""Hypergeometric and Wright functions, by their argument."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .verbs import Refused, enter

_PARAMETERS = "no formula for it holds on the whole domain"


def parameter(name: str) -> Refused:
    """A parameter of a series."""
    return Refused(name, _PARAMETERS)


enter("hyp0f1", parameter("v"), lambda x, y: sp.hyp0f1(x + 1.0, y) / x)
enter("hyp1f1", parameter("a"), parameter("b"), lambda x, y, z: x * (sp.hyp1f1(x + 1.0, y + 1.0, z) / y))
enter("hyperu", parameter("a"), parameter("b"), lambda x, y, z: -x * sp.hyperu(x + 1.0, y + 1.0, z))
enter(
    "hyp2f1",
    parameter("a"),
    parameter("b"),
    parameter("c"),
    lambda x, y, z, u: x * y * (sp.hyp2f1(x + 1.0, y + 1.0, z + 1.0, u) / z),
)
enter("wright_bessel", parameter("a"), parameter("b"), lambda x, y, z: sp.wright_bessel(x, x + y, z))


def _log_wright(out: Any, x: Any, y: Any, z: Any) -> Any:
    return np.exp(sp.log_wright_bessel(x, x + y, z) - out)


enter("log_wright_bessel", parameter("a"), parameter("b"), _log_wright)
