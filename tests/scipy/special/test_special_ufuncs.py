"""Every ufunc of SciPy's has a rule or a reason; what has none says why, and where."""

import numpy as np
import pytest
from scipy import special
from special_cases import ALL

import dragongrad as ad
from dragongrad.core.block import TABLE, UNSUPPORTED
from dragongrad.scipy.special.verbs import RULES

NAMES = sorted(name for name in special.__all__ if isinstance(getattr(special, name), np.ufunc))
PROLATE, OBLATE = special.pro_cv(1, 2, 1.5), special.obl_cv(1, 2, 1.5)
# Their slopes are compared with differences below: mpmath lacks them, or is not needed for a sine.
BY_DIFFERENCES = {
    "airye": (-2.0,), "berp": (2.0,), "beip": (2.0,), "kerp": (2.0,), "keip": (2.0,), "kelvin": (2.0,),
    "modfresnelp": (0.7,), "modfresnelm": (0.7,), "smirnov": (5, 0.3), "smirnovi": (5, 0.3), "pbvv": (0.5, 0.7),
    "pbwa": (0.5, 0.7), "hankel1": (1.5, 2.0), "hankel2": (1.5, 2.0), "hankel1e": (1.5, 2.0),
    "hankel2e": (1.5, 2.0),
    "log_wright_bessel": (0.5, 1.2, 0.3), "ndtri_exp": (-3.0,), "wofz": (0.3,), "mathieu_cem": (2, 1.5, 33.0),
    "mathieu_sem": (2, 1.5, 33.0), "mathieu_modcem1": (2, 1.5, 0.3), "mathieu_modcem2": (2, 1.5, 0.3),
    "mathieu_modsem1": (2, 1.5, 0.3), "mathieu_modsem2": (2, 1.5, 0.3), "pro_ang1": (1, 2, 1.5, 0.3),
    "pro_rad1": (1, 2, 1.5, 1.3), "obl_ang1": (1, 2, 1.5, 0.3), "obl_rad1": (1, 2, 1.5, 1.3),
    "pro_ang1_cv": (1, 2, 1.5, PROLATE, 0.3), "pro_rad1_cv": (1, 2, 1.5, PROLATE, 1.3),
    "obl_ang1_cv": (1, 2, 1.5, OBLATE, 0.3), "obl_rad1_cv": (1, 2, 1.5, OBLATE, 1.3),
    "nctdtrit": (3.0, 0.5, 0.7), "nctdtridf": (0.7, 0.5, 1.2), "nctdtrinc": (3.0, 0.7, 1.2),
    "ncfdtri": (3.0, 5.0, 1.0, 0.6),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_ufunc_has_an_entry(name):
    ad.grad(special.expit)(0.0)
    fn = getattr(special, name)
    assert (fn in TABLE) != (fn in UNSUPPORTED)
    known = {rule for rule in RULES if getattr(special, rule, None) is fn}
    assert known
    if any(RULES[rule].state == "Block" for rule in known):
        tested = {case.name for case in ALL} | set(BY_DIFFERENCES)
        assert any(getattr(special, one, None) is fn for one in tested), f"{name} has no case"


@pytest.mark.parametrize("name", sorted(BY_DIFFERENCES))
def test_slopes_are_differences(name):
    fn, (*rest, x) = getattr(special, name), BY_DIFFERENCES[name]
    step = 1e-4
    value = lambda t: np.stack(np.atleast_1d(fn(*rest, t)))
    found = np.stack(np.atleast_1d(ad.jvp(lambda t: fn(*rest, t), (x,), (1.0,))[1]))
    near, far = (value(x + step) - value(x - step)) / 2, (value(x + 2 * step) - value(x - 2 * step)) / 4
    assert np.allclose(
        found, (4 * near - far) / 3 / step, rtol=3e-7, atol=1e-9 * np.nanmax(np.abs(found)), equal_nan=True
    )


@pytest.mark.parametrize(
    ("name", "args", "which"),
    [("struve", (1.0, 2.0), 0), ("eval_legendre", (2.0, 0.3), 0),
     ("pbdv", (0.5, 0.3), 0), ("smirnov", (3.0, 0.2), 0),
     ("wright_bessel", (1.0, 2.0, 0.4), 1), ("expn", (2.0, 0.3), 0)],
)  # fmt: skip
def test_orders_are_constants(name, args, which):
    fn = getattr(special, name)
    first = (lambda *a: fn(*a)[0]) if fn.nout > 1 else fn
    for run in (
        lambda: ad.grad(first, which)(*args),
        lambda: ad.jvp(lambda v: first(*args[:which], v, *args[which + 1 :]), (args[which],), (1.0,)),
    ):
        with pytest.raises(
            ad.NoRuleError, match=rf"special\.{name} has no derivative by its argument(.|\n)*test_special"
        ):
            run()
    # Under transforms that differentiate nothing they are arguments like others.
    assert np.allclose(ad.vmap(first)(*[np.array([a, a]) for a in args]), first(*args))


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n.startswith(("ncfdtridf", "chndtridf", "mathieu_a", "pro_cv", "obl_rad2"))]
)
def test_what_has_no_rule_says_why(name):
    fn = getattr(special, name)
    with pytest.raises(ad.NoRuleError, match=r"has no derivative rule: (it is|what)(.|\n)*test_special"):
        ad.grad(lambda x: np.sum(fn(*[x] * fn.nin)))(0.5)


