"""Convolutions: values against SciPy and a plain loop; every mode, order, dtype and batch over a table of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from grid import BACKENDS, assert_compiles, assert_same, covering
from scipy.signal import correlate

import dragongrad as ad
from dragongrad.blocks import windows
from dragongrad.compiler.backends.native.parallel.thread_pool import WORKERS
from dragongrad.testing import check_derivatives


@dataclass(frozen=True)
class Case:
    """The shapes of images and kernel, and the options."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    "signal": Case((2, 7, 3), (3, 3, 2)),
    "image": Case((2, 6, 5, 2), (3, 2, 2, 4)),
    "volume": Case((1, 4, 3, 5, 2), (2, 3, 2, 2, 3)),
    "one channel": Case((3, 5, 5, 1), (3, 3, 1, 1)),
    "pointwise": Case((2, 4, 3, 5), (1, 1, 5, 2)),
    "pointwise strided": Case((2, 4, 3, 5), (1, 1, 5, 2), {"stride": 2}),
    "same": Case((2, 5, 4, 2), (3, 3, 2, 3), {"padding": "same"}),
    "same even": Case((2, 5, 4, 2), (2, 4, 2, 3), {"padding": "same"}),
    "same strided": Case((2, 5, 4, 2), (3, 3, 2, 3), {"padding": "same", "stride": 2}),
    "strides": Case((1, 7, 8, 2), (3, 2, 2, 3), {"stride": (2, 3)}),
    "stride past the window": Case((1, 9, 2), (2, 2, 3), {"stride": 4}),
    "dilation": Case((1, 8, 7, 2), (3, 2, 2, 3), {"dilation": (2, 3)}),
    "padding": Case((1, 4, 3, 2), (3, 3, 2, 3), {"padding": ((0, 2), (3, 1))}),
    "padding of one number": Case((1, 4, 3, 2), (3, 3, 2, 3), {"padding": 1, "stride": 2}),
    "more padding than window": Case((2, 3, 1), (2, 1, 2), {"padding": 4}),
    "groups": Case((2, 5, 5, 4), (3, 3, 2, 6), {"groups": 2, "padding": "same"}),
    "depthwise": Case((2, 5, 5, 3), (3, 3, 1, 6), {"groups": 3}),
    "depthwise strided": Case((2, 6, 5, 3), (3, 3, 1, 3), {"groups": 3, "stride": 2, "dilation": 2, "padding": 2}),
    "axis of one": Case((2, 1, 6, 2), (1, 3, 2, 3), {"padding": "same"}),
    "one window": Case((2, 3, 3, 2), (3, 3, 2, 4)),
    "no images": Case((0, 5, 5, 2), (3, 3, 2, 4)),
    "no channels": Case((2, 4, 4, 0), (3, 3, 0, 2)),
    "no outputs": Case((2, 4, 4, 2), (3, 3, 2, 0)),
}
# Tiles of one row, of a few windows, and one of all.
TILES = (1, 700, windows.TILE)


def arrays(case, dtype=float):
    rng = np.random.default_rng(3)
    return rng.normal(size=case.x).astype(dtype), rng.normal(size=case.w).astype(dtype)


