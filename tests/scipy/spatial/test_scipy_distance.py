"""`dragongrad.scipy.spatial.distance`: a table of cases times the properties that all of them have."""

import numpy as np
import pytest
import scipy.spatial.distance
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy.spatial import distance
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(10)
A, B = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 3))
U, V = RNG.normal(size=3), RNG.normal(size=3)
W = np.array([0.5, 1.5, 2.0])
VI = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])
ALONE = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "canberra", "braycurtis", "jensenshannon")
PLAIN = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation", "canberra", "braycurtis")

CASES = {
    f"cdist {name}": case(lambda m, a, b, n=name: m.cdist(a, b, n), A, B)
    for name in (*PLAIN, "minkowski", "seuclidean", "mahalanobis")
} | {
    f"pdist {name}": case(lambda m, a, n=name: m.pdist(a, n), A) for name in (*PLAIN, "seuclidean")
} | {
    name: case(lambda m, u, v, n=name: np.multiply(1.0, getattr(m, n)(u, v)), U, V) for name in PLAIN
} | {
    f"{name} weights": case(lambda m, u, v, w, n=name: np.multiply(1.0, getattr(m, n)(u, v, w)), U, V, W)
    for name in PLAIN if name != "chebyshev"
} | {
    "cdist weights": case(lambda m, a, b, w: m.cdist(a, b, "euclidean", w=w), A, B, W),
    "cdist minkowski 3": case(lambda m, a, b, w: m.cdist(a, b, "minkowski", p=3, w=w), A, B, W),
    "minkowski": case(lambda m, u, v, w: m.minkowski(u, v, 1.5, w), U, V, W),
    "seuclidean": case(lambda m, u, v, w: m.seuclidean(u, v, w), U, V, W),
    "mahalanobis": case(lambda m, u, v, w: m.mahalanobis(u, v, w), U, V, VI),
    "jensenshannon": case(lambda m, u, v: m.jensenshannon(u, v, base=2), U**2, V**2),
    "jensenshannon of a stack": case(lambda m, a, v: m.jensenshannon(a, v), A[:3] ** 2 + 0.5, V**2),
    "jensenshannon axis": case(
        lambda m, a, v: m.jensenshannon(a, v, axis=-1, keepdims=True), A**2 + 0.5, V**2
    ),
    "cdist jensenshannon": case(lambda m, a, b: m.cdist(a, b, "jensenshannon"), A**2 + 0.5, B**2 + 0.5),
    "cdist of one's own": case(lambda m, a, b: m.cdist(a, b, lambda u, v: np.sum((u - v) ** 4)), A, B),
    "one beside many": case(
        lambda m, u, v: [np.multiply(1.0, getattr(m, n)(u, v)) for n in ALONE], U[:1] ** 2, V**2,
    ),
    "jensenshannon base of a stack": case(lambda m, a, v: m.jensenshannon(a, v, base=2.0), A[:3] ** 2 + 0.5, V**2),
    "squareform": case(lambda m, d: m.squareform(d) ** 2, RNG.random(6)),
    "squareform of a matrix": case(lambda m, a: m.squareform(a + a.T, checks=False), A[:3] * (1 - np.eye(3))),
}  # fmt: skip
globals().update(properties("spatial.distance", CASES))


@pytest.mark.parametrize("name", ["euclidean", "cityblock", "chebyshev", "mahalanobis"])
def test_at_a_distance_of_zero_the_derivative_is_zero(name):
    options = {"VI": VI} if name == "mahalanobis" else {}
    bars = ad.grad(lambda a: np.sum(distance.cdist(a, a, name, **options)))(A)
    assert np.all(np.isfinite(bars))
    check_derivatives(lambda a: distance.cdist(a, a, name, **options)[0, 1:], A, order=1)
    np.testing.assert_array_equal(
        ad.grad(lambda u: distance.cdist(u[None], U[None], name, **options)[0, 0])(U), 0.0
    )


@pytest.mark.parametrize("name", ["sqeuclidean", "cosine", "euclidean", "minkowski", "jensenshannon"])
def test_two_vectors_keep_their_precision_as_scipys_do(name):
    u, v = np.float32([0.5, 1.5, 2.5]), np.float32([1.0, 0.25, 2.0])
    want = getattr(scipy.spatial.distance, name)(u, v)
    value, slope = ad.jvp(lambda u: getattr(distance, name)(u, v), (u,), (u,))
    assert value.dtype == np.asarray(want).dtype
    assert type(slope) is type(value)
    assert value == pytest.approx(want, rel=1e-6)


def test_parts_that_are_zero_move_nothing_else():
    p, q = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    slopes = ad.grad(distance.jensenshannon, (0, 1))(p, q)
    assert slopes[0].tolist() == [0.0, -np.inf]
    forward = [ad.jvp(lambda p: distance.jensenshannon(p, q), (p,), (way,))[1] for way in np.eye(2)]
    assert forward == [0.0, -np.inf]
    assert slopes[1] == pytest.approx([-0.295643, 0.295643], rel=1e-5)


def test_single_vectors_and_none():
    assert ad.grad(lambda a: np.sum(distance.pdist(a)))(A[:1]).tolist() == [[0.0, 0.0, 0.0]]
    assert ad.jvp(distance.squareform, (np.zeros(0),), (np.zeros(0),))[0].shape == (1, 1)


@pytest.mark.parametrize(("f", "error"), [
    (lambda a: distance.cdist(a, B, "hamming"), ad.NoRuleError),
    (lambda a: distance.cdist(a, B[:, :2]), ad.ShapeError),
    (lambda a: distance.cdist(a, B, "cosine", p=3), ad.ArgumentError),
    (lambda a: distance.pdist(a[0]), ad.ShapeError),
    (lambda a: distance.cosine(a[0], a[0, :1]), ad.ShapeError),
    (lambda a: distance.seuclidean(a[0], a[1], a[0, :1] ** 2), ad.ShapeError),
    (lambda a: distance.correlation(a[0], a[1], np.ones(1)), ad.ShapeError),
    (lambda a: distance.cityblock(a[0], a[1], -a[0] ** 2), ad.ArgumentError),
    (lambda a: distance.minkowski(a[0], a[1], -1), ad.ArgumentError),
    (lambda a: distance.euclidean(a, a), ad.ShapeError),
    (lambda a: distance.squareform(a[0, :2]), ad.ShapeError),
    (lambda a: distance.hamming(a[0], a[1]), ad.NoRuleError),
])  # fmt: skip
def test_what_cannot_be_is_an_error_that_names_the_line(f, error):
    with pytest.raises(error, match="test_scipy_distance"):
        ad.jvp(f, (A,), (A,))


def test_the_other_names_of_the_part():
    with pytest.raises(ad.AbsentError, match=r"scipy\.spatial\.KDTree"):
        _ = ad.scipy.spatial.KDTree


def test_a_difference_without_length():
    flat = np.diag([1.0, 0.0])
    f = lambda u: distance.mahalanobis(u, np.zeros(2), flat)
    assert ad.jvp(f, (np.array([0.0, 3.0]),), (np.ones(2),)) == (0.0, 0.0)
    assert distance.mahalanobis(np.array([0.0, 3.0]), np.zeros(2), flat) == 0.0
