"""The first-order methods: a table of methods times a list of properties."""

import inspect
import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import dragongrad as ad
from dragongrad import optimize
from dragongrad.optimize import METHODS, ExponentialDecay, Status, StepDecay, minimize
from dragongrad.optimize.methods.pieces import PIECE

pytestmark = pytest.mark.smoke

# Each update once more, as its paper has it: from the point, the gradient, the number of the step and what is
# remembered (a dict) to the next point.


def gd(x, g, t, s, lr):
    return x - lr * g


def heavy_ball(x, g, t, s, lr, momentum):
    previous = s.get("previous", x)
    s["previous"] = x
    return x - lr * g + momentum * (x - previous)


def nesterov(x, g, t, s, lr, momentum):
    # Sutskever's velocity at the point that was looked ahead from; x is the point looked at.
    velocity = s.get("velocity", 0.0)
    behind = x - momentum * velocity
    s["velocity"] = momentum * velocity - lr * g
    return behind + s["velocity"] + momentum * s["velocity"]


def adagrad(x, g, t, s, lr, eps=1e-10):
    s["sum"] = s.get("sum", 0.0) + g**2
    return x - lr * g / (np.sqrt(s["sum"]) + eps)


def rmsprop(x, g, t, s, lr, decay=0.9, eps=1e-8, momentum=0.0, centered=False):
    s["n"] = decay * s.get("n", 0.0) + (1 - decay) * g**2
    s["g"] = decay * s.get("g", 0.0) + (1 - decay) * g
    spread = s["n"] - s["g"] ** 2 if centered else s["n"]
    s["delta"] = momentum * s.get("delta", 0.0) + g / (np.sqrt(spread) + eps)
    return x - lr * s["delta"]


def adadelta(x, g, t, s, lr, rho=0.95, eps=1e-6):
    s["g2"] = rho * s.get("g2", 0.0) + (1 - rho) * g**2
    move = -np.sqrt(s.get("x2", 0.0) + eps) / np.sqrt(s["g2"] + eps) * g
    s["x2"] = rho * s.get("x2", 0.0) + (1 - rho) * move**2
    return x + lr * move


def moments(g, t, s, beta1, beta2):
    s["m"] = beta1 * s.get("m", 0.0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0.0) + (1 - beta2) * g**2
    return s["m"] / (1 - beta1**t), s["v"] / (1 - beta2**t)


