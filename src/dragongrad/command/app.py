"""The command `dragongrad`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .. import __version__, lab
from ..core.errors import ArgumentError, DragongradError
from ..optimize.zoo import ZOO
from ..views.explain import explain as explain_rule
from ..views.table import trace_table
from .demo import demo as run_demo
from .formula import Formula, functions
from .reading import read_function, read_numbers, read_optimizers, read_region, tame

app = typer.Typer(
    help="Exact derivatives of plain NumPy code, that you can watch.", no_args_is_help=True, add_completion=False,
    rich_markup_mode="markdown", context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
console = Console()

# A start such as -1.5,2 begins with a dash: it is a value, not an option.
_DASHES: dict[str, Any] = {"ignore_unknown_options": True}

Optimizers = Annotated[
    str, typer.Option("--optimizers", "-o", help="names with options: gd,adam:lr=0.1,scipy:bfgs")
]
Rate = Annotated[float | None, typer.Option("--lr", help="the learning rate of all that have one")]
Region = Annotated[str | None, typer.Option("--region", help="x_low,x_high,y_low,y_high")]
Steps = Annotated[int, typer.Option("--steps", min=1, help="at most so many")]


def _start(text: str | None, problem: Any) -> np.ndarray[Any, Any]:
    if text is None:
        return np.asarray(problem.starts()[0])
    start = read_numbers(text, "a start")
    if start.size != problem.n and not problem.any_n:
        raise ArgumentError(f"{problem.name} is a function of {problem.n} numbers, the start has {start.size}")
    return start


@app.command(
    epilog='Examples: `dragongrad trace "sin(x)*x" x=2` and `dragongrad trace "x*y+exp(x)" x=0.5 y=2 --reverse`'
)
def trace(
    formula: Annotated[str, typer.Argument(help="such as sin(x)*x; names are functions of the table of Blocks")],
    values: Annotated[list[str] | None, typer.Argument(help="a value for each variable: x=2 y=0.5,1")] = None,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="adjoints instead of tangents")] = False,
) -> None:
    """Print the evaluation trace table of a formula."""
    f = Formula(formula)
    given = {}
    for text in values or []:
        name, equals, number = text.partition("=")
        if not equals or name not in f.names:
            raise ArgumentError(
                f"give a value to each variable, as x=2; {text!r} does not, the formula is of "
                f"{', '.join(f.names) or 'no variables'}"
            )
        numbers = read_numbers(number, f"the value of {name}")
        given[name] = numbers if numbers.size > 1 else numbers[0]
    missing = [name for name in f.names if name not in given]
    if missing:
        raise ArgumentError(f"the formula also needs {', '.join(f'{n}=...' for n in missing)}")
    print(trace_table(f, *[given[name] for name in f.names], mode="reverse" if reverse else "forward"))


@app.command(epilog="Example: `dragongrad explain arctan2`")
def explain(name: Annotated[str, typer.Argument(help="a function of NumPy")]) -> None:
    """Print the derivative rule of a function."""
    known = functions().get(name) or getattr(np, name, None)
    if known is None:
        raise ArgumentError(f"NumPy has no function {name!r}")
    print(explain_rule(getattr(np, name, known)))


@app.command(
    epilog="Example: `dragongrad race rosenbrock -o gd,momentum,adam,lbfgs --start -1.5,2 --out race.html`",
    context_settings=_DASHES,
)
def race(
    function: Annotated[str, typer.Argument(help="a test function (see dragongrad zoo), or a formula of x and y")],
    optimizers: Optimizers = "gd,momentum,adam,lbfgs",
    start: Annotated[str | None, typer.Option("--start", help="two numbers: -1.5,2")] = None,
    out: Annotated[Path, typer.Option("--out", help="a name that ends in .html or .gif")] = Path("race.html"),
    steps: Steps = 500,
    lr: Rate = None,
    region: Region = None,
) -> None:
    """Let optimizers race on the contours of a function, to be watched in a browser."""
    problem = read_function(function)
    begin = _start(start, problem)
    entries, notes = tame(problem, begin, read_optimizers(optimizers, lr))
    box = read_region(region) if region else None
    done = lab.race(problem, entries, begin, steps=steps, region=box, out=out)
    table = Table(title=done.title)
    for column in ("optimizer", "steps", "value", "arrived at", "why it ended"):
        table.add_column(column)
    for label, run in done.runs.items():
        where = ", ".join(f"{v:.5g}" for v in run.x)
        table.add_row(label, str(run.nit), f"{run.fun:.6g}", where, run.message)
    console.print(table)
    for note in notes:
        console.print(note)
    console.print(f"written: {out}", soft_wrap=True)


@app.command(
    epilog="Example: `dragongrad study rosenbrock,beale --optimizers adam:lr=0.1,bfgs,lbfgs --out results`",
    context_settings=_DASHES,
)
def study(
    functions_: Annotated[str, typer.Argument(metavar="FUNCTIONS", help="test functions, separated by commas")],
    optimizers: Optimizers = "gd:lr=0.001,adam:lr=0.05,bfgs,lbfgs,newton",
    modes: Annotated[str, typer.Option("--modes", help="forward, reverse or both")] = "reverse",
    out: Annotated[Path | None, typer.Option("--out", help="a folder for study.csv and the pictures")] = None,
    steps: Steps = 5000,
    lr: Rate = None,
) -> None:
    """Run every optimizer on every function from its standard starts: a table, a CSV file and pictures."""
    problems = [read_function(name.strip()) for name in functions_.split(",")]
    entries = read_optimizers(optimizers, lr)
    done = lab.study(problems, entries, modes=modes.split(","), max_iter=steps, progress=True)
    console.print(_summary(done))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        done.to_csv(out / "study.csv")
        written = lab.pictures(done, out)
        console.print(f"written: {out / 'study.csv'} and {len(written)} pictures", soft_wrap=True)


@app.command(
    epilog="Example: `dragongrad basins himmelblau --optimizer adam:lr=0.05 --out basins.png`",
    context_settings=_DASHES,
)
def basins(
    function: Annotated[str, typer.Argument(help="a test function of two numbers, or a formula of x and y")],
    optimizer: Annotated[str, typer.Option("--optimizer", "-o", help="a name with options")] = "adam:lr=0.05",
    out: Annotated[Path, typer.Option("--out", help="a name that ends in .png, .svg or .pdf")] = Path("basins.png"),
    region: Region = None,
    grid: Annotated[int, typer.Option("--grid", min=2, help="so many starts along each side")] = 300,
    steps: Steps = 500,
) -> None:
    """Colour every start by where an optimizer arrives from there, and how fast."""
    entries = read_optimizers(optimizer)
    if len(entries) != 1:
        raise ArgumentError("a basin map is of one optimizer: write its options as adam:lr=0.05:beta1=0.8")
    (entry,) = entries.values()
    found = lab.basins(read_function(function), entry, read_region(region) if region else None, grid, steps)
    lab.draw_basins(found, out)
    for name, share in found.shares().items():
        console.print(f"{share:6.1%}  {name}")
    console.print(f"written: {out} ({grid} x {grid} starts in {found.seconds:.1f} s)", soft_wrap=True)


def _summary(done: lab.Study) -> Table:
    """The records of a study in the columns that fit a terminal; the CSV file has all of them."""
    table = Table(title="Study", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("function", "optimizer", "start", "mode", "steps", "evals", "seconds", "error", "solved"):
        words = column in ("function", "optimizer", "mode")
        table.add_column(column, justify="left" if words else "right", overflow="fold", no_wrap=not words)
    for r in done.records:
        table.add_row(
            r.function, r.optimizer, str(r.start), r.mode, str(r.iterations), str(r.nfev), f"{r.seconds:.3g}",
            f"{r.error:.1e}", "yes" if r.solved else "no",
        )  # fmt: skip
    return table


@app.command()
def zoo() -> None:
    """List the test functions."""
    table = Table(title="Test functions")
    for column in ("name", "numbers", "minimum", "source"):
        table.add_column(column, overflow="fold")
    for name, problem in sorted(ZOO.items()):
        size = f"{problem.n} or others" if problem.any_n else str(problem.n)
        table.add_row(name, size, f"{problem.minimum():.6g}", problem.source)
    console.print(table)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="the folder for the pictures")] = Path("out"),
) -> None:
    """Train a logistic regression on real patients' data, with exact gradients (needs scikit-learn, matplotlib)."""
    run_demo(out)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command; an error of ours is a message and exit status 2, not a traceback."""
    try:
        app()
    except DragongradError as error:
        Console(stderr=True).print(f"[bold red]Error:[/bold red] {type(error).__name__}", highlight=False)
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
