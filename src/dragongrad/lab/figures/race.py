"""A race of optimizers on contours: one HTML page that needs nothing else, or an animated GIF."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...hints import guided
from ...optimize.minimize import minimize
from ...optimize.objective import Array
from ...optimize.progress import Glimpse, Watch, in_notebook
from ...optimize.result import Result, Status
from ...views.live import Plot
from ...views.notebook import framed
from ...views.palette import DASHES, LINES, MARKERS, OKABE_ITO, drawing, ground, page_style, styles
from ...views.text import shortened
from .. import lineup
from ..lineup import Case
from .landscape import landscape, near_equal, planar, point_text, region_of, shaped_as
from .paths import draw_contours, fill_contours

# The width of the map of a page over its height.
_SIDES = 1.38
# More positions than this cannot be told apart in an animation, and would make the page heavy.
_FRAMES = 600
_WEB = Path(__file__).parent / "web"
# Where the page has its styles and its script.
_STYLES, _SCRIPT = "/* styles */", "/* script */"
# The element of the page that the data follow.
_BLOCK = '<script id="data" type="application/json">'


@dataclass(frozen=True)
class Race:
    """Optimizers that ran on one function from one start.

    Attributes
    ----------
    case : Case
        The function.
    runs : dict of str to Result
        The run of each label, with its path.
    region : array of shape (2, 2)
        What the pictures show.

    """

    case: Case
    runs: dict[str, Result]
    region: Array

    @property
    def title(self) -> str:
        """What stands above the animation."""
        start = next(iter(self.runs.values())).path
        return f"Race on {self.case.label}" + ("" if start is None else f" from {point_text(start[0])}")

    @property
    def steps(self) -> int:
        """How many steps the longest run made."""
        return max(run.nit for run in self.runs.values())

    def save(self, path: str | Path) -> Path:
        """Write the race as a page or as an animated picture: the ending says which, `.html` or `.gif`.

        Raises
        ------
        ArgumentError
            The name has another ending.
        MissingExtraError
            Matplotlib is not installed.

        """
        path = Path(path)
        return (self.to_html if _ending(path) == ".html" else self.to_gif)(path)

    def to_html(self, path: str | Path) -> Path:
        """Write the race as one HTML page, which loads nothing from elsewhere.

        Raises
        ------
        MissingExtraError
            Matplotlib, which draws the contours, is not installed.

        """
        path = Path(path)
        path.write_text(self._page(), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        """The animation for a notebook."""
        # As high as the page is where the standings come to stand below the map.
        return framed(self._page(), 1000)

    def __repr__(self) -> str:
        return f"<{self.title}: {', '.join(f'{name} {run.fun:.3g}' for name, run in self.runs.items())}>"

    def _page(self) -> str:
        # The page reads everything, its title too, from one block of JSON, in which no mark of HTML is left.
        data = json.dumps({"title": self.title, **_page_data(self)}, allow_nan=False, separators=(",", ":"))
        for mark in "<>&":
            data = data.replace(mark, f"\\u{ord(mark):04x}")
        page, look, script = ((_WEB / f"race.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
        head, block, tail = page.partition(_BLOCK)
        head = head.replace(_STYLES, f"{page_style()}\n{look}")
        return f"{head}{block}{data}{tail.replace(_SCRIPT, script)}"

    def to_gif(self, path: str | Path, frames: int = 60, fps: int = 12) -> Path:
        """Write the race as an animated GIF.

        Parameters
        ----------
        path : path
        frames, fps : int
            How many pictures at most, and how many of them a second.

        Raises
        ------
        MissingExtraError
            Matplotlib is not installed.

        """
        path = Path(path)
        steps = _frames(self.steps, frames)
        with drawing() as matplotlib:
            figure = matplotlib.figure.Figure(figsize=(9.2, 5.2), dpi=100)
            canvas = matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
            axes = figure.add_subplot()
            draw_contours(figure, axes, landscape(self.case, self.region), self.case)
            axes.set(xlim=self.region[0], ylim=self.region[1])
            if near_equal(self.region):
                axes.set_aspect("equal")
            lines, heads = _runners(axes, self)
            texts = figure.legend(loc="outside right upper", title="loss").get_texts()
            # Laid out once, with numbers as long as they come: a picture that breathes is hard to watch.
            title = shortened(self.title)
            axes.set_title(title)
            canvas.draw()
            figure.set_layout_engine("none")
            shots = []
            for step in steps:
                _place(self, lines, heads, texts, step)
                axes.set_title(f"{title}, step {step}")
                canvas.draw()
                shots.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        _write_gif(shots, path, fps)
        return path


@guided(
    'lab.race(f, ["adam", ("gd", {"lr": 0.1})], start=[1.0, 2.0], steps=200)',
    {
        "methods": "optimizers=",
        "lr": 'optimizers=[("adam", {"lr": 0.1})]',
        "epochs": "steps=",
        "max_iter": "steps=",
        "x0": "start=",
    },
)
def race(
    problem: Any, optimizers: Any, start: Any = None, steps: int = 200, region: Any = None, mode: str = "reverse",
    out: str | Path | None = None, progress: bool = False, watch: Watch = False,
) -> Race:  # fmt: skip
    """Let optimizers run on a function of two numbers from one start, to be watched as an animation.

    Parameters
    ----------
    problem : name, Problem or callable
    optimizers : name, Optimizer class, pair of one and its options, list of these, or dict of label to one
    start : array of shape (2,), optional
        The first standard start if not given.
    steps : int
        At most so many; an optimizer that converges before stands still.
    region : array of shape (2, 2), optional
        `[[x_low, x_high], [y_low, y_high]]`; what holds the paths if not given.
    mode : "forward" or "reverse"
    out : path, optional
        Where to write the animation: a name ending in `.html` or `.gif`.
    progress : bool
        Show a progress bar, where the output is a terminal.
    watch : bool or callable
        As `ad.minimize` has it; in a notebook one plot shows all runners.

    Returns
    -------
    Race
        Write it with `to_html` and `to_gif`.

    Raises
    ------
    ArgumentError
        A name is unknown, the function is not one of two numbers, the start is not two finite numbers, or `out`
        has another ending.
    MissingExtraError
        Matplotlib is not installed and `out` is given.

    Examples
    --------
    >>> import dragongrad as ad
    >>> run = ad.lab.race(lambda x: x[0] ** 2 + 5 * x[1] ** 2, ["gd", "adam"], start=[1.0, 1.0], steps=30)
    >>> {label: result.nit for label, result in run.runs.items()}
    {'gd': 30, 'adam': 30}

    """
    if out is not None:
        _ending(Path(out))
    case = planar(problem)
    entries = lineup.optimizers(optimizers)
    begin = Case(case.label, case.problem, 2).starts(start)[0]
    if np.shape(begin) != (2,):
        raise ArgumentError(f"{case.label} needs a start of two numbers: race(..., start=[1.0, 2.0])")
    if not np.isfinite(begin).all():
        raise ArgumentError(f"a race starts at finite numbers, not at {begin.tolist()}")
    runs = {}
    seen: Any = Plot() if watch is True and in_notebook() else watch
    with np.errstate(all="ignore"):
        for entry in entries:
            mine = partial(_named, entry.label, seen) if callable(seen) else seen
            options = {"max_iter": steps, "mode": mode, "path": True, "progress": progress, "watch": mine,
                       **entry.options}  # fmt: skip
            run = minimize(case.problem.f, begin, method=entry.method, **options)
            if run.status is Status.INTERRUPTED:  # Ctrl-C means the race, not this runner
                raise KeyboardInterrupt
            runs[entry.label] = run
    paths = [run.path for run in runs.values() if run.path is not None]
    box = region_of(case, paths, region)
    made = Race(case, runs, box if region is not None else shaped_as(box, _SIDES))
    if out is not None:
        made.save(out)
    return made


def _named(label: str, watch: Callable[[Glimpse], Any], glimpse: Glimpse) -> None:
    """What is seen of a runner, under its label."""
    watch(replace(glimpse, title=label))


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in (".html", ".gif"):
        raise ArgumentError(f"a race is written as .html or .gif, not as {path.name!r}")
    return ending


def _frames(steps: int, most: int) -> list[int]:
    return sorted({round(s) for s in np.linspace(0, steps, min(most, steps + 1))})


def _page_data(race: Race) -> dict[str, Any]:
    """What the page's script reads; null stands for what is not finite."""
    frames = _frames(race.steps, _FRAMES)
    look = styles(list(race.runs))
    runs = []
    for name, run in race.runs.items():
        assert run.path is not None
        assert run.losses is not None
        # The best value is the result, the last one the end of the path.
        chosen = [min(step, len(run.path) - 1) for step in frames]
        chosen = chosen[: chosen.index(len(run.path) - 1) + 1]
        style = look[name]
        runs.append({
            "name": name, "total": run.nit, "message": run.message, "color": style["color"],
            "dash": DASHES.index(style["linestyle"]), "shape": MARKERS.index(style["marker"]) % 5,
            "path": [_seen(p, race.region) for p in run.path[chosen]],
            "losses": [float(f"{v:.6g}") if np.isfinite(v) else None for v in run.losses[chosen]],
        })  # fmt: skip
    first = next(iter(race.runs.values())).path
    assert first is not None
    box = race.region
    minima = [m for m in race.case.problem.minima(2) if (m >= box[:, 0]).all() and (m <= box[:, 1]).all()]
    return {
        "steps": frames, "region": box.tolist(), "equal": near_equal(box), "start": _seen(first[0], box),
        "minima": [_seen(m, box) for m in minima], "runs": runs, "image": _ground(race),
    }  # fmt: skip


