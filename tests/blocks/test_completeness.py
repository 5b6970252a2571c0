"""Everything that NumPy lets others override is a Block, a composite, or listed as unsupported with its reason."""

import re

# These let more of NumPy's functions be overridden; whether they are loaded must not matter.
import numpy as np
import numpy.lib.recfunctions
import numpy.polynomial
import numpy.strings
import pytest
from numpy.testing import overrides

import dragongrad as ad
from dragongrad.core.block import BLOCKS, COMPOSITES, TABLE, UNSUPPORTED
from dragongrad.core.dispatch import no_rule

pytestmark = pytest.mark.smoke

FUNCTIONS = sorted(overrides.get_overridable_numpy_array_functions(), key=lambda f: (f.__module__, f.__name__))
UFUNCS = sorted(overrides.get_overridable_numpy_ufuncs(), key=lambda f: f.__name__)
# `np.ones(n, like=x)` asks by a twin of `np.ones`, and hands the public function over.
LIKE = {name for name in ["eye", "identity", "full", "ones", "tri", "asarray", "array"]}


@pytest.mark.parametrize("fn", UFUNCS, ids=lambda f: f.__name__)
def test_every_ufunc_has_an_entry(fn):
    assert (fn in TABLE) != (fn in UNSUPPORTED), f"np.{fn.__name__} is in neither list, or in both"


@pytest.mark.parametrize("fn", FUNCTIONS, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_every_function_has_an_entry(fn):
    if fn.__module__ in UNSUPPORTED:
        with pytest.raises(ad.NoRuleError, match=UNSUPPORTED[fn.__module__]):
            raise no_rule(fn)
        return
    # `np.ones(n, like=x)` asks by a twin of `np.ones`, and hands the public function over.
    public = getattr(np, fn.__name__, fn) if fn.__module__ == "numpy" else fn
    known = public in TABLE or f"{fn.__module__}.{fn.__name__}" in TABLE
    assert known != (public in UNSUPPORTED), f"{fn.__module__}.{fn.__name__}"


def test_every_reason_is_a_sentence_to_act_on():
    assert all(
        reason.strip() and reason[0].islower() and not reason.endswith(".") for reason in UNSUPPORTED.values()
    )


@pytest.mark.parametrize("fn", [f for f in UFUNCS if f in UNSUPPORTED and f.nin == 1], ids=lambda f: f.__name__)
def test_unsupported_ufuncs_raise(fn):
    with pytest.raises(ad.NoRuleError, match=fn.__name__):
        ad.grad(lambda x: fn(x))(1.0)


def test_a_function_without_a_rule_says_why_and_where():
    with pytest.raises(ad.NoRuleError, match=r"numpy\.packbits(.|\n)*integers(.|\n)*test_completeness"):
        ad.grad(lambda x: np.packbits(x))(np.ones(3))
    with pytest.raises(NotImplementedError, match="writes or reads files"):
        ad.grad(lambda x: np.save("x.npy", x))(np.ones(3))


def test_an_option_without_a_rule_raises():
    with pytest.raises(ad.NoRuleError, match="leaves holes"):
        ad.grad(lambda x: np.sum(np.sin(x, where=[True, False, True])))(np.ones(3))
    with pytest.raises(ad.NoRuleError, match="plain indices"):
        ad.vmap(lambda x, i: np.add.reduceat(x, i))(np.ones((2, 3)), np.ones((2, 2), int))


def test_rules_are_declared_once():
    assert not set(BLOCKS) & set(UNSUPPORTED)
    assert not set(COMPOSITES) & set(UNSUPPORTED)


@pytest.mark.parametrize(
    ("name", "line"),
    [("byteswap", "stop_gradient"), ("tobytes", "stop_gradient"),
     ("setfield", "x[...] = v"), ("itemset", "x[index] = v")],
)  # fmt: skip
def test_a_method_that_a_variable_has_not_names_the_line_to_write(name, line):
    for run in (lambda f: ad.grad(f)(np.ones(3)), lambda f: ad.vmap(f)(np.ones((2, 3)))):
        with pytest.raises(ad.NoRuleError, match=rf"x\.{name}(.|\n)*{re.escape(line)}(.|\n)*test_completeness"):
            run(lambda x: getattr(x * 1.0, name)())


def test_an_error_of_numpys_own_function_is_restated():
    with pytest.raises(ad.DtypeError, match=r"modf\((.|\n)*test_completeness"):
        ad.jvp(lambda z: np.modf(z), (1j,), (1j,))
