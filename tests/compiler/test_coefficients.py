"""The constants of the mathematical functions follow from what they stand for."""

import inspect
from importlib import import_module

import coefficients
import pytest
from mpmath import mp, mpf

from dragongrad.compiler.backends.native.math import gauss_pieces

MATH = "dragongrad.compiler.backends.native.math"
TABLES = coefficients.tables()
# What rounding took from the first coefficient of these is kept beside them.
KEPT = {
    "second_kind._Y0": "_Y0_LOST",
    "second_kind._Y1": "_Y1_LOST",
}
QUICK = {"hyperbolic._SINH_NARROW", "logarithm._LOG_NARROW"}


def module_of(name):
    module, own = name.split(".")
    return import_module(f"{MATH}.{module}"), own


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in TABLES])
def test_a_table_is_derived_again(name):
    module, own = module_of(name)
    exact, error = TABLES[name].derive()
    assert tuple(map(float, exact)) == getattr(module, own)
    assert coefficients.text(name, getattr(module, own), error) in inspect.getsource(module)
    if name in KEPT:
        assert getattr(module, KEPT[name]) == float(exact[0] - getattr(module, own)[0])


@pytest.mark.parametrize("name", TABLES)
def test_the_stated_error_is_not_exceeded_but_for_rounding(name):
    module, own = module_of(name)
    stated = inspect.getsource(module).split(f"\n{own} = (")[0].splitlines()[-1]
    found = TABLES[name].error(getattr(module, own), 11)
    assert found < 1.05 * float(stated.split("error ")[1].rstrip("."))
    # Beside what rounding adds there is some of it, unless it is below that everywhere.
    assert (
        name.endswith("_SLOPE")
        or TABLES[name].error(tuple(c * (1 + 1e-7) for c in getattr(module, own)), 11) > found
    )


def test_constants_in_parts_follow_from_what_they_are():
    exponential, logarithm, trigonometric, inverse, gamma, large, bessel, second_kind = (
        import_module(f"{MATH}.{name}")
        for name in (
            "exponential",
            "logarithm",
            "trigonometric",
            "inverse",
            "gamma",
            "large",
            "bessel",
            "second_kind",
        )
    )
    with mp.workdps(80):
        two, ten, pi, third = mp.log(2), mp.log(10), +mp.pi, mpf(1) / 3
        half = mpf(0.5)
        for stored, value, bits in (
            ((exponential.LN2_HIGH, exponential.LN2_LOW), two, (32,)), ((exponential.LOG2E,), 1 / two, ()),
            (logarithm.LN2_LONG, two, (42,)), (logarithm._LOG10_2, two / ten, (40,)),
            (logarithm._TWO_THIRDS, 2 * third, (53,)), (logarithm._LOG2E, 1 / two, (53,)),
            (logarithm._LOG10E, 1 / ten, (53,)), (trigonometric._HALF_PI, pi / 2, (53, 53)),
            (trigonometric._HALF_PI_SHORT, pi / 2, (32, 32, 32)), (inverse._HALF_PI, pi / 2, (53,)),
            (gamma._PI, pi, (53,)), ((gamma._LOG_PI,), mp.log(pi), ()),
            ((gamma._HALF_LOG_TWO_PI,), half * mp.log(2 * pi), ()), ((large.TWO_OVER_PI,), 2 / pi, ()),
            ((gamma._ROOT_TWO,), mp.sqrt(2), ()), (bessel._PI, pi, (53,)),
            (second_kind._TWO_OVER_PI, 2 / pi, (53,)),
            *[(bessel._ROOTS[k], coefficients.bessel_root(k), (53,)) for k in range(2)],
            *[(bessel._INVERSE_FLAT[k], 1 / mpf(coefficients.FLAT_J[k]), (53,)) for k in range(2)],
            (bessel.INVERSE_HALF, 2 / mpf(coefficients.NEAR_J) ** 2, (53,)),
        ):  # fmt: skip
            assert stored == coefficients.parts(value, *bits)
    with mp.workprec(1400):
        assert "0" * 16 + coefficients.bits_of(2 / mp.pi, 1280) == large._DIGITS


@pytest.mark.parametrize("name", coefficients.in_pieces())
def test_the_centres_of_pieces_and_the_values_there(name):
    module, own = module_of(name)
    pieces, wanted = getattr(module, own[1:]), coefficients.in_pieces()[name]
    found = [wanted.centre(k) for k in range(coefficients.PIECES)]
    assert list(zip(pieces.centres, pieces.values, strict=True)) == found
    for rows, kind in ((pieces.precise, ""), (pieces.narrow, "_NARROW")):
        assert list(rows) == [getattr(module, f"{own}_{k}{kind}") for k in range(coefficients.PIECES)]


def test_the_length_of_a_piece():
    assert float(coefficients.STEP_ERFCX) == gauss_pieces.STEP_ERFCX
