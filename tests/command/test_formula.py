"""Formulas typed in: what they mean, and where errors point."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

import dragongrad as ad
from dragongrad.command.formula import Formula, FormulaError, functions, split_formulas
from dragongrad.core.block import BLOCKS

pytestmark = pytest.mark.smoke

# The elementwise functions of two numbers.
TWO = {fn.__name__ for fn, block in BLOCKS.items() if block.kind == "elementwise" and len(block.names) == 2}
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
        ("2x", 1, r"an operator was expected here; a product is written 2\*x"),
        ("2(x)", 1, "a product is written"),
        ("np.sin(x)", 2, r"not part of a formula: functions have NumPy's names without np\."),
        ("x[0]", 1, "not part of a formula"),
        ("x^2", 1, r"\*\* for a power"),
        ("__import__('os')", 11, "not part of a formula"),
        ("lambda: 0", 6, "not part of a formula"),
        ("foo(x)", 0, "not a function of the table"),
        ("sni(x)", 0, "did you mean sin"),
        ("zeros(9)", 0, "not a function of the table"),
        ("", 0, "ends too early; it needs a number"),
        ("3 +", 3, "ends too early"),
        ("3 + * x", 4, r"'\*' was not expected"),
        ("arctan2(x)", 0, "takes 2 arguments, not 1"),
        ("sin(x, y)", 0, "takes 1 argument, not 2"),
        ("(" * 100, 60, "levels of parentheses"),
        ("x; y", 1, "not part of a formula"),
        ("x if y else z", 2, "an operator was expected"),
        ("lambda * x", 0, "a word of Python's own"),
        ("None", 0, "a word of Python's own"),
        ("x²", 1, r"'²' is not part of a formula: write \*\* for a power"),
        ("dot(x)", 0, "dot takes 2"),
        ("sum(x, y)", 0, "sum takes 1"),
        ("ldexp(x, 2)", 0, "not a function of the table"),
    ],
)
def test_errors_point_at_the_character(text, at, match):
    with pytest.raises(FormulaError, match=match) as caught:
        Formula(text)
    assert str(caught.value).splitlines()[-1].index("^") - 2 == at


@pytest.mark.parametrize(
    ("text", "values", "at", "match"),
    [
        ("x@x", [1.0], 1, "matmul"),
        ("1 + x*y", [np.ones(2), np.ones(3)], 5, r"shapes \(2,\) \(3,\)"),
        ("sin(x) + dot(x, y)", [np.ones(2), np.ones(3)], 9, "dot|shapes"),
    ],
)
def test_a_function_that_refuses_its_arguments_is_pointed_at(text, values, at, match):
    formula = Formula(text)
    for call in (formula, lambda *v: ad.trace_table(formula, *v), lambda *v: ad.jvp(formula, v, v)):
        with pytest.raises(FormulaError, match=match) as caught:
            call(*values)
        assert str(caught.value).splitlines()[-1].index("^") - 2 == at


@pytest.mark.parametrize(
    ("text", "at"),
    [("1e400*x", 0), ("x + 9**9**9**9", 8), ("x**(10**1000)", 6), ("(-10)**(2e9) - x", 5)],
)
def test_numbers_too_large_are_pointed_at(text, at):
    with pytest.raises(FormulaError, match=r"too large: at most 1\.8e\+308; infinity is inf") as caught:
        Formula(text)
    assert str(caught.value).splitlines()[-1].index("^") - 2 == at


def test_infinity_is_written_in_words():
    assert Formula("x + inf")(1.0) == np.inf
    assert Formula("inf**2*x")(1.0) == np.inf
    assert Formula("x**9**9 + 2**-2**10*x")(1.0) == 1.0


def test_the_pointer_of_a_wide_or_long_formula_stands_under_the_mistake():
    with pytest.raises(FormulaError) as caught:
        Formula("日本 + f(x)")
    assert str(caught.value).splitlines()[-1] == "         ^"
    with pytest.raises(FormulaError) as caught:
        Formula("x+" * 300 + "y y" + "+x" * 300)
    _, shown, pointer = str(caught.value).splitlines()
    assert len(shown) < 120
    assert shown[pointer.index("^") - 2 :].startswith("y y+x")


def test_every_function_takes_as_many_arguments_as_it_has():
    rng = np.random.default_rng(0)
    for name, function in functions().items():
        count = 2 if name in ("dot", *TWO) else 1
        values = rng.uniform(0.1, 0.9, count)
        with np.errstate(all="ignore"):
            found = Formula(f"{name}({', '.join('xy'[:count])})")(*values)
            np.testing.assert_array_equal(found, function(*values))
            # A formula of numbers alone is one of NumPy's numbers too.
            literal = Formula(f"{name}({', '.join(map(repr, values.tolist()))})")()
            np.testing.assert_array_equal(literal, found)


def test_commas_split_formulas_outside_parentheses_only():
    assert split_formulas("maximum(x, y)+x**2, booth") == ["maximum(x, y)+x**2", "booth"]
    assert split_formulas("a,(b,(c,d)),") == ["a", "(b,(c,d))", ""]


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
        assert name == "abs" or hasattr(np, name) or hasattr(ad, name) or hasattr(scipy.special, name), name
    assert {"sin", "exp", "arctan2", "sum", "maximum", "logistic"} <= set(functions())


def test_variables_are_given_in_order_or_by_name():
    f = Formula("y - x")
    assert f.names == ("y", "x")
    assert f(3.0, 1.0) == f(x=1.0, y=3.0) == 2.0
    with pytest.raises(ad.ArgumentError, match="is of y, x"):
        f(1.0)
    with pytest.raises(ad.ArgumentError, match="was given"):
        f(1.0, 2.0, 3.0)


@pytest.mark.parametrize("name", ["self", "values", "named", "cls", "given"])
def test_a_variable_may_have_any_name(name):
    f = Formula(f"{name}**2 + x")
    assert f(**{name: 3.0, "x": 1.0}) == f(3.0, 1.0) == 10.0


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("x**y", (0.7, -1.3), np.float64(0.7) ** np.float64(-1.3)), ("x**y", (-8.0, 1 / 3), np.nan),
        ("x**y", (0.0, -1.0), np.inf), ("x**y", (2, -1), 0.5), ("x**2", (np.arange(3.0),), [0.0, 1.0, 4.0]),
        ("x**y", (9.0, 1e9), np.inf),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_powers_are_those_of_numpys_numbers_to_the_last_bit(text, values, expected):
    np.testing.assert_array_equal(Formula(text)(*values), expected)


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
