"""Every way to spell an index, compiled: read, gradient and item assignment, on both backends."""

import numpy as np
import pytest

import dragongrad as ad
from dragongrad.compiler.passes.simplify import _is_everything

ALL = slice(None)
INDICES = {
    "dots": (...,),
    "dots backwards": (..., slice(None, None, -1)),
    "backwards dots": (slice(None, None, -1), ...),
    "all": (ALL,),
    "all all": (ALL, ALL),
    "all dots all": (ALL, ..., ALL),
    "first": 0,
    "last": -1,
    "last column": (..., -1),
    "new axis": (None, ...),
    "dots new axis": (..., None),
    "middle": (ALL, None, 1),
    "steps": (slice(None, None, 2), slice(1, None, 2)),
    "steps backwards": (ALL, slice(3, 0, -2)),
    "empty": (slice(2, 2),),
    "list": ([0, 2, 2],),
    "list last": (..., [3, -1, 0]),
    "pairs": ([0, 1], [3, 0]),
    "mask": (np.array([True, False, True]),),
    "whole mask": np.arange(12).reshape(3, 4) % 3 == 0,
    "row and list": (1, [0, 2]),
    "negative list": ([-1, -3],),
}
X = np.random.default_rng(0).normal(size=(3, 4))
Y = np.random.default_rng(1).normal(size=(3, 4))


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES.keys())
def test_compiled_indices_are_eager_ones(index, backend):
    def read(x):
        return np.sin(x)[index] * 2

    def write(x):
        y = x * x
        y[index] = np.cos(x[index])
        return y

    for f in (read, write, ad.grad(lambda x: np.sum(read(x) ** 2)), ad.grad(lambda x: np.sum(write(x) ** 3))):
        compiled = ad.compile(f, backend=backend)
        compiled(X)
        got, expected = compiled(Y), f(Y)
        assert np.shape(got) == np.shape(expected)
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("index", "shape", "whole"),
    [
        ((...,), (3,), True),
        ((ALL,), (3, 4), True),
        ((..., ALL), (3, 4), True),
        ((), (3,), True),
        ((slice(0, 3), ...), (3, 4), True),
        ((..., slice(None, None, -1)), (3,), False),
        ((slice(None, None, -1), ...), (3, 4), False),
        ((None, ALL), (3,), False),
        ((slice(0, 2), ...), (3, 4), False),
        ((..., np.array([0, 1, 2])), (3,), False),
    ],
)
def test_which_index_reads_everything(index, shape, whole):
    assert _is_everything(index, shape) is whole
