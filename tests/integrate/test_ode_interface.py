"""What `solve_ivp` takes and gives: nests, dtypes, times, dense output, how runs end, and errors."""

import numpy as np
import pytest
from integrate.equations import lotka_volterra
from scipy import integrate

import dragongrad as ad
from dragongrad.integrate import Solution, solve_ivp

P, Y0 = np.array([1.5, 1.0, 3.0, 1.0]), np.array([1.0, 1.0])
METHODS = ["Tsit5", "Rodas5P", "auto", "scipy:RK45", "scipy:Radau"]


def decay(t, y):
    return -y


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("y0", "shape"),
    [(1.0, ()), (1, ()), ([1.0, 2.0], (2,)), ((1.0, 2.0), (2,)), (np.ones((2, 3)), (2, 3)), (np.float32(2.0), ()),
     (np.ones(3, np.float32), (3,)), (np.ones(1, int), (1,)), (np.zeros((0, 2)), (0, 2)),
     (np.ones((2, 1, 2)), (2, 1, 2)), (1.0 + 2.0j, ()), (np.array([1.0, 1j]), (2,))],
    ids=str,
)  # fmt: skip
def test_states_keep_their_shapes(y0, shape, method):
    found = solve_ivp(decay, (0, 1), y0, method, [0.0, 0.5, 1.0], rtol=1e-7, atol=1e-9)
    start = np.asarray(y0) * np.ones(shape)
    assert found.y.shape == (*shape, 3)
    assert found.y.dtype == (complex if np.iscomplexobj(start) else float)
    np.testing.assert_allclose(found.y, start[..., None] * np.exp([0.0, -0.5, -1.0]), rtol=1e-5)


@pytest.mark.parametrize("t_eval", [None, [0.0, 1.0]], ids=["steps", "times"])
def test_nests_come_back_as_nests(t_eval):
    start = {"a": 1.0, "b": [np.ones(2), np.ones((2, 2)) * 1j]}
    found = solve_ivp(lambda t, y: {"a": -y["a"], "b": [-y["b"][0], 2j * y["b"][1]]}, (0, 1), start, t_eval=t_eval)
    times = len(found.t)
    assert [np.shape(x) for x in (found.y["a"], *found.y["b"])] == [(times,), (2, times), (2, 2, times)]
    np.testing.assert_allclose(found.y["b"][1][..., -1], 1j * np.exp(2j), rtol=1e-3)


def test_a_list_or_tuple_may_be_returned_for_a_vector():
    for f in (lambda t, y: [y[1], -y[0]], lambda t, y: (y[1], -y[0])):
        np.testing.assert_allclose(solve_ivp(f, (0, 1), [0.0, 1.0], rtol=1e-8).y[0, -1], np.sin(1.0), rtol=1e-6)


def test_the_fields_are_those_of_scipy():
    found = solve_ivp(lotka_volterra, (0, 5), Y0, args=(P,), dense_output=True, rtol=1e-9, atol=1e-9)
    other = integrate.solve_ivp(lotka_volterra, (0, 5), Y0, args=(P,), rtol=1e-9, atol=1e-9, dense_output=True)
    assert set(found.keys()) == set(other.keys())
    assert found["t"] is found.t
    assert (found.status, found.success, found.t_events, found.y_events) == (0, True, None, None)
    assert found.t[0] == 0
    assert found.t[-1] == 5
    assert found.y.shape == (2, len(found.t))
    times = np.linspace(0, 5, 40)
    np.testing.assert_allclose(found.sol(times), other.sol(times), rtol=1e-6)
    np.testing.assert_allclose(found.sol(2.0), other.sol(2.0), rtol=1e-6)
    np.testing.assert_allclose(found.sol(found.t), found.y, rtol=1e-12)
    assert isinstance(found.nfev, int)
    with pytest.raises(KeyError):
        found["x"]


@pytest.mark.parametrize("method", METHODS)
def test_spans_go_backwards(method):
    times = np.array([2.0, 1.0, -1.0])
    found = solve_ivp(lambda t, y: -t * y, (2, -1), 1.0, method, times, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.y, np.exp(2 - times**2 / 2), rtol=1e-6)
    if not method.startswith("scipy"):
        whole = solve_ivp(lambda t, y: -t * y, (2, -1), 1.0, method, dense_output=True, rtol=1e-8, atol=1e-10)
        assert np.all(np.diff(whole.t) < 0)
        np.testing.assert_allclose(whole.sol(times), found.y, rtol=1e-8)


