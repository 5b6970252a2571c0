"""The commands `dragongrad xray ...`: train, evaluate and explain a detector of films, or simulate films."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..core.errors import ArgumentError
from ..nn import images
from ..nn.images import report
from ..nn.images.films import FilmError
from . import machine
from .outputs import check_file, check_folder, check_memory, whole
from .screen import show
from .words import Command

app = typer.Typer(
    help="Learn to read radiographs, honestly. For learning, not for clinical use.", no_args_is_help=True,
    rich_markup_mode="markdown",
)  # fmt: skip

Data = Annotated[Path, typer.Argument(help="a folder or zip archive of films by class, or a .npz file of MedMNIST")]
Model = Annotated[Path, typer.Argument(help="a file that xray train has written")]
Pattern = Annotated[
    str | None, typer.Option("--pattern", help="a regular expression that finds the patient in a film's name")
]
Skip = Annotated[bool, typer.Option("--skip", help="leave files out that cannot be read")]
Force = Annotated[bool, typer.Option("--force", "-f", help="overwrite files that exist")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of everything random")]
Json = Annotated[bool, typer.Option("--json", help="print JSON, for programs to read")]
Share = Annotated[float, typer.Option("--specificity", help="of the threshold, on validation films")]

_ENDING = ".safetensors"
# Bytes a film takes for each of its pixels while it is read, trained on and moved.
_PER_PIXEL, _MOST_SHOWN = 24, 12
_NOTE = "For learning, not for clinical use"


@app.command(
    cls=Command,
    epilog="Examples: `dragongrad xray train films --size 64 --out model` and "
    "`dragongrad xray train pneumoniamnist.npz --out model`",
)
def train(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="the file for the detector")] = Path("model.safetensors"),
    size: Annotated[
        int | None, typer.Option("--size", min=8, max=512, help="height and width: 64, or as .npz files have it")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="how often all films are seen: 15, or 1,500 steps")
    ] = None,
    specificity: Share = 0.9,
    pattern: Pattern = None,
    seed: Seed = 0,
    skip: Skip = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Train a detector on films; those of a patient stay together, and a threshold is chosen on some kept apart."""
    tell = machine.silent if json else show
    out = _named(out)
    check_file(out, (_ENDING,), force)
    if not 0 < specificity <= 1:
        raise ArgumentError(f"a specificity lies in (0, 1], got {specificity:g}: --specificity 0.9")
    shape = size or (None if data.suffix.lower() == ".npz" else 64)
    films = _read(data, shape, pattern, skip, tell).two_classes()
    parts = images.parted(films, seed)
    tell(*_told(films, parts))
    key = f"{films.digests()} {seed} {epochs}".encode()
    path = out.with_name(f".{out.stem}.{hashlib.blake2b(key, digest_size=5).hexdigest()}.training")
    found = images.fit(
        parts["train"], parts["val"], epochs=epochs, specificity=specificity, seed=seed, checkpoint=path
    )
    found.save(out)
    path.unlink(missing_ok=True)
    labels, scores = parts["val"].labels, found.scores(parts["val"].images)
    at = images.at_threshold(labels, scores, found.threshold)
    area = images.roc_auc(labels, scores)
    tell(_table("Validation", [
        ("area under the ROC curve", str(area)), ("sensitivity", str(at.sensitivity)),
        ("specificity", str(at.specificity)), ("temperature", f"{found.temperature:.2f}"),
        ("best epoch", f"{found.about['best']} of {found.about['epochs']}"),
    ]))  # fmt: skip
    kept = " The test films were not looked at: evaluate does." if "test" in parts else ""
    tell(f"written: {out}, {_NOTE.lower()}.{kept}")
    if json:
        _write_training(found, parts, area, at, out)


