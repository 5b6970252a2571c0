"""Masked arrays, matrices, fractions and the like beside Variables: NumPy's numbers, or an error."""

import warnings
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from grid import BACKENDS

import dragongrad as ad
from dragongrad.core.errors import BatchError, DtypeError

X = np.array([0.5, 1.5, 2.5, 0.7])
SQUARE = X.reshape(2, 2)
MASKED = np.ma.masked_array([1.0, 2.0, 3.0, 4.0], mask=[0, 1, 0, 0])
with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    MATRIX = np.matrix([[1.0, 2.0], [3.0, 4.0]])

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")


def of_x(values):
    """A masked array of the values, made in the function."""
    return np.ma.masked_array(values, mask=[0, 1, 0, 0])


# What a mask or a matrix would mean, and a Variable cannot.
REFUSED = {
    "product": lambda x: np.sum(x * MASKED), "ufunc": lambda x: np.sum(np.multiply(MASKED, x)),
    "mean": lambda x: np.mean((x - MASKED) ** 2), "function": lambda x: np.exp(x - MASKED).sum(),
    "dot": lambda x: np.dot(x, MASKED.copy()), "where": lambda x: np.sum(np.where(x > 1, x, MASKED)),
    "interp": lambda x: np.sum(np.interp(x, np.arange(4.0), MASKED)),
    "write": lambda x: x.copy().__setitem__(0, MASKED),
    "by its operator": lambda x: ((MASKED - x) ** 2).mean(), "std": lambda x: of_x(x).std(),
    "max": lambda x: of_x(x).max(), "log": lambda x: np.ma.log(of_x(x)).sum(),
    "invalid": lambda x: np.ma.masked_invalid(x).sum(), "isfinite": lambda x: np.isfinite(of_x(x)),
    "matrix": lambda x: np.sum(x.reshape(2, 2) * MATRIX),
    "matrix first": lambda x: np.sum(MATRIX * x.reshape(2, 2)),
    "fraction": lambda x: np.sum(x * Fraction(1, 3)), "fraction first": lambda x: np.sum(Fraction(1, 3) * x),
    "decimal": lambda x: np.sum(np.add(Decimal(1), x)),
    "of matrices": lambda x: np.sum(x.reshape(2, 2) @ MATRIX), "sum of matrices": lambda x: np.sum(x[:2] + MATRIX),
}  # fmt: skip
# What is NumPy's.
KNOWN = {
    "masked first": lambda x: np.sum(MASKED * x), "sum": lambda x: of_x(x).sum(), "mean": lambda x: of_x(x).mean(),
    "filled": lambda x: np.sum(of_x(x).filled(0.0) * x), "sine": lambda x: np.ma.sin(of_x(x)).sum(),
    "compressed": lambda x: np.sum(of_x(x).compressed() ** 2),
    "chosen": lambda x: np.ma.masked_where(x > 2, x).sum(),
    "nothing masked": lambda x: np.sum((x - np.ma.masked_array(X**2)) ** 2),
    "data": lambda x: np.sum(x * MASKED.data),
    "by the mask": lambda x: np.sum((x[~MASKED.mask] - MASKED.compressed()) ** 2),
    "arrays of matrices": lambda x: np.sum(np.asarray(MATRIX) @ x.reshape(2, 2)),
    "matrix of Variables": lambda x: (np.asmatrix(x.reshape(2, 2)) * MATRIX).sum(),
    "solve": lambda x: np.sum(np.linalg.solve(MATRIX, x[:2])),
    "in a list": lambda x: np.sum(np.array([x.reshape(2, 2), MATRIX]) ** 2),
    "column in a list": lambda x: np.sum(np.sin([x[:1, None], MATRIX[:1, :1]])),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_variable_cannot_mean_is_refused_with_the_line(name):
    for transform in (
        ad.grad,
        lambda f: lambda x: ad.jvp(f, (x,), (x,)),
        lambda f: ad.compile(ad.grad(f), backend="numpy"),
    ):
        with pytest.raises(DtypeError, match=r"test_subclasses.py:\d+"):
            transform(REFUSED[name])(X)


@pytest.mark.parametrize("name", KNOWN)
def test_what_numpy_means_is_differentiated(name):
    f = KNOWN[name]
    value, gradient = ad.value_and_grad(f)(X)
    h = 1e-6
    np.testing.assert_allclose(value, f(X), rtol=1e-14)
    np.testing.assert_allclose(gradient, [(f(X + h * e) - f(X - h * e)) / (2 * h) for e in np.eye(4)], atol=1e-7)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
def test_compiled_functions_give_what_numpy_gives_of_them(backend):
    f = lambda x: (x * MASKED, np.mean((x - MASKED) ** 2), x.reshape(2, 2) * MATRIX, MATRIX @ x[:2])
    compiled = ad.compile(f, backend=backend)
    for x in (X, X + 1, X):
        for got, want in zip(compiled(x), f(x), strict=True):
            assert type(got) is type(want)
            np.testing.assert_array_equal(np.ma.filled(got, -1), np.ma.filled(want, -1))


def test_a_masked_argument_is_refused_unless_nothing_is_masked():
    f = lambda x: np.mean(x**2)
    for transform in (ad.grad(f), ad.vmap(f), ad.hessian(f), lambda x: ad.jvp(f, (x,), (X,))):
        with pytest.raises(DtypeError, match="mask"):
            transform(MASKED)
    np.testing.assert_allclose(ad.grad(f)(np.ma.masked_array(X)), X / 2)


def test_a_mask_that_differs_from_row_to_row_is_refused():
    with pytest.raises(BatchError, match="row to row"):
        ad.vmap(KNOWN["chosen"])(np.stack([X, X]))


SPANS, DAYS = np.array([1, 2, 3, 4], "m8[s]"), np.array(["2020", "2021", "2022", "2023"], "M8[D]")
# What NumPy computes, of which a Variable would silently be another thing.
SILENT = {
    "matrix first": lambda x: MATRIX @ x[:2], "dot": lambda x: np.dot(MATRIX, x[:2]),
    "joined": lambda x: np.vstack([MATRIX, x[:2]]), "joined flat": lambda x: np.concatenate([x, MATRIX], axis=None),
    "stacked": lambda x: np.stack([x.reshape(2, 2), MATRIX]),
    "deep": lambda x: np.dstack([MATRIX, x.reshape(2, 2)]), "appended": lambda x: np.append(x, MATRIX),
    "spans": lambda x: x * SPANS, "spans first": lambda x: SPANS / x,
    "a span": lambda x: x * np.timedelta64(3, "s"),
    "Python's": lambda x: x * timedelta(1), "Python's first": lambda x: timedelta(1) * x,
    "days": lambda x: np.add(DAYS, x), "a day": lambda x: x + np.datetime64("2020"),
    "a date": lambda x: x + date(2020, 1, 1), "fractions": lambda x: x + np.array([Fraction(1, 2)] * 4),
    "fromiter": lambda x: np.fromiter((v * v for v in x), float), "texts": lambda x: np.char.array(x),
    "a text": lambda x: x + "1",
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_what_numpy_makes_of_other_kinds_is_refused_by_every_transform(name):
    f = SILENT[name]
    for transform in (
        lambda f: lambda x: ad.vjp(f, x),
        lambda f: lambda x: ad.jvp(f, (x,), (x,)),
        lambda f: lambda x: ad.vmap(f)(np.stack([x, x])),
        lambda f: ad.compile(ad.grad(lambda x: np.sum(f(x))), backend="numpy"),
    ):
        transformed = transform(f)
        for _ in range(2):
            with pytest.raises(ad.DragongradError, match=r"test_subclasses.py:\d+"):
                transformed(X)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore::dragongrad.CompileWarning")
def test_compiled_products_of_matrices_stay_products(backend):
    for f in (lambda x: (MATRIX @ x) * x[:, None], lambda x: np.vstack([MATRIX, x]) * x[:, None]):
        compiled = ad.compile(f, backend=backend)
        for x in (X[:2], X[2:]):
            np.testing.assert_array_equal(compiled(x), f(x))
            assert type(compiled(x)) is np.matrix


def test_an_array_of_objects_that_are_variables_keeps_their_derivatives():
    f = lambda x: np.sum(x.astype(object).astype(float) ** 3)
    np.testing.assert_array_equal(ad.grad(f)(X), 3 * X**2)
    np.testing.assert_array_equal(ad.jvp(f, (X,), (X,))[1], np.sum(3 * X**3))
    np.testing.assert_array_equal(ad.hessian(f)(X), np.diag(6 * X))
    np.testing.assert_array_equal(ad.vmap(f)(SQUARE), np.sum(SQUARE**3, axis=1))
    compiled = ad.compile(ad.grad(f), backend="numpy")
    for _ in range(2):
        np.testing.assert_array_equal(compiled(X), 3 * X**2)


@pytest.mark.parametrize("dtype", ["U8", "S8", "m8[s]", "M8[s]"])
def test_texts_and_times_made_of_numbers_would_lose_the_derivative(dtype):
    f = lambda x: np.sum(x.astype(dtype).astype(float))
    for transform in (ad.grad, ad.jacfwd, ad.hessian):
        with pytest.raises(ad.NoRuleError, match=r"test_subclasses.py:\d+"):
            transform(f)(X)
    np.testing.assert_array_equal(ad.vmap(f)(SQUARE), [f(row) for row in SQUARE])


def test_errors_without_a_variable_do_not_tell_of_one():
    for given in (None, {}, {1}, object()):
        with pytest.raises(TypeError, match="has no callable sin method") as caught:
            ad.grad(lambda x, given=given: np.sum(np.sin(given) * x))(X)
        assert not isinstance(caught.value, ad.DragongradError)
    with pytest.raises(DtypeError, match="of a text, or of an array of objects"):
        ad.grad(lambda x: np.sum(np.sin("a") * x))(X)


def test_what_makes_arrays_by_numpys_functions_stands_beside_variables():
    class Labelled:
        def __array__(self, dtype=None, copy=None):
            return np.ones(4)

    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(x * Labelled()))(X), np.ones(4))


def test_records_of_variables_are_refused():
    with pytest.raises(DtypeError, match=r"structured array of Variables.*\n.*test_subclasses.py:\d+"):
        ad.vjp(lambda x: np.rec.fromarrays([x, x]), X)
