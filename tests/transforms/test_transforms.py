"""The promises of the transforms: strong zeros, nesting, buffers, nests, errors."""

import math
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import dragongrad as ad


def masked_root(x):
    return np.where(x > 0, np.sqrt(x), 0.0).sum()


def pair(x):
    return np.array([x[0] * x[1], np.sin(x[0])])


def pair_in_buffer(x):
    out = np.zeros(2, like=x)
    out[0] = x[0] * x[1]
    out[1] = np.sin(x[0])
    return out


def test_strong_zeros_in_every_transform():
    x = np.array([0.0, 4.0])
    np.testing.assert_array_equal(ad.grad(masked_root)(x), [0, 0.25])
    np.testing.assert_array_equal(ad.hessian(masked_root)(x), [[0, 0], [0, -1 / 32]])
    np.testing.assert_array_equal(ad.vmap(ad.grad(masked_root))(np.stack([x, x])), [[0, 0.25]] * 2)
    assert ad.jvp(masked_root, (x,), (np.ones(2),))[1] == 0.25


def test_strong_zeros_keep_the_second_derivative_where_a_cotangent_happens_to_be_zero():
    f = lambda x: (np.sqrt(x) - 2.0) ** 2
    for second in (ad.grad(ad.grad(f)), ad.jacfwd(ad.grad(f))):
        assert second(4.0) == pytest.approx(0.125)


@pytest.mark.parametrize("f", [pair, pair_in_buffer])
@pytest.mark.parametrize("jacobian", [ad.jacobian, ad.jacfwd, ad.jacrev])
def test_jacobian_of_an_array_of_results(f, jacobian):
    np.testing.assert_allclose(jacobian(f)(np.array([0.3, 2.0])), [[2.0, 0.3], [np.cos(0.3), 0.0]])


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,)])
def test_jacobian_of_complex_outputs_of_real_inputs(shape):
    x = np.linspace(0.5, 2.0, int(np.prod(shape))).reshape(shape)

    def f(x):
        return {"number": np.sum(x**2) * 1j + np.sum(x), "real": np.sum(x**3), "wave": np.exp(1j * x)}

    for jacobian in (ad.jacobian(f), ad.compile(ad.jacobian(f))):
        for _ in range(2):
            got = jacobian(x)
            np.testing.assert_allclose(got["number"], 2j * x + 1)
            np.testing.assert_allclose(got["real"], 3 * x**2)
            diagonal = 1j * np.exp(1j * x)
            np.testing.assert_allclose(got["wave"].reshape(x.size, x.size), np.diag(diagonal.ravel()))


def test_no_perturbation_confusion():
    assert ad.grad(lambda x: x * ad.grad(lambda y: x + y)(2.0))(1.0) == 1.0
    assert ad.jvp(lambda x: x * ad.jvp(lambda y: x * y, (3.0,), (1.0,))[1], (2.0,), (1.0,))[1] == 4.0


def test_grad_of_vmap_of_jvp_of_grad():
    inner = ad.grad(lambda x: np.sin(x) * x)
    f = lambda v: np.sum(ad.vmap(lambda t: ad.jvp(inner, (t,), (1.0,))[1])(v))
    x = np.array([0.1, 0.7])
    np.testing.assert_allclose(ad.grad(f)(x), -3 * np.sin(x) - x * np.cos(x))


@dataclass
class Layer:
    weight: np.ndarray
    bias: float


def test_nests_keep_their_structure():
    got = ad.grad(lambda p: np.sum(p["l"].weight ** 2) * p["l"].bias)({"l": Layer(np.array([1.0, 2.0]), 3.0)})
    np.testing.assert_array_equal(got["l"].weight, [6.0, 12.0])
    assert got["l"].bias == 5.0


def test_grad_pickles_and_keeps_its_name():
    g = ad.grad(masked_root)
    assert g.__name__ == "masked_root"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(g))(np.array([1.0])), [0.5])


def test_a_long_chain_goes_backward_without_recursion():
    def chain(x):
        for _ in range(100_000):
            x = x + 1e-6
        return x

    assert ad.grad(chain)(1.0) == 1.0