@app.command(cls=Command, epilog="Example: `dragongrad xray evaluate model films --out report.html`")
def evaluate(
    model: Model,
    data: Data,
    out: Annotated[Path | None, typer.Option("--out", help="a page to write: report.html")] = None,
    pattern: Pattern = None,
    skip: Skip = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Judge a detector on films that it has not seen, each number with its interval."""
    tell = machine.silent if json else show
    if out is not None:
        check_file(out, (".html",), force)
    detector = images.load_detector(_found(model))
    films = detector.check_classes(_read(data, detector.shape[:2], pattern, skip, tell))
    unseen = films
    if films.parts is not None and "test" in films.parts:
        unseen = films.part("test")
    given, unseen = len(unseen), detector.unseen(unseen)
    if given > len(unseen):
        tell(f"{given - len(unseen)} of {given} films, or others of their patients, were trained on: left out")
    if not len(unseen):
        raise FilmError("the detector was trained on all of these films or their patients: give others")
    html, figures = report.evaluation(detector, unseen)
    tell(_NOTE, _table("Evaluation", figures))
    _write(out, html, tell)
    if json:
        machine.write(
            films=len(unseen), left_out=given - len(unseen), figures=dict(figures), note=_NOTE, written=out
        )


@app.command(cls=Command, epilog="Example: `dragongrad xray explain model film.png --out film.html`")
def explain(
    model: Model,
    film: Annotated[Path, typer.Argument(help="a film, or a folder of a few")],
    out: Annotated[Path, typer.Option("--out", help="the page")] = Path("report.html"),
    force: Force = False,
    json: Json = False,
) -> None:
    """Show what a detector says of a film and where it looks, beside a network that has learned nothing."""
    tell = machine.silent if json else show
    check_file(out, (".html",), force)
    detector = images.load_detector(_found(model))
    films = _read(film, detector.shape[:2], None, False, tell)
    if len(films) > _MOST_SHOWN:
        tell(f"{len(films)} films: the first {_MOST_SHOWN} are shown")
        films = films.take(slice(_MOST_SHOWN))
    p = detector.probabilities(films.images)
    rows = [(f"film {k + 1}", f"{one:.1%} {detector.classes[1]}") for k, one in enumerate(p)]
    tell(_NOTE, _table("Probabilities", rows))
    _write(out, report.explanation(detector, films), tell)
    if json:
        machine.write(classes=detector.classes, probabilities=p, note=_NOTE, written=out)


@app.command(cls=Command, epilog="Example: `dragongrad xray simulate --out films`")
def simulate(
    out: Annotated[Path, typer.Option("--out", help="the folder for the films")] = Path("films"),
    patients: Annotated[int, typer.Option("--patients", min=1, help="how many")] = 400,
    films: Annotated[int, typer.Option("--films", min=1, help="of each")] = 2,
    size: Annotated[int, typer.Option("--size", min=8, help="height and width")] = 64,
    nodules: Annotated[float, typer.Option("--nodules", min=0, max=1, help="the share of the ill")] = 0.5,
    seed: Seed = 0,
    force: Force = False,
    json: Json = False,
) -> None:
    """Make radiographs of simulated chests, some with nodules: everything else can be tried on them."""
    tell = machine.silent if json else show
    check_folder(out, ("normal/person*.png", "nodule/person*.png"), force)
    _check_size(patients * films, size, lambda n: f"--patients {n // films}")
    made = images.simulate(patients, films, size, nodules, seed)
    images.write(made, out)
    tell(f"written: {len(made)} simulated films of {patients} patients in {out} ({', '.join(made.shares())})")
    if json:
        machine.write(films=len(made), patients=patients, size=size, nodules=nodules, seed=seed, written=out)


def _named(path: Path) -> Path:
    return path if path.suffix == _ENDING else path.with_name(path.name + _ENDING)


def _found(path: Path) -> Path:
    return path if path.is_file() else _named(path)


def _check_size(count: int, size: int, fits: Callable[[int], str]) -> None:
    need = count * size * size * _PER_PIXEL
    check_memory(need, f"{count} films of {size} x {size}", lambda share: fits(max(1, int(count * share))))


def _read(path: Path, size: Any, pattern: str | None, skip: bool, tell: Callable[..., None]) -> images.Films:
    films = images.read(path, size, pattern, skip)
    if films.skipped:
        tell(f"{len(films.skipped)} files could not be read and are left out:", *films.skipped[:5])
    return films


def _told(films: images.Films, parts: dict[str, images.Films]) -> list[Any]:
    """What was read, as tables and lines."""
    told: list[Any] = [_table("Films", [
        *((name, f"{len(some)}: {', '.join(some.shares())}{_patients(some)}") for name, some in parts.items()),
        *((what, str(count)) for what, count in films.pixels.counts.items()),
    ])]  # fmt: skip
    twice = images.duplicates(films)
    if twice:
        is_ = "film is" if len(twice) == 1 else "films are"
        told.append(f"{len(twice)} {is_} there more than once: equal ones are kept on one side")
    if films.groups is None:
        told.append("nothing tells which films are of one patient: results may be too good")
    return told


def _patients(films: images.Films) -> str:
    return "" if films.groups is None else f"; {len(set(films.groups))} patients"


def _table(title: str, rows: list[tuple[str, str]]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False, show_header=False)
    for row in rows:
        table.add_row(*row)
    return table


def _write_training(found: images.Detector, parts: dict[str, images.Films], area: Any, at: Any, out: Path) -> None:
    machine.write(
        films={name: len(some) for name, some in parts.items()}, roc_auc=area, sensitivity=at.sensitivity,
        specificity=at.specificity, temperature=found.temperature, threshold=found.threshold,
        best_epoch=found.about["best"], epochs=found.about["epochs"], note=_NOTE, written=out,
    )  # fmt: skip


def _write(out: Path | None, html: str, tell: Callable[..., None]) -> None:
    if out is not None:
        with whole(out) as part:
            part.write_text(html, encoding="utf-8")
        tell(f"written: {out}")
