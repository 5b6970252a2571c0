"""The command `dragongrad`."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from .. import __version__, lab
from .. import course as course_of
from ..compiler.backends.native.jit.cache import cache_info, clear_cache
from ..core.errors import ArgumentError
from ..optimize.zoo import ZOO
from ..views.explain import explain as explain_rule
from ..views.explore.page import explore as explore_page
from ..views.table import trace_table
from . import machine
from .completion import optimizer_names, rule_names, zoo_names
from .demo import WRITTEN
from .demo import demo as run_demo
from .formula import Formula
from .optimizers import read_optimizers, tame
from .outputs import check_file, check_folder, check_memory, check_pictures, whole
from .play.server import Playground
from .reading import find_function, read_function, read_functions, read_modes, read_region, read_start, read_values
from .screen import end, show, terminal
from .words import Command
from .xray import app as xray

app = typer.Typer(
    help="Exact derivatives of plain NumPy code, that you can watch.", add_completion=True,
    rich_markup_mode="markdown", context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip

app.add_typer(xray, name="xray")

Optimizers = Annotated[
    str,
    typer.Option(
        "--optimizers", "-o", help="names with options: gd,adam:lr=0.1,scipy:bfgs", autocompletion=optimizer_names
    ),
]
Rate = Annotated[float | None, typer.Option("--lr", help="the learning rate of all that have one")]
Region = Annotated[str | None, typer.Option("--region", help="x_low,x_high,y_low,y_high")]
Steps = Annotated[int, typer.Option("--steps", min=1, help="at most so many")]
Json = Annotated[bool, typer.Option("--json", help="print JSON, for programs to read")]
Force = Annotated[bool, typer.Option("--force", "-f", help="overwrite files that exist")]

# The bytes that a run keeps of each step and a basin map of each start, as measured at their peak.
_PER_STEP, _PER_START = 400, 200


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and end")
    ] = False,
) -> None:
    """Exact derivatives of plain NumPy code, that you can watch."""


@app.command(
    cls=Command,
    epilog='Examples: `dragongrad trace "sin(x)*x" x=2` and `dragongrad trace "x*y+exp(x)" x=0.5 y=2 --reverse`',
)
def trace(
    formula: Annotated[str, typer.Argument(help="such as sin(x)*x; names are functions of the table of Blocks")],
    values: Annotated[list[str] | None, typer.Argument(help="a value for each variable: x=2 y=0.5,1")] = None,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="adjoints instead of tangents")] = False,
    json: Json = False,
) -> None:
    """Print the evaluation trace table of a formula."""
    f = Formula(formula)
    given = read_values(values or [], f.names)
    with np.errstate(all="ignore"):
        table = trace_table(f, *given, mode="reverse" if reverse else "forward")
    if json:
        machine.write(**machine.of_trace(table))
    else:
        print(table)


@app.command(cls=Command, epilog='Example: `dragongrad explore "sin(x)*y" x=0.5 y=2 --out page.html`')
def explore(
    formula: Annotated[str, typer.Argument(help="such as sin(x)*y; names are functions of the table of Blocks")],
    values: Annotated[list[str] | None, typer.Argument(help="a value for each variable: x=2 y=0.5,1")] = None,
    forward: Annotated[bool, typer.Option("--forward", help="begin with tangents instead of adjoints")] = False,
    exercise: Annotated[bool, typer.Option("--exercise", help="leave blanks to be filled in")] = False,
    out: Annotated[Path, typer.Option("--out", help="a name that ends in .html, .svg, .pdf or .tex")] = Path(
        "explore.html"
    ),
    show_it: Annotated[bool, typer.Option("--open", help="open it in a browser")] = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a page on which a formula and its derivatives are played step by step."""
    f = Formula(formula)
    given = read_values(values or [], f.names)
    check_file(out, (".html", ".svg", ".pdf", ".tex"), force)
    if out.suffix.lower() == ".pdf":
        check_pictures()
    page = explore_page(f, *given, mode="forward" if forward else "reverse", exercise=exercise)
    with whole(out) as part:
        page.save(part)
    if json:
        machine.write(**machine.of_page(page), written=out)
    else:
        show(f"written: {out}")
    if show_it:
        webbrowser.open(out.resolve().as_uri())


@app.command(epilog='Examples: `dragongrad play` and `dragongrad play --function "x**4 - x**2 + y**2"`')
def play(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="any that is free if not given")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
    function: Annotated[str | None, typer.Option("--function", help="a test function or a formula")] = None,
) -> None:
    """Serve the play ground on this machine, until Ctrl-C: explorer, races, basins, networks, convolutions."""
    ground = Playground(port, function)

    def begin() -> None:
        show(f"the play ground: {ground.url}", "Ctrl-C ends it; the address works until then, on this machine only")
        sys.stdout.flush()
        if browser:
            ground.show()

    ground.run(begin)
    show("ended")