def test_integers_become_float64():
    gradient = ad.grad(lambda x: np.sum(x * x))(np.array([1, 2]))
    assert gradient.dtype == np.float64


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ad.grad(lambda x: x)(np.ones(3)), ad.NotScalarError, r"\(3,\)"),
        (lambda: ad.grad(lambda x: np.packbits(x).sum())(np.ones(3)), ad.NoRuleError, "packbits"),
        (lambda: ad.grad(lambda x: float(x[0]))(np.ones(3)), ad.ConversionError, "stop_gradient"),
        (lambda: ad.grad(lambda x: np.sum(x + np.ones(4)))(np.ones(3)), ad.ShapeError, r"add.*\(3,\).*\(4,\)"),
        (lambda: ad.grad(lambda s: 1.0)("text"), ad.DtypeError, "argument 0"),
        (lambda: ad.grad(lambda x: np.nditer([x, None]))(np.ones(3)), ad.NoRuleError, r"np\.zeros_like"),
        (lambda: ad.grad(np.frompyfunc(abs, 1, 1))(1.0), ad.NoRuleError, r"np\.vectorize"),
        (lambda: ad.jacobian(lambda x: "text")(np.ones(3)), ad.DtypeError, "has_aux"),
        (lambda: ad.jacfwd(lambda x: "text")(np.ones(3)), ad.DtypeError, "has_aux"),
        (lambda: ad.vmap(lambda x: x if x > 0 else -x)(np.ones(3)), ad.BatchError, "np.where"),
        (
            lambda: ad.vmap(np.linalg.lstsq)(np.stack([np.eye(3)[:, :2], np.ones((3, 2))]), np.ones((2, 3))),
            ad.BatchError,
            r"np\.stack",
        ),
        (lambda: ad.vmap(np.poly)(np.array([[1j, -1j], [1j, 2]])), ad.BatchError, r"np\.convolve"),
        (
            lambda: ad.vmap(lambda u: np.polydiv(u, [1.0, 0.0, 0.0])[1])(np.array([[1.0, 2, 1], [1, 0, 1]])),
            ad.BatchError,
            "the degree of a polynomial differs",
        ),
        (lambda: ad.grad(lambda x: x, argnums=3)(1.0), ad.ArgumentError, "argnums"),
    ],
)
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_writing_into_a_plain_array_says_which_buffer_to_use():
    out = np.zeros(2)

    def f(x):
        out[0] = x[0]
        return np.sum(out)

    with pytest.raises(ad.ConversionError, match=r"a copy that was made in the function, np.array\(a\)") as caught:
        ad.grad(f)(np.ones(2))
    assert "out[0] = x[0]" in str(caught.value)
    assert np.array_equal(out, [0.0, 0.0])


def test_an_object_array_that_numpy_cannot_compute_with_says_what_to_write():
    with pytest.raises(ad.DtypeError, match=r"np.sin\(np.array(.|\n)*np.stack"):
        ad.grad(lambda x: np.sum(np.sin(np.array([x[0], 2.0], dtype=object))))(np.ones(2))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x[7], IndexError, r"getitem.*\(3,\)"),
        (lambda x: x.__setitem__(slice(0, 2), np.ones(3)), ValueError, r"setitem.*\(3,\)"),
        (lambda x: np.einsum("i,j,j", x, x, np.ones(4)), ValueError, r"einsum.*\(3,\).*\(4,\)"),
        (lambda x: np.concatenate([np.ones((2, 2)), x]), ValueError, r"concatenate.*\(2, 2\).*\(3,\)"),
        (lambda x: x.sum(axis=3), ValueError, r"sum.*\(3,\)"),
        (lambda x: x.reshape(2, 2), ValueError, r"reshape.*\(3,\)"),
        (lambda x: np.linalg.cholesky(-np.outer(x, x)), np.linalg.LinAlgError, "cholesky"),
        (lambda x: np.linalg.inv(x[0] * np.zeros((2, 2))), np.linalg.LinAlgError, "inv"),
    ],
)
@pytest.mark.parametrize("run", [
    lambda f, x: ad.vjp(f, x), lambda f, x: ad.jvp(f, (x,), (x,)), lambda f, x: ad.vmap(f)(np.stack([x, x])),
])  # fmt: skip
def test_errors_name_shapes_operation_and_line(call, error, words, run):
    with pytest.raises(error, match=words) as caught:
        run(call, np.ones(3))
    assert isinstance(caught.value, ad.DragongradError)
    assert "test_transforms.py" in str(caught.value)


