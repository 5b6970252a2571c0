"""What a fit says about its parameters: covariance, standard errors, and the report that prints them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...core.errors import ArgumentError

if TYPE_CHECKING:
    from .robust import Loss

Array: TypeAlias = np.ndarray[Any, Any]

# A component this large in the null space of the scaled Jacobian means that its parameter is not determined.
_NULL = 1e-8
# Correlations that a report shows: the largest, of so many at most, from this size on.
_SHOWN, _LEAST = 20, 0.1


@dataclass(frozen=True)
class Fitted:
    """The statistics of a fit of m residuals by n parameters.

    Attributes
    ----------
    names : list of str
        What each parameter is called.
    values, start : array of shape (n,)
        The parameters, and where the fit began.
    places : int array of shape (n,), or None
        -1 where a parameter is at its lower bound, 1 at the upper one, else 0; None without bounds.
    varied : bool array of shape (n,)
        Which parameters their bounds leave more than one value: the others are constants, without an error.
    residual : array of shape (m,)
        The residuals, over `sigma`.
    triangle : array of shape (k, n)
        R of the QR factorization of their Jacobian.
    absolute : bool
        Whether `sigma` holds standard deviations, not only their ratios.
    loss : Loss or None
        The robust loss.
    cost : float
        What was minimized.
    method : str
    nfev : int

    """

    names: list[str]
    values: Array
    start: Array
    places: Array | None
    varied: Array
    residual: Array
    triangle: Array
    absolute: bool
    loss: Loss | None
    cost: float
    method: str
    nfev: int

    def decomposed(self) -> tuple[Array, Array, Array, Array]:
        """Of the Jacobian by what varied: lengths of columns, singular values, right vectors, null space."""
        triangle = self.triangle[:, self.varied]
        norms = np.hypot.reduce(triangle, axis=0)
        scale = np.where(norms > 0, norms, 1.0)
        _, s, vt = np.linalg.svd(triangle / scale)
        eps = np.finfo(self.triangle.dtype).eps
        rank = int(np.sum(s > eps * max(self.residual.size, norms.size) * s[0])) if s.size else 0
        return scale, s[:rank], vt[:rank], vt[rank:]

    @property
    def rank(self) -> int:
        """How many combinations of parameters are determined."""
        return len(self.decomposed()[1])

    @property
    def chi_square(self) -> float:
        """The sum of squares of the residuals over `sigma`."""
        return float(self.residual @ self.residual)

    @property
    def free(self) -> int:
        """The degrees of freedom: residuals less determined parameters."""
        return self.residual.size - self.rank

    def information(self) -> tuple[float, float]:
        """Akaike's and the Bayesian information criterion, as lmfit has them, of normal residuals."""
        m, k = self.residual.size, self.rank
        likely = m * math.log(self.chi_square / m) if self.chi_square > 0 else -math.inf
        return likely + 2 * k, likely + math.log(m) * k

    def covariance(self) -> Array:
        """The covariance matrix: infinite on the diagonal and NaN beside it for what is not determined.

        That of a parameter that its bounds hold at one value is zero. One that came to rest at a bound counts as if
        it could move, as SciPy has it.

        Raises
        ------
        ArgumentError
            No residuals are left to estimate their variance from.

        """
        scale, s, rows, null = self.decomposed()
        if not self.absolute and self.free <= 0:
            raise ArgumentError(
                f"{self.residual.size} residuals, {self.rank} of which the fit takes up, leave nothing to estimate "
                "the variance from; give sigma= and absolute_sigma=True where the standard deviations are known"
            )
        if self.loss is not None:
            variance = self.loss.variance(self.residual, self.rank)
        else:
            variance = 1.0 if self.absolute else self.chi_square / self.free
        half = rows / s[:, None] / scale
        with np.errstate(all="ignore"):
            found: Array = variance * (half.T @ half)
        lost = (np.abs(null) > _NULL).any(axis=0)
        found[lost, :] = found[:, lost] = np.nan
        found[lost, lost] = np.inf
        whole = np.zeros((self.values.size, self.values.size), found.dtype)
        whole[np.ix_(self.varied, self.varied)] = found
        return whole

    def _lost(self) -> Array:
        """Which parameters are not determined."""
        lost = np.zeros(self.values.size, bool)
        lost[self.varied] = (np.abs(self.decomposed()[3]) > _NULL).any(axis=0)
        return lost

    def report(self) -> str:
        """The fit as a text, in the layout that lmfit's users know."""
        try:
            covariance = self.covariance()
            errors = np.sqrt(np.diag(covariance))
        except ArgumentError:
            covariance, errors = None, np.where(self._lost(), np.inf, np.nan)
        lines = ["[[Fit Statistics]]", *self._statistics(), "[[Variables]]", *self._variables(errors)]
        if covariance is not None and self.values.size > 1:
            lines += self._correlations(covariance, errors)
        return "\n".join(lines)

    def _statistics(self) -> list[str]:
        akaike, bayes = self.information()
        rows: list[tuple[str, Any]] = [
            ("# fitting method", self.method), ("# function evals", self.nfev),
            ("# data points", self.residual.size), ("# variables", int(np.sum(self.varied))),
        ]  # fmt: skip
        if self.loss is not None:
            rows += [("# loss", f"{self.loss.name}, f_scale = {self.loss.scale:g}"), ("cost", f"{self.cost:.8g}")]
        rows.append(("chi-square", f"{self.chi_square:.8g}"))
        if self.free > 0:
            rows.append(("reduced chi-square", f"{self.chi_square / self.free:.8g}"))
        rows += [("Akaike info crit", f"{akaike:.8g}"), ("Bayesian info crit", f"{bayes:.8g}")]
        return [f"    {name:<18} = {value}" for name, value in rows]

    def _variables(self, errors: Array) -> list[str]:
        width = max(map(len, self.names)) + 1
        lines = []
        for k, (name, value, error) in enumerate(zip(self.names, self.values, errors, strict=True)):
            line = f"    {name + ':':<{width}} {value: .8g}"
            if not self.varied[k]:
                lines.append(line + " (fixed)")
                continue
            if math.isinf(error):
                line += " (not determined)"
            elif not math.isnan(error):
                relative = f" ({100 * error / abs(value):.2f}%)" if value else ""
                line += f" +/- {error:.8g}{relative}"
            line += f" (init = {self.start[k]:g})"
            place = 0 if self.places is None else int(self.places[k])
            lines.append(line + ("", " (at its upper bound)", " (at its lower bound)")[place])
        return lines

    def _correlations(self, covariance: Array, errors: Array) -> list[str]:
        with np.errstate(all="ignore"):
            matrix = covariance / np.outer(errors, errors)
        varied = np.flatnonzero(self.varied).tolist()
        pairs = [(i, j) for i in varied for j in varied if i < j]
        pairs = [p for p in pairs if abs(matrix[p]) >= _LEAST]
        pairs.sort(key=lambda p: -abs(matrix[p]))
        if not pairs:
            return []
        lines = [f"[[Correlations]] (unreported correlations are < {_LEAST:.3f})"]
        for i, j in pairs[:_SHOWN]:
            lines.append(f"    C({self.names[i]}, {self.names[j]}) = {matrix[i, j]:+.4f}")
        if len(pairs) > _SHOWN:
            lines.append(f"    and {len(pairs) - _SHOWN} smaller ones: see covariance()")
        return lines
