"""Formulas typed in: what they mean, and where errors point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dragongrad as ad
from dragongrad.command.formula import Formula, FormulaError, functions

VALUES = {"x": 0.7, "y": -1.3, "z": 2.5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sin(x)*x", np.sin(0.7) * 0.7),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("-x**-y**2", -(0.7 ** -((-1.3) ** 2))),
        ("z - x - y", 2.5 - 0.7 + 1.3),
        ("z / x / 2", 2.5 / 0.7 / 2),
        ("z / x * 2", 2.5 / 0.7 * 2),
        ("1 - -x", 1.7),
        ("--x + +y", 0.7 - 1.3),
        ("z % 2 + z // 2", 0.5 + 1.0),
        ("arctan2(y, x)", np.arctan2(-1.3, 0.7)),
        ("exp(-x**2/2)/sqrt(2*pi)", np.exp(-0.245) / np.sqrt(2 * np.pi)),
        ("abs(y) + e", 1.3 + np.e),
        ("1.5e-1 + .5 + 2.", 2.65),
        ("( ( x ) )", 0.7),
        ("(-3)**2", 9.0),
        ("9**9**9", np.inf),
    ],
)
def test_formulas_mean_what_they_mean_in_python(text, expected):
    with np.errstate(over="ignore"):
        f = Formula(text)
        assert f(**{name: VALUES[name] for name in f.names}) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "at", "match"),
    [
        ("sin(x", 5, r"\) was expected"),
        ("sin x", 0, "write sin"),
        ("x y", 2, "an operator was expected"),
        ("2x", 1, "an operator was expected"),
        ("x.y", 1, "not part of a formula"),
        ("x[0]", 1, "not part of a formula"),
        ("x^2", 1, r"\*\* for a power"),
        ("__import__('os')", 11, "not part of a formula"),
        ("lambda: 0", 6, "not part of a formula"),
        ("foo(x)", 0, "not a function of the table"),
        ("sni(x)", 0, "did you mean sin"),
        ("zeros(9)", 0, "not a function of the table"),
        ("", 0, "ends too early"),
        ("3 +", 3, "ends too early"),
        ("3 + * x", 4, r"'\*' was not expected"),
        ("arctan2(x)", 0, "takes 2"),
        ("sin(x, y)", 0, "takes 1"),
        ("(" * 100, 60, "levels of parentheses"),
        ("x; y", 1, "not part of a formula"),
        ("x if y else z", 2, "an operator was expected"),
    ],
)
def test_errors_point_at_the_character(text, at, match):
    with pytest.raises(FormulaError, match=match) as caught:
        Formula(text)
    assert str(caught.value).splitlines()[-1].index("^") - 2 == at


def test_long_formulas_do_not_recurse():
    f = Formula("1" + "+x" * 1900)
    assert f(1.0) == 1901.0
    assert ad.grad(f)(1.0) == 1900.0
    assert Formula("-" * 3000 + "x")(2.0) == 2.0
    assert Formula("2" + "**1" * 1200)() == 2.0
    with pytest.raises(FormulaError, match="at most"):
        Formula("1" + "+1" * 3000)


def test_every_function_is_one_of_the_table():
    for name in functions():
        assert name == "abs" or hasattr(np, name) or hasattr(ad, name), name
    assert {"sin", "exp", "arctan2", "sum", "maximum", "logistic"} <= set(functions())


def test_variables_are_given_in_order_or_by_name():
    f = Formula("y - x")
    assert f.names == ("y", "x")
    assert f(3.0, 1.0) == f(x=1.0, y=3.0) == 2.0
    with pytest.raises(ad.ArgumentError, match="is of y, x"):
        f(1.0)
    with pytest.raises(ad.ArgumentError, match="was given"):
        f(1.0, 2.0, 3.0)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.recursive(
    st.sampled_from(["x", "2", "3.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        inner.map(lambda t: f"-({t})"), inner.map(lambda t: f"sin({t})"),
    ),
    max_leaves=12,
))  # fmt: skip
def test_random_formulas_agree_with_python(text):
    with np.errstate(all="ignore"):
        expected = eval(text, {"sin": np.sin, "x": np.float64(0.7)})
        names = Formula(text).names
        np.testing.assert_allclose(Formula(text)(*[0.7] * len(names)), expected, rtol=1e-12)
    assert set(names) <= {"x"}