@pytest.mark.parametrize("way", ["eager", "native", "numpy"])
def test_dense_output_is_differentiated(way):
    def f(rate, t):
        found = solve_ivp(
            lambda t, y: -rate * y, (0, 1), 1.0, t_eval=[1.0], dense_output=True, rtol=1e-10, atol=1e-10
        )
        return np.sum(found.sol(np.stack([0.7 * t, 0.2 * t]))) + found.sol(0.5)

    def closed(rate, t):
        return np.exp(-0.7 * rate * t) + np.exp(-0.2 * rate * t) + np.exp(-0.5 * rate)

    run = ad.grad(f, (0, 1)) if way == "eager" else ad.compile(ad.grad(f, (0, 1)), backend=way)
    for _ in range(2):
        np.testing.assert_allclose(run(1.5, 0.9), ad.grad(closed, (0, 1))(1.5, 0.9), rtol=1e-6)


def test_steps_of_eager_runs_are_differentiated():
    def f(rate):
        return solve_ivp(lambda t, y: -rate * y, (0, 1), 1.0, rtol=1e-10, atol=1e-10).y[-1]

    np.testing.assert_allclose(ad.grad(f)(0.5), -np.exp(-0.5), rtol=1e-8)


def test_an_empty_span_and_no_times():
    found = solve_ivp(decay, (1, 1), [1.0])
    np.testing.assert_array_equal(found.t, [1.0])
    np.testing.assert_array_equal(found.y, [[1.0]])
    assert found.success
    found = solve_ivp(decay, (0, 1), [1.0], t_eval=[])
    assert found.y.shape == (1, 0)
    assert found.success


def test_the_program_without_times_runs_eagerly():
    run = ad.compile(lambda rate: solve_ivp(lambda t, y: -rate * y, (0, 1), 1.0).y[-1])
    with pytest.warns(ad.CompileWarning, match="t_eval="):
        np.testing.assert_allclose(run(0.5), np.exp(-0.5), rtol=1e-3)
    with pytest.raises(ad.ArgumentError, match="in a batch"):
        ad.vmap(lambda y: solve_ivp(decay, (0, 1), y).y[-1])(np.ones(2))


# How runs end


@pytest.mark.parametrize("method", ["auto", "Rodas5P", "scipy:RK45"])
def test_what_was_not_reached_is_nan_with_its_derivative(method):
    def f(y0):
        return solve_ivp(lambda t, y: y**2, (0, 2), y0, method, [0.5, 1.5], rtol=1e-6, max_steps=1000)

    found = f(1.0)
    assert (found.status, found.success) == (-1, False)
    assert "step" in found.message
    np.testing.assert_allclose(found.y, [2.0, np.nan], rtol=1e-4)
    assert f(0.1).success
    if method == "auto":
        assert np.isnan(ad.grad(lambda y: np.sum(f(y).y))(1.0))


def test_without_times_a_run_that_fails_ends_before():
    found = solve_ivp(lambda t, y: y**2, (0, 2), 1.0)
    assert found.status == -1
    assert 0.99 < found.t[-1] <= 1.0
    assert np.all(np.isfinite(found.y))


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_compiled_runs_and_rows_tell_how_they_ended(backend):
    def f(y0):
        found = solve_ivp(lambda t, y: y**2, (0, 2), y0, t_eval=[0.5, 1.5])
        return found.y, found.status, found.success

    run = ad.compile(f, backend=backend)
    for y0, status in ((0.1, 0), (1.0, -1), (0.2, 0)):
        y, ended, good = run(y0)
        assert (ended, good) == (status, status == 0)
        assert np.isnan(y[1]) == (status == -1)
    for way in (ad.vmap(f), ad.compile(ad.vmap(f), backend=backend)):
        y, ended, good = way(np.array([0.1, 1.0]))
        np.testing.assert_array_equal(ended, [0, -1])
        np.testing.assert_array_equal(good, [True, False])
        np.testing.assert_array_equal(np.isnan(y), [[False, False], [False, True]])


def test_starts_that_are_not_finite_and_too_few_steps():
    found = solve_ivp(decay, (0, 1), [np.nan], t_eval=[1.0])
    assert (found.status, found.message) == (-1, "y0, or f at the beginning, is not finite.")
    with np.errstate(divide="ignore"):
        found = solve_ivp(lambda t, y: y / np.float64(t), (0, 1), [1.0], t_eval=[1.0])
    assert (found.status, np.isnan(found.y[0, 0])) == (-1, True)
    found = solve_ivp(decay, (0, 10), [1.0], max_steps=3)
    assert found.status == -1
    assert found.t[-1] < 10
    assert "max_steps" in found.message


