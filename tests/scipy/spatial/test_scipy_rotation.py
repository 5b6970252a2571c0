"""`dragongrad.scipy.spatial.transform`: rotations."""

import numpy as np
import pytest
import scipy.spatial.transform
from scipy_cases import SCIPY, case, properties

import dragongrad as ad
from dragongrad.scipy.spatial import transform
from dragongrad.scipy.spatial.transform import Rotation, Slerp
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(2)
VECTOR, OTHER, VECTORS = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=(3, 3))
QUAT, MATRIX = RNG.normal(size=4), RNG.normal(size=(3, 3)) * 0.2 + np.eye(3)
TURNED = scipy.spatial.transform.Rotation.from_rotvec([2.8, 0.9, -0.4]).as_matrix()
PLACES = np.array([0.0, 0.4, 2.5, 3.0])
ANGLES = np.array([0.4, -0.7, 1.1])

CASES = {
    "rotvec": case(lambda m, r: m.Rotation.from_rotvec(r).as_matrix(), VECTOR),
    "rotvecs": case(lambda m, r: m.Rotation.from_rotvec(r, degrees=True).as_quat(), 50 * VECTORS),
    "small": case(lambda m, r: m.Rotation.from_rotvec(r).as_rotvec(), 0.2 * VECTORS),
    "quat": case(lambda m, q: m.Rotation.from_quat(q).as_rotvec(), QUAT),
    "quat first": case(
        lambda m, q: m.Rotation.from_quat(q, scalar_first=True).as_quat(canonical=True, scalar_first=True), QUAT,
    ),
    "matrix": case(lambda m, a: m.Rotation.from_matrix(a).as_mrp(), MATRIX, since=(1, 15)),
    "matrix turned": case(lambda m, a: m.Rotation.from_matrix(a).as_quat(canonical=True), TURNED,
                          since=(1, 15)),
    "matrix as it is": case(lambda m, a: m.Rotation.from_matrix(a, assume_valid=True).as_rotvec(), MATRIX,
                            since=(1, 17)),
    "mrp": case(lambda m, p: m.Rotation.from_mrp(p).as_matrix(), VECTOR),
    "euler": case(lambda m, a: m.Rotation.from_euler("xyz", a).as_euler("ZXZ"), ANGLES),
    "euler turning": case(lambda m, a: m.Rotation.from_euler("YZX", a).as_euler("zyx", degrees=True), ANGLES),
    "euler one": case(lambda m, a: m.Rotation.from_euler("z", a[:, None], degrees=True).as_matrix(), ANGLES),
    "apply": case(lambda m, r, v: m.Rotation.from_rotvec(r).apply(v), VECTOR, VECTORS),
    "apply back": case(lambda m, r, v: m.Rotation.from_rotvec(r).apply(v, inverse=True), VECTORS, OTHER),
    "product": case(
        lambda m, r, s: (m.Rotation.from_rotvec(r) * m.Rotation.from_mrp(s).inv()).as_matrix(), VECTOR, OTHER,
    ),
    "magnitude": case(lambda m, r: m.Rotation.from_rotvec(r).magnitude(), VECTORS),
    "power": case(lambda m, r: (m.Rotation.from_rotvec(r) ** 0.3).as_rotvec(), VECTOR,
                  since=(1, 15)),
    "part": case(lambda m, r: m.Rotation.from_rotvec(r)[1:].as_matrix(), VECTORS),
    "slerp": case(
        lambda m, r: m.Slerp([0.0, 1.0, 3.0], m.Rotation.from_rotvec(r))(PLACES).as_rotvec(), VECTORS
    ),
}  # fmt: skip
globals().update(properties("spatial.transform", CASES))


@pytest.mark.parametrize("f", [
    lambda r: Rotation.from_rotvec(r).as_matrix(), lambda r: Rotation.from_rotvec(r).as_rotvec(),
    lambda r: Rotation.from_mrp(r).as_rotvec(),
    lambda r: Rotation.from_matrix(np.eye(3) + np.cross(r, np.eye(3))).as_mrp(),
    lambda r: (Rotation.from_rotvec(r) * Rotation.from_rotvec(2 * r).inv()).as_rotvec(),
])  # fmt: skip
def test_at_the_zero_rotation_it_is_smooth_to_the_third_order(f):
    check_derivatives(f, np.zeros(3))
    third = lambda t: f(t * VECTOR)
    for k in range(3):
        third = ad.derivative(third) if k else ad.jacfwd(third)
    assert np.isfinite(third(0.0)).all()
    # The forms are odd or even about zero, and meet the closed form beyond the series.
    np.testing.assert_allclose(third(0.24), third(0.2401), rtol=2e-2, atol=1e-3)


