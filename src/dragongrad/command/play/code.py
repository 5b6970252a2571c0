"""The Python code of a view: what a page shows, as a program that runs by itself."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getsource
from typing import Any

from ...optimize.zoo import Problem
from ..formula import Formula
from ..reading import read_values
from . import basins, convolution, network, plane, points
from .asked import Asked

EXPLORER = ("f", "values", "mode")
_SPECIAL = "from scipy import special\n\n"


def _head(line: str = "", more: str = "") -> str:
    """The imports of a program, those that one of its lines needs among them."""
    begun = "import numpy as np\n" + (_SPECIAL if "special." in line else "\n")
    return begun + "import dragongrad as ad\n" + more


def _function(problem: Problem) -> tuple[str, str]:
    """The imports and the definition of a function of two numbers, `f`."""
    if problem.source != "typed in":
        return _head("", "from dragongrad.optimize.zoo import ZOO\n"), f"f = ZOO[{problem.name!r}]\n"
    formula = Formula(problem.name)
    names = [formula.spelled(name) for name in sorted(formula.names)]
    body = f"    {', '.join(names)} = v\n    return {formula.python()}\n"
    return _head(formula.python()), f"\ndef f(v):\n{body}\n"


def _numbers(values: Any) -> str:
    return repr([float(v) for v in values])


def _entries(entries: dict[str, tuple[str, dict[str, Any]]]) -> str:
    """Optimizers as a dict from labels to pairs of a method and its options."""
    lines = [f"    {label!r}: ({method!r}, {options!r}),\n" for label, (method, options) in entries.items()]
    return f"{{\n{''.join(lines)}}}"


def _runners(asked: Asked) -> tuple[str, Any]:
    """A function and the optimizers that run on it, and where from."""
    problem = asked.problem()
    start = asked.start(problem)
    entries, _ = asked.tamed(problem, start, plane.USUAL)
    imports, function = _function(problem)
    return f"{imports}\n{function}\noptimizers = {_entries(entries)}\n", start


def read_explorer(asked: Asked) -> tuple[Formula, list[Any], str]:
    """The formula of the explorer, its values, and the mode."""
    formula = Formula(asked.text("f"))
    values = read_values(asked.text("values").split(), formula.names)
    return formula, values, asked.choice("mode", ("reverse", "forward", "value"))


def explorer_code(asked: Asked) -> str:
    """A formula in the explorer."""
    formula, values, mode = read_explorer(asked)
    given = [f"np.array({v.tolist()})" if getattr(v, "size", 1) > 1 else repr(float(v)) for v in values]
    return (
        f"{_head(formula.python())}\n\n"
        f"def f({', '.join(formula.spelled(name) for name in formula.names)}):\n    return {formula.python()}\n\n\n"
        f"page = ad.explore({', '.join(['f', *given])}, mode={mode!r})\n"
        'page.save("explore.html")\n'
    )


def race_code(asked: Asked) -> str:
    """A race, as a page of its own."""
    begun, start = _runners(asked)
    return (
        f"{begun}"
        f"race = ad.lab.race(f, optimizers, start={_numbers(start)}, steps={asked.whole('steps', 300)})\n"
        'print(race)\nrace.to_html("race.html")\n'
    )


def losses_code(asked: Asked) -> str:
    """A study from one start, with the orders of convergence."""
    begun, start = _runners(asked)
    return (
        f"{begun}"
        f"study = ad.lab.study(\n    f, optimizers, starts=[{_numbers(start)}], modes=['reverse'], "
        f"max_iter={asked.whole('steps', 300)}\n)\n"
        "for record in study.records:\n"
        '    print(f"{record.optimizer}: order {record.order:.2f}, constant {record.constant:.3g}")\n'
        "runs = {r.optimizer: run for r, run in zip(study.records, study.results) if run is not None}\n"
        'ad.lab.draw_losses(runs, path="losses.png")\n'
    )


def basins_code(asked: Asked) -> str:
    """A basin map."""
    problem = asked.problem()
    box = asked.region(problem).tolist()
    entries, _ = asked.tamed(problem, asked.start(problem), basins.USUAL)
    imports, function = _function(problem)
    (entry,) = entries.values()
    return (
        f"{imports}\n{function}\nfound = ad.lab.basins(\n    f, {entry!r}, region={box!r},\n"
        f"    grid={asked.whole('grid', 100, low=2)}, steps={asked.whole('steps', 300)},\n)\n"
        'print(found.shares())\nad.lab.draw_basins(found, "basins.png")\n'
    )


def surface_code(asked: Asked) -> str:
    """Contours and a surface."""
    problem = asked.problem()
    (left, right), (low, high) = asked.region(problem).tolist()
    imports, function = _function(problem)
    count = asked.whole("points", 81, low=10)
    return (
        f"import matplotlib.pyplot as plt\n{imports}\n{function}\n"
        f"x, y = np.meshgrid(np.linspace({left}, {right}, {count}), np.linspace({low}, {high}, {count}))\n"
        "z = ad.vmap(f)(np.stack([x, y], axis=-1).reshape(-1, 2)).reshape(x.shape)\n"
        "height = np.log10(z - z.min() + np.quantile(z - z.min(), 0.01) + 1e-12)\n"
        "figure = plt.figure(figsize=(11, 5))\n"
        "figure.add_subplot(1, 2, 1).contour(x, y, height, levels=20)\n"
        'figure.add_subplot(1, 2, 2, projection="3d").plot_surface(x, y, height, cmap="viridis")\n'
        'figure.savefig("surface.png")\n'
    )


def network_code(asked: Asked) -> str:
    """The training of a network of two layers, with its points."""
    setup = network.read_setup(asked)
    source = getsource(points.SETS[setup.data]).replace(": np.random.Generator", "").replace(": int", "")
    source = source.replace(") -> Array:", "):")
    return (
        f"{_head()}from dragongrad import nn\n\n\n{source}\n\n"
        f"rng, count = np.random.default_rng({setup.seed}), {setup.points}\n"
        f"x = {setup.data}(rng, count)\n"
        f"x = (x + {setup.noise} * rng.normal(size=x.shape)).astype(np.float32)\n"
        "y = (np.arange(count) < count // 2).astype(np.float32)\n\n"
        f"model = nn.Chain(hidden=nn.Dense({setup.hidden}), bend=nn.{setup.activation}, out=nn.Dense(1))\n"
        f"params = model.init(np.random.default_rng({setup.seed}), (2,))\n"
        f"update = nn.{setup.update}({setup.lr})\nstate = update.start(params)\n\n\n"
        "@ad.compile\ndef step(params, state, x, y):\n"
        "    def loss(p):\n        return nn.binary_cross_entropy(model(p, x)[:, 0], y)\n\n"
        "    value, slope = ad.value_and_grad(loss)(params)\n"
        "    return *update(params, slope, state), value\n\n\n"
        "for k in range(500):\n    params, state, value = step(params, state, x, y)\n"
        "    if k % 100 == 0:\n        print(k, float(value))\n"
        'right = (model(params, x)[:, 0] > 0) == (y > 0)\nprint(f"{np.mean(right):.1%} right")\n'
    )


def convolution_code(asked: Asked) -> str:
    """A convolution, and the gradient of the sum of its outputs."""
    image, kernel, stride, padding = convolution.read_convolution(asked)
    digits = [[int(v) for v in row] for row in (9 * image).round()]
    rows = "".join(f"    {row},\n" for row in digits)
    return (
        f"{_head()}\nimage = np.array([\n{rows}]) / 9\nkernel = np.array({kernel.tolist()})\n\n\n"
        "def slide(image, kernel):\n"
        "    x, w = image[None, :, :, None], kernel[:, :, None, None]\n"
        f"    return ad.conv(x, w, stride={stride}, padding={padding})[0, :, :, 0]\n\n\n"
        "print(slide(image, kernel).round(2))\n"
        "to_image, to_kernel = ad.grad(lambda i, k: np.sum(slide(i, k)), argnums=(0, 1))(image, kernel)\n"
        "print(to_kernel.round(2))\nprint(to_image.round(2))\n"
    )


# The program of each view, and the parameters that it reads.
VIEWS: dict[str, tuple[Callable[[Asked], str], tuple[str, ...]]] = {
    "explorer": (explorer_code, EXPLORER),
    "race": (race_code, plane.RUNS),
    "losses": (losses_code, plane.RUNS),
    "basins": (basins_code, basins.KNOWN),
    "surface": (surface_code, plane.LANDSCAPE),
    "network": (network_code, network.KNOWN),
    "convolution": (convolution_code, convolution.KNOWN),
}