@pytest.mark.parametrize(
    ("inverse", "whole", "args", "place"),
    [("nctdtrit", "nctdtr", (3.0, 0.5, 1.2), 2), ("nctdtridf", "nctdtr", (3.0, 0.5, 1.2), 0),
     ("nctdtrinc", "nctdtr", (3.0, 0.5, 1.2), 1), ("ncfdtri", "ncfdtr", (3.0, 5.0, 1.0, 1.2), 3),
     ("ncfdtrinc", "ncfdtr", (3.0, 5.0, 1.0, 1.2), 2)],
)  # fmt: skip
def test_noncentral_inverses_undo_what_they_invert(inverse, whole, args, place):
    # SciPy puts the probability where the argument was, and of the degrees of freedom of t first.
    given = [k for k in range(len(args)) if k != place and (whole == "nctdtr" or k > 1)]

    def back(*moved):
        full = list(args)
        for k, v in zip([*given, place], moved, strict=True):
            full[k] = v
        full[place] = getattr(special, whole)(*full)
        return getattr(special, inverse)(*full)

    slopes = ad.grad(back, tuple(range(len(given) + 1)))(*[args[k] for k in [*given, place]])
    assert np.allclose(slopes, [0.0] * len(given) + [1.0], atol=1e-6)


@pytest.mark.parametrize("name", ["round", "gammasgn"])
def test_steps_have_the_slope_zero(name):
    assert ad.grad(getattr(special, name))(0.3) == 0


def test_orders_of_complex_functions_are_constants():
    for fn in (special.jv, special.kve, special.hankel1):
        with pytest.raises(
            ad.NoRuleError, match=r"of complex numbers has no derivative by its order v(.|\n)*test_special"
        ):
            ad.jvp(lambda v, fn=fn: fn(v, 1 + 1j), (0.5,), (1.0,))


def test_the_order_of_a_hankel_function():
    for fn in (special.hankel1, special.hankel2):
        slope = ad.jvp(lambda v, fn=fn: fn(v, 2.5), (1.5,), (1.0,))[1]
        assert abs(slope - (fn(1.5 + 1e-5, 2.5) - fn(1.5 - 1e-5, 2.5)) / 2e-5) < 1e-9


def test_orders_out_of_reach_have_no_derivative_rather_than_a_wrong_one():
    # The functions of orders beside it are too large to be numbers.
    assert np.isnan(ad.grad(special.yv)(150.0, 1.0))


@pytest.mark.parametrize(
    ("name", "args", "place", "slope"),
    # What is added cancels: of the slope few digits are left, or none.
    [("hyperu", (-3.99999999999, 6.0, 0.012), 1, 1781.7666416925488),
     ("hyp1f1", (-0.11163170029211855, 5.600401557515162, -54.3345226417092 + 44.4106202793004j), 1,
      -0.0272601998916 + 0.00320058117478j)],
)  # fmt: skip
def test_slopes_that_cancel_are_none_or_right(name, args, place, slope):
    fn = getattr(special, name)
    found = ad.jvp(lambda t: fn(*args[:place], t, *args[place + 1 :]), (args[place],), (1.0,))[1]
    assert np.isnan(found) or found == pytest.approx(slope, rel=2e-9)
    assert np.isnan(ad.grad(special.kv)(1.0, -1.0))


