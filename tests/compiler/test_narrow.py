"""Whole numbers of few bits, as images and labels have them: read natively, computed with in wider ones."""

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles

import dragongrad as ad

CASES = {
    "scaled": lambda x: x.astype(np.float32) / np.float32(255),
    "divided": lambda x: x / 255,
    "compared": lambda x: np.where(x > 100, 1.0, 0.0),
    "equal to a row": lambda x: x == x[0],
    "summed": lambda x: np.sum(x.astype(float), axis=0),
    "maximum": lambda x: np.max(x, axis=1),
    "doubled": lambda x: x + x,
    "turned": lambda x: (x.T, x[::2, 1:], x.reshape(-1), np.concatenate([x, x]), np.broadcast_to(x, (2, *x.shape))),
    "as an index": lambda x: np.take(np.arange(300.0), x % 7 if x.dtype.kind == "i" else x),
    "one hot": lambda x: (x[..., None] == np.arange(3)).astype(np.float32),
    "as truths": lambda x: np.logical_not(x),
    "wider": lambda x: x.astype(np.int64) * 300,
}


DTYPES = [np.uint8, np.int16, *[pytest.param(t, marks=pytest.mark.slow) for t in (np.int8, np.uint16, np.uint32)]]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_compiled(name, dtype, backend):
    rng = np.random.default_rng(0)
    x, y = (
        rng.integers(np.iinfo(dtype).min // 2**24, min(np.iinfo(dtype).max, 255), (20, 7)).astype(dtype)
        for _ in "ab"
    )
    assert_compiles(CASES[name], (x,), (y,), backend)


def test_images_are_read_as_they_are():
    compiled = ad.compile(lambda x: np.sum(x.astype(np.float32) / np.float32(255)))
    x = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1)).astype(np.uint8)
    for _ in range(2):
        compiled(x)
    assert "No call back" in compiled.report()
