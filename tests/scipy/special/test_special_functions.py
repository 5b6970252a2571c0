"""Functions of SciPy's that are written in Python: by SciPy's own names, and by ours."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
from grid import BACKENDS
from scipy import special

import dragongrad as ad
from dragongrad.scipy import special as ours
from dragongrad.scipy.names import PYTHON, REFUSED

X = np.array([0.3, 0.6, 1.7])
# What is called, of a point; some of SciPy's functions are Python that works as it is.
CALLS = {
    "logsumexp": lambda s, x: s.logsumexp(x),
    "logsumexp of factors": lambda s, x: s.logsumexp(x, b=np.array([2.0, -0.5, 0.0]), return_sign=True)[0],
    "logsumexp along an axis": lambda s, x: s.logsumexp(x[:, None] * x, axis=1, keepdims=True, b=x),
    "softmax": lambda s, x: s.softmax(x) * x,
    "softmax along an axis": lambda s, x: s.softmax(x[:, None] * x, axis=0) * x,
    "log_softmax": lambda s, x: s.log_softmax(x),
    "multigammaln": lambda s, x: s.multigammaln(x + 3, 4),
    "polygamma": lambda s, x: s.polygamma(2, x),
    "polygamma of orders": lambda s, x: s.polygamma(np.array([0, 1, 4]), x),
    "zeta": lambda s, x: s.zeta(x + 1.5) + s.zeta(3.0, x),
    "lambertw": lambda s, x: np.real(s.lambertw(x)),
    "lambertw of a branch": lambda s, x: np.imag(s.lambertw(-x, -1)),
    "spherical_jn": lambda s, x: s.spherical_jn(2, x) + s.spherical_jn(2, x, derivative=True),
    "spherical_jn of orders": lambda s, x: s.spherical_jn(np.array([[0], [3]]), -x),
    "spherical_yn": lambda s, x: s.spherical_yn(2, -x) + s.spherical_yn(2, x, derivative=True),
    "spherical_in": lambda s, x: s.spherical_in(2, -x) + s.spherical_in(2, -x, derivative=True),
    "spherical_kn": lambda s, x: s.spherical_kn(2, x) + s.spherical_kn(2, x, derivative=True),
    "spherical_kn of negative numbers": lambda s, x: (
        s.spherical_kn(3, -x) + s.spherical_kn(2, x - 1.4, derivative=True)
    ),
    "comb": lambda s, x: s.comb(5, x) + s.comb(x + 3, 2, repetition=True),
    "perm": lambda s, x: s.perm(5, x),
    "factorial": lambda s, x: s.factorial(x),
    "diric": lambda s, x: s.diric(x, 3) + s.diric(x, 1) + s.diric(x, 4),
    "legendre_p": lambda s, x: s.legendre_p(3, x, diff_n=2),
    "sph_legendre_p": lambda s, x: s.sph_legendre_p(3, -2, x),
    "sph_harm_y": lambda s, x: np.real(s.sph_harm_y(3, 2, x, 2 * x)),
    "sph_legendre_p beyond the poles": lambda s, x: s.sph_legendre_p(3, -1, -x) + s.sph_legendre_p(2, 0, x + 3.5),
    "sph_harm_y beyond the poles": lambda s, x: np.real(s.sph_harm_y(3, 1, x - 4, 2 * x)),
    "jvp": lambda s, x: s.jvp(1, x, 2),
    "kvp": lambda s, x: s.kvp(1, x),
    "h1vp": lambda s, x: np.imag(s.h1vp(1, x)),
    "legendre": lambda s, x: s.legendre(3)(x),
    "assoc_laguerre": lambda s, x: s.assoc_laguerre(x, 2, 1),
    "sinc": lambda s, x: s.sinc(x),
    "softplus": lambda s, x: s.softplus(x),
}
# Older releases of SciPy have fewer functions, and none of negative arguments in those of Bessel's kind.
NEGATIVE = ("spherical_jn of orders", "spherical_in", "spherical_kn of negative numbers")
CALLS = {name: call for name, call in CALLS.items() if hasattr(special, name.split()[0])}
if not np.isfinite(special.spherical_jn(1, -0.5)):
    CALLS = {name: call for name, call in CALLS.items() if name not in NEGATIVE}
every = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
there = [name for name in PYTHON if hasattr(special, name)]


@every
@pytest.mark.parametrize("module", [special, ours], ids=["scipy", "ours"])
def test_values_are_scipys_and_slopes_are_differences(call, module):
    value, slope = ad.jvp(lambda x: call(module, x), (X,), (np.ones(3),))
    assert np.allclose(value, call(special, X), rtol=1e-13)
    assert np.shape(value) == np.shape(call(special, X))
    at = [call(special, X + k * 1e-4) for k in (-2, -1, 1, 2)]
    assert np.allclose(slope, (8 * (at[2] - at[1]) - (at[3] - at[0])) / 12e-4, rtol=1e-8, atol=1e-9)


@every
def test_modes_orders_batches_and_compiled_code_agree(call):
    f = lambda x: np.sum(np.arctan(call(special, x)))
    gradient = ad.grad(f)(X)
    assert np.allclose([ad.jvp(f, (X,), (e,))[1] for e in np.eye(3)], gradient, rtol=1e-11)
    step = 1e-4
    at = [[ad.grad(f)(X + k * step * e) for k in (-2, -1, 1, 2)] for e in np.eye(3)]
    differences = np.array([(8 * (b - a) - (c - d)) / 12 / step for d, a, b, c in at])
    assert np.allclose(ad.hessian(f)(X), differences, rtol=1e-5, atol=1e-6 * np.max(np.abs(differences)))
    rows = np.stack([X, X + 0.1])
    assert np.allclose(ad.vmap(ad.grad(f))(rows), [ad.grad(f)(row) for row in rows], rtol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@every
def test_compiled_code_agrees(call, backend):
    gradient = ad.grad(lambda x: np.sum(np.sin(call(special, x))))
    compiled = ad.compile(gradient, backend=backend)
    for x in (X, X, X + 0.1):
        assert np.allclose(compiled(x), gradient(x), rtol=1e-10)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_has_no_rule_says_what_to_do(name):
    fn = getattr(special, name, None)
    if fn is None:
        return
    with pytest.raises(ad.NoRuleError, match=rf"special\.{name} has no derivative rule: {REFUSED[name][:9]}"):
        ad.grad(lambda x: fn(2, x))(0.3)
    with pytest.raises(AttributeError, match=REFUSED[name][:9]):
        getattr(ours, name)


def test_orders_are_constants():
    for f in (lambda n: ours.polygamma(n, 1.0), lambda n: ours.spherical_jn(n, 1.0), lambda n: ours.diric(0.3, n)):
        with pytest.raises(ad.NoRuleError, match="has no derivative by its argument n: orders are constants"):
            ad.grad(f)(2.0)


def test_arguments_that_do_not_fit_are_refused():
    for f in (
        lambda x: special.multigammaln(x, 1.5), lambda x: special.multigammaln(x, 9),
        lambda x: special.comb(x, 2, exact=True), lambda x: np.real(ours.factorial(x + 1j)),
        lambda x: ours.sph_harm_y(1, 0, x, x, diff_n=1),
    ):  # fmt: skip
        with pytest.raises(ad.ArgumentError, match="test_special"):
            ad.grad(f)(1.2)


def test_names_are_scipys():
    assert set(PYTHON) <= set(dir(ours))
    assert ours.erf is special.erf
    with pytest.raises(AttributeError, match="neither"):
        ours.no_such_function  # noqa: B018


@pytest.mark.parametrize("name", sorted(there))
def test_scipys_functions_keep_their_names(name):
    fn = getattr(scipy.special, name)
    assert (fn.__name__, fn.__module__) == (name, "scipy.special")
    assert pickle.loads(pickle.dumps(fn)) is fn
    assert fn.__doc__


CHILD = """
import numpy as np
{}
{}
x = np.array([0.5, 1.0])
w = np.exp(x) / np.sum(np.exp(x))
for call in (lambda x: special.logsumexp(x), lambda x: logsumexp(x)):
    assert np.allclose(ad.grad(call)(x), w)
