"""Networks, side by side with the peers in one run: convolutions, whole training steps, an optimizer alone.

The ratios matter; the milliseconds depend on the machine.

    python benchmarks/networks.py [--rows conv,step,mlp,digits] [--quick] [--markdown FILE]

Each time is the least processor time of several rounds, interleaved over all libraries, on one thread. PyTorch is
timed in both layouts of images, and the better one counts. The results must agree before anything is timed.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
# First calls are those of a first process; start.py has those of the next.
os.environ["DRAGONGRAD_CACHE"] = "0"

import argparse
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import dragongrad as ad
from dragongrad import nn
from dragongrad.core.nests import map_nest

RNG = np.random.default_rng(0)
# Images, their side, channels in and out.
CONVOLUTIONS = {
    "64 of 28², 1 to 16": (64, 28, 1, 16),
    "64 of 28², 16 to 32": (64, 28, 16, 32),
    "32 of 32², 32 to 64": (32, 32, 32, 64),
}
STEPS = {
    "64 of 28², float32": (64, 28, np.float32),
    "32 of 64², float32": (32, 64, np.float32),
    "64 of 28², float64": (64, 28, np.float64),
}


def torch():
    """PyTorch on one thread, or None."""
    if not find_spec("torch"):
        return None
    library = import_module("torch")
    library.set_num_threads(1)
    return library


def jax():
    """JAX with doubles, or None."""
    if not find_spec("jax"):
        return None
    library = import_module("jax")
    library.config.update("jax_enable_x64", True)
    return library


def measure(runs, rounds):
    """The least processor seconds of each, interleaved; the first call of each apart."""
    first = {}
    for name, run in runs.items():
        start = time.process_time()
        run()
        first[name] = time.process_time() - start
        run()
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - start)
    return best, first


def agree(one, other, dtype):
    """Check that two results are equal, as nearly as their dtype lets them."""
    scale = np.abs(other).max()
    np.testing.assert_allclose(one, other, atol=2e4 * np.finfo(dtype).eps * scale)


# Convolutions


def convolution(shape, dtype):
    """Runs of one convolution: forward, and with the gradients of both arrays (of a first layer, of the kernel)."""
    count, side, inputs, outputs = shape
    x = RNG.standard_normal((count, side, side, inputs)).astype(dtype)
    w = RNG.standard_normal((3, 3, inputs, outputs)).astype(dtype)
    y = RNG.standard_normal((count, side, side, outputs)).astype(dtype)
    both = (0, 1) if inputs > 1 else 1

    def apply(x, w):
        return ad.conv(x, w, padding="same")

    def derivative(x, w, y):
        return apply(x, w), ad.grad(lambda x, w: np.sum(y * apply(x, w)), argnums=both)(x, w)

    forward, backward = ad.compile(apply), ad.compile(derivative)
    runs = {
        "dragongrad": (lambda: forward(x, w), lambda: backward(x, w, y)),
        "eager": (lambda: apply(x, w), lambda: derivative(x, w, y)),
    }
    library = torch()
    if library is not None:
        for name in ("contiguous_format", "channels_last"):
            layout = getattr(library, name)
            tx = library.tensor(x.transpose(0, 3, 1, 2).copy()).contiguous(memory_format=layout)
            tw = library.tensor(w.transpose(3, 2, 0, 1).copy()).contiguous(memory_format=layout)
            ty = library.tensor(y.transpose(0, 3, 1, 2).copy()).contiguous(memory_format=layout)
            runs[f"torch {name}"] = _in_torch(library, tx, tw, ty, inputs > 1)
            agree(forward(x, w), np.transpose(runs[f"torch {name}"][0]().numpy(), (0, 2, 3, 1)), dtype)
    library = jax()
    if library is not None:
        runs["JAX"] = _in_jax(library, x, w, y, both)
        agree(forward(x, w), np.asarray(runs["JAX"][0]()), dtype)
    return runs


def _in_torch(library, x, w, y, both):
    conv = library.nn.functional.conv2d

    def forward():
        with library.no_grad():
            return conv(x, w, padding=1)

    given = [v.detach().clone().requires_grad_() for v in ((x, w) if both else (w,))]

    def backward():
        own = (*given,) if both else (x, *given)
        return library.autograd.grad(conv(*own, padding=1), given, y)

    return forward, backward


def _in_jax(library, x, w, y, both):
    def conv(x, w):
        return library.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    run = library.jit(conv)
    derivative = library.jit(
        lambda x, w: (conv(x, w), library.grad(lambda x, w: (y * conv(x, w)).sum(), both)(x, w))
    )
    ready = library.block_until_ready
    return lambda: ready(run(x, w)), lambda: ready(derivative(x, w))


# Training steps


def network(side, dtype):
    """A small network of images, and its parameters."""
    model = nn.Chain(
        conv1=nn.Conv(16),
        relu1=nn.relu,
        pool1=nn.max_pool,
        conv2=nn.Conv(32),
        relu2=nn.relu,
        pool2=nn.max_pool,
        flat=nn.flatten,
        head=nn.Dense(10),
    )
    return model, model.init(np.random.default_rng(0), (side, side, 1), dtype)


def step_of(model, update):
    """A training step: loss, gradient and update in one function."""

    def step(params, state, x, y):
        loss, gradient = ad.value_and_grad(lambda p: nn.cross_entropy(model(p, x), y))(params)
        params, state = update(params, gradient, state)
        return params, state, loss

    return step


def training(count, side, dtype):
    """Runs of a training step, of the forward pass, and of the eager gradient."""
    model, params = network(side, dtype)
    x, y = RNG.standard_normal((count, side, side, 1)).astype(dtype), RNG.integers(0, 10, count)
    update = nn.adam(1e-3)
    state = update.start(params)
    step, forward = ad.compile(step_of(model, update)), ad.compile(lambda p, x: model(p, x))

    def gradient():
        return ad.grad(lambda p: nn.cross_entropy(model(p, x), y))(params)

    runs = {"dragongrad": (lambda: step(params, state, x, y), lambda: forward(params, x), gradient)}
    library = torch()
    if library is not None:
        for name in ("contiguous_format", "channels_last"):
            runs[f"torch {name}"] = _network_in_torch(library, getattr(library, name), params, x, y, side, dtype)
            agree(forward(params, x), runs[f"torch {name}"][1]().numpy(), dtype)
    library = jax()
    if library is not None and find_spec("optax"):
        runs["JAX"] = _network_in_jax(library, params, x, y)
    return step, runs


def _network_in_torch(library, layout, params, x, y, side, dtype):
    parts, own = library.nn, getattr(library, np.dtype(dtype).name)
    model = parts.Sequential(
        parts.Conv2d(1, 16, 3, padding=1), parts.ReLU(), parts.MaxPool2d(2), parts.Conv2d(16, 32, 3, padding=1),
        parts.ReLU(), parts.MaxPool2d(2), parts.Flatten(), parts.Linear((side // 4) ** 2 * 32, 10),
    ).to(own)  # fmt: skip
    with library.no_grad():
        for at, name in ((0, "conv1"), (3, "conv2")):
            model[at].weight.copy_(library.tensor(params[name]["w"].transpose(3, 2, 0, 1).copy()))
            model[at].bias.copy_(library.tensor(params[name]["b"]))
        head = params["head"]["w"].reshape(side // 4, side // 4, 32, 10).transpose(3, 2, 0, 1).reshape(10, -1)
        model[7].weight.copy_(library.tensor(head.copy()))
        model[7].bias.copy_(library.tensor(params["head"]["b"]))
    model = model.to(memory_format=layout)
    images = library.tensor(x.transpose(0, 3, 1, 2).copy()).contiguous(memory_format=layout)
    labels = library.tensor(y)
    optimizer = library.optim.Adam(model.parameters(), lr=1e-30, fused=True)
    loss = library.nn.functional.cross_entropy

    def step():
        optimizer.zero_grad()
        loss(model(images), labels).backward()
        optimizer.step()

    def forward():
        with library.no_grad():
            return model(images)

    def gradient():
        return library.autograd.grad(loss(model(images), labels), list(model.parameters()))

    return step, forward, gradient


def _network_in_jax(library, params, x, y):
    optax, numpy, lax = import_module("optax"), library.numpy, library.lax

    def conv(x, p):
        return (
            lax.conv_general_dilated(x, p["w"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["b"]
        )

    def pool(x):
        return lax.reduce_window(x, -numpy.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def apply(p, x):
        for name in ("conv1", "conv2"):
            x = pool(library.nn.relu(conv(x, p[name])))
        return x.reshape(len(x), -1) @ p["head"]["w"] + p["head"]["b"]

    def loss(p):
        return optax.softmax_cross_entropy_with_integer_labels(apply(p, x), y).mean()

    optimizer = optax.adam(1e-3)

    def step(p, state):
        value, gradient = library.value_and_grad(loss)(p)
        changes, state = optimizer.update(gradient, state)
        return optax.apply_updates(p, changes), state, value

    state, run, forward = optimizer.init(params), library.jit(step), library.jit(apply)
    gradient = library.jit(library.grad(loss))
    ready = library.block_until_ready
    return lambda: ready(run(params, state)), lambda: ready(forward(params, x)), lambda: ready(gradient(params))


# A perceptron of many small arrays, and an optimizer alone


def perceptron():
    """Runs of a training step of ten small arrays, and of Adam on them alone."""
    sizes = (20, 64, 64, 64, 64, 10)
    model = nn.Chain(**{
        name: one for k, n in enumerate(sizes[1:], 1)
        for name, one in ((f"dense{k}", nn.Dense(n)), *([(f"relu{k}", nn.relu)] if k < 5 else []))
    })  # fmt: skip
    params = model.init(np.random.default_rng(0), (20,))
    x, y = RNG.standard_normal((32, 20)).astype(np.float32), RNG.integers(0, 10, 32)
    update = nn.adam(1e-3)
    state, gradient = update.start(params), map_nest(lambda v: v * np.float32(0.1) + np.float32(0.01), params)
    step, alone = ad.compile(step_of(model, update)), ad.compile(lambda p, g, s: update(p, g, s))
    runs = {"dragongrad": (lambda: step(params, state, x, y), lambda: alone(params, gradient, state))}
    library = torch()
    if library is not None:
        parts = library.nn
        own = [
            parts.Linear(20, 64),
            *[m for _ in range(3) for m in (parts.ReLU(), parts.Linear(64, 64))],
            parts.ReLU(),
            parts.Linear(64, 10),
        ]
        net = parts.Sequential(*own)
        optimizer = library.optim.Adam(net.parameters(), fused=True)
        tx, ty = library.tensor(x), library.tensor(y)

        def train():
            optimizer.zero_grad()
            library.nn.functional.cross_entropy(net(tx), ty).backward()
            optimizer.step()

        train()
        runs["torch fused"] = train, optimizer.step
    return runs


def digits():
    """Train a small network on scikit-learn's digits; its accuracy on others, and processor seconds."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    x, test_x, y, test_y = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    model = nn.Chain(
        conv1=nn.Conv(16),
        relu1=nn.relu,
        conv2=nn.Conv(32),
        relu2=nn.relu,
        pool=nn.max_pool,
        flat=nn.flatten,
        hidden=nn.Dense(64),
        relu3=nn.relu,
        drop=nn.Dropout(0.3),
        head=nn.Dense(10),
    )
    found = []
    for seed in range(3):
        start = time.process_time()
        params = model.init(np.random.default_rng(seed), (8, 8, 1))
        done = nn.train(
            model, params, (x, y), loss=nn.cross_entropy, update=nn.adam(2e-3, average=0.99), epochs=20, seed=seed,
            progress=False,
        )  # fmt: skip
        right = float(np.mean(nn.predict(model, done.params, test_x).argmax(axis=1) == test_y))
        found.append((right, time.process_time() - start))
    return np.mean([r for r, _ in found]), np.mean([s for _, s in found])