@app.command(cls=Command, epilog="Examples: `dragongrad explain arctan2` and `dragongrad explain linalg.solve`")
def explain(
    name: Annotated[str, typer.Argument(help="a function of NumPy, or of dragongrad", autocompletion=rule_names)],
    json: Json = False,
) -> None:
    """Print the derivative rule of a function."""
    rule = explain_rule(find_function(name))
    if json:
        machine.write(function=name, **rule.parts, text=rule.text)
    else:
        print(rule)


@app.command(
    cls=Command,
    epilog="Example: `dragongrad race rosenbrock -o gd,momentum,adam,l-bfgs --start -1.5,2 --out race.html`",
)
def race(
    function: Annotated[
        str,
        typer.Argument(
            help="a test function (see dragongrad zoo), or a formula of x and y", autocompletion=zoo_names
        ),
    ],
    optimizers: Optimizers = "gd,momentum,adam,l-bfgs",
    start: Annotated[str | None, typer.Option("--start", help="two numbers: -1.5,2")] = None,
    out: Annotated[Path, typer.Option("--out", help="a name that ends in .html or .gif")] = Path("race.html"),
    steps: Steps = 500,
    lr: Rate = None,
    region: Region = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Let optimizers race on the contours of a function, to be watched in a browser."""
    problem, box = read_function(function, plane=True), read_region(region)
    begin, asked = read_start(start, problem), read_optimizers(optimizers, lr)
    check_file(out, (".html", ".gif"), force)
    check_pictures()
    _check_steps(steps, len(asked))
    entries, notes = tame(problem, begin, asked)
    done = lab.race(problem, entries, begin, steps=steps, region=box, progress=True)
    table = _table(done.title, ("optimizer", "steps", "value", "arrived at", "why it ended"))
    for label, run in done.runs.items():
        where = ", ".join(f"{v:.5g}" for v in run.x)
        table.add_row(label, str(run.nit), f"{run.fun:.6g}", where, run.message)
    # The file first: whoever reads the table may stop after its first lines.
    try:
        with whole(out) as part:
            done.save(part)
    finally:
        if json:
            machine.write(title=done.title, runs=machine.of_race(done), notes=notes, written=out)
        else:
            show(table, *notes)
    if not json:
        show(f"written: {out}")


@app.command(
    cls=Command,
    epilog="Example: `dragongrad study rosenbrock,beale --optimizers adam:lr=0.1,bfgs,l-bfgs --out results`",
)
def study(
    functions: Annotated[
        str, typer.Argument(help="test functions or formulas, separated by commas", autocompletion=zoo_names)
    ],
    optimizers: Optimizers = "gd:lr=0.001,adam:lr=0.05,bfgs,l-bfgs,newton",
    modes: Annotated[str, typer.Option("--modes", help="forward, reverse or both")] = "reverse",
    out: Annotated[Path | None, typer.Option("--out", help="a folder for study.csv and the pictures")] = None,
    steps: Steps = 5000,
    lr: Rate = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run every optimizer on every function from its standard starts: a table, a CSV file and pictures."""
    problems, entries, wanted = read_functions(functions), read_optimizers(optimizers, lr), read_modes(modes)
    if out is not None:
        check_folder(out, ("study.csv", "*.png"), force)
        check_pictures()
    _check_steps(steps, len(entries) * len(wanted) * sum(len(problem.starts()) for problem in problems))
    done = lab.study(problems, entries, modes=wanted, max_iter=steps, progress=True)
    notes = []
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            done.to_csv(out / "study.csv")
            notes = [f"written: {out / 'study.csv'} and {len(lab.pictures(done, out))} pictures"]
    finally:
        if json:
            machine.write(runs=machine.of_study(done), interrupted=done.interrupted, notes=notes)
        else:
            show(_summary(done), *notes)


@app.command(
    cls=Command, epilog="Example: `dragongrad basins himmelblau --optimizer adam:lr=0.05 --out basins.png`"
)
def basins(
    function: Annotated[
        str,
        typer.Argument(help="a test function of two numbers, or a formula of x and y", autocompletion=zoo_names),
    ],
    optimizer: Annotated[
        str, typer.Option("--optimizer", "-o", help="a name with options", autocompletion=optimizer_names)
    ] = "adam:lr=0.05",
    out: Annotated[Path, typer.Option("--out", help="a name that ends in .png, .svg or .pdf")] = Path("basins.png"),
    region: Region = None,
    grid: Annotated[
        int | None,
        typer.Option("--grid", min=2, help="so many starts along each side: 300, or 40 where each is run alone"),
    ] = None,
    steps: Steps = 500,
    force: Force = False,
    json: Json = False,
) -> None:
    """Colour every start by where an optimizer arrives from there, and how fast."""
    problem, box = read_function(function, plane=True), read_region(region)
    entries = read_optimizers(optimizer)
    if len(entries) != 1:
        raise ArgumentError("a basin map is of one optimizer: write its options as adam:lr=0.05:beta1=0.8")
    check_file(out, (".png", ".svg", ".pdf"), force)
    check_pictures()
    if grid is not None:
        need = grid**2 * _PER_START
        check_memory(need, f"{grid} x {grid} starts", lambda share: f"--grid {int(grid * share**0.5)}")
    (entry,) = entries.values()
    found = lab.basins(problem, entry, box, grid, steps, progress=True)
    try:
        with whole(out) as part:
            lab.draw_basins(found, part)
    finally:
        if json:
            machine.write(**machine.of_basins(found), written=out)
        else:
            show(*[f"{share:6.1%}  {name}" for name, share in found.shares().items()])
    rows, columns = found.label.shape
    if not json:
        show(f"written: {out} ({columns} x {rows} starts in {found.seconds:.1f} s)")


def _check_steps(steps: int, runs: int) -> None:
    what = f"{steps} steps of {runs} run{'s' * (runs > 1)}"
    check_memory(steps * runs * _PER_STEP, what, lambda share: f"--steps {int(steps * share)}")


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _summary(done: lab.Study) -> Table:
    """The records of a study in the columns that fit a terminal; the CSV file has all of them."""
    table = Table(title="Study", box=SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("function", "optimizer", "start", "mode", "steps", "evals", "seconds", "error", "solved"):
        words = column in ("function", "optimizer", "mode")
        table.add_column(column, justify="left" if words else "right", overflow="fold", no_wrap=not words)
    for r in done.records:
        table.add_row(
            r.function, r.optimizer, str(r.start), r.mode, str(r.iterations), str(r.evaluations),
            f"{r.seconds:.3g}", f"{r.error:.1e}", "yes" if r.solved else "no",
        )  # fmt: skip
    return table


@app.command()
def zoo(json: Json = False) -> None:
    """List the test functions."""
    if json:
        return machine.write(functions=[machine.of_problem(*item) for item in sorted(ZOO.items())])
    table = _table("Test functions", ("name", "numbers", "minimum", "source"))
    for name, problem in sorted(ZOO.items()):
        size = f"{problem.n} or others" if problem.any_n else str(problem.n)
        table.add_row(name, size, f"{problem.minimum():.6g}", problem.source)
    show(table)


@app.command(
    cls=Command, epilog="Examples: `dragongrad course --out class` and `dragongrad course 3 4 --out class`"
)
def course(
    chapters: Annotated[
        list[int] | None, typer.Argument(help="their numbers; all of them if none is given")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="the folder for the pages")] = Path("course"),
    force: Force = False,
) -> None:
    """Write a folder for a class: chapters, explorer pages, exercises and solutions, which need no network."""
    wanted = [chapter.number for chapter in course_of.chosen(chapters or None)]
    check_folder(out, course_of.WRITTEN, force)
    check_pictures()
    made = course_of.write(out, wanted)
    show(f"written: {made[0]} and {len(made) - 1} other files")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="the folder for the pictures")] = Path("out"),
    force: Force = False,
    json: Json = False,
) -> None:
    """Train a logistic regression on patients' data, and networks on digits and simulated films of the chest."""
    check_folder(out, WRITTEN, force)
    check_pictures()
    found = run_demo(out, machine.silent if json else show)
    if json:
        machine.write(**found)


@app.command()
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="remove all of it")] = False,
    json: Json = False,
) -> None:
    """Tell where the machine code of compiled functions is kept, and how much; or remove it."""
    removed, info = clear_cache() if clear else 0, cache_info()
    if json:
        told = {name: getattr(info, name) for name in ("folder", "off", "files", "bytes", "limit")}
        return machine.write(**told, removed=removed)
    lines = [f"folder   {info.folder}"] if info.folder else []
    lines += [f"not used {info.off}"] if info.off else []
    if clear and not info.off:
        lines.append(f"removed  {removed} files")
    if not info.off:
        lines.append(f"holds    {info.files} files, {info.bytes / 2**20:.1f} of {info.limit / 2**20:.0f} MiB")
    show(*lines)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command; whatever goes wrong is a message and an exit status, not a traceback."""
    with terminal():
        try:
            status = app(sys.argv[1:] or ["--help"], prog_name="dragongrad", standalone_mode=False) or 0
            sys.stdout.flush()
        except BaseException as error:
            status = end(error)
    raise SystemExit(status)
