"""The trust region whose model is minimized exactly, from the full Hessian."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..bounds import read_bounds
from ..hessians import Curvature, equilibrate
from ..limits import Limits
from ..objective import Array
from ..vectors import vector
from .boxed import BoxedQuadratic
from .method import TrustRegion
from .quadratic import Quadratic
from .steihaug import Model


class TrustExact(TrustRegion):
    """Trust-region Newton with the model's minimizer within the radius found exactly, saddle points and all.

    Moré and Sorensen, "Computing a trust region step", SIAM J. Sci. Stat. Comput. 4 (1983): the step solves
    `(H + s I) p = -g` with the least `s >= 0` that makes `H + s I` positive semidefinite and `|p| <= radius`, by
    Newton's method on their equation (3.4), with their hard case. One decomposition into eigenvectors serves
    every radius tried at a point. The radius is measured in parameters scaled by the Hessian (`equilibrate`, its
    largest values so far), as in MINPACK by the columns of the Jacobian, so that units do not matter.

    Parameters
    ----------
    loss_func, params, max_iter, tol, radius, accept
        As `TrustRegion`; the loss must be a NumPy function that returns just the value.
    bounds : optional
        Of the parameters, in any form that `ad.minimize` takes; the steps then stay within them, and a start
        outside is moved to the nearest point inside.

    Raises
    ------
    ArgumentError
        The loss returns its own gradient, or the bounds do not fit; otherwise as `TrustRegion`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import TrustExact
    >>> past_a_saddle_point = TrustExact(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0]).minimize()
    >>> round(past_a_saddle_point.fun, 12)
    -0.25

    """

    bounds: Any = None
    limits: Limits = Limits(gtol=1e-8, max_iter=2000)

    def setup(self) -> None:
        """Know no curvature yet."""
        super().setup()
        self.box = read_bounds(self.bounds, self.objective.packing)
        if self.box is not None:
            self.params = self.box.clip(self.params)
        self.curvature = Curvature(self)
        self.largest = self.scale = np.zeros(self.params.size)

    def model(self) -> Model:
        """The quadratic of gradient and Hessian."""
        h = self.curvature.hessian
        self.largest = np.maximum(self.largest, equilibrate(h))
        self.scale = np.where(self.largest > 0, self.largest, 1.0)
        x, g = vector(self.params), vector(self.gradient)
        if self.box is None:
            return Quadratic(g, h, self.scale)
        return BoxedQuadratic(x, g, h, self.scale, self.box)

    def first_radius(self) -> float:
        """As `TrustRegion`, in the scale of the model."""
        return float(np.linalg.norm(self.scale * vector(self.params))) or float(np.linalg.norm(self.scale))

    def hessian(self) -> Array:
        """The exact Hessian, which the next step will use too."""
        return self.curvature.exact

    def inverse_hessian(self) -> Array | None:
        """The exact inverse Hessian, where the run converged."""
        return self.curvature.inverse()