# The table


def best_of(best, names):
    """The least time of those of these names."""
    found = [seconds for name, seconds in best.items() if name in names]
    return min(found) if found else np.nan


def compared(table, title, runs, at, rounds, mine="dragongrad"):
    """A row: our time, PyTorch's best and JAX's, and the ratios to ours."""
    chosen = {name: pair[at] for name, pair in runs.items() if name in (mine, "JAX") or name.startswith("torch")}
    best, first = measure(chosen, rounds)
    peers = {"PyTorch": best_of(best, [n for n in best if n.startswith("torch")]), "JAX": best.get("JAX", np.nan)}
    own = best[mine]
    cells = [
        f"{1e3 * seconds:.2f} ({own / seconds:.2f})" if seconds == seconds else "" for seconds in peers.values()
    ]
    table.append(
        (title, f"{1e3 * own:.2f}", *cells, f"{first[mine]:.2f}", f"{first['JAX']:.2f}" if "JAX" in first else "")
    )
    print(" | ".join(table[-1]), flush=True)


def main():
    """Run the rows, and print their table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="conv,step,mlp,digits")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--markdown", type=Path, help="write the table to a file too")
    options = parser.parse_args()
    chosen, rounds = options.rows.split(","), 3 if options.quick else 15
    ad.set_threads(1)
    table = []
    if "conv" in chosen:
        for title, shape in CONVOLUTIONS.items():
            for dtype in (np.float32, np.float64):
                runs = convolution(shape, dtype)
                name = f"convolution 3 x 3, {title}, {np.dtype(dtype).name}"
                compared(table, f"{name}, forward", runs, 0, rounds)
                compared(table, f"{name}, with backward", runs, 1, rounds)
                compared(table, f"{name}, with backward, eager", runs, 1, rounds, "eager")
    if "step" in chosen:
        for title, (count, side, dtype) in STEPS.items():
            step, runs = training(count, side, dtype)
            compared(table, f"training step, {title}", runs, 0, rounds)
            compared(table, f"network forward, {title}", runs, 1, rounds)
            compared(table, f"gradient of the network, {title}, eager", runs, 2, rounds)
            print(next(line for line in step.report().splitlines() if "workspace" in line).strip())
    if "mlp" in chosen:
        runs = perceptron()
        compared(table, "training step of ten small arrays", runs, 0, 40 * rounds)
        compared(table, "Adam alone, ten small arrays", runs, 1, 40 * rounds)
    head = ("", "dragongrad, ms", "PyTorch, ms (ratio)", "JAX, ms (ratio)", "first call, s", "JAX's first, s")
    shown = Table(*head, title="Networks: one thread; in parentheses dragongrad's time as a multiple of the peer's")
    for row in table:
        shown.add_row(*row)
    Console(width=160).print(shown)
    if options.markdown:
        lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *table)]
        options.markdown.write_text("\n".join(lines) + "\n")
    if "digits" in chosen:
        right, seconds = digits()
        print(f"digits 8 x 8: {100 * right:.2f} % of the test images, {seconds:.1f} processor seconds (mean of 3)")


if __name__ == "__main__":
    main()
