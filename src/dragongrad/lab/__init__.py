"""The convergence laboratory: how optimizers travel, in numbers and pictures.

`study` runs optimizers on test functions and measures each run, `basins` runs one from every start of a grid,
`race` shows them as an animation, `modes_by_dimension` times forward against reverse mode. What begins with `draw_`
makes a matplotlib figure, and `pictures` all those of a study. Pictures need the extra `dragongrad[plot]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

import numpy as np

from ..views.text import shortened
from .basins import Basins, basins
from .figures.basins import draw_basins
from .figures.heatmap import draw_heatmap
from .figures.losses import draw_losses
from .figures.modes import draw_modes
from .figures.paths import draw_paths, draw_surface
from .figures.profiles import draw_profiles
from .figures.race import Race, race
from .modes import Modes, modes_by_dimension
from .profiles import Profiles, profiles
from .study import Record, Study, study

__all__ = [
    "Basins", "Modes", "Profiles", "Race", "Record", "Study", "basins", "draw_basins", "draw_heatmap",
    "draw_losses", "draw_modes", "draw_paths", "draw_profiles", "draw_surface", "modes_by_dimension", "pictures",
    "profiles", "race", "study",
]  # fmt: skip

# A name may have 255 bytes, and a letter takes up to four.
_LONGEST_STEM = 50


def pictures(study: Study, folder: str | Path, ending: str = "png") -> list[Path]:
    """Write every picture of a study into a folder.

    For each function and start the losses against steps and time and, in the plane, the paths on contours and on
    the surface; for the whole study heat maps and performance profiles, where anything was solved.

    Parameters
    ----------
    study : Study
    folder : path
        Made if it is not there.
    ending : str
        The format: `"png"`, `"svg"`, `"pdf"`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import dragongrad as ad
    >>> def bowl(x):
    ...     return x[0] ** 2 + 3 * x[1] ** 2
    >>> done = ad.lab.study(bowl, [("gd", {"lr": 0.1}), ("adam", {"lr": 0.1})], starts=[[1.0, 2.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in ad.lab.pictures(done, folder)]  # doctest: +NORMALIZE_WHITESPACE
    ['bowl-0-losses.png', 'bowl-0-times.png', 'bowl-0-paths.png', 'bowl-0-surface.png', 'evaluations.png',
     'seconds.png', 'profiles-evaluations.png', 'profiles-seconds.png']

    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    stems = _stems(study.cases)

    def to(name: str) -> Path:
        written.append(folder / f"{name}.{ending}")
        return written[-1]

    for function, number, size in dict.fromkeys((r.function, r.start, r.n) for r in study.records):
        if not any(run is not None for _, run in study.select(function=function, start=number)):
            continue
        runs = study.runs(function, number)
        least = study.minimum(function, size)
        title = f"{shortened(function)} (n = {size}) from start {number}"
        stem = f"{stems[function]}-{number}"
        draw_losses(runs, "iteration", least, title, to(f"{stem}-losses"))
        draw_losses(runs, "time", least, title, to(f"{stem}-times"))
        if size == 2 and any(np.isfinite(run.losses).any() for run in runs.values() if run.losses is not None):
            problem = study.cases[function].problem
            draw_paths({function: problem}, runs, path=to(f"{stem}-paths"))
            draw_surface({function: problem}, runs, path=to(f"{stem}-surface"))
    if any(r.solved for r in study.records):
        for measure in ("evaluations", "seconds"):
            draw_heatmap(study, measure, path=to(measure))
        for measure in ("evaluations", "seconds"):
            draw_profiles(study, measure, path=to(f"profiles-{measure}"))
    return written


def _stems(labels: Iterable[str]) -> dict[str, str]:
    """How the names of the files of each function begin: of letters that every file system takes, each its own."""
    stems: dict[str, str] = {}
    for label in labels:
        plain = re.sub(r"[^\w.-]+", "-", label)[:_LONGEST_STEM].strip("-.") or "function"
        taken = {stem.lower() for stem in stems.values()}
        stems[label] = next(s for s in chain([plain], (f"{plain}-{k}" for k in count(2))) if s.lower() not in taken)
    return stems
