"""Every way to spell an index, compiled: read, gradient and item assignment, on both backends."""

import warnings

import numpy as np
import pytest
from grid import BACKENDS, covering

import dragongrad as ad
from dragongrad.compiler.passes.simplify import _is_everything
from dragongrad.core.nests import flatten

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
    "true": (True,),
    "false": (np.bool_(False),),
    "true behind": (..., np.array(True)),
    "true between": (ALL, True, ALL),
    "true and row": (True, 1),
    "row and true": (1, ALL, True),
    "true and list": (True, [0, 2, 2]),
}
X = np.random.default_rng(0).normal(size=(3, 4))
Y = np.random.default_rng(1).normal(size=(3, 4))


@pytest.mark.parametrize(("index", "backend"), covering(INDICES, BACKENDS, together=2))
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


STRIDED = [
    lambda x: x[::2], lambda x: x[1::2], lambda x: x[::3], lambda x: x[2::5], lambda x: x[::-2],
    lambda x: x[-2:3:-3],
    lambda x: x[3:-3:4], lambda x: x[:, ::2], lambda x: x[::3, 1::2], lambda x: x[::-3, ::-2], lambda x: x[1::7, 1],
    lambda x: np.concatenate([x[::2], x[1::2]]), lambda x: x.reshape(-1)[::3], lambda x: x.T[::2, ::3],
    lambda x: x.reshape(-1, 2, x.shape[1])[:, 1], lambda x: np.stack([x, x * x], 1).reshape(-1, x.shape[1])[::2],
]  # fmt: skip


@pytest.mark.parametrize(("k", "shape"), covering(range(len(STRIDED)), [(6, 7), (30, 3), (60, 40), (400, 2)]))
def test_gradients_of_slices_with_steps(k, shape):
    def f(x):
        y = STRIDED[k](np.sin(x))
        return np.sum(np.cos(y) * np.arange(1.0, y.size + 1).reshape(y.shape))

    def written(x):
        y = np.sin(x)
        part = STRIDED[k](y)
        out = np.zeros(x.shape, like=x)
        if k < 11:
            out[...] = y
            view = {0: np.s_[::2], 3: np.s_[2::5], 4: np.s_[::-2], 7: np.s_[:, ::2], 9: np.s_[::-3, ::-2]}.get(k)
            if view is not None:
                out[view] = part * part
        return np.sum(out * np.cos(x)) + np.sum(part)

    rng = np.random.default_rng(k)
    x = rng.standard_normal(shape)
    for g in (ad.grad(f), ad.value_and_grad(written), lambda x: ad.hvp(f, x, x)):
        compiled = ad.compile(g, backend="native")
        for _ in range(2):
            for a, b in zip(flatten(compiled(x))[0], flatten(g(x))[0], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
        assert len(compiled.llvm.splitlines()) < 9000
        x = rng.standard_normal(shape)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_truth_value_that_indexes_a_plain_array_is_a_mask_and_no_number(backend):
    """NumPy asks for a whole number first, as a list does: it would have been row 0 or 1."""
    values = np.array([7.0, 8.0, 9.0])

    def written(x):
        y = np.arange(6.0).reshape(2, 3) + 0.0
        y[x > 0] = values
        return y * x

    def written_where_known(x):
        y = np.arange(6.0).reshape(2, 3) + 0.0
        y[np.array_equal(x, x)] = values
        return y * x

    read = lambda x: values[x > 0] * x
    from_a_list = lambda x: [x, 2 * x][x > 0]
    for f in (written, written_where_known, read, from_a_list):
        compiled = ad.compile(f, backend=backend)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ad.CompileWarning)
            for x in (0.6, -0.5, 0.6):
                got, want = compiled(x), f(x)
                assert np.shape(got) == np.shape(want)
                np.testing.assert_array_equal(got, want)