def test_a_rotation_is_a_nest_and_stands_beside_scipys():
    fixed = scipy.spatial.transform.Rotation.from_rotvec(OTHER)

    def turned(r):
        moving = Rotation.from_rotvec(r)
        # Before 1.17 SciPy's refuses a product with what it does not know.
        product = fixed * moving if SCIPY >= (1, 17) else Rotation(fixed.as_quat()) * moving
        return product.apply(VECTOR) + (moving * fixed).apply(VECTOR)

    check_derivatives(turned, VECTOR)
    slope = ad.grad(lambda r: r.apply(VECTOR)[0])(Rotation.from_rotvec(OTHER))
    assert isinstance(slope, Rotation)
    assert slope.quat.shape == (4,)


@pytest.mark.parametrize("index", [0, -1, slice(None, None, -1), [2, 0, 0], np.array([True, False, True])])
def test_parts_are_of_rotations(index):
    plain = scipy.spatial.transform.Rotation.from_rotvec(VECTORS)[index].as_matrix()
    check = lambda r: Rotation.from_rotvec(r)[index].as_matrix()
    np.testing.assert_allclose(ad.jvp(check, (VECTORS,), (VECTORS,))[0], plain, rtol=1e-12, atol=1e-12)
    check_derivatives(check, VECTORS)


def test_no_part_is_of_the_numbers_of_a_rotation():
    for index in (0, slice(None, None, -1)):
        with pytest.raises(TypeError, match=r"[Ss]ingle"):
            ad.jacobian(lambda r, index=index: Rotation.from_rotvec(r)[index].as_quat())(VECTOR)
    with pytest.raises(ad.NoRuleError, match=r"keeps its Variables(.|\n)*test_scipy_rotation"):
        ad.jacobian(lambda r: Rotation.from_rotvec(VECTORS).__setitem__(0, Rotation.from_rotvec(r)))(VECTOR)
    with pytest.raises(IndexError):
        ad.jacobian(lambda r: Rotation.from_rotvec(r)[:, 0].as_quat())(VECTORS)


def test_when_it_is_asked_by_a_variable():
    ends = Rotation.from_rotvec(VECTORS)
    check_derivatives(lambda t: Slerp([0.0, 1.0, 3.0], ends)(t).as_matrix(), np.array([0.3, 2.0]))


