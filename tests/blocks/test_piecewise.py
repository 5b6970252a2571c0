"""`np.piecewise`: conditions and pieces in every form, beside NumPy, in every mode."""

import numpy as np
import pytest
from fuzz.properties import outcome
from grid import BACKENDS, covering

import dragongrad as ad
from dragongrad.core.errors import DtypeError

RNG = np.random.default_rng(5)
PLACES = np.array([[True, False], [False, True]])
PIECES = {
    "functions": [lambda t: 2 * t, lambda t: t**2], "numbers": [1.5, 2.5], "both": [lambda t: t * 3, 7],
    "otherwise": [lambda t: t * 3, 7, lambda t: -t], "one": [lambda t: 3 * t],
    "arrays": [np.array([1.0, 2.0]), np.array([3.0, 4.0])], "sums": [lambda t: np.sum(t), 0.0],
    "running": [lambda t: np.cumsum(t), lambda t: t - np.mean(t)],
}  # fmt: skip
CONDITIONS = {
    "list": lambda x: [x > 0, x <= 0], "tuple": lambda x: (x > 0, x <= 0), "array": lambda x: x > 0,
    "stack": lambda x: np.stack([x > 0, x < -0.5]),
    "of the first axis": lambda x: [x[..., 0] > 0] if np.ndim(x) else x > 0,
    "of rows": lambda x: [x[:, 0] > 0, x[:, 0] < -0.5] if np.ndim(x) == 2 else [x > 0, x <= 0],
    "known": lambda x: PLACES, "floats": lambda x: PLACES.astype(float), "truths": lambda x: [True, False],
    "nested": lambda x: [[True, False], [False, True]], "true": lambda x: True, "number": lambda x: np.sum(x) > 0,
    "numbers": lambda x: [np.sum(x) > 0, np.sum(x) < 0], "whole numbers": lambda x: [x.astype(int)],
}  # fmt: skip
X = {
    "vector": RNG.normal(size=2), "matrix": RNG.normal(size=(2, 2)), "number": np.float64(0.4),
    "no axes": np.array(-0.3), "three": RNG.normal(size=3), "whole": np.array([1, -2]), "empty": np.zeros(0),
    "complex": RNG.normal(size=2) + 1j, "deep": RNG.normal(size=(2, 3, 2)),
    "single": np.array([0.5, -2], np.float32), "row": np.ones((1, 2)),
}  # fmt: skip


def check(how, got, want):
    """NumPy's value, shape and dtype, or a refusal of what it refuses.

    Under vmap also of what may differ from row to row, and of floats written among whole numbers.
    """
    if isinstance(want, Exception) or (how.startswith("vmap") and isinstance(got, (ad.BatchError, DtypeError))):
        assert isinstance(got, (ad.DragongradError, type(want))), (how, got, want)
        return
    assert not isinstance(got, Exception), (how, got)
    assert np.shape(got) == np.shape(want), how
    assert np.asarray(got).dtype == np.asarray(want).dtype, how
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning", "ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize(("conditions", "pieces"), covering(CONDITIONS, PIECES))
def test_values(conditions, pieces):
    f = lambda x: np.piecewise(x, conditions(x), pieces)
    for x in X.values():
        want = outcome(lambda x=x: f(x))
        check("vmap", outcome(lambda x=x: ad.vmap(f)(x[None])[0]), want)
        check("vmap of two", outcome(lambda x=x: ad.vmap(f)(np.stack([x, -x]))[0]), want)
        if x.dtype.kind in "fc":
            check("jvp", outcome(lambda x=x: ad.jvp(f, (x,), (x,))[0]), want)
            check("vjp", outcome(lambda x=x: ad.vjp(f, x)[0]), want)
        for backend in BACKENDS:
            compiled = ad.compile(f, backend=backend)
            for call in ("first", "second"):
                check(f"{backend}, {call} call", outcome(lambda x=x, c=compiled: c(x)), want)


@pytest.mark.filterwarnings("error::dragongrad.CompileWarning")
def test_derivatives_of_elementwise_pieces_are_compiled_also_of_batches():
    f = lambda x, p: np.piecewise(x, [x < 0, x >= 0], [lambda t: t * p, lambda t: np.sin(t) + p])
    x, p = RNG.normal(size=(4, 3)), np.arange(4.0)
    want = np.where(x < 0, p[:, None], np.cos(x))
    batched = ad.vmap(ad.grad(lambda x, p: np.sum(f(x, p))))
    np.testing.assert_allclose(batched(x, p), want)
    for backend in BACKENDS:
        compiled = ad.compile(batched, backend=backend)
        for _ in range(2):
            np.testing.assert_allclose(compiled(x, p), want)


@pytest.mark.parametrize("piece", [np.sum, np.cumsum, np.sort, lambda t: t - np.mean(t), lambda t: t[::-1]])
def test_a_piece_that_mixes_elements_needs_those_that_are_chosen(piece):
    f = lambda x: np.piecewise(x, [x < 0], [piece])
    x = RNG.normal(size=(4, 3))
    with pytest.raises(ad.BatchError, match="number of elements"):
        ad.vmap(f)(x)
    compiled = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match="eagerly"):
        np.testing.assert_array_equal(compiled(x), f(x))
    np.testing.assert_array_equal(compiled(x), f(x))
