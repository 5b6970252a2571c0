"""What is written into `ravel()` of a result reaches the result where NumPy's is a view, as its memory lies."""

import numpy as np
import pytest

import dragongrad as ad

X = np.random.default_rng(0).normal(size=(2, 3, 4))
RESULTS = {
    "product": lambda x: x * 1.0,
    "transposed": lambda x: x.T * 1.0,
    "line": lambda x: x[0] * 1.0,
    "take": lambda x: np.take(x, [0, 1], 1),
    "take of columns": lambda x: np.take(x.T, [0, 1], 1),
    "places": lambda x: x[:, [0, 1]],
    "places of columns": lambda x: x.T[[0, 1]],
    "places apart": lambda x: x[0, None, [0, 1]],
    "mask": lambda x: x[:, np.arange(x.shape[1]) != 1],
    "compress": lambda x: np.compress([True, False], x, 1),
    "sorted columns": lambda x: np.sort(x.T, 0),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1])[0],
    "select": lambda x: np.select([x.T > 0], [x.T], 0),
    "insert": lambda x: np.insert(x, 1, 0.0, 1),
    "insert into columns": lambda x: np.insert(x.T, 1, 0.0, 1),
    "delete": lambda x: np.delete(x, 0, 1),
    "delete of columns": lambda x: np.delete(x.T, 0, 1),
    "repeat": lambda x: np.repeat(x.T, np.arange(x.shape[0]) + 1, 1),
    "concatenate": lambda x: np.concatenate([x.T, x.T]),
    "cumsum": lambda x: np.cumsum(x, 0),
    "fft": lambda x: np.fft.fft(x, axis=0).real * 1.0,
    "stack": lambda x: np.stack([x[0], x[1]], 1),
}


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS.keys())
def test_what_is_written_into_a_view_reaches_the_result(make, axis):
    def f(x):
        out = make(x)
        line = out.ravel()
        line += 0.5
        turned = out.T.ravel()
        turned *= 2.0
        return np.ravel(out) + np.sum(line) + np.sum(turned)

    # A row has no gaps in memory under vmap.
    rows = [row.copy("K") for row in np.moveaxis(X, axis, 0)]
    want = [f(row) for row in rows]
    np.testing.assert_allclose(ad.vmap(f, in_axes=axis)(X), want)
    np.testing.assert_allclose([ad.jvp(f, (row,), (row,))[0] for row in rows], want)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_compiled(backend):
    def f(x):
        out = np.take(x, [0, 1], 1)
        line = out.T.ravel()
        line += 0.5
        return np.ravel(out) + np.sum(line)

    compiled = ad.compile(ad.vmap(f, in_axes=1), backend=backend)
    for x in (X, X + 1.0):
        np.testing.assert_allclose(compiled(x), [f(row) for row in np.moveaxis(x, 1, 0)])
