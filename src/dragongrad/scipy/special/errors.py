"""The error function and the normal distribution."""

from __future__ import annotations

import numpy as np

from .verbs import enter

SLOPE = float(2 / np.sqrt(np.pi))
DENSITY = float(1 / np.sqrt(2 * np.pi))

enter("erf", lambda x: SLOPE * np.exp(-x * x))
enter("erfc", lambda x: -SLOPE * np.exp(-x * x))
enter("ndtr", lambda x: DENSITY * np.exp(-0.5 * x * x))