def test_an_object_array_with_a_hole_is_refused():
    with pytest.raises(ad.DtypeError, match=r"object \(2,\)"):
        ad.grad(lambda x: np.sum(x))(np.array([1.0, None], dtype=object))


def test_a_variable_that_escaped_is_refused():
    kept = []
    ad.grad(lambda x: (kept.append(x), x)[1])(1.0)
    with pytest.raises(ad.EscapedError):
        kept[0] + 1


def test_python_rounds_as_numpy_does():
    assert ad.grad(lambda x: round(x) * x + math.floor(x) * x + math.ceil(x) * x + math.trunc(x) * x)(2.2) == 9.0
    assert ad.grad(lambda x: divmod(x, 2.0)[1] * x)(5.0) == 6.0
    assert ad.grad(lambda x: divmod(5.0, x)[1])(2.0) == -2.0


def test_argnums_may_be_numpy_integers():
    assert ad.grad(lambda x, y: x * y, argnums=np.int64(1))(2.0, 3.0) == 2.0
    with pytest.raises(ad.ArgumentError, match="argnums"):
        ad.grad(np.multiply, argnums=(True,))


@pytest.mark.parametrize("out", [lambda x: (x, 1), lambda x: [x], lambda x: {"x": x}, lambda x: "x"])
def test_a_gradient_of_a_nest_is_refused(out):
    with pytest.raises(ad.NotScalarError, match="has_aux"):
        ad.grad(out)(1.0)


@pytest.mark.parametrize("transform", [ad.grad, ad.jacobian, ad.jacfwd, ad.jacrev, ad.hessian])
def test_aux_passes_through_as_it_is(transform):
    aux = transform(lambda x: (np.sum(x**3), {"name": "x", "n": 3, "none": None, "y": x}), has_aux=True)(
        np.ones(2)
    )[1]
    assert [type(aux[k]) for k in ("name", "n", "none", "y")] == [str, int, type(None), np.ndarray]
    assert aux["y"].shape == (2,)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("at", [1.0, [1.0], [[1.0, 1.0]]])
def test_large_derivatives_warn_of_nothing(at):
    x, slope = np.asarray(at), np.full(np.shape(at), 1e300)
    for f in (lambda x: 1e300 * x, lambda x: x**1e300):
        np.testing.assert_array_equal(ad.grad(lambda x, f=f: np.sum(f(x)))(x), slope)
        np.testing.assert_array_equal(ad.jvp(f, (x,), (np.ones_like(x),))[1], slope)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # NumPy's own, before the error
def test_debug_nans_watches_a_batch():
    with ad.debug_nans(), pytest.raises(ad.NonFiniteError, match=r"log(.|\n)*test_transforms"):
        ad.vmap(np.log)(np.array([0.0, 1.0]))


@pytest.mark.parametrize(
    ("tangent", "error"), [(None, ad.ArgumentError), ([[1.0], [1.0, 2.0]], ad.DragongradError)]
)
def test_what_is_no_array_is_refused_as_a_tangent(tangent, error):
    with pytest.raises(error):
        ad.jvp(np.sin, (np.ones(2),), (tangent,))


