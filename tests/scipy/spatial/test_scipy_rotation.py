"""`dragongrad.scipy.spatial.transform`: rotations."""

import numpy as np
import pytest
import scipy.spatial.transform
from scipy_cases import case, properties

import dragongrad as ad
from dragongrad.scipy.spatial.transform import Rotation, Slerp
from dragongrad.testing import check_derivatives

RNG = np.random.default_rng(2)
VECTOR, OTHER, VECTORS = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=(3, 3))
QUAT, MATRIX = RNG.normal(size=4), RNG.normal(size=(3, 3)) * 0.2 + np.eye(3)
TURNED = scipy.spatial.transform.Rotation.from_rotvec([2.8, 0.9, -0.4]).as_matrix()
PLACES = np.array([0.0, 0.4, 2.5, 3.0])
ANGLES = np.array([0.4, -0.7, 1.1])

CASES = {
    "rotvec": case(lambda m, r: m.Rotation.from_rotvec(r).as_matrix(), VECTOR, single=False),
    "rotvecs": case(lambda m, r: m.Rotation.from_rotvec(r, degrees=True).as_quat(), 50 * VECTORS, single=False),
    "small": case(lambda m, r: m.Rotation.from_rotvec(r).as_rotvec(), 0.2 * VECTORS, single=False),
    "quat": case(lambda m, q: m.Rotation.from_quat(q).as_rotvec(), QUAT, single=False),
    "quat first": case(
        lambda m, q: m.Rotation.from_quat(q, scalar_first=True).as_quat(canonical=True, scalar_first=True), QUAT,
        single=False,
    ),
    "matrix": case(lambda m, a: m.Rotation.from_matrix(a).as_mrp(), MATRIX, single=False, since=(1, 15)),
    "matrix turned": case(lambda m, a: m.Rotation.from_matrix(a).as_quat(canonical=True), TURNED, single=False),
    "mrp": case(lambda m, p: m.Rotation.from_mrp(p).as_matrix(), VECTOR, single=False),
    "euler": case(lambda m, a: m.Rotation.from_euler("xyz", a).as_euler("ZXZ"), ANGLES, single=False),
    "euler turning": case(lambda m, a: m.Rotation.from_euler("YZX", a).as_euler("zyx", degrees=True), ANGLES,
                          single=False),
    "euler one": case(lambda m, a: m.Rotation.from_euler("z", a[:, None], degrees=True).as_matrix(), ANGLES,
                      single=False),
    "apply": case(lambda m, r, v: m.Rotation.from_rotvec(r).apply(v), VECTOR, VECTORS, single=False),
    "apply back": case(lambda m, r, v: m.Rotation.from_rotvec(r).apply(v, inverse=True), VECTORS, OTHER,
                       single=False),
    "product": case(
        lambda m, r, s: (m.Rotation.from_rotvec(r) * m.Rotation.from_mrp(s).inv()).as_matrix(), VECTOR, OTHER,
        single=False,
    ),
    "magnitude": case(lambda m, r: m.Rotation.from_rotvec(r).magnitude(), VECTORS, single=False),
    "power": case(lambda m, r: (m.Rotation.from_rotvec(r) ** 0.3).as_rotvec(), VECTOR, single=False,
                  since=(1, 15)),
    "part": case(lambda m, r: m.Rotation.from_rotvec(r)[1:].as_matrix(), VECTORS, single=False),
    "slerp": case(
        lambda m, r: m.Slerp([0.0, 1.0, 3.0], m.Rotation.from_rotvec(r))(PLACES).as_rotvec(), VECTORS, single=False
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
        return (fixed * moving).apply(VECTOR) + (moving * fixed).apply(VECTOR)

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
        with pytest.raises(TypeError, match="single"):
            ad.jacobian(lambda r, index=index: Rotation.from_rotvec(r)[index].as_quat())(VECTOR)
    with pytest.raises(IndexError):
        ad.jacobian(lambda r: Rotation.from_rotvec(r)[:, 0].as_quat())(VECTORS)


def test_when_it_is_asked_by_a_variable():
    ends = Rotation.from_rotvec(VECTORS)
    check_derivatives(lambda t: Slerp([0.0, 1.0, 3.0], ends)(t).as_matrix(), np.array([0.3, 2.0]))


def test_what_has_no_derivative_is_an_error_that_names_the_line():
    with pytest.raises(ad.NoRuleError, match=r"gimbal lock(.|\n)*test_scipy_rotation"):
        ad.jacobian(lambda a: Rotation.from_euler("xyz", a).as_euler("xyz"))(np.array([0.1, np.pi / 2, 0.2]))
    with pytest.raises(ad.ArgumentError, match=r"sequence(.|\n)*test_scipy_rotation"):
        ad.jacobian(lambda a: Rotation.from_euler("xxz", a).as_quat())(ANGLES)
    with pytest.raises(ad.ArgumentError, match="last axis"):
        ad.jacobian(lambda a: Rotation.from_rotvec(a).as_quat())(QUAT)
    with pytest.raises(ad.ArgumentError, match="last axis"):
        ad.jacobian(lambda a: Rotation.from_euler("x", a).as_quat())(VECTORS)
    with pytest.raises(ad.AbsentError, match="as_matrix"):
        ad.jacobian(lambda a: Rotation.from_rotvec(a).reduce())(VECTOR)
    with pytest.raises(ad.ArgumentError, match="outside"):
        ad.grad(lambda t: Slerp([0.0, 1.0], Rotation.from_rotvec(VECTORS[:2]))(t).as_quat()[0])(2.0)