def test_an_f_that_is_not_finite_beyond_its_domain_is_approached():
    """A step behind zero, where the root is NaN, is tried again, shorter."""
    found = solve_ivp(
        lambda t, y: -np.sqrt(y), (0, 1.99), 1.0, t_eval=[1.99], rtol=1e-8, atol=1e-10, first_step=1.99
    )
    assert found.success
    np.testing.assert_allclose(found.y, (1 - 1.99 / 2) ** 2, rtol=1e-3)


# Errors


BAD = {
    "method": ({"method": "RK45"}, ad.ArgumentError, "there is no method"),
    "scipy's": ({"method": "scipy:Euler"}, ad.ArgumentError, "SciPy has no method"),
    "outside": ({"t_eval": [0.0, 2.0]}, ad.ArgumentError, "outside of t_span"),
    "order": ({"t_eval": [1.0, 0.5]}, ad.ArgumentError, "np.sort"),
    "matrix": ({"t_eval": np.zeros((2, 2))}, ad.ShapeError, "vector of times"),
    "rtol": ({"rtol": 1e-20}, ad.ArgumentError, "rtol must be"),
    "rtol nan": ({"rtol": np.nan}, ad.ArgumentError, "rtol must be"),
    "atol": ({"atol": -1.0}, ad.ArgumentError, "atol must be"),
    "atol like y0": ({"atol": np.ones(3)}, ad.ShapeError, "like y0"),
    "max_step": ({"max_step": 0.0}, ad.ArgumentError, "max_step must be"),
    "first_step": ({"first_step": 3.0}, ad.ArgumentError, "longer than the span"),
    "max_steps": ({"max_steps": 1.5}, ad.ArgumentError, "max_steps"),
    "sensitivity": ({"sensitivity": "none"}, ad.ArgumentError, "sensitivity must be"),
    "adjoint": ({"sensitivity": "adjoint"}, ad.ArgumentError, "Give t_eval"),
    "checkpoints": ({"sensitivity": "adjoint", "t_eval": [1.0], "checkpoints": 0}, ad.ArgumentError, "checkpoints"),
}


@pytest.mark.parametrize("what", BAD)
def test_options_that_are_wrong_are_refused(what):
    options, kind, message = BAD[what]
    with pytest.raises(kind, match=message) as caught:
        solve_ivp(decay, (0, 1), [1.0, 2.0], **options)
    assert "test_ode_interface.py" in str(caught.value)


def test_spans_states_and_functions_that_are_wrong_are_refused():
    with pytest.raises(ad.ArgumentError, match="pair"):
        solve_ivp(decay, 1.0, 1.0)
    with pytest.raises(ad.ArgumentError, match="finite"):
        solve_ivp(decay, (0, np.inf), 1.0)
    with pytest.raises(ad.ShapeError, match="must be numbers"):
        solve_ivp(decay, (0, np.ones(2)), 1.0)
    with pytest.raises(ad.ArgumentError, match="must be a function"):
        solve_ivp(1.0, (0, 1), 1.0)
    with pytest.raises(ad.DtypeError, match="a state of"):
        solve_ivp(decay, (0, 1), np.array(["a", "b"]))
    with pytest.raises(ad.ShapeError, match="of the shape of y0"):
        solve_ivp(lambda t, y: y[:1], (0, 1), [1.0, 2.0])
    with pytest.raises(ad.ShapeError, match="another structure"):
        solve_ivp(lambda t, y: {"a": y}, (0, 1), [1.0, 2.0])
    with pytest.raises(ad.DtypeError, match="astype"):
        solve_ivp(lambda t, y: 1j * y, (0, 1), [1.0, 2.0])
    with pytest.raises(ad.ArgumentError, match="no array"):
        solve_ivp(decay, (0, 1), {})


def test_sol_knows_its_span():
    found = solve_ivp(decay, (0, 1), 1.0, dense_output=True)
    for t in (-0.1, 1.1, np.nan):
        with pytest.raises(ad.ArgumentError, match="not in the span"):
            found.sol(t)
    with pytest.raises(ad.ShapeError, match="vector of times"):
        found.sol(np.zeros((2, 2)))


def test_solutions_are_part_of_the_library():
    assert ad.integrate.Solution is Solution
