"""Programs composed at random from the table: forward, reverse and differences agree."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import dragongrad as ad

# Every operation maps a square matrix of moderate numbers, and perhaps a second one, to one of the same size.
UNARY = {
    "sin": np.sin,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "exp": lambda a: np.exp(np.sin(a)),
    "neg": lambda a: -a,
    "T": lambda a: a.T,
    "flip": lambda a: np.flip(a, 0),
    "roll": lambda a: np.roll(a, 1, axis=1),
    "sum": lambda a: np.sum(a, axis=1, keepdims=True) / 3 + a,
    "mean": lambda a: a - np.mean(a),
    "cumsum": lambda a: np.tanh(np.cumsum(a, axis=0)),
    "softmax": lambda a: ad.softmax(a, axis=1),
    "index": lambda a: a[np.roll(np.arange(len(a)), 1)],
    "diag": lambda a: np.diag(np.diag(a)) + 0.1 * a,
    "solve": lambda a: np.linalg.solve(3 * np.eye(len(a)) + 0.3 * np.tanh(a), np.sin(a)),
    "square": lambda a: a * a / 4,
    "where": lambda a: np.where(np.arange(len(a)) > 0, a, 0.5 * a),
    "sqrt": lambda a: np.sqrt(1 + a * a) - 1,
    "fft": lambda a: np.real(np.fft.fft(a, axis=0)) / 3,
    "logistic": lambda a: ad.logistic(a),
    "log": lambda a: np.log1p(a * a),
    "var": lambda a: a / (1 + np.var(a)),
    "reshape": lambda a: np.reshape(np.ravel(a)[::-1], a.shape),
    "checkpoint": ad.checkpoint(lambda a: np.sin(a) * a / 2),
    "inner jvp": lambda a: ad.jvp(np.tanh, (a,), (np.cos(a),))[1],
    "inner grad": lambda a: ad.grad(lambda b: np.sum(np.sin(b) * a))(a),
    "rows": lambda a: ad.vmap(lambda r: np.sin(r) * r[0])(a),
    "repeat": lambda a: np.repeat(np.sin(a), 2, axis=1)[:, : len(a)] + a,
    "tile": lambda a: np.tile(np.tanh(a), (1, 2, 3))[0, len(a) :, 1 : len(a) + 1],
    "spread": lambda a: np.broadcast_to(a[:, None], (len(a), 2, len(a))).reshape(-1, len(a))[::2] * 0.7,
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": lambda a, b: np.sin(a) * np.cos(b),
    "div": lambda a, b: a / (1.5 + b * b),
    "matmul": lambda a, b: np.tanh(a) @ np.tanh(b) / 2,
    "power": lambda a, b: (1 + a * a) ** np.tanh(b),
    "hypot": lambda a, b: np.hypot(a, b + 3),
    "logaddexp": np.logaddexp,
    "einsum": lambda a, b: np.einsum("ij,kj->ik", a, np.sin(b)) / 3,
    "outer": lambda a, b: np.outer(np.sin(a[0]), np.cos(b[:, -1])),
    "concatenate": lambda a, b: np.concatenate([a[:1], b[1:]]),
    "stack": lambda a, b: np.stack([a[0], b[-1], a[-1] * b[0]])[: len(a)],
    "kron": lambda a, b: np.kron(a[:1, :], b[:, :1]) / 2,
}

PROGRAMS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), st.integers(0, 6)),
        st.tuples(st.sampled_from(sorted(BINARY)), st.integers(0, 6), st.integers(0, 6)),
    ),
    min_size=1,
    max_size=7,
)


def run(program, x):
    """Run a program: each step takes earlier values by number, and its value is the next one."""
    values = [x]
    for name, *operands in program:
        function = (UNARY | BINARY)[name]
        values.append(function(*[values[i % len(values)] for i in operands]))
    return np.sum(np.sin(values[-1]) * np.arange(1.0, x.size + 1).reshape(x.shape)) / 9


def matrices(seed):
    """Two matrices of one size, some of one row and one column."""
    n = (3, 3, 1, 2)[seed % 4]
    return np.random.default_rng(seed).normal(size=(2, n, n))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_forward_reverse_and_differences_agree(program, seed):
    x, v = matrices(seed)

    def f(x):
        return run(program, x)

    gradient = ad.grad(f)(x)
    value, along = ad.jvp(f, (x,), (v,))
    np.testing.assert_allclose(value, f(x), rtol=1e-12, atol=1e-13)
    scale = 1 + np.abs(gradient).max()
    np.testing.assert_allclose(along, np.sum(gradient * v), rtol=1e-9, atol=1e-10 * scale)
    h = 1e-4
    differences = (8 * (f(x + h * v) - f(x - h * v)) - (f(x + 2 * h * v) - f(x - 2 * h * v))) / (12 * h)
    np.testing.assert_allclose(along, differences, rtol=1e-5, atol=1e-6 * scale)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_second_order_and_batches_agree(program, seed):
    x, v = matrices(seed)

    def f(x):
        return run(program, x)

    forward_over_reverse = ad.jvp(ad.grad(f), (x,), (v,))[1]
    reverse_over_forward = ad.grad(lambda x: ad.jvp(f, (x,), (v,))[1])(x)
    scale = 1 + np.abs(forward_over_reverse).max()
    np.testing.assert_allclose(forward_over_reverse, reverse_over_forward, rtol=1e-8, atol=1e-9 * scale)
    rows = np.stack([x, v])
    batched = ad.vmap(ad.grad(f))(rows)
    np.testing.assert_allclose(batched, [ad.grad(f)(x), ad.grad(f)(v)], rtol=1e-9, atol=1e-10 * scale)
