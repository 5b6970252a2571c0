"""Arguments of several shapes, of none and of float32, and the ends of the domains."""

import numpy as np
import pytest
from grid import BACKENDS
from scipy import special

import dragongrad as ad

# Functions of each kind, with the arguments that have a derivative.
KINDS = {
    "xlogy": (special.xlogy, (0, 1)),
    "gammainc": (special.gammainc, (0, 1)),
    "gammaincinv": (lambda a, x: special.gammaincinv(a, x / 3), (0, 1)),
    "betainc": (lambda a, x: special.betainc(a, 2.5, x / 3), (0, 1)),
    "stdtr": (special.stdtr, (0, 1)),
    "beta": (special.beta, (0, 1)),
    "zeta": (lambda a, x: special.zeta(a + 1, x), (0, 1)),
    "jv": (special.jv, (0, 1)),
    "kv": (special.kv, (0, 1)),
    "iv": (special.iv, (0, 1)),
    "genlaguerre": (lambda a, x: special.eval_genlaguerre(3, a, x), (0, 1)),
    "ellipj": (lambda a, x: special.ellipj(x, a / 3)[1], (0, 1)),
    "elliprd": (lambda a, x: special.elliprd(a, 1.0, x), (0, 1)),
    "airy": (lambda a, x: special.airy(x)[2] * a, (0, 1)),
    "voigt": (lambda a, x: special.voigt_profile(x, a, 0.5), (0, 1)),
    "pbdv": (lambda a, x: special.pbdv(1.5, x)[0] * a, (0, 1)),
}
SHAPES = [((3, 1), (2,)), ((), (2, 2)), ((2,), ()), ((0,), ()), ((1, 0), (3, 1)), ((1,), (1,))]
kinds = pytest.mark.parametrize("kind", KINDS)


def points(shape, low, rng):
    return rng.uniform(low, low + 1.0, shape)


@kinds
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcast_arguments_have_the_sums_of_their_slopes(kind, shapes, rng):
    f, _ = KINDS[kind]
    a, x = points(shapes[0], 1.1, rng), points(shapes[1], 0.6, rng)
    full = np.broadcast_shapes(*shapes)
    weights = rng.normal(size=full)
    found = ad.grad(lambda a, x: np.sum(weights * f(a, x)), (0, 1))(a, x)
    wide = [np.broadcast_to(v, full) + 0.0 for v in (a, x)]
    spread = ad.grad(lambda a, x: np.sum(weights * f(a, x)), (0, 1))(*wide)
    for one, all_of_it, v in zip(found, spread, (a, x), strict=True):
        assert np.shape(one) == np.shape(v)
        extra = tuple(range(len(full) - np.ndim(v)))
        summed = np.sum(all_of_it, axis=extra)
        thin = tuple(i for i, n in enumerate(np.shape(v)) if n == 1)
        np.testing.assert_allclose(one, np.sum(summed, axis=thin, keepdims=True).reshape(np.shape(v)), rtol=1e-11)


@kinds
def test_batches_of_one_argument(kind, rng):
    f, _ = KINDS[kind]
    a, x = points((), 1.1, rng), points((4,), 0.6, rng)
    for axes in ((None, 0), (0, None), (0, 0)):
        args = [np.stack([v, v + 0.1, v + 0.2]) if axis == 0 else v for v, axis in zip((a, x), axes, strict=True)]
        slope = ad.jacobian(f, (0, 1))
        found = ad.vmap(slope, in_axes=axes)(*args)
        for k in range(3):
            row = [v[k] if axis == 0 else v for v, axis in zip(args, axes, strict=True)]
            for one, expected in zip(found, slope(*row), strict=True):
                np.testing.assert_allclose(one[k], expected, rtol=1e-11)


@kinds
def test_float32_stays(kind, rng):
    f, _ = KINDS[kind]
    a, x = (points(3, low, rng).astype(np.float32) for low in (1.1, 0.6))
    narrow = f(a, x).dtype
    for slope, wide in zip(
        ad.grad(lambda a, x: np.sum(f(a, x)), (0, 1))(a, x),
        ad.grad(lambda a, x: np.sum(f(a, x)), (0, 1))(a.astype(float), x.astype(float)),
        strict=True,
    ):
        assert slope.dtype == np.float32
        np.testing.assert_allclose(slope, wide, rtol=2e-4, atol=1e-5)
    assert ad.jvp(f, (a, x), (a, x))[1].dtype == narrow


# Where SciPy's own loops for float32 do not end, they are those of float64.
@pytest.mark.parametrize(("name", "args"), [("pro_ang1", (1, 2, 1.5, 0.3)), ("obl_rad1", (1, 2, 1.5, 1.3))])
def test_spheroidal_functions_have_single_precision(name, args):
    fn, (*rest, c, x) = getattr(special, name), args
    c, at = np.float32(c), np.array([x, x], np.float32)
    f = lambda x: fn(*rest, c, x)
    value, dot = ad.jvp(f, (at,), (np.ones_like(at),))
    assert [v.dtype for v in (*value, *dot)] == [np.float32] * 4
    np.testing.assert_allclose(value, np.stack(fn(*args))[:, None] * np.ones(2), rtol=1e-6)
    np.testing.assert_allclose(dot[0], value[1], rtol=1e-6)
    assert ad.hessian(lambda x: np.sum(f(x)[0]))(at).dtype == np.float32
    assert [v.dtype for v in ad.vmap(f)(at[None])] == [np.float32] * 2