def _seen(point: Array, box: Array) -> list[float] | None:
    """A point of the map, with the digits that can be seen: to less than a ten-thousandth of its sides."""
    if not np.isfinite(point).all():
        return None
    digits = 5 - np.floor(np.log10(box[:, 1] - box[:, 0])).astype(int)
    return [round(float(v), int(k)) for v, k in zip(point, digits, strict=True)]


def _ground(race: Race) -> str:
    """The contours without any frame, as the address of a PNG picture that holds it."""
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(9, 6.5), layout="none")
        axes = figure.add_axes((0, 0, 1, 1))
        fill_contours(axes, landscape(race.case, race.region))
        axes.set(xlim=race.region[0], ylim=race.region[1])
        axes.set_axis_off()
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=100)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _write_gif(shots: list[Any], path: Path, fps: int) -> None:
    """Pictures as an endless animation, the last of them shown for two seconds.

    All share one palette and none is dithered, so that only what moves is stored: a tenth of the size.
    """
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette().ravel().tolist())
    frames = [Image.fromarray(shot).quantize(palette=palette, dither=Image.Dither.NONE) for shot in shots]
    durations = [round(1000 / fps)] * (len(frames) - 1) + [2000]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)


def _palette() -> Array:
    """The 256 colours of the animation: those of the lines in four strengths on white, of the ground, and greys."""
    hues = [color for color in (*LINES, OKABE_ITO[6]) if color != "#000000"]
    strengths = np.linspace(1, 0.4, 4)[:, None]
    mixed = [255 - strengths * (255 - np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)])) for c in hues]
    below = 255 * ground()(np.linspace(0, 1, 160))[:, :3]
    greys = np.linspace(0, 255, 256 - 4 * len(hues) - len(below))[:, None] * np.ones(3)
    return np.concatenate([*mixed, below, greys]).round().astype(np.uint8)