def adam(x, g, t, s, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(g, t, s, beta1, beta2)
    return x - lr * m / (np.sqrt(v) + eps)


def amsgrad(x, g, t, s, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m, _ = moments(g, t, s, beta1, beta2)
    s["top"] = np.maximum(s.get("top", 0.0), s["v"])
    return x - lr * m / (np.sqrt(s["top"] / (1 - beta2**t)) + eps)


def adamw(x, g, t, s, lr, weight_decay=0.01):
    return adam(x, g, t, s, lr) - lr * weight_decay * x


def nadam(x, g, t, s, lr, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=0.004):
    mu = [beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in range(1, t + 2)]
    _, v = moments(g, t, s, beta1, beta2)
    ahead = mu[t] * s["m"] / (1 - np.prod(mu)) + (1 - mu[t - 1]) * g / (1 - np.prod(mu[:t]))
    return x - lr * ahead / (np.sqrt(v) + eps)


def radam(x, g, t, s, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = moments(g, t, s, beta1, beta2)
    longest = 2 / (1 - beta2) - 1
    rho = longest - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5:
        return x - lr * m
    r = np.sqrt((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho))
    return x - lr * m * r / (np.sqrt(v) + eps / np.sqrt(1 - beta2**t))


def lion(x, g, t, s, lr, beta1=0.9, beta2=0.99, weight_decay=0.0):
    m = s.get("m", 0.0)
    s["m"] = beta2 * m + (1 - beta2) * g
    return x - lr * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * x)


def rprop(x, g, t, s, lr, increase=1.2, decrease=0.5, smallest=0.0, largest=50.0):
    before, lengths = s.get("g", np.zeros_like(x)), s.get("lengths", np.full_like(x, lr))
    x, g = x.copy(), g.copy()
    for i in range(x.size):
        if before[i] * g[i] > 0:
            lengths[i] = min(lengths[i] * increase, largest)
        elif before[i] * g[i] < 0:
            lengths[i] = max(lengths[i] * decrease, smallest)
            g[i] = 0
        x[i] -= np.sign(g[i]) * lengths[i]
    s["g"], s["lengths"] = g, lengths
    return x


@dataclass
class Row:
    """A method: its name, its options, the update by hand, and the peers' names for all that."""

    name: str
    by_hand: Any
    options: dict[str, Any] = field(default_factory=dict)
    torch: tuple[str, dict[str, Any]] | None = None
    optax: Any = None
    label: str = ""

    def __str__(self):
        return self.label or self.name


def from_optax(name, **options):
    return lambda optax, lr: getattr(optax, name)(lr, **options)


LR = 0.02
TABLE = [
    Row("gd", gd, {}, ("SGD", {}), from_optax("sgd")),
    Row("momentum", heavy_ball, {"momentum": 0.8}, ("SGD", {"momentum": 0.8}), from_optax("sgd", momentum=0.8)),
    Row(
        "nesterov", nesterov, {"momentum": 0.8}, ("SGD", {"momentum": 0.8, "nesterov": True}),
        from_optax("sgd", momentum=0.8, nesterov=True),
    ),
    Row("adagrad", adagrad, {}, ("Adagrad", {})),
    Row(
        "rmsprop", rmsprop, {}, ("RMSprop", {"alpha": 0.9}),
        from_optax("rmsprop", decay=0.9, eps=1e-8, eps_in_sqrt=False),
    ),
    Row(
        "rmsprop", rmsprop, {"momentum": 0.7, "centered": True, "decay": 0.95},
        ("RMSprop", {"alpha": 0.95, "momentum": 0.7, "centered": True}), label="rmsprop centered, momentum",
    ),
    Row(
        "adadelta", adadelta, {}, ("Adadelta", {"rho": 0.95}),
        from_optax("adadelta", rho=0.95, eps=1e-6),
    ),
    Row("adam", adam, {}, ("Adam", {}), from_optax("adam")),
    Row("amsgrad", amsgrad, {}, ("Adam", {"amsgrad": True})),
    Row(
        "adamw", adamw, {"weight_decay": 0.1}, ("AdamW", {"weight_decay": 0.1}),
        from_optax("adamw", weight_decay=0.1),
    ),
    Row("nadam", nadam, {}, ("NAdam", {})),
    Row("radam", radam, {}, ("RAdam", {})),
    Row("lion", lion, {}, None, from_optax("lion", b1=0.9, b2=0.99, weight_decay=0.0)),
    Row(
        "lion", lion, {"weight_decay": 0.1}, None, from_optax("lion", weight_decay=0.1), label="lion with decay",
    ),
    Row("rprop", rprop, {"smallest": 1e-6}, ("Rprop", {})),
]  # fmt: skip
EVERY = pytest.mark.parametrize("row", TABLE, ids=str)


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def bumpy(x):
    """Not convex, not separable, of any dimension."""
    return np.sum(np.log1p((x - 1) ** 2)) + 0.3 * np.sin(2 * np.sum(x)) + 0.1 * np.sum(x[1:] * x[:-1]) ** 2


def quadratic(x):
    return (x[0] - 1) ** 2 + 3 * (x[1] + 2) ** 2 + x[0] * x[1]


def quadratic_gradient(x):
    return np.array([2 * (x[0] - 1) + x[1], 6 * (x[1] + 2) + x[0]])


START = np.array([-0.7, 1.3, 0.4, 2.0])
GRADIENT = ad.grad(bumpy)


def walk(row, f, start, steps, **options):
    """The points that a method passes."""
    optimizer = METHODS[row.name](f, start, **{"lr": LR, **row.options, **options})
    optimizer.evaluate()
    points = [optimizer.params.copy()]
    for _ in range(steps):
        optimizer.advance()
        points.append(optimizer.params.copy())
    return np.array(points)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@EVERY
def test_first_steps_by_hand(row, mode):
    with ad.mode(mode):
        steps = walk(row, quadratic, [0.5, -0.3], 8)
    x, remembered = np.array([0.5, -0.3]), {}
    expected = [x]
    for t in range(1, 9):
        x = row.by_hand(x, quadratic_gradient(x), t, remembered, LR, **row.options)
        expected.append(x)
    np.testing.assert_allclose(steps, expected, rtol=1e-11)


@pytest.mark.parametrize("row", [r for r in TABLE if r.torch], ids=str)
def test_fifty_steps_agree_with_pytorch(row, request):
    torch = pytest.importorskip("torch")
    name, options = row.torch
    x = torch.tensor(START.copy(), requires_grad=True)
    # NAdam keeps the product of its momenta in the default dtype.
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    request.addfinalizer(lambda: torch.set_default_dtype(usual))
    peer = getattr(torch.optim, name)([x], lr=LR, **options)
    expected = [START]
    for _ in range(50):
        x.grad = torch.from_numpy(GRADIENT(x.detach().numpy().copy()))
        peer.step()
        expected.append(x.detach().numpy().copy())
    np.testing.assert_allclose(walk(row, bumpy, START, 50), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("row", [r for r in TABLE if r.optax], ids=str)
def test_fifty_steps_agree_with_optax(row):
    optax, jax = pytest.importorskip("optax"), pytest.importorskip("jax")
    with jax.enable_x64(True):
        peer = row.optax(optax, LR)
        x = jax.numpy.array(START)
        state, update = peer.init(x), jax.jit(peer.update)
        expected = [START]
        for _ in range(50):
            change, state = update(jax.numpy.array(GRADIENT(np.array(x))), state, x)
            x = optax.apply_updates(x, change)
            expected.append(np.array(x))
    np.testing.assert_allclose(walk(row, bumpy, START, 50), expected, rtol=1e-10, atol=1e-12)


def test_methods_are_found_by_name_and_exported():
    for row in TABLE:
        method = METHODS[row.name]
        assert method.__name__ in optimize.__all__
        assert set(method.options) <= set(inspect.signature(method).parameters)
        assert inspect.signature(method).parameters["lr"].default == method.lr


@EVERY
def test_float32_stays(row):
    start = np.array([0.5, -0.3], np.float32)
    optimizer = METHODS[row.name](quadratic, start, lr=LR, max_iter=5, **row.options)
    found = optimizer.solve()
    assert found.dtype == np.float32
    kept = {k: v.dtype for k, v in vars(optimizer).items() if isinstance(v, np.ndarray)}
    assert set(kept.values()) == {np.dtype(np.float32)}
    expected = walk(row, quadratic, start.astype(float), 5)[-1]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@dataclass
class Model:
    weights: Any
    bias: Any


@EVERY
def test_nests_travel_as_one_vector(row):
    weights, bias = np.array([[-0.7, 1.3, 0.4]]), np.array(2.0)

    def of_dict(p):
        return bumpy(np.concatenate([np.ravel(p["bias"]), np.ravel(p["weights"])]))

    def of_model(p):
        return bumpy(np.concatenate([np.ravel(p.weights), np.ravel(p.bias)]))

    options = {"method": row.name, "lr": LR, "max_iter": 20, **row.options}
    expected = minimize(bumpy, START, **options)
    found = minimize(of_model, Model(weights, bias), **options)
    assert isinstance(found.x, Model)
    np.testing.assert_allclose([*found.x.weights[0], found.x.bias], expected.x, rtol=1e-12)
    expected = minimize(bumpy, np.array([2.0, -0.7, 1.3, 0.4]), **options)
    found = minimize(of_dict, {"bias": bias, "weights": weights}, **options)
    np.testing.assert_allclose([found.x["bias"], *found.x["weights"][0]], expected.x, rtol=1e-12)
    assert found.x["weights"].shape == (1, 3)


@EVERY
def test_a_batch_of_starts_is_many_single_runs(row):
    starts = np.random.default_rng(0).uniform(-2, 2, (7, 3))
    together = walk(row, lambda x: np.sum(ad.vmap(bumpy)(x)), starts, 30)
    for i, start in enumerate(starts):
        np.testing.assert_allclose(together[:, i], walk(row, bumpy, start, 30), rtol=1e-9)


@EVERY
def test_long_arrays_are_many_short_ones(row):
    start = np.linspace(-2, 3, 2 * PIECE + 7)

    def separable(x):
        return np.sum(np.log1p((x - 1) ** 2)), 2 * (x - 1) / (1 + (x - 1) ** 2)

    long = walk(row, separable, start, 3)[-1]
    # NumPy's loops round alike wherever an element lies, except in their remainders.
    for some in (slice(0, 9), slice(PIECE - 3, PIECE + 3), slice(-8, None)):
        np.testing.assert_allclose(long[some], walk(row, separable, start[some], 3)[-1], rtol=1e-13)


@EVERY
def test_a_single_number_keeps_its_shape(row):
    found = METHODS[row.name](lambda x: (x - 3) ** 2, 0.0, lr=LR, max_iter=3, **row.options).solve()
    assert found.shape == ()
    assert 0 < found < 3


@EVERY
def test_a_step_works_in_place_and_leaves_the_gradient_alone(row):
    gradient = np.linspace(-1, 1, 400_000)
    gradient.flags.writeable = False
    optimizer = METHODS[row.name](lambda x: (1.0, gradient), np.ones(400_000), lr=LR, **row.options)
    optimizer.evaluate()
    where = optimizer.params
    for _ in range(2):
        optimizer.count += 1
        tracemalloc.start()
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert optimizer.params is where
        # Temporaries are as long as a piece.
        assert peak <= (1.1 if row.name == "gd" else 0.25) * gradient.nbytes


@EVERY
def test_the_default_rate_minimizes_a_quadratic(row):
    options = {k: v for k, v in row.options.items() if k != "weight_decay"}
    if row.name == "adamw":
        options["weight_decay"] = 0.0
    found = minimize(quadratic, [0.0, 0.0], method=row.name, gtol=1e-2, max_iter=10000, **options)
    assert found.success, found
    np.testing.assert_allclose(found.x, [24 / 11, -26 / 11], atol=1e-2)


ROSENBROCK = [
    ("gd", 0.001, {}, 20000),
    ("momentum", 0.001, {}, 3000),
    ("nesterov", 0.001, {}, 3000),
    ("adagrad", 0.5, {}, 12000),
    ("rmsprop", ExponentialDecay(0.02, 0.999), {}, 12000),
    ("adadelta", ExponentialDecay(3.0, 0.9995), {"rho": 0.99}, 12000),
    ("adam", 0.05, {}, 3000),
    ("amsgrad", 0.05, {}, 5000),
    ("adamw", ExponentialDecay(0.02, 0.9995), {"weight_decay": 1e-5}, 12000),
    ("nadam", ExponentialDecay(0.02, 0.9995), {}, 12000),
    ("radam", 0.001, {}, 12000),
    ("lion", ExponentialDecay(0.01, 0.997), {}, 5000),
    ("rprop", 0.01, {}, 5000),
]


@pytest.mark.parametrize(("name", "lr", "options", "max_iter"), ROSENBROCK, ids=[row[0] for row in ROSENBROCK])
def test_rosenbrock(name, lr, options, max_iter):
    found = minimize(rosenbrock, [-1.2, 1.0], method=name, lr=lr, gtol=1e-3, max_iter=max_iter, **options)
    assert found.status is Status.CONVERGED, found
    np.testing.assert_allclose(found.x, [1, 1], atol=5e-3)
    assert np.max(np.abs(found.jac)) <= 1e-3


def test_every_method_is_run_on_rosenbrock():
    assert {row.name for row in TABLE} == {row[0] for row in ROSENBROCK}


def test_rprop_rests_without_ending_the_run():
    # A single coordinate stands still whenever its slope turns: no change then is no convergence.
    optimizer = METHODS["rprop"](lambda x: (x - 3) ** 2, 0.0)
    _, steps = optimizer.solve(return_steps=True)
    assert np.any(np.diff(steps)[:-1] == 0)
    np.testing.assert_allclose(steps[-1], 3, atol=1e-6)
    # A rest evaluates nothing anew.
    assert optimizer.objective.nfev == len(steps) - np.sum(np.diff(steps) == 0)


def test_rprop_sees_signs_where_products_underflow():
    tiny = METHODS["rprop"](lambda x: (1.0, 1e-200 * x), [3.0, 2.0], max_iter=4)
    usual = METHODS["rprop"](lambda x: (1.0, x), [3.0, 2.0], max_iter=4)
    for optimizer in (tiny, usual):
        optimizer.evaluate()
        for _ in range(4):
            optimizer.advance()
    np.testing.assert_array_equal(tiny.params, usual.params)


def test_centered_rmsprop_takes_no_root_of_a_rounding_error():
    optimizer = METHODS["rmsprop"](lambda x: (1.0, np.full(3, 0.1)), np.zeros(3), centered=True, decay=0.5)
    optimizer.evaluate()
    for _ in range(200):
        optimizer.advance()
    assert np.isfinite(optimizer.params).all()


def test_adamw_shrinks_apart_from_the_gradient():
    def flat(x):
        return 1.0, np.zeros_like(x)

    x = walk(Row("adamw", None), flat, [2.0, -4.0], 3, lr=0.1, weight_decay=0.5)[-1]
    np.testing.assert_allclose(x, np.array([2.0, -4.0]) * 0.95**3, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("momentum", {"momentum": 1.0}, r"momentum must lie in \[0, 1\)"),
        ("nesterov", {"momentum": -0.1}, r"momentum must lie in \[0, 1\)"),
        ("adagrad", {"eps": 0.0}, "eps must be positive"),
        ("rmsprop", {"decay": 1.5}, r"decay must lie in \[0, 1\)"),
        ("rmsprop", {"momentum": 1.0}, r"momentum must lie in \[0, 1\)"),
        ("adadelta", {"rho": 1.0}, r"rho must lie in \[0, 1\)"),
        ("adadelta", {"eps": -1.0}, "eps must be positive"),
        ("adam", {"beta2": np.nan}, "beta2 must be a number, got nan"),
        ("amsgrad", {"beta1": 1.0}, r"beta1 must lie in \[0, 1\)"),
        ("adamw", {"weight_decay": -0.1}, "weight_decay must not be negative"),
        ("nadam", {"momentum_decay": -1.0}, "momentum_decay must not be negative"),
        ("radam", {"beta2": 1.0}, r"beta2 must lie in \[0, 1\)"),
        ("lion", {"beta2": 1.0}, r"beta2 must lie in \[0, 1\)"),
        ("lion", {"weight_decay": -1.0}, "weight_decay must not be negative"),
        ("rprop", {"increase": 1.0}, "increase must be above 1"),
        ("rprop", {"decrease": 1.0}, "decrease between 0 and 1"),
        ("rprop", {"smallest": 2.0, "largest": 1.0}, "smallest must be less than largest"),
        ("rprop", {"lr": StepDecay(0.1, 10)}, "finds its own step lengths"),
        ("adam", {"nesterov": True}, "Adam has no option nesterov; it has: .*beta1, beta2, eps"),
        ("lion", {"lr": 0.0}, "lr must be positive"),
    ],
)
def test_bad_options(name, options, match):
    with pytest.raises(ad.ArgumentError, match=match):
        minimize(quadratic, [0.0, 0.0], method=name, **options)


@pytest.mark.parametrize("kind", [ad.optimize.GD, ad.optimize.Adam])
def test_a_step_alone_says_what_to_write(kind):
    with pytest.raises(ad.ArgumentError, match=r"test_first_order(.|\n)*optimizer\.advance\(\)"):
        kind(lambda x: np.sum(x**2), np.ones(3)).step()