@pytest.mark.parametrize("name", ["jve", "yve", "ive", "airye"])
def test_a_scale_that_is_an_absolute_value_is_refused_for_complex_numbers(name):
    fn = getattr(special, name)
    with pytest.raises(ad.NoRuleError, match=rf"{name} of complex numbers(.|\n)*absolute value"):
        ad.jvp(lambda z: fn(*[1.0] * (fn.nin - 1), z), (1 + 1j,), (1 + 0j,))


COMPLEX = ("gamma", "loggamma", "rgamma", "psi", "erf", "erfc", "erfcx", "erfi", "dawsn", "wofz", "expm1", "log1p",
           "expi", "exp1", "spence", "wrightomega", "log_ndtr", "ndtr")  # fmt: skip


@pytest.mark.parametrize("name", COMPLEX)
@pytest.mark.parametrize("z", [0.7 + 0.4j, 1.5 - 2j, 3 + 9j])
def test_complex_derivatives_are_those_along_both_axes(name, z):
    fn, step = getattr(special, name), 1e-4
    slope = ad.jvp(fn, (z,), (1 + 0j,))[1]
    for way in (1, 1j):
        at = [fn(z + k * step * way) for k in (-2, -1, 1, 2)]
        expected = (8 * (at[2] - at[1]) - (at[3] - at[0])) / 12 / step / way
        assert abs(slope - expected) <= 1e-8 * max(abs(expected), 1e-6 * abs(fn(z)))
    curve = ad.jvp(lambda z: ad.jvp(fn, (z,), (1 + 0j,))[1], (z,), (1 + 0j,))[1]
    ahead, behind = (ad.jvp(fn, (z + d,), (1 + 0j,))[1] for d in (step, -step))
    assert abs(curve - (ahead - behind) / 2 / step) <= 1e-5 * max(abs(curve), abs(slope))


OF_TWO = {
    "jv": 1.5, "yv": 1.5, "iv": 1.5, "kv": 1.5, "hankel1": 1.5, "hankel2": 0.5, "hankel1e": 1.5, "hankel2e": 0.5,
    "kve": 1.5, "hyp0f1": 1.5, "eval_legendre": 2.5, "eval_chebyt": 2.5, "xlogy": 1.5, "xlog1py": 1.5,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OF_TWO))
@pytest.mark.parametrize("z", [0.7 + 0.4j, 1.5 - 2j])
def test_functions_of_two_numbers_are_holomorphic(name, z):
    fn, order, step = getattr(special, name), OF_TWO[name], 1e-4
    f = lambda z: fn(order, z)
    slope = ad.jvp(f, (z,), (1 + 0j,))[1]
    for way in (1, 1j):
        at = [f(z + k * step * way) for k in (-2, -1, 1, 2)]
        assert abs(slope - (8 * (at[2] - at[1]) - (at[3] - at[0])) / 12 / step / way) <= 1e-8 * max(1, abs(slope))
    assert abs(ad.grad(f, holomorphic=True)(z) - slope) <= 1e-12 * abs(slope)


def test_airy_and_lambert_are_holomorphic():
    for f in (lambda z: special.airy(z)[0], lambda z: special.airy(z)[3], lambda z: special.lambertw(z, 1)):
        z, step = 1.3 + 0.4j, 1e-5
        expected = (f(z + step * 1j) - f(z - step * 1j)) / 2j / step
        assert abs(ad.grad(f, holomorphic=True)(z) - expected) < 1e-8 * abs(expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rules_are_explained_and_none_without_end():
    assert "d/dx = none: orders are constants" in str(ad.explain(special.expn))
    for name in NAMES:
        fn = getattr(special, name)
        if fn in TABLE:
            assert len(str(ad.explain(fn))) < 4000
    assert "elliprd(0, 1, 1 - x) / 6" in str(ad.explain(special.ellipk))


@pytest.mark.parametrize(
    ("name", "args"), [("hyperu", (1.5, 2.5, 2.0)), ("nctdtr", (3, 0.5, 1.0)), ("nctdtrit", (3, 0.5, 0.4))]
)
def test_many_numbers_have_the_slopes_of_few(name, args):
    f = lambda t: np.sum(getattr(special, name)(args[0], t, args[2]))
    many = np.linspace(0.4, 0.6, 2500).reshape(50, 50)
    assert np.array_equal(ad.grad(f)(many)[49], ad.grad(f)(many[49]))