def test_axes_that_vmap_cannot_use_are_refused():
    rows = np.ones((4, 3))
    with pytest.raises(ad.BatchError, match=r"out_axes names axis 7 of a result of shape \(4, 3\)"):
        ad.vmap(np.sin, out_axes=7)(rows)
    with pytest.raises(ad.ArgumentError, match="in_axes"):
        ad.vmap(np.sin, in_axes="a")(rows)
    for options in ({"in_axes": (0.0,)}, {"in_axes": ("a",)}, {"out_axes": 0.5}, {"out_axes": "a"}):
        with pytest.raises(ad.ArgumentError, match=r"(in|out)_axes holds axes, whole numbers, or None"):
            ad.vmap(np.sin, **options)(rows)
    whole = ad.vmap(np.sin, in_axes=np.int64(1), out_axes=np.int64(1))(rows)
    np.testing.assert_array_equal(whole, np.sin(rows))


def test_a_plain_array_indexed_by_a_batched_integer_says_what_to_write():
    table, i = np.array([1.0, 2.0, 3.0]), np.array([2, 0])
    with pytest.raises(ad.ConversionError, match=r"table\[i\](.|\n)*ad\.take"):
        ad.vmap(lambda i: table[i])(i)
    np.testing.assert_array_equal(ad.vmap(lambda i: ad.take(table, i))(i), [3.0, 1.0])


@pytest.mark.parametrize("compiled", [False, True])
def test_an_array_of_one_element_is_one_number(compiled):
    x, run = np.array([1.0, 2.0, 3.0]), ad.compile if compiled else lambda f: f
    for f in (lambda x: np.sum(x**3, keepdims=True), lambda x: x[None] ** 2 @ x[:, None]):
        for _ in range(2):
            value, gradient = run(ad.value_and_grad(f))(x)
            assert (value, type(value)) == (36.0, np.float64)
            np.testing.assert_allclose(gradient, 3 * x**2)
            np.testing.assert_allclose(run(ad.hessian(f))(x), np.diag(6 * x))
    with pytest.raises(ad.NotScalarError, match=r"\(0,\)"):
        run(ad.grad(lambda x: x[:0]))(x)


@pytest.mark.parametrize("jacobian", [ad.jacobian, ad.jacfwd, ad.jacrev])
def test_jacobians_of_numbers_of_pythons(jacobian):
    f = lambda x: (2.5, [x[0] * x[1], 3], {"truth": True, "place": np.argmax(x)})
    for run in (jacobian(f), ad.compile(jacobian(f))):
        one, (product, two), rest = run(np.array([2.0, 5.0]))
        np.testing.assert_array_equal(product, [5.0, 2.0])
        for nothing in (one, two, rest["truth"], rest["place"]):
            assert (nothing.dtype, nothing.tolist()) == (np.float64, [0.0, 0.0])


def test_a_complex_number_has_a_hessian_by_real_ones():
    f = lambda x: (x[0] ** 2 * x[1]) * (1 + 2j)
    expected = (1 + 2j) * np.array([[6.0, 2.0], [2.0, 0.0]])
    x = np.array([1.0, 3.0])
    np.testing.assert_allclose(ad.hessian(f)(x), expected)
    np.testing.assert_allclose(ad.compile(ad.hessian(f))(x), expected)
    np.testing.assert_allclose(ad.hessian(lambda x: (f(x), x), has_aux=True)(x)[0], expected)
    with pytest.raises(ad.DtypeError, match="real inputs"):
        ad.hessian(f)(x + 0j)


def test_values_can_be_printed():
    old = "%.1f and %d"  # as in `logging`

    def texts(x):
        return [f"{x[0]:.2f}", f"{x[1]:5.1e}", old % (x[0], x[1]), np.array2string(x, precision=1),
                np.format_float_positional(x[0], precision=1), np.format_float_scientific(x[1])]  # fmt: skip

    def watched(x):
        found.append(texts(x))
        return np.sum(x)

    x, found = np.array([1.25, 2.0]), []
    for run in (ad.grad(watched), ad.hessian(watched), lambda x: ad.jvp(watched, (x,), (x,))):
        run(x)
    assert found == [texts(x)] * 3
    for turned in (float, int, math.sin, lambda x: 5 % float(x), lambda x: old % (math.sin(x), 1)):
        with pytest.raises(ad.ConversionError, match=r'f"\{x:\.3f\}"|Write np\.sin'):
            ad.grad(lambda x, turned=turned: turned(x[0]) * 1.0)(x)
