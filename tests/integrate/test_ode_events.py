"""Events: as SciPy's, with the derivatives that the theorem of implicit functions gives."""

import numpy as np
import pytest
from grid import covering
from scipy import integrate

import dragongrad as ad
from dragongrad.integrate import solve_ivp

G = 9.81
WAYS = {
    "eager": lambda f: f,
    "native": ad.compile,
    "numpy": lambda f: ad.compile(f, backend="numpy"),
}


def fall(t, y):
    return np.stack([y[1], -G + 0 * y[1]])


def ground(t, y):
    return y[0]


ground.terminal = True
ground.direction = -1


def apex(t, y):
    return y[1]


def landing(height, **options):
    found = solve_ivp(
        fall, (0, 100), np.stack([height, 0 * height]), t_eval=[0.0], events=ground, rtol=1e-8, **options
    )
    return found.t_events[0][0]


def closed(height):
    return np.sqrt(2 * height / G)


@pytest.mark.parametrize(("method", "way"), covering(["auto", "Rodas5P"], list(WAYS)))
def test_the_time_of_an_event_has_its_derivatives(way, method):
    def f(h):
        return landing(h, method=method)

    for transform in (lambda f: f, ad.grad, lambda f: ad.jacfwd(ad.grad(f))):
        run = WAYS[way](transform(f))
        for h in (10.0, 3.0):
            np.testing.assert_allclose(run(h), transform(closed)(h), rtol=1e-10)


@pytest.mark.parametrize("way", WAYS)
def test_rows_end_each_with_its_event(way):
    heights = np.array([1.0, 5.0, 10.0])
    run = WAYS[way](ad.vmap(ad.value_and_grad(landing)))
    expected = [ad.value_and_grad(closed)(h) for h in heights]
    np.testing.assert_allclose(np.transpose(run(heights)), expected, rtol=1e-10)


def bounces(e):
    """When a ball that loses speed with each bounce lands for the third time."""
    t, y = 0.0, np.stack([1.0 + 0 * e, 0 * e])
    for _ in range(3):
        found = solve_ivp(fall, (t, 100.0), y, t_eval=[t], events=ground, rtol=1e-10, atol=1e-10)
        t, speed = found.t_events[0][0], found.y_events[0][0, 1]
        y = np.stack([0 * speed, -e * speed])
    return t


def test_a_ball_that_bounces():
    def third(e):
        return np.sqrt(2 / G) * (1 + 2 * e + 2 * e**2)

    np.testing.assert_allclose(bounces(0.8), third(0.8), rtol=1e-10)
    np.testing.assert_allclose(ad.grad(bounces)(0.8), ad.grad(third)(0.8), rtol=1e-9)
    run = ad.compile(ad.grad(bounces))
    for e in (0.8, 0.6):
        np.testing.assert_allclose(run(e), ad.grad(third)(e), rtol=1e-9)
    assert run.compiled == 1


@pytest.mark.parametrize("t_eval", [None, np.linspace(0, 5, 11)], ids=["steps", "times"])
@pytest.mark.parametrize("terminal", [False, True, 2])
def test_events_are_those_of_scipy(t_eval, terminal):
    def low(t, y):
        return np.sin(9 * y[0])

    low.terminal = terminal
    options = {"events": [apex, low], "rtol": 1e-9, "atol": 1e-9, "max_step": 0.02}
    found = solve_ivp(fall, (0, 0.6), [0.1, 3.0], t_eval=None if t_eval is None else t_eval / 10, **options)
    other = integrate.solve_ivp(
        fall, (0, 0.6), [0.1, 3.0], t_eval=None if t_eval is None else t_eval / 10, **options
    )
    assert found.status == other.status == (1 if terminal else 0)
    for mine, his in zip(found.t_events, other.t_events, strict=True):
        np.testing.assert_allclose(mine, his, atol=1e-8)
    for mine, his in zip(found.y_events, other.y_events, strict=True):
        assert np.shape(mine) == (np.shape(his) if np.size(his) else (0, 2))
        np.testing.assert_allclose(mine, np.reshape(his, np.shape(mine)), atol=1e-7)
    np.testing.assert_allclose(found.t[-1], other.t[-1], atol=1e-8)
    np.testing.assert_allclose(found.y[:, -1], other.y[:, -1], atol=1e-7)


@pytest.mark.parametrize("way", WAYS)
def test_what_lies_behind_the_event_is_left_out(way):
    def heights(h):
        found = solve_ivp(fall, (0, 5), np.stack([h, 0 * h]), t_eval=np.linspace(0, 5, 11), events=ground)
        return found.t, found.y, found.t_events[0]

    run = WAYS[way](heights)
    for h in (10.0, 200.0, 1.0):
        t, y, when = run(h)
        expected = np.linspace(0, 5, 11)
        expected = expected[expected <= closed(h)]
        np.testing.assert_array_equal(t, expected)
        np.testing.assert_allclose(y[0], h - G / 2 * expected**2, rtol=1e-9)
        assert len(when) == (closed(h) < 5)


def test_the_first_of_several_events_ends_it():
    def wall(t, y):
        return y[0] - 5.0

    wall.terminal = True
    for way in WAYS.values():
        run = way(
            lambda h: [x for x in solve_ivp(fall, (0, 9), [h, 0.0], t_eval=[0.0], events=[ground, wall]).t_events]
        )
        none, hit = run(8.0)
        assert len(none) == 0
        np.testing.assert_allclose(hit, np.sqrt(2 * 3 / G), rtol=1e-10)


def test_events_backwards_in_time():
    def rising(t, y):
        return y[0]

    rising.direction = 1
    found = solve_ivp(fall, (0, -9), [1.0, 0.0], events=rising)
    assert found.status == 0
    assert len(found.t_events[0]) == 0
    found = solve_ivp(fall, (0, -9), [1.0, 0.0], events=ground)
    np.testing.assert_allclose(found.t_events[0], [-closed(1.0)], rtol=1e-9)
    np.testing.assert_allclose(found.t[-1], -closed(1.0), rtol=1e-9)


def test_events_that_do_not_end_it_are_not_compiled():
    def f(h):
        return solve_ivp(fall, (0, 1), np.stack([h, 1 + 0 * h]), t_eval=[0.5], events=apex).t_events[0][0]

    with pytest.warns(ad.CompileWarning, match="event.terminal = True"):
        np.testing.assert_allclose(ad.compile(f)(1.0), 1 / G, rtol=1e-9)
    with pytest.raises(ad.ArgumentError, match="events in a batch"):
        ad.vmap(f)(np.ones(2))


def test_events_are_numbers_and_functions():
    with pytest.raises(ad.ArgumentError, match="functions of time and state"):
        solve_ivp(fall, (0, 1), [1.0, 0.0], events=3)
    with pytest.raises(ad.ShapeError, match="Return one number"):
        solve_ivp(fall, (0, 1), [1.0, 0.0], events=lambda t, y: y)


def test_the_time_of_an_event_that_is_flat_has_no_derivative():
    def when(p):
        found = ad.integrate.solve_ivp(lambda t, y: np.ones(1), (0, 2), [0.0], events=lambda t, y: (y[0] - p) ** 3)
        return found.t_events[0][0]

    assert when(0.7) == pytest.approx(0.7, abs=1e-5)
    assert not np.isfinite(ad.grad(when)(0.7))
    assert not np.isfinite(ad.derivative(when)(0.7))