ZERO, LEFT = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]), np.diag([1.0, 1.0, -1.0])
WRONG = {
    "a zero quaternion": (lambda q: Rotation.from_quat(q).as_rotvec(), ZERO, "norm zero"),
    "the constructor": (lambda q: Rotation(q).as_matrix(), ZERO[1], "norm zero"),
    "NaN": (lambda q: Rotation.from_quat(q).as_matrix(), ZERO + np.nan, "norm zero"),
    "a left-handed matrix": (lambda m: Rotation.from_matrix(m).as_quat(), LEFT, "determinant"),
    "one of a stack": (lambda m: Rotation.from_matrix(m).as_quat(), np.stack([np.eye(3), LEFT]), "determinant"),
    "a matrix of another shape": (
        lambda m: Rotation.from_matrix(m).as_quat(),
        np.ones((2, 3)),
        r"\(\.\.\., 3, 3\)",
    ),
    "a sequence that is no string": (lambda a: Rotation.from_euler(3, a).as_quat(), ANGLES, "sequence"),
    "a modulus": (lambda r: pow(Rotation.from_rotvec(r), 2, 3).as_quat(), VECTOR, "modulus"),
    "no rotation": (lambda r: Rotation.concatenate([Rotation.from_rotvec(r), r]).as_quat(), VECTOR, "expected"),
    "slerp of no rotations": (lambda q: Slerp([0.0, 1.0], q)(0.5).as_quat(), ZERO, "expected"),
    "slerp of one": (lambda r: Slerp([0.0], Rotation.from_rotvec(r[:1]))(0.0).as_quat(), VECTORS, "two or more"),
    "times that fall": (lambda r: Slerp([0, 2, 1], Rotation.from_rotvec(r))(0.0).as_quat(), VECTORS, "increase"),
    "times of NaN": (lambda r: Slerp([0, np.nan, 1], Rotation.from_rotvec(r))(0.0).as_quat(), VECTORS, "increase"),
    "as many times": (lambda r: Slerp([0.0, 1.0], Rotation.from_rotvec(r))(0.0).as_quat(), VECTORS, "as many"),
    "outside": (lambda r: Slerp([0, 1, 2], Rotation.from_rotvec(r))([np.nan]).as_quat(), VECTORS, "outside"),
    "times with two axes": (
        lambda r: Slerp([0, 1, 2], Rotation.from_rotvec(r))([[0.5]]).as_quat(),
        VECTORS,
        "vector",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_rotation_is_refused(name):
    f, x, words = WRONG[name]
    for g, given in ((ad.jacobian(f), x), (ad.vmap(f), x[None])):
        with pytest.raises(ad.ArgumentError, match=rf"{words}(.|\n)*test_scipy_rotation"):
            g(given)


def test_compiled_code_refuses_it_too():
    for f, good, bad in (
        (lambda q: np.sum(Rotation.from_quat(q).as_rotvec()), QUAT, ZERO[1]),
        (lambda m: np.sum(Rotation.from_matrix(m).as_quat()), MATRIX, LEFT),
        (
            lambda t: np.sum(Slerp([0, 1, 2], Rotation.from_rotvec(VECTORS))(t).as_quat()),
            np.array(0.5),
            np.array(3.0),
        ),
    ):
        compiled = ad.compile(ad.grad(f))
        np.testing.assert_allclose(compiled(good), ad.grad(f)(good))
        with pytest.raises(ad.ArgumentError):
            compiled(bad)


def test_half_turns_and_products_with_numbers():
    turns = np.array([[-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, -0.0], [0.0, 0.6, 0.8, 0.0], [0.0, 0.0, 0.0, -1.0]])
    for name, options in (("as_quat", {"canonical": True}), ("as_rotvec", {})):
        plain = getattr(scipy.spatial.transform.Rotation.from_quat(turns), name)(**options)
        f = lambda q, name=name, options=options: getattr(Rotation.from_quat(q), name)(**options)
        np.testing.assert_allclose(ad.jvp(f, (turns,), (turns,))[0], plain, atol=1e-15)
    for product in (lambda r: Rotation.from_rotvec(r) * 2.0, lambda r: 2.0 * Rotation.from_rotvec(r)):
        with pytest.raises(TypeError, match="Rotation"):
            ad.jacobian(product)(VECTOR)


def test_what_has_no_derivative_is_an_error_that_names_the_line():
    with pytest.raises(ad.NoRuleError, match=r"gimbal lock(.|\n)*test_scipy_rotation"):
        ad.jacobian(lambda a: Rotation.from_euler("xyz", a).as_euler("xyz"))(np.array([0.1, np.pi / 2, 0.2]))
    with pytest.raises(ad.ArgumentError, match=r"sequence(.|\n)*test_scipy_rotation"):
        ad.jacobian(lambda a: Rotation.from_euler("xxz", a).as_quat())(ANGLES)
    with pytest.raises(ad.ArgumentError, match="last axis"):
        ad.jacobian(lambda a: Rotation.from_rotvec(a).as_quat())(QUAT)
    with pytest.raises(ad.ArgumentError, match="last axis"):
        ad.jacobian(lambda a: Rotation.from_euler("x", a).as_quat())(VECTORS)
    with pytest.raises(ad.AbsentError, match="of Variables has no 'reduce'"):
        ad.jacobian(lambda a: Rotation.from_rotvec(a).reduce())(VECTOR)
    with pytest.raises(ad.ArgumentError, match="outside"):
        ad.grad(lambda t: Slerp([0.0, 1.0], Rotation.from_rotvec(VECTORS[:2]))(t).as_quat()[0])(2.0)


def _of_classes(m):
    """What the classes without derivatives give of plain arrays."""
    spline = m.RotationSpline([0.0, 1.0, 2.0], m.Rotation.from_rotvec(np.eye(3)))
    found = [spline(0.5).as_rotvec(), spline([0.1, 0.2], 1), spline.TOL]
    if hasattr(scipy.spatial.transform, "RigidTransform"):
        turned = m.Rotation.from_rotvec([0.0, 0.0, 1.0])
        moved = m.RigidTransform.from_components(np.array([1.0, 2.0, 3.0]), turned)
        both = m.RigidTransform.concatenate([moved, moved.inv()])
        found += [(moved * both[1]).as_matrix(), (moved**2).apply(np.ones(3)), moved.rotation.as_quat(), len(both)]
    return found


def test_classes_without_derivatives_are_classes():
    for found, expected in zip(_of_classes(transform), _of_classes(scipy.spatial.transform), strict=True):
        np.testing.assert_array_equal(found, expected)
    turns = lambda v: transform.Rotation.from_rotvec(np.outer([1.0, 2.0], v))
    for f in (
        lambda v: transform.RotationSpline([0.0, 1.0], turns(v))(0.5).as_rotvec(),
        lambda v: transform.RotationSpline([0.0, 1.0], turns(np.ones(3)))(v[0]).as_rotvec(),
    ):
        with pytest.raises(ad.NoRuleError, match=r"RotationSpline(.|\n)*test_scipy_rotation(.|\n)*(Take|Pass)"):
            ad.jacobian(f)(np.ones(3))


def test_an_error_of_a_rotation_looks_through_names_as_they_stand():
    """It is restated while a transform runs, whose namespace is among what it looks through."""
    turned = lambda p: Rotation.from_rotvec(1.0).apply(p)
    with pytest.raises((ad.DragongradError, ValueError), match="shape"):
        ad.jvp(turned, (np.ones(3),), (np.ones(3),))
