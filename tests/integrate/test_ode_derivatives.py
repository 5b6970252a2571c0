"""Derivatives of solutions: forwards, backwards, by the adjoint, of second order, in rows, compiled."""

import numpy as np
import pytest
from grid import BACKENDS, covering
from integrate.equations import BY_TITLE, EQUATIONS, lotka_volterra, robertson

import dragongrad as ad
from dragongrad.integrate import check, solve_ivp

WAYS = {
    "steps": {}, "stiff": {"method": "Rodas5P"}, "adjoint": {"sensitivity": "adjoint"},
    "scipy": {"method": "scipy:DOP853"},
}  # fmt: skip
P, Y0 = np.array([1.5, 1.0, 3.0, 1.0]), np.array([1.0, 1.0])


def end(e, **options):
    """The sum of weighted states at three times, as a function of start, parameters and span."""

    def f(y0, args, begin, last):
        times = np.stack([begin + 0.25, 0.5 * last, 1.0 * last])
        tolerances = {"rtol": 1e-9, "atol": 1e-9}
        y = solve_ivp(e.f, (begin, last), y0, t_eval=times, args=args, **tolerances, **options).y
        return np.sum(np.real(y) * np.cos(1.0 + np.arange(3)))

    return f


def flat(nest):
    return np.concatenate([np.ravel(x) for x in nest[:1]] + [np.ravel(x) for x in nest[1]] + [np.ravel(nest[2:])])


REAL = [e for e in EQUATIONS if np.asarray(e.y0).dtype.kind == "f"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("e", REAL, ids=lambda e: e.title)
def test_gradients_are_differences_of_closed_forms(e, way):
    """By the start, the parameters, and both ends of the span, in reverse."""

    def closed(y0, args, begin, last):
        if e.title == "a forced equation":
            # It is not the same at all times.
            shift = (y0 - args[0] / 2 * (np.cos(begin) + np.sin(begin))) * np.exp(begin)
            rows = [
                shift * np.exp(-t) + args[0] / 2 * (np.cos(t) + np.sin(t)) for t in (begin + 0.25, 0.5 * last, last)
            ]
        else:
            rows = [e.solution(t - begin, y0, *args) for t in (begin + 0.25, 0.5 * last, last)]
        return sum(np.sum(row) * c for row, c in zip(rows, np.cos(1.0 + np.arange(3)), strict=True))

    at = (e.y0, e.args, 0.1, e.end)
    found = ad.grad(end(e, **WAYS[way]), (0, 1, 2, 3))(*at)
    leaves = [np.atleast_1d(np.asarray(x, float)) for x in (e.y0, *e.args, 0.1, e.end)]
    shapes = [np.shape(x) for x in (e.y0, *e.args, 0.1, e.end)]

    def of(parts):
        given = [p.reshape(s) if s else p[0] for p, s in zip(parts, shapes, strict=True)]
        return closed(given[0], tuple(given[1:-2]), *given[-2:])

    expected = []
    for k, leaf in enumerate(leaves):
        for i in np.ndindex(leaf.shape):
            sides = []
            for h in (1e-5, -1e-5):
                moved = [x.copy() for x in leaves]
                moved[k][i] += h
                sides.append(of(moved))
            expected.append((sides[0] - sides[1]) / 2e-5)
    np.testing.assert_allclose(flat(found), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("title", ["logistic growth", "a forced equation"])
def test_forwards_as_backwards(title, way):
    e = BY_TITLE[title]
    f = end(e, **WAYS[way])
    at = (e.y0, e.args, 0.1, 1.0)
    back = flat(ad.grad(f, (0, 1, 2, 3))(*at))
    forth = flat(ad.jacfwd(f, (0, 1, 2, 3))(*at))
    exact = {"steps", "stiff"}
    np.testing.assert_allclose(
        back, forth, rtol=1e-10 if way in exact else 1e-6, atol=1e-12 if way in exact else 1e-7
    )


def prey(p, **options):
    return solve_ivp(lotka_volterra, (0, 3), Y0, t_eval=[1.0, 3.0], args=(p,), rtol=1e-9, atol=1e-9, **options).y


def test_a_complex_step_gives_the_same_as_forward_mode():
    """With the same steps: those of real parameters, which a tiny imaginary part does not change."""
    from dragongrad.integrate import tsit5

    def run(p):
        y, h = Y0 + 0 * p[0], 0.05
        for k in range(20):
            f = lotka_volterra(0, y, p)
            y = tsit5.trial(lambda t, y: lotka_volterra(t, y, p), k * h, y, f, h).y
        return y

    exact = np.stack([np.imag(run(P + 1e-30j * row)) / 1e-30 for row in np.eye(4)], axis=1)
    np.testing.assert_allclose(ad.jacfwd(run)(P), exact, rtol=1e-12)
    np.testing.assert_allclose(ad.jacrev(run)(P), exact, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"sensitivity": "adjoint"}], ids=["steps", "adjoint"])
