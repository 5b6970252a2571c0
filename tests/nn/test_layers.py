"""Layers and losses of networks: values against plain loops, derivatives of two orders, batches, compiled."""

import pickle
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from grid import assert_compiles, assert_same
from scipy.special import expit, log_softmax, xlogy
from scipy.stats import norm

import dragongrad as ad
from dragongrad import nn
from dragongrad.core.nests import map_nest
from dragongrad.nn import layers
from dragongrad.testing import check_derivatives


@dataclass(frozen=True)
class Case:
    """A layer, the shape of one example, and what its output is, by a loop or by hand."""

    layer: Any
    shape: tuple[int, ...]
    value: Any
    options: dict[str, Any] = field(default_factory=dict)


def windows(x, size, stride, same):
    """For each place the window of an image that it sees, cut where the image ends."""
    n = np.array(x.shape[1:3])
    if same:
        out = -(-n // stride)
        before = np.maximum((out - 1) * stride + size - n, 0) // 2
    else:
        out, before = (n - size) // stride + 1, np.zeros(2, int)
    for i, j in np.ndindex(*out):
        low = np.array([i, j]) * stride - before
        high = low + size
        low = np.maximum(low, 0)
        yield (i, j), x[:, low[0] : high[0], low[1] : high[1]]


def pooled(reduce, size, stride, same=False):
    def value(params, x):
        found = {}
        for place, seen in windows(x, size, stride, same):
            found[place] = reduce(seen, axis=(1, 2))
        out = np.max(list(found), axis=0) + 1
        return np.stack([found[k] for k in np.ndindex(*out)], 1).reshape(len(x), *out, x.shape[-1])

    return value


def conv_by_loop(size, stride=1, groups=1):
    def value(params, x):
        w, found = params["w"], {}
        pad = np.pad(x, ((0, 0), (size, size), (size, size), (0, 0)))
        n = np.array(x.shape[1:3])
        out = -(-n // stride)
        before = np.maximum((out - 1) * stride + size - n, 0) // 2
        inputs, outputs = w.shape[-2], w.shape[-1] // groups
        for i, j in np.ndindex(*out):
            a, b = np.array([i, j]) * stride - before + size
            seen = pad[:, a : a + size, b : b + size]
            parts = [
                np.einsum(
                    "nabc,abco->no",
                    seen[..., g * inputs : (g + 1) * inputs],
                    w[..., g * outputs : (g + 1) * outputs],
                )
                for g in range(groups)
            ]
            found[i, j] = np.concatenate(parts, axis=1) + params["b"]
        return np.stack([found[k] for k in np.ndindex(*out)], 1).reshape(len(x), *out, w.shape[-1])

    return value


def spread_by_loop(params, x):
    """A transposed convolution of windows of 2 by 2, 2 apart."""
    n, h, w, _ = x.shape
    out = np.zeros((n, 2 * h, 2 * w, params["w"].shape[-2]))
    for i, j in np.ndindex(h, w):
        out[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += np.einsum("nc,aboc->nabo", x[:, i, j], params["w"])
    return out + params["b"]


def standardised(x, axis, eps=1e-5):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def grouped(params, x):
    parts = np.split(x, 2, axis=-1)
    axes = tuple(range(1, x.ndim))
    return np.concatenate([standardised(p, axes) for p in parts], -1) * params["scale"] + params["bias"]


def lstm(params, x):
    h = c = np.zeros((len(x), 3))
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ params["w"] + h @ params["u"] + params["b"], 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        out.append(h)
    return np.stack(out, 1)


def gru(params, x):
    h = np.zeros((len(x), 3))
    for t in range(x.shape[1]):
        wr, wz, wn = np.split(x[:, t] @ params["w"] + params["b"], 3, axis=1)
        ur, uz, un = np.split(h @ params["u"] + params["c"], 3, axis=1)
        z = expit(wz + uz)
        h = (1 - z) * np.tanh(wn + expit(wr + ur) * un) + z * h
    return h


def attended(causal):
    def value(params, x):
        made = {k: x @ params[k]["w"] + params[k]["b"] for k in ("query", "key", "value")}
        found = []
        for q, k, v in zip(*(np.split(made[name], 2, axis=-1) for name in ("query", "key", "value")), strict=True):
            scores = np.einsum("nts,nus->ntu", q, k) / np.sqrt(q.shape[-1])
            if causal:
                scores = np.where(np.tril(np.ones(scores.shape[1:])) > 0, scores, -np.inf)
            found.append(np.exp(log_softmax(scores, axis=-1)) @ v)
        return np.concatenate(found, -1) @ params["out"]["w"] + params["out"]["b"]

    return value


def affine(x, params):
    return x * params["scale"] + params["bias"]


LAYERS = {
    "dense": Case(nn.Dense(3), (5,), lambda p, x: np.einsum("ni,io->no", x, p["w"]) + p["b"]),
    "dense without bias": Case(nn.Dense(2, bias=False), (2, 3), lambda p, x: np.einsum("nti,io->nto", x, p["w"])),
    "conv": Case(nn.Conv(3), (5, 4, 2), conv_by_loop(3)),
    "conv strided": Case(nn.Conv(3, size=2, stride=2), (5, 4, 2), conv_by_loop(2, 2)),
    "conv of groups": Case(nn.Conv(4, groups=2), (3, 4, 2), conv_by_loop(3, groups=2)),
    "depthwise": Case(nn.DepthwiseConv(multiplier=2), (4, 3, 2), conv_by_loop(3, groups=2)),
    "transposed": Case(nn.ConvTranspose(3, size=2, stride=2), (3, 2, 2), spread_by_loop),
    "max pool": Case(nn.MaxPool(), (4, 5, 2), pooled(np.max, 2, 2)),
    "max pool overlapping": Case(nn.MaxPool(3, stride=2), (7, 5, 2), pooled(np.max, 3, 2)),
    "max pool same": Case(nn.MaxPool(3, stride=2, padding="same"), (4, 5, 2), pooled(np.max, 3, 2, True)),
    "mean pool": Case(nn.AvgPool(2), (4, 5, 2), pooled(np.mean, 2, 2)),
    "mean pool same": Case(nn.AvgPool(3, stride=1, padding="same"), (4, 5, 2), pooled(np.mean, 3, 1, True)),
    "global mean": Case(nn.GlobalPool(), (3, 4, 2), lambda p, x: x.mean((1, 2))),
    "global max": Case(nn.GlobalPool("max"), (3, 4, 2), lambda p, x: x.max((1, 2))),
    "layer norm": Case(nn.LayerNorm(), (3, 4), lambda p, x: affine(standardised(x, -1), p)),
    "group norm": Case(nn.GroupNorm(2), (3, 2, 4), grouped),
    "rms norm": Case(
        nn.RMSNorm(), (3, 4), lambda p, x: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * p["scale"]
    ),
    "residual": Case(
        nn.Residual(nn.Dense(4)), (4,), lambda p, x: x + x @ p["inner"]["w"] + p["inner"]["b"]
    ),
    "shortcut": Case(
        nn.Residual(nn.Dense(3), shortcut=nn.Dense(3, bias=False)), (4,),
        lambda p, x: x @ p["shortcut"]["w"] + x @ p["inner"]["w"] + p["inner"]["b"],
    ),
    "lstm": Case(nn.LSTM(3), (4, 2), lstm),
    "gru": Case(nn.GRU(3, sequences=False), (4, 2), gru),
    "attention": Case(nn.MultiHeadAttention(2), (3, 4), attended(False)),
    "causal attention": Case(nn.MultiHeadAttention(2, causal=True), (3, 4), attended(True)),
    "chain": Case(
        nn.Chain(one=nn.Dense(4), tanh=np.tanh, two=nn.Dense(2)), (3,),
        lambda p, x: np.tanh(x @ p["one"]["w"] + p["one"]["b"]) @ p["two"]["w"] + p["two"]["b"],
    ),
}  # fmt: skip


def made(case, dtype=np.float64, count=2):
    rng = np.random.default_rng(5)
    params = case.layer.init(rng, case.shape, dtype) if hasattr(case.layer, "init") else {}
    # No zeros and ones: every parameter has a part in the output.
    params = map_nest(lambda v: (v + 0.3 * rng.normal(size=v.shape)).astype(dtype), params)
    return params, rng.normal(size=(count, *case.shape)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_value(name, dtype):
    case = LAYERS[name]
    params, x = made(case, dtype)
    out = case.layer(params, x)
    assert out.dtype == dtype
    assert out.shape == (2, *layers.out(case.layer, case.shape))
    np.testing.assert_allclose(out, case.value(params, x), rtol=0, atol=20 * np.finfo(dtype).eps * max(1, out.size))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives(name, order):
    params, x = made(LAYERS[name])
    check_derivatives(LAYERS[name].layer, params, x, order=order)


@pytest.mark.parametrize("backend", ["native", pytest.param("numpy", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", LAYERS)
def test_compiled(name, backend):
    case = LAYERS[name]
    params, x = made(case, np.float32)

    def value_and_gradient(params, x):
        out = case.layer(params, x)
        return out, ad.grad(lambda p, x: np.sum(np.sin(case.layer(p, x))), argnums=(0, 1))(params, x)

    other = map_nest(lambda v: v * np.float32(0.9), params)
    assert_compiles(value_and_gradient, (params, x), (other, x[::-1].copy()), backend, np.float32)


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_of_batches_and_of_parameters(name):
    case = LAYERS[name]
    params, x = made(case)
    many = map_nest(lambda v: np.stack([v, 2 * v]), params)
    xs = np.stack([x, x[::-1]])
    got = ad.vmap(case.layer, in_axes=(0, 0) if params != {} else (None, 0))(many, xs)
    expected = [case.layer(map_nest(lambda v, k=k: v[k], many), xs[k]) for k in range(2)]
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_no_examples(name):
    params, x = made(LAYERS[name], count=0)
    assert LAYERS[name].layer(params, x).shape == (0, *layers.out(LAYERS[name].layer, LAYERS[name].shape))


@pytest.mark.parametrize("name", LAYERS)
def test_descriptions_are_values(name):
    one = LAYERS[name].layer
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert hash(again) == hash(one)
    assert ad.core.nests.flatten(one)[0] == []


# Layers with state and noise


def test_batch_norm():
    model = nn.Chain(dense=nn.Dense(3), norm=nn.BatchNorm(momentum=0.5), relu=nn.relu)
    params, state = model.init(np.random.default_rng(0), (2,), np.float64), model.start((2,), np.float64)
    x = np.random.default_rng(1).normal(size=(6, 2))
    before = x @ params["dense"]["w"]
    out, new = model.train(params, x, state)
    np.testing.assert_allclose(out, np.maximum(standardised(before, 0), 0), atol=1e-12)
    np.testing.assert_allclose(new["norm"]["mean"], 0.5 * before.mean(0))
    np.testing.assert_allclose(new["norm"]["variance"], 0.5 + 0.5 * before.var(0, ddof=1))
    evaluated = (before - new["norm"]["mean"]) / np.sqrt(new["norm"]["variance"] + 1e-5)
    np.testing.assert_allclose(model(params, x, state=new), np.maximum(evaluated, 0), atol=1e-12)
    with pytest.raises(ad.ArgumentError, match="running means"):
        model(params, x)
    check_derivatives(lambda p, x: model.train(p, x, state)[0][:, 0], params, x)


def test_dropout():
    model = nn.Chain(drop=nn.Dropout(0.25), head=nn.Dense(2))
    rng = np.random.default_rng(0)
    params = model.init(rng, (400,), np.float64)
    x = np.ones((3, 400))
    noise = model.draw(rng, x.shape)
    out, _ = model.train(params, x, None, noise)
    kept = np.where(noise["drop"] >= 0.25, 1 / 0.75, 0.0)
    np.testing.assert_allclose(out, kept @ params["head"]["w"] + params["head"]["b"])
    assert 0.2 < np.mean(kept == 0) < 0.3
    np.testing.assert_allclose(model(params, x), x @ params["head"]["w"] + params["head"]["b"])
    with pytest.raises(ad.ArgumentError, match="noise"):
        model.train(params, x)
    assert nn.Dropout(0.5, places=True).draw(rng, (2, 4, 4, 3)).shape == (2, 1, 1, 3)


def test_compiled_dropout_draws_anew():
    model = nn.Dropout(0.5)
    step = ad.compile(lambda x, noise: model.train({}, x, None, noise)[0])
    rng = np.random.default_rng(0)
    drawn = [step(np.ones(50), model.draw(rng, (50,))) for _ in range(3)]
    assert not np.array_equal(drawn[1], drawn[2])


def test_embedding():
    layer = nn.Embedding(5, 3)
    params = layer.init(np.random.default_rng(0), (2,), np.float64)
    x = np.array([[0, 4], [4, 4]])
    np.testing.assert_array_equal(layer(params, x), params["w"][x])
    gradient = ad.grad(lambda p: np.sum(layer(p, x)))(params)["w"]
    np.testing.assert_array_equal(gradient, np.array([1.0, 0, 0, 0, 3])[:, None] * np.ones(3))
    with pytest.raises(ad.DtypeError, match="whole numbers"):
        layer(params, x * 1.0)
    with pytest.raises(IndexError):
        layer(params, x + 1)


def test_cross_attention_and_masks():
    layer = nn.MultiHeadAttention(2)
    params = layer.init(np.random.default_rng(0), (3, 4), np.float64)
    x, context = np.random.default_rng(1).normal(size=(2, 2, 3, 4))
    seen = np.array([True, True, False])
    masked = layer(params, x, context=context, mask=seen)
    np.testing.assert_allclose(masked, layer(params, x, context=context[:, :2]), atol=1e-12)
    q = np.ones((1, 2, 4))
    np.testing.assert_array_equal(nn.attention(q, q, q, mask=np.zeros((2, 2), bool)), 0 * q)


# Activations


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.minimum(x, 0)) - 1)),
    "gelu": lambda x: x * norm.cdf(x),
    "approximate gelu": lambda x: x * norm.cdf(x),
    "sigmoid": expit,
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanh": np.tanh,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    word, approximate = name.split()[-1], name.startswith("approximate")
    f = partial(getattr(nn, word), approximate=True) if approximate else getattr(nn, word)
    x = np.linspace(-7.3, 7.1, 60)
    np.testing.assert_allclose(f(x), ACTIVATIONS[name](x), atol=5e-4 if approximate else 1e-14)
    assert f(x.astype(np.float32)).dtype == np.float32
    with np.errstate(invalid="ignore"):  # np.logaddexp warns of NaN
        assert np.isnan(f(np.array([np.nan]))).all()
    assert np.isfinite(f(np.array([-800.0, 800.0]))).all()
    check_derivatives(f, x)
    check_derivatives(f, x, order=2)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_gelu_is_exact_where_it_is_small(backend):
    x = np.array([-30.0, -9.0, -1e-8, 0.0, 5.0])
    wanted = x * norm.cdf(x), norm.cdf(x) + x * norm.pdf(x)
    f = ad.compile(lambda x: (nn.gelu(x), ad.grad(lambda x: np.sum(nn.gelu(x)))(x)), backend=backend)
    for _ in range(2):
        for found, expected in zip(f(x), wanted, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert backend == "numpy" or "No call back" in str(f.report())


@pytest.mark.parametrize(
    ("name", "at", "slope"),
    [
        ("relu", 0, 0),
        ("relu6", 0, 0),
        ("relu6", 6, 0),
        ("leaky_relu", 0, 0.01),
        ("elu", 0, 1),
        ("hard_sigmoid", -3, 0),
    ],
)
def test_slopes_at_kinks(name, at, slope):
    for dtype in (np.float32, np.float64):
        assert ad.grad(getattr(nn, name))(dtype(at)) == dtype(slope)


# Losses


def random(*shape):
    return np.random.default_rng(2).normal(size=shape)


LOGITS, LABELS = random(4, 3), np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3)[LABELS]
WEIGHTS = np.array([0.2, 1.0, 3.0])
YES = np.array([1.0, 0.0, 1.0, 1.0])
SMOOTH = 0.9 * ONE_HOT + 0.1 / 3
LOSSES = {
    "cross entropy": (
        lambda z: nn.cross_entropy(z, LABELS), LOGITS, lambda z: -np.mean(np.sum(ONE_HOT * log_softmax(z, 1), 1)),
    ),
    "cross entropy of probabilities": (
        lambda z: nn.cross_entropy(z, SMOOTH), LOGITS, lambda z: -np.mean(np.sum(SMOOTH * log_softmax(z, 1), 1)),
    ),
    "smoothed": (
        lambda z: nn.cross_entropy(z, LABELS, smoothing=0.1), LOGITS,
        lambda z: -np.mean(np.sum(SMOOTH * log_softmax(z, 1), 1)),
    ),
    "weighted": (
        lambda z: nn.cross_entropy(z, LABELS, weights=WEIGHTS), LOGITS,
        lambda z: -np.sum(WEIGHTS * ONE_HOT * log_softmax(z, 1)) / np.sum(WEIGHTS[LABELS]),
    ),
    "weighted and smoothed": (
        lambda z: nn.cross_entropy(z, LABELS, weights=WEIGHTS, smoothing=0.1), LOGITS,
        lambda z: -np.sum(WEIGHTS * SMOOTH * log_softmax(z, 1)) / np.sum(WEIGHTS[LABELS]),
    ),
    "binary": (
        lambda z: nn.binary_cross_entropy(z, YES), random(4),
        lambda z: -np.mean(xlogy(YES, expit(z)) + xlogy(1 - YES, expit(-z))),
    ),
    "binary weighted": (
        lambda z: nn.binary_cross_entropy(z, YES.astype(bool), weight=2.5), random(4),
        lambda z: -np.mean(2.5 * xlogy(YES, expit(z)) + xlogy(1 - YES, expit(-z))),
    ),
    "squared": (lambda z: nn.squared_error(z, YES), random(4), lambda z: np.mean((z - YES) ** 2)),
    "absolute": (lambda z: nn.absolute_error(z, YES), random(4), lambda z: np.mean(abs(z - YES))),
    "huber": (
        lambda z: nn.huber(z, YES, delta=0.7), 2 * random(4),
        lambda z: np.mean(np.where(abs(z - YES) < 0.7, (z - YES) ** 2 / 2, 0.7 * (abs(z - YES) - 0.35))),
    ),
    "focal": (
        lambda z: nn.focal(z, YES, gamma=1.5, weight=0.3), random(4),
        lambda z: -np.mean(
            0.3 * YES * expit(-z) ** 1.5 * np.log(expit(z)) + 0.7 * (1 - YES) * expit(z) ** 1.5 * np.log(expit(-z))
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    loss, z, value = LOSSES[name]
    np.testing.assert_allclose(loss(z), value(z), rtol=1e-12)
    check_derivatives(loss, z)
    check_derivatives(loss, z, order=2)
    assert loss(z.astype(np.float32)).dtype == np.float32
    assert_compiles(ad.value_and_grad(loss), (z,), (z[::-1].copy(),), "native")


def test_truths_are_two_classes():
    assert nn.cross_entropy(LOGITS[:, :2], YES > 0) == nn.cross_entropy(LOGITS[:, :2], YES.astype(int))


def test_losses_of_certain_predictions_are_finite():
    z = np.array([[1e4, -1e4, 0.0]])
    assert nn.cross_entropy(z, np.array([0])) == 0
    assert nn.cross_entropy(z, np.array([1])) == 2e4
    assert np.isfinite(ad.grad(lambda z: nn.cross_entropy(z, np.array([1])))(z)).all()
    assert nn.binary_cross_entropy(np.array([-1e4]), np.array([1])) == 1e4


# Initialisers


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 900), ("glorot_normal", 2 / 900), ("he_normal", 2 / 540), ("he_uniform", 2 / 540),
        ("lecun_normal", 1 / 540), ("zeros", 0),
    ],
)  # fmt: skip
def test_initialisers(name, variance):
    w = getattr(nn.initializers, name)(np.random.default_rng(0), (3, 3, 60, 40), np.float64)
    assert nn.initializers.fans((3, 3, 60, 40)) == (540, 360)
    assert abs(w.mean()) < 4 * np.sqrt(variance / w.size) + 1e-300
    np.testing.assert_allclose(w.var(), variance, rtol=0.03)


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (2, 2, 3, 4)])
def test_orthogonal(shape):
    w = nn.initializers.orthogonal(np.random.default_rng(0), shape, np.float64).reshape(-1, shape[-1])
    small = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)


def test_a_seed_means_the_same_parameters_in_both_precisions():
    model = nn.Chain(conv=nn.Conv(4), flat=nn.flatten, head=nn.Dense(3))
    one, two = (model.init(np.random.default_rng(7), (4, 4, 1), dtype) for dtype in (np.float32, np.float64))
    assert_same(map_nest(lambda v: v.astype(np.float32), two), one)


# Chains


MODEL = nn.Chain(conv1=nn.Conv(4), relu1=nn.relu, pool1=nn.max_pool, flat=nn.flatten, head=nn.Dense(3))


def test_slices_share_parameters():
    params = MODEL.init(np.random.default_rng(0), (6, 6, 1))
    x = np.random.default_rng(1).normal(size=(2, 6, 6, 1)).astype(np.float32)
    features = MODEL[:"pool1"](params, x)
    assert features.shape == (2, 6, 6, 4)
    np.testing.assert_array_equal(MODEL["pool1":](params, features), MODEL(params, x))
    assert list(MODEL["relu1":"flat"]) == ["relu1", "pool1"]
    assert MODEL["head"] is MODEL[-1]
    assert MODEL[1:3] == nn.Chain(relu1=nn.relu, pool1=nn.max_pool)
    assert len(MODEL) == 5


def test_layers_are_shown_by_what_is_not_usual():
    assert repr(nn.Conv(8, size=5)) == "Conv(8, size=5)"
    assert repr(nn.Residual(nn.Dense(3))) == "Residual(Dense(3))"
    assert "relu1=relu" in repr(MODEL)


def test_shapes_may_be_lists_and_images_lists_of_whole_numbers():
    assert_same(MODEL.init(np.random.default_rng(0), [6, 6, 1]), PARAMS)
    x = np.arange(-16, 0).reshape(1, 4, 4, 1)
    for pool in (nn.max_pool, nn.avg_pool):
        for size in (2, 3):
            given = pool(x.tolist(), size, padding="same")
            np.testing.assert_array_equal(given, pool(x.astype(float), size, padding="same"))
    assert nn.max_pool(x.astype(np.int8), 3, padding="same").dtype == np.int8


def test_the_table_counts():
    rows = {row.name: row for row in MODEL.rows((6, 6, 1))}
    assert rows["conv1"].parameters == 40
    assert rows["conv1"].multiplications == 36 * 9 * 4
    assert rows["head"].parameters == 36 * 3 + 3
    assert rows["pool1"].output == (3, 3, 4)
    assert MODEL.multiplications((6, 6, 1)) == 36 * 36 + 108
    nested = nn.Chain(block=nn.Chain(a=nn.Dense(2)), b=nn.Dense(1))
    assert [row.name for row in nested.rows((3,))] == ["block.a", "b"]


def test_names_of_their_own():
    assert list(nn.Chain(nn.Dense(2), nn.relu, nn.Dense(3))) == ["dense1", "relu1", "dense2"]


def test_a_model_as_an_argument_is_not_trained():
    compiled = ad.compile(lambda model, params, x: model(params, x))
    params = MODEL.init(np.random.default_rng(0), (6, 6, 1))
    x = np.ones((1, 6, 6, 1), np.float32)
    for _ in range(2):
        np.testing.assert_allclose(compiled(MODEL, params, x), MODEL(params, x), atol=1e-6)


# Wrong shapes and options


PARAMS = MODEL.init(np.random.default_rng(0), (6, 6, 1))


class Shadow:
    start: float = 1.0

    def __call__(self, params, x):
        return x


def called(layer, shape, given, **more):
    return layer(layer.init(np.random.default_rng(0), shape), np.ones(given), **more)


def later(logits, labels):
    """A second call of a compiled loss, with other labels than it was traced with."""
    loss = ad.compile(nn.cross_entropy)
    loss(logits, LABELS)
    return loss(logits, labels)


REFUSED = {
    "a class": (lambda: nn.Chain(head=nn.Dense), ad.ArgumentError, r"Dense\(\.\.\.\)"),
    "a number": (lambda: nn.Chain(3), ad.ArgumentError, "a layer is an object"),
    "no such layer": (lambda: MODEL["pool2"], ad.ArgumentError, "its layers: conv1"),
    "no parameters": (lambda: MODEL({}, np.ones((1, 6, 6, 1))), ad.ArgumentError, "no 'conv1'"),
    "wrong channels": (lambda: MODEL(PARAMS, np.ones((1, 6, 6, 2))), ad.ShapeError, "channels"),
    "an image alone": (lambda: MODEL(PARAMS, np.ones((6, 6, 1))), ad.ShapeError, r"x\[None\]"),
    "wrong size": (lambda: MODEL(PARAMS, np.ones((1, 8, 8, 1))), ad.ShapeError, "36 inputs"),
    "norm of other channels": (
        lambda: nn.LayerNorm()(nn.LayerNorm().init(None, (3,)), np.ones((2, 4))), ad.ShapeError, "3 channels"
    ),
    "groups": (lambda: nn.GroupNorm(4).init(None, (6,)), ad.ArgumentError, "do not divide 6"),
    "heads": (lambda: nn.MultiHeadAttention(3).init(None, (2, 4)), ad.ArgumentError, "do not divide 4"),
    "momentum": (lambda: nn.BatchNorm(momentum=1.5), ad.ArgumentError, "momentum"),
    "rate": (lambda: nn.Dropout(1.0), ad.ArgumentError, "rate"),
    "pool of a word": (lambda: nn.max_pool(np.ones((1, 4, 4, 1)), padding="full"), ad.ArgumentError, "valid"),
    "pool of a large window": (lambda: nn.max_pool(np.ones((1, 4, 4, 1)), 5), ad.ShapeError, "shorter"),
    "pool of nothing": (lambda: nn.max_pool(np.ones((4, 4))), ad.ShapeError, "no spatial axis"),
    "residual": (
        lambda: nn.Residual(nn.Dense(3))({"inner": {"w": np.ones((2, 3)), "b": np.ones(3)}}, np.ones((1, 2))),
        ad.ShapeError, "shortcut",
    ),
    "labels of another shape": (
        lambda: nn.cross_entropy(LOGITS, LABELS[:, None]), ad.ShapeError, "targets of shape"
    ),
    "a column and a vector": (lambda: nn.squared_error(np.ones((3, 1)), np.ones(3)), ad.ShapeError, "spread"),
    "a class too many": (lambda: nn.cross_entropy(LOGITS, LABELS + 1), ad.OutOfBoundsError, "between 0 and 2"),
    "an option with the name of a method": (lambda: nn.layer(Shadow), ad.ArgumentError, "'start' is a method"),
    "no tuple": (lambda: MODEL.init(np.random.default_rng(0), 4), ad.ArgumentError, r"got 4: \(4,\)"),
    "a generator as a shape": (
        lambda: nn.Dense(2).init((4,), np.random.default_rng(0)), ad.ArgumentError, "is a tuple such as"
    ),
    "a seed as a generator": (lambda: nn.Dense(2).init(0, (4,)), ad.ArgumentError, r"default_rng\(0\)"),
    "examples without axes": (lambda: called(nn.Dense(2), (), ()), ad.ShapeError, r"x\[:, None\]"),
    "outputs": (lambda: nn.Dense(-1), ad.ArgumentError, "outputs is a whole number"),
    "half a channel": (lambda: nn.Conv(2.5), ad.ArgumentError, "channels is a whole number"),
    "no groups": (lambda: nn.Conv(2, groups=0), ad.ArgumentError, "groups is a whole number"),
    "groups of outputs": (lambda: nn.ConvTranspose(3, groups=2), ad.ArgumentError, "cannot be cut into 2"),
    "no heads": (lambda: nn.MultiHeadAttention(0), ad.ArgumentError, "heads is a whole number"),
    "inputs and outputs": (lambda: nn.Dense(3, 4), TypeError, "positional"),
    "inputs, outputs and a window": (lambda: nn.Conv(1, 8, 3), TypeError, "positional"),
    "sequences of other channels": (lambda: called(nn.LSTM(2), (3, 2), (1, 3, 4)), ad.ShapeError, "2 channels"),
    "a context of other channels": (
        lambda: called(nn.MultiHeadAttention(2), (3, 4), (1, 3, 4), context=np.ones((1, 3, 2))), ad.ShapeError,
        "the 4 channels",
    ),
    "no channels": (lambda: called(nn.DepthwiseConv(), (4, 4, 2), ()), ad.ShapeError, "one takes"),
    "no batch": (lambda: nn.flatten(np.float64(1)), ad.ShapeError, r"x\[None\]"),
    "no dict": (lambda: MODEL([1], np.ones((1, 6, 6, 1))), ad.ArgumentError, "a dict by the names"),
    "training without a state": (
        lambda: nn.BatchNorm().train(nn.BatchNorm().init(None, (2,)), np.ones((3, 2)), None), ad.ArgumentError,
        "model.start",
    ),
    "noise of another shape": (
        lambda: nn.Dropout().train({}, np.ones((2, 3)), None, np.ones((2, 4))), ad.ShapeError, "noise of shape"
    ),
    "a class below 0": (lambda: nn.cross_entropy(LOGITS, LABELS - 1), ad.OutOfBoundsError, "from -1 to 1"),
    "a class below 0 in a later call": (lambda: later(LOGITS, LABELS - 1), ad.OutOfBoundsError, "from -1 to 1"),
    "a thing below 0": (
        lambda: nn.Embedding(3, 2)({"w": np.ones((3, 2))}, np.array([-1])), ad.OutOfBoundsError, "between 0 and 2"
    ),
    "classes as floats": (lambda: nn.cross_entropy(LOGITS, LABELS * 1.0), ad.ShapeError, r"astype\(int\)"),
    "classes as texts": (lambda: nn.cross_entropy(LOGITS, LABELS.astype(str)), ad.DtypeError, "give numbers"),
    "rows of ones": (lambda: nn.cross_entropy(LOGITS, ONE_HOT.astype(int)), ad.ShapeError, r"astype\(float\)"),
    "weights of other classes": (
        lambda: nn.cross_entropy(LOGITS, LABELS, weights=np.ones(2)), ad.ShapeError, "one number for each class"
    ),
    "answers of -1 and 1": (
        lambda: nn.binary_cross_entropy(np.ones(4), 2 * YES - 1), ad.ArgumentError, "1 for yes"
    ),
    "complex targets": (lambda: nn.squared_error(YES, YES + 1j), ad.DtypeError, "complex128"),
    "a focus below 0": (lambda: nn.focal(np.ones(4), YES, gamma=-1), ad.ArgumentError, "gamma"),
    "a bias as a kernel": (lambda: nn.initializers.he_normal(None, (3,)), ad.ArgumentError, "zeros or ones"),
    "sequences": (lambda: nn.LSTM(2).init(np.random.default_rng(0), (3,)), ad.ShapeError, "times and channels"),
    "embedding smoothing": (lambda: nn.cross_entropy(LOGITS, LABELS, smoothing=2), ad.ArgumentError, "smoothing"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        call()


def test_an_error_names_the_layer():
    with pytest.raises(ad.ShapeError) as found:
        MODEL(PARAMS, np.ones((1, 8, 8, 1)))
    assert any("in the layer 'head'" in note for note in found.value.__notes__)


@pytest.mark.parametrize(
    ("made", "cure"), [(lambda: nn.Dense(3, 4), "nn.Dense(4)"), (lambda: nn.Conv(1, 8, 3), "nn.Conv(8)")]
)
def test_the_number_of_inputs_is_not_wanted(made, cure):
    with pytest.raises(TypeError, match="positional argument") as caught:
        made()
    assert caught.value.__notes__ == [f"Inputs follow from the data, and options have names: {cure}"]


@pytest.mark.parametrize("name", ["parameters", "forward", "state_dict", "apply", "fit"])
def test_a_model_says_what_other_libraries_names_are_here(name):
    model = nn.Chain(nn.Dense(2))
    assert not hasattr(model, name)
    with pytest.raises(ad.AbsentError, match=r"(?s)test_layers\.py.*Write .*(params|nn\.\w+)"):
        getattr(model, name)