def by_loop(x, w, stride=1, padding="valid", dilation=1, groups=1):
    """The definition: a sum of products for every element of the output."""
    count = w.ndim - 2
    step, spread = (np.broadcast_to(v, count) for v in (stride, dilation))
    reach = spread * (np.array(w.shape[:-2]) - 1) + 1
    lengths = np.array(x.shape[1:-1])
    if isinstance(padding, str):
        missing = np.maximum((-(-lengths // step) - 1) * step + reach - lengths, 0) * (padding == "same")
        pairs = [(int(p) // 2, int(p) - int(p) // 2) for p in missing]
    else:
        pairs = [tuple(p) for p in np.broadcast_to(np.array(padding), (count, 2))]
    x = np.pad(x, [(0, 0), *pairs, (0, 0)])
    out = (np.array(x.shape[1:-1]) - reach) // step + 1
    y = np.zeros((x.shape[0], *out, w.shape[-1]), np.result_type(x, w))
    channels, outputs = w.shape[-2], w.shape[-1] // groups
    for place in np.ndindex(*out):
        seen = [slice(p * s, p * s + r, d) for p, s, r, d in zip(place, step, reach, spread, strict=True)]
        for g in range(groups):
            mine, made = slice(g * channels, (g + 1) * channels), slice(g * outputs, (g + 1) * outputs)
            y[:, *place, made] = np.tensordot(x[:, *seen, mine], w[..., made], axes=count + 1)
    return y


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("name", CASES)
def test_value(name, tile, monkeypatch):
    monkeypatch.setattr(windows, "TILE", tile)
    case = CASES[name]
    x, w = arrays(case)
    np.testing.assert_allclose(ad.conv(x, w, **case.options), by_loop(x, w, **case.options), atol=1e-13)


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("name", CASES)
def test_the_three_products_are_transposes_of_each_other(name, tile, monkeypatch):
    monkeypatch.setattr(windows, "TILE", tile)
    case = CASES[name]
    x, w = arrays(case)
    y = ad.conv(x, w, **case.options)
    y_bar = np.cos(np.arange(float(y.size))).reshape(y.shape)
    x_bar, w_bar = ad.grad(lambda x, w: np.sum(y_bar * ad.conv(x, w, **case.options)), argnums=(0, 1))(x, w)
    total = np.sum(y_bar * by_loop(x, w, **case.options))
    np.testing.assert_allclose([np.sum(x_bar * x), np.sum(w_bar * w)], total, atol=1e-11)
    np.testing.assert_allclose(
        ad.conv_transpose(y_bar, w, **case.options, spatial=x.shape[1:-1]), x_bar, atol=1e-12
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives(name, order):
    case = CASES[name]
    x, w = arrays(case)
    check_derivatives(lambda x, w: np.sin(ad.conv(x, w, **case.options)), x, w, order=order)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("in_axes", [(0, None), (None, 0), (0, 0)], ids=["images", "kernels", "both"])
@pytest.mark.parametrize("rows", [2, 1, 0])
def test_batches(name, in_axes, rows):
    case = CASES[name]
    x, w = arrays(case)
    y = ad.conv(x, w, **case.options)
    many = [
        np.stack([v * (1 + i) + i for i in range(rows)]) if rows else np.zeros((0, *v.shape)) for v in (x, w, y)
    ]

    def kernel_gradient(x, y):
        return ad.grad(lambda w: np.sum(y * ad.conv(x, w, **case.options)))(w)

    def transposed(y, w):
        return ad.conv_transpose(y, w, **case.options, spatial=x.shape[1:-1])

    for f, one, two in (
        (lambda x, w: ad.conv(x, w, **case.options), 0, 1), (transposed, 2, 1), (kernel_gradient, 0, 2)
    ):  # fmt: skip
        args = [many[k] if axis == 0 else (x, w, y)[k] for k, axis in zip((one, two), in_axes, strict=True)]
        got = ad.vmap(f, in_axes=in_axes)(*args)
        row = [[v[i] if axis == 0 else v for v, axis in zip(args, in_axes, strict=True)] for i in range(rows)]
        expected = [f(*r) for r in row]
        np.testing.assert_allclose(got, np.reshape(expected, got.shape), atol=1e-11)


@pytest.mark.parametrize(
    ("name", "backend", "dtype"), covering([*CASES], BACKENDS, [np.float32, np.float64], together=2)
)
def test_compiled(name, backend, dtype):
    case = CASES[name]
    x, w = arrays(case, dtype)

    def loss(x, w):
        return np.sum(np.sin(ad.conv(x, w, **case.options)))

    def values(x, w):
        return ad.conv(x, w, **case.options), ad.grad(loss, argnums=(0, 1))(x, w)

    assert_compiles(values, (x, w), (x + w.sum(dtype=dtype), w * 2), backend, dtype)


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128, np.int64, np.uint8]
)
def test_dtypes_are_those_of_a_product(dtype):
    x = np.arange(18).reshape(1, 3, 3, 2).astype(dtype)
    w = np.arange(8).reshape(2, 2, 2, 1).astype(dtype)
    out = ad.conv(x, w)
    assert out.dtype == (x[0, 0] @ w[0, 0]).dtype
    assert_same(out, by_loop(x, w))


def test_complex_derivatives():
    x, w = arrays(CASES["image"])
    x, w = x + 1j * x[::-1], w - 2j * w[::-1]
    check_derivatives(lambda x, w: ad.conv(x, w, padding="same"), x, w)


@pytest.mark.parametrize("lay", [np.asfortranarray, lambda v: v[::-1], lambda v: np.flip(v, -1)])
def test_layouts_do_not_matter(lay):
    x, w = arrays(CASES["image"])
    np.testing.assert_allclose(ad.conv(lay(x), lay(w)), by_loop(lay(x), lay(w)), atol=1e-13)


def test_agrees_with_scipy():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(9, 8)), rng.normal(size=(3, 4))
    for padding, mode in (("valid", "valid"), (((2, 2), (3, 3)), "full")):
        got = ad.conv(image[None, ..., None], kernel[..., None, None], padding=padding)[0, ..., 0]
        np.testing.assert_allclose(got, correlate(image, kernel, mode), atol=1e-13)


@pytest.mark.parametrize(
    "options", [{"stride": 2}, {"stride": 3, "padding": 1}, {"dilation": 2}, {"padding": "same", "stride": 2}]
)
def test_transposed_lengths(options):
    x, w = np.ones((1, 4, 3, 2)), np.ones((3, 3, 5, 2))
    large = ad.conv_transpose(x, w, **options)
    assert ad.conv(large, w, **options).shape == x.shape
    if options.get("padding") == "same":
        assert large.shape == (1, 8, 6, 5)


X, W = np.ones((1, 4, 4, 2)), np.ones((3, 3, 2, 5))
REFUSED = {
    "an image alone": (lambda: ad.conv(X[0], W), ad.ShapeError, r"x\[None\]"),
    "no spatial axis": (lambda: ad.conv(X[0, 0], W[0, 0]), ad.ShapeError, "spatial"),
    "channels": (lambda: ad.conv(X[..., :1], W), ad.ShapeError, "1 channels"),
    "groups": (lambda: ad.conv(X, W, groups=2), ad.ShapeError, "cannot be cut into 2 groups"),
    "long kernel": (lambda: ad.conv(X[:, :2], W), ad.ShapeError, "longer than the axes"),
    "empty kernel": (lambda: ad.conv(X, W[:0]), ad.ShapeError, "no elements"),
    "no groups": (lambda: ad.conv(X, W, groups=0), ad.ArgumentError, "groups is an integer from 1 on"),
    "stride of nothing": (lambda: ad.conv(X, W, stride=0), ad.ArgumentError, "stride is an integer"),
    "stride of 1.5": (lambda: ad.conv(X, W, stride=1.5), ad.ArgumentError, "stride is an integer"),
    "three strides": (lambda: ad.conv(X, W, stride=(1, 1, 1)), ad.ArgumentError, "2 of them"),
    "dilation": (lambda: ad.conv(X, W, dilation=-1), ad.ArgumentError, "dilation is an integer"),
    "padding by a word": (lambda: ad.conv(X, W, padding="full"), ad.ArgumentError, '"valid", "same" or numbers'),
    "negative padding": (lambda: ad.conv(X, W, padding=-1), ad.ArgumentError, "padding is one number from 0"),
    "triples": (lambda: ad.conv(X, W, padding=((1, 1, 1), 1)), ad.ArgumentError, "padding is"),
    "no padding": (lambda: ad.conv(X, W, padding=None), ad.ArgumentError, "padding is"),
    "transposed channels": (lambda: ad.conv_transpose(X, W), ad.ShapeError, "outputs, 2"),
    "transposed lengths": (
        lambda: ad.conv_transpose(X, np.ones((3, 3, 5, 2)), spatial=4), ad.ShapeError, "no convolution"
    ),
    "transposed padding": (
        lambda: ad.conv_transpose(X[:, :1], np.ones((3, 3, 5, 2)), padding=2), ad.ShapeError, "less padding"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        call()


def network(x, w, v):
    """Two layers, their gradients too."""

    def out(x, w, v):
        seen = np.maximum(ad.conv(x, w, padding="same"), 0.0)
        return np.max(np.reshape(seen, (-1, 8, 2, 8, 2, 24)), axis=(2, 4)) @ v

    return out(x, w, v), ad.grad(lambda *a: np.sum(np.sin(out(*a))), argnums=(0, 1, 2))(x, w, v)


@pytest.mark.parametrize("threads", [1, 2])
def test_layers_share_one_loop_over_images(threads):
    rng = np.random.default_rng(1)
    args = rng.normal(size=(40, 16, 16, 3)), rng.normal(size=(3, 3, 3, 24)) / 5, rng.normal(size=(24, 2))
    before = WORKERS.wanted
    ad.set_threads(threads)
    try:
        compiled = ad.compile(network)
        for k in (1.0, 1.0, 0.9):
            assert_same(compiled(args[0] * k, *args[1:]), network(args[0] * k, *args[1:]))
        assert "No call back" in compiled.report()
    finally:
        ad.set_threads(before)


@pytest.mark.parametrize(("outputs", "dtype"), covering([1, 3, 8, 20, 67], [np.float32, np.float64]))
def test_channels_of_any_number(outputs, dtype):
    rng = np.random.default_rng(outputs)
    x = rng.normal(size=(2, 9, 31, 5)).astype(dtype)
    w = rng.normal(size=(3, 3, 5, outputs)).astype(dtype)

    def both(x, w):
        return ad.conv(x, w), ad.grad(lambda x, w: np.sum(ad.conv(x, w) ** 2), argnums=(0, 1))(x, w)

    compiled = ad.compile(both)
    for _ in range(2):
        assert_same(compiled(x, w), both(x, w), dtype)