def test_hessians_go_forward_over_reverse(options):
    def f(p):
        return np.sum(prey(p, **options) ** 2)

    found = ad.compile(ad.hessian(f))(P)
    h = 1e-4
    gradient = ad.compile(ad.grad(f))
    expected = np.stack([(gradient(P + h * row) - gradient(P - h * row)) / (2 * h) for row in np.eye(4)])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found, found.T, rtol=1e-4 if options else 1e-6, atol=1e-4)


def test_jacobians_both_ways():
    np.testing.assert_allclose(ad.jacrev(prey)(P), ad.jacfwd(prey)(P), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("way", "backend"), covering(["steps", "stiff", "adjoint"], BACKENDS))
def test_compiled_gradients_are_one_program_for_any_number_of_steps(way, backend):
    def f(p, last):
        times = np.stack([0.5 * last, 1.0 * last])
        y = solve_ivp(lotka_volterra, (0, last), Y0, t_eval=times, args=(p,), rtol=1e-6, atol=1e-6, **WAYS[way]).y
        return np.sum(y**2)

    compiled = ad.compile(ad.value_and_grad(f, (0, 1)), backend=backend)
    for last in (0.5, 3.0, 0.01):
        value, (by_p, by_last) = compiled(P, last)
        expected, (p_bar, last_bar) = ad.value_and_grad(f, (0, 1))(P, last)
        np.testing.assert_allclose(value, expected, rtol=1e-9)
        np.testing.assert_allclose(by_p, p_bar, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(by_last, last_bar, rtol=1e-7)
    assert compiled.compiled == 1


@pytest.mark.parametrize("transform", ["eager", pytest.param("numpy", marks=pytest.mark.slow), "native"])
@pytest.mark.parametrize("way", ["steps", pytest.param("adjoint", marks=pytest.mark.slow)])
def test_rows_are_each_its_own(way, transform):
    def f(p):
        return np.sum(prey(p, **WAYS[way]))

    rows = np.stack([P, 1.1 * P, 0.5 * P])
    run, one = ad.vmap(ad.grad(f)), ad.compile(ad.grad(f))
    expected = [one(p) for p in rows]
    if transform != "eager":
        run = ad.compile(run, backend=transform)
        run(rows)
    np.testing.assert_allclose(run(rows), expected, rtol=1e-5, atol=1e-7)


def test_rows_of_a_stiff_equation():
    k = np.array([0.04, 1e4, 3e7])

    def f(k):
        y0 = np.array([1.0, 0.0, 0.0])
        return solve_ivp(robertson, (0, 40), y0, "Rodas5P", [4.0, 40.0], args=(k,), rtol=1e-6, atol=1e-9).y

    rows = np.stack([k, k * np.array([1.0, 2.0, 0.5])])
    np.testing.assert_allclose(ad.compile(ad.vmap(f))(rows), [f(k) for k in rows], rtol=1e-9, atol=1e-12)


def test_gradients_of_a_stiff_equation():
    """Robertson's, by its rates: forwards, backwards and by differences."""

    def f(logs):
        y0 = np.array([1.0, 0.0, 0.0])
        y = solve_ivp(robertson, (0, 400), y0, t_eval=[400.0], args=(np.exp(logs),), rtol=1e-8, atol=1e-12).y
        return np.sum(y[:, -1] * np.array([1.0, 1e5, 2.0]))

    at = np.log([0.04, 1e4, 3e7])
    back, forth, value = ad.compile(ad.grad(f)), ad.compile(ad.jacfwd(f)), ad.compile(f)
    np.testing.assert_allclose(back(at), forth(at), rtol=1e-8)
    h = 1e-3
    differences = [(value(at + h * row) - value(at - h * row)) / (2 * h) for row in np.eye(3)]
    np.testing.assert_allclose(back(at), differences, rtol=1e-4)


@pytest.mark.slow
def test_an_equation_that_is_unstable_backwards_has_no_silent_adjoint():
    def f(k, **options):
        y = solve_ivp(lambda t, y, k: -k * (y - np.cos(t)), (0, 10), 0.0, args=(k,), t_eval=[10.0], **options).y
        return np.sum(y)

    with pytest.raises(ad.DerivativeError, match="more checkpoints"):
        ad.grad(lambda k: f(k, sensitivity="adjoint", method="Rodas5P"))(100.0)
    many = ad.grad(lambda k: f(k, sensitivity="adjoint", checkpoints=400, rtol=1e-6, atol=1e-8))(100.0)
    np.testing.assert_allclose(many, ad.grad(lambda k: f(k, rtol=1e-8, atol=1e-10))(100.0), rtol=1e-3)


def test_parameters_may_be_nests_and_closures():
    def f(p):
        y = solve_ivp(
            lambda t, y, q: {"x": -q["k"] * y["x"] + p["b"][0]}, (0, 1), {"x": p["b"]}, t_eval=[1.0],
            args=({"k": p["k"]},), rtol=1e-9, atol=1e-9,
        ).y  # fmt: skip
        return np.sum(y["x"])

    at = {"k": 0.5, "b": np.array([1.0, 2.0])}

    def closed(p):
        rest = p["b"][0] / p["k"]
        return np.sum((p["b"] - rest) * np.exp(-p["k"]) + rest)

    found, expected = ad.grad(f)(at), ad.grad(closed)(at)
    np.testing.assert_allclose(found["k"], expected["k"], rtol=1e-7)
    np.testing.assert_allclose(found["b"], expected["b"], rtol=1e-7)


def test_the_adjoint_refuses_what_the_equation_closes_over():
    def f(k, y0):
        return solve_ivp(lambda t, y: -k * y, (0, 1), y0, t_eval=[1.0], sensitivity="adjoint").y[-1]

    with pytest.raises(ad.ClosureError):
        ad.grad(f)(1.0, 1.0)
    with pytest.raises(ad.ClosureError):
        ad.grad(f, (0, 1))(1.0, 1.0)
    with pytest.raises(ad.ClosureError):
        ad.compile(ad.grad(f))(1.0, 1.0)


def test_check_tells_errors_that_are_there():
    def f(rate, rtol=1e-5):
        return solve_ivp(lambda t, y: -rate * y, (0, 2), 1.0, t_eval=[2.0], rtol=rtol, atol=1e-12).y[-1]

    found = check(f, 0.5)
    actual = abs(ad.grad(f)(0.5) + 2 * np.exp(-1.0)) / (2 * np.exp(-1.0))
    assert 0.5 * actual < found.gradient_error < 2 * actual
    assert check(lambda r: f(r, 1e-9), 0.5).gradient_error < found.gradient_error / 100
    assert "gradient to" in str(found)
    with pytest.raises(ad.ArgumentError, match="between 0 and 1"):
        check(f, 0.5, factor=2.0)
