"""Truth values of Python's, which NumPy gives of whole arrays: Python counts with them, in every row of a batch."""

import numpy as np
import pytest
from grid import BACKENDS, covering, leaves

import dragongrad as ad

ROWS = np.array([[1.0, 2.0], [3.0, 3.0], [-1.0, -1.0]])
GIVEN = {
    "array_equal": lambda x: np.array_equal(x, x[::-1]),
    "array_equiv": lambda x: np.array_equiv(x[:1], x),
    "allclose": lambda x: np.allclose(x, x[::-1]),
    "is_integer": lambda x: (x[0] / 3).is_integer(),
}
COUNTED = {
    "plus": lambda t: +t, "minus": lambda t: -t, "complement": lambda t: ~t, "abs": lambda t: abs(t),
    "sum": lambda t: t + t, "difference": lambda t: t - t, "from one": lambda t: 1 - t, "product": lambda t: t * t,
    "quotient": lambda t: t / 2, "whole quotient": lambda t: t // 2, "remainder": lambda t: t % 2,
    "square": lambda t: t**2, "power": lambda t: 2**-t, "inverse of a count": lambda t: (t + 1) ** -1,
    "shift": lambda t: t << 2, "shifted": lambda t: 8 >> t, "bits": lambda t: (t & 3, t | 4, t ^ 1),
    "truths": lambda t: (t & True, t | t, True ^ t), "complement of truths": lambda t: ~(t & t),
    "comparisons": lambda t: -(t == True), "less": lambda t: +(t < 2), "root": lambda t: t**0.5,  # noqa: E712
    "in place": lambda t: [t := t + 1, t * 2][1],
    # To NumPy they are truth values.
    "function": lambda t: (np.add(t, t), np.logical_not(t), np.square(t)),
    "narrow": lambda t: ((t + 1) * np.float32(0.5), np.int8(3) ^ -t, (t / 2) * np.float16(3), (t - 2) + np.True_),
    "array": lambda t: np.array([True, False]) + t, "chosen": lambda t: np.where(t, 1.0, 2.0),
}  # fmt: skip


@pytest.mark.parametrize(("given", "counted"), covering(GIVEN, COUNTED))
def test_python_counts_with_the_truths_of_rows(given, counted):
    f = lambda x: counted(given(x))
    want = [leaves(f(x)) for x in ROWS]
    runs = [
        ad.vmap(f),
        *(ad.compile(ad.vmap(f), backend=b) for b in BACKENDS),
        ad.vmap(lambda x: ad.jvp(f, (x,), (x,))[0]),
    ]
    for run in [*runs, *runs[1:3]]:
        for k, part in enumerate(leaves(run(ROWS))):
            expected = np.stack([row[k] for row in want])
            assert part.dtype == expected.dtype
            np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("given", [*GIVEN.values(), lambda x: x > 2], ids=[*GIVEN, "a comparison"])
def test_compiled_results_are_of_pythons_classes(given, backend):
    """At the first call and later, of either truth."""

    def f(x):
        t = given(x)
        return {name: counted(t) for name, counted in COUNTED.items()} | {
            "list": sum([t, t]), "compared": (t == t) + 0, "bits by NumPy": (np.bitwise_and(t, t), np.invert(t)),
            "counts by NumPy": (np.add(t, t), np.power(t, t), np.left_shift(t, t), np.abs(t)),
        }  # fmt: skip

    compiled = ad.compile(f, backend=backend)
    for x in [1.0, 3.0, -1.0, 3.0] if given not in GIVEN.values() else [*ROWS, ROWS[0]]:
        got, want = compiled(x), f(x)
        for name in want:
            for a, b in zip(leaves(got[name]), leaves(want[name]), strict=True):
                assert (type(a), getattr(a, "dtype", None)) == (type(b), getattr(b, "dtype", None)), name
                np.testing.assert_array_equal(a, b, name)


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_they_are_factors_of_what_is_differentiated(given):
    f = lambda x: np.sum(x**3) * -given(x) + (given(x) + given(x)) * x[0]
    want = np.stack([ad.grad(f)(x) for x in ROWS])
    np.testing.assert_allclose(ad.vmap(ad.grad(f))(ROWS), want)
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(ad.vmap(f)(x)))(ROWS), want)
    np.testing.assert_allclose(ad.vmap(ad.hessian(f))(ROWS), np.stack([ad.hessian(f)(x) for x in ROWS]))


def test_what_python_refuses_is_refused_if_it_is_so_in_one_row():
    for f, error in (
        (lambda x: np.allclose(x, x[::-1]) ** -1, ZeroDivisionError),
        (lambda x: 1 / np.allclose(x, x[::-1]), ZeroDivisionError),
        (lambda x: 1 << -np.allclose(x, x[::-1]), ValueError),
    ):
        for run in (ad.vmap(f), ad.compile(ad.vmap(f))):
            with pytest.raises(error):
                run(ROWS)
    np.testing.assert_array_equal(ad.vmap(lambda x: np.allclose(x, x) ** -1)(ROWS), np.ones(3))
