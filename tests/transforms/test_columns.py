"""Jacobians by few inputs: columns that are computed apart, each where it moves."""

import numpy as np
import pytest
from cases import CASES
from grid import weighted

import dragongrad as ad
from dragongrad.transforms import columns

rng = np.random.default_rng(7)


def towards(x, *ways):
    """From parameters to `x` moved along ways."""
    return lambda p: x + sum(p[k] * way for k, way in enumerate(ways))


def ways_of(case):
    """Two directions; in the second, half of the elements stay."""
    one, two = rng.normal(size=(2, *np.shape(case.x)))
    return one, np.where(rng.random(two.shape) < 0.5, two, 0.0)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_columns_are_pushforwards(case):
    ways = ways_of(case)
    path = towards(case.x, *ways)
    found = ad.jacfwd(lambda p: case.f(path(p)))(np.zeros(2))
    for k, way in enumerate(ways):
        np.testing.assert_allclose(found[..., k], ad.jvp(case.f, (case.x,), (way,))[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.second][::2])
def test_hessians_are_products(case):
    ways, total = ways_of(case), weighted(case.f)
    path = towards(case.x, *ways)
    found = ad.hessian(lambda p: total(path(p)))(np.zeros(2))
    assert found.shape == (2, 2)
    for k, way in enumerate(ways):
        product = ad.jacrev(lambda x: np.vdot(ad.grad(total)(x), way))(case.x)  # noqa: B023 - called at once
        np.testing.assert_allclose(found[k], [np.vdot(product, w) for w in ways], rtol=1e-8, atol=1e-9)


T = np.linspace(0.1, 3.0, 7)


def peaks(p):
    return p[0] * np.exp(-(((T - p[1]) / p[2]) ** 2)) + p[3] * np.sin(p[4] * T) + p[5]


def matrix(p):
    return np.array([[p[0], p[1] * p[2], 1.0], [p[2], 3.0, p[0]]])


def filled(p):
    out = np.zeros((3, 2), like=p)
    out[0] = p[:2]
    out[1:, 0] = p[2] * 2
    out[2] += p[[0, 0]]
    return out


def unpacked(p):
    a, b, c, *rest = p
    return np.stack([a * b, c, b - a]), {"sum": sum(rest), "constant": 2.0}


FUNCTIONS = {
    "scalars": peaks, "array of numbers": matrix, "buffer": filled, "nest": unpacked,
    "the inputs themselves": lambda p: p, "a part of them": lambda p: p[::-2],
    "reshaped": lambda p: p.reshape(2, 3).T,
    "none of them": lambda p: (np.sort(p[:0]), *np.linalg.qr(p[:0].reshape(0, 0))),
    "one of them": lambda p: p[3], "read twice": lambda p: p[[0, 0, 5]] * p[1], "a constant": lambda p: np.ones(3),
    "a matrix of them": lambda p: p.reshape(2, 3) @ np.ones(3), "no rows": lambda p: p[0] * np.ones((0, 2)),
    "a loop": lambda p: ad.scan(lambda c, x: (c * x + p[0], c), p[1], T.astype(p.dtype))[1],
    "several outputs": lambda p: np.linalg.qr(np.reshape(np.sin(p * np.arange(1, 7)), (3, 2)))[0],
    "complex": lambda p: np.exp(1j * p[0] * T) * p[1], "a condition": lambda p: p[0] if p[1] > 0 else p[2],
    "integers between": lambda p: np.floor(p[0] * T) * p[1] + p[2].astype(np.float32),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_columns_are_those_of_a_batch(f, dtype, monkeypatch):
    p = np.array([1.3, 0.7, 0.9, 1.1, 0.4, -0.6], dtype)
    found = ad.jacfwd(f)(p)
    monkeypatch.setattr(columns, "MOST", 0)
    expected = ad.jacfwd(f)(p)
    flat, others = [ad.core.nests.flatten(nest)[0] for nest in (found, expected)]
    assert len(flat) == len(others)
    for a, b in zip(flat, others, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


def test_a_column_is_computed_where_it_moves(monkeypatch):
    """Of six parameters each operation of a peak depends on one to three."""
    seen = []
    rule = columns._by_partials

    def counted(*args):
        out = rule(*args)
        seen.append(len(out))
        return out

    monkeypatch.setattr(columns, "_by_partials", counted)
    ad.jacfwd(peaks)(np.arange(1.0, 7.0))
    assert len(seen) >= 10
    assert sum(seen) <= 3 * len(seen)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        # What is 0 times infinity here is known by careful rules.
        (lambda p: np.log1p(np.exp(p[0])) * p[1], [[1.0, 800.0]]),
        (lambda p: np.where(p > 1e3, np.sqrt(p - 800), p), np.eye(2)),
        (lambda p: np.sqrt(p[0] - 800) * p[1], [[np.inf, 0.0]]),
        (lambda p: np.sqrt((p[0] - 800) * p[1]), [[np.inf, 0.0]]),
    ],
)
def test_doubtful_columns(f, expected):
    with np.errstate(all="ignore"):
        for found in (ad.jacfwd(f)(np.array([800.0, 1.0])), ad.jacobian(f, mode="reverse")(np.array([800.0, 1.0]))):
            np.testing.assert_allclose(np.atleast_2d(found), expected)


def test_of_several_arguments_and_with_aux():
    f = lambda a, b: (a["x"] * b[0] + b[1], {"seen": a["x"] * 2, "name": "f"})
    (found, aux) = ad.jacfwd(f, argnums=(0, 1), has_aux=True)({"x": np.array([1.0, 2.0])}, (3.0, 4.0))
    by_a, by_b = found
    np.testing.assert_array_equal(by_a["x"], 3 * np.eye(2))
    np.testing.assert_array_equal(by_b[0], [1.0, 2.0])
    np.testing.assert_array_equal(by_b[1], [1.0, 1.0])
    np.testing.assert_array_equal(aux["seen"], [2.0, 4.0])
    assert type(aux["seen"]) is np.ndarray


def test_within_other_transforms():
    """A Variable of an outer transform may come in by a closure."""
    p = np.array([0.3, 0.8])
    jacobian = lambda scale: ad.jacfwd(lambda p: np.sin(scale * p[0]) * p[1])(p)
    expected = np.array([p[1] * (np.cos(2 * p[0]) - 2 * p[0] * np.sin(2 * p[0])), np.cos(2 * p[0]) * p[0]])
    for derivative in (ad.jacfwd(jacobian), ad.jacrev(jacobian), ad.compile(ad.jacfwd(jacobian))):
        for _ in range(2):
            np.testing.assert_allclose(derivative(2.0), expected, rtol=1e-12)
    rows = ad.vmap(jacobian)(np.array([1.0, 2.0]))
    np.testing.assert_allclose(rows[1], jacobian(2.0), rtol=1e-14)


def test_a_variable_that_escaped_is_refused():
    kept = []
    ad.jacfwd(lambda p: kept.append(p) or p[0])(np.ones(2))
    with pytest.raises(ad.EscapedError):
        kept[0] + 1