assert np.allclose(special.logsumexp(x), np.log(np.sum(np.exp(x))))
"""


@pytest.mark.parametrize("first", ["scipy", "dragongrad"])
def test_either_library_may_be_imported_first(first):
    lines = ["from scipy import special\nfrom scipy.special import logsumexp", "import dragongrad as ad"]
    code = CHILD.format(*(lines if first == "scipy" else lines[::-1]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "args"), [
    ("bdtr", (2.0, 2, 0.5)), ("bdtrc", (2.0, 2, 0.5)), ("bdtrc", (-1.0, 2, 0.5)), ("gammainc", (np.inf, 3.0)),
    ("gammaincc", (np.inf, 3.0)), ("betainc", (2.0, np.inf, 0.3)), ("betaincc", (np.inf, 2.0, 0.3)),
])  # fmt: skip
def test_what_stays_has_the_slope_zero(name, args):
    f = getattr(special, name)
    for i in (2,) if name.startswith("bdtr") else range(len(args)):
        one = lambda x, i=i: f(*args[:i], x, *args[i + 1 :])
        assert ad.derivative(one)(args[i]) == 0
        assert ad.grad(one)(args[i]) == 0


def test_students_distribution_of_infinitely_many_degrees_is_the_normal_one():
    by_df, by_place = ad.grad(special.stdtr, (0, 1))(np.inf, 0.3)
    assert by_df == 0
    assert np.allclose([by_place, ad.grad(ad.grad(lambda t: special.stdtr(np.inf, t)))(0.3)],
                       np.exp(-0.045) / np.sqrt(2 * np.pi) * np.array([1.0, -0.3]))  # fmt: skip


def test_nothing_is_chosen_among_nothing_in_one_way():
    assert ad.jvp(lambda n: ours.comb(n, 0, repetition=True), (0.0,), (1.0,)) == (1.0, 0.0)


def test_softmax_of_nothing():
    assert special.logsumexp(np.empty(0)) == -np.inf
    _, slope = ad.jvp(lambda x: special.logsumexp(x, axis=1), (np.empty((2, 0)),), (np.empty((2, 0)),))
    assert slope.tolist() == [0, 0]