@pytest.mark.parametrize("backend", BACKENDS)
@kinds
def test_second_derivatives_are_compiled(kind, backend, rng):
    f, _ = KINDS[kind]
    args = points((), 1.1, rng), points(2, 0.6, rng)
    hessian = ad.hessian(lambda a, x: np.sum(f(a, x)), 1)
    compiled = ad.compile(hessian, backend=backend)
    for _ in range(2):
        np.testing.assert_allclose(compiled(*args), hessian(*args), rtol=1e-9, atol=1e-12)


ENDS = [
    (special.xlogy, (0.0, 0.0), 1, 0.0),
    (special.xlogy, (0.0, 2.0), 0, np.log(2)),
    (special.entr, (0.0,), 0, np.inf),
    (special.rel_entr, (0.0, 1.0), 1, 0.0),
    (special.gammainc, (2.0, 0.0), 1, 0.0),
    (special.gammainc, (1.0, 0.0), 1, 1.0),
    (special.gammainc, (2.0, 0.0), 0, 0.0),
    (special.gammainc, (2.0, np.inf), 0, 0.0),
    (special.gammainc, (2.0, np.inf), 1, 0.0),
    (special.chdtr, (2.0, np.inf), 1, 0.0),
    (special.gdtr, (1.0, 2.0, np.inf), 0, 0.0),
    (special.fdtr, (2.0, 3.0, np.inf), 0, 0.0),
    (special.fdtr, (2.0, 3.0, np.inf), 2, 0.0),
    (special.stdtr, (2.0, -np.inf), 0, 0.0),
    (special.stdtr, (2.0, np.inf), 1, 0.0),
    (special.betainc, (1.0, 3.0, 0.0), 2, 3.0),
    (special.betainc, (2.0, 1.0, 1.0), 2, 2.0),
    (special.betainc, (2.0, 1.0, 1.0), 0, 0.0),
    (special.stdtr, (3.0, 0.0), 0, 0.0),
    (special.chndtr, (3.0, 2.0, 0.0), 0, 0.5 * np.exp(-1.5)),
    (special.huber, (1.0, 1.0), 1, 1.0),
    (special.pseudo_huber, (0.0, 2.0), 0, 2.0),
    (special.boxcox, (0.0, 2.0), 1, 0.25),
    (special.rgamma, (0.0,), 0, 1.0),
    (special.rgamma, (-2.0,), 0, 2.0),
    (special.voigt_profile, (1.0, 0.0, 1.0), 1, 0.0),
    (special.j1, (0.0,), 0, 0.5),
    (special.i1, (0.0,), 0, 0.5),
    (special.expit, (-800.0,), 0, 0.0),
    (special.log_ndtr, (-1e10,), 0, 1e10),
    (special.log_ndtr, (50.0,), 0, 0.0),
    (special.ellipk, (0.0,), 0, np.pi / 8),
    (special.kolmogorov, (0.0,), 0, 0.0),
    (special.binom, (-1 + 1e-9, 2.3), 0, 2.5751812196646138e17),
    (special.jv, (1.5, 0.0), 0, 0.0),
    (special.ive, (2.0, 0.0), 0, 0.0),
    (special.jv, (0.0, 0.0), 0, np.nan),
    (special.agm, (0.0, 1.0), 0, np.inf),
    (special.agm, (0.0, 1.0), 1, 0.0),
    (special.agm, (1e-300, 1.0), 1, 0.002266127472157885),
    (special.agm, (1e-300, 1.0), 0, 3.2787219999365106e294),
    (special.agm, (1e200, 1e200), 1, 0.5),
    (special.tklmbda, (3.0, 0.5), 0, 0.0),
    (special.gammainc, (np.nan, 1.0), 0, np.nan),
]


@pytest.mark.parametrize(("fn", "args", "which", "expected"), ENDS, ids=lambda v: getattr(v, "__name__", None))
def test_ends_of_the_domain(fn, args, which, expected):
    with np.errstate(all="ignore"):
        slope = ad.grad(fn, which)(*args)
        forward = ad.jvp(lambda t: fn(*args[:which], t, *args[which + 1 :]), (args[which],), (1.0,))[1]
    np.testing.assert_allclose(slope, expected, rtol=1e-9)
    np.testing.assert_allclose(forward, expected, rtol=1e-9)


def test_a_branch_that_is_not_taken_gives_no_nan():
    f = lambda x: np.sum(
        np.where(x > 0, special.entr(x), 0.0) + np.where(x < 1, special.logit(np.maximum(x, 0.1)), 0.0)
    )
    with np.errstate(all="ignore"):
        assert np.all(np.isfinite(ad.grad(f)(np.array([-1.0, 0.0, 0.5, 1.0]))))