def _runners(axes: Any, race: Race) -> tuple[dict[str, Any], dict[str, Any]]:
    lines, heads = {}, {}
    for name, style in styles(list(race.runs)).items():
        path = race.runs[name].path
        assert path is not None
        (lines[name],) = axes.plot(*path[:1].T, color=style["color"], linestyle=style["linestyle"], zorder=4)
        (heads[name],) = axes.plot(*path[:1].T, color=style["color"], marker=style["marker"], markersize=10,
                                   markeredgecolor="white", linestyle="none", zorder=6,
                                   label=f"{name}: {-1.23e-123:.3g}")  # fmt: skip
    start = next(iter(race.runs.values())).path
    axes.plot(*np.asarray(start)[0], marker="o", markersize=9, color="white", markeredgecolor="black",
              markeredgewidth=2, linestyle="none", zorder=3)  # fmt: skip
    for m in race.case.problem.minima(2):
        axes.plot(*m, marker="*", markersize=17, color="#F0E442", markeredgecolor="black", zorder=2)
    return lines, heads


def _place(race: Race, lines: dict[str, Any], heads: dict[str, Any], texts: list[Any], step: int) -> None:
    """Move every runner to where it stood after a step, and write its loss into the legend."""
    size = race.region[:, 1] - race.region[:, 0]
    places: list[Array] = []
    for (name, run), text in zip(reversed(race.runs.items()), reversed(texts), strict=True):
        assert run.path is not None
        assert run.losses is not None
        here = min(step, len(run.path) - 1)
        lines[name].set_data(*run.path[: here + 1].T)
        heads[name].set_data(*run.path[here : here + 1].T)
        text.set_text(f"{name}: {run.losses[here]:.3g}")
        # Of runners at one place, as at the start, each is larger than those above, so that all are seen.
        with np.errstate(invalid="ignore"):
            above = sum(bool(np.max(np.abs(run.path[here] - other) / size) < 0.012) for other in places)
        heads[name].set_markersize(10 + 5.5 * above)
        places.append(run.path[here])
