"""The report on a compiled function: what each pass did, where values are computed, and what was left to NumPy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .backends.native.jit.cache import find_folder
from .backends.native.linalg.lapack import method
from .backends.native.schedule.steps import Callback, Factorisation, Loops, Repeat, Step
from .graph import Op
from .passes.reroll import find_loops

_MODES = {
    "straight": "written out",
    "lanes": "one loop, its steps side by side in vectors",
    "nest": "nested loops",
}


def report(title: str, versions: Iterable[Any], path: Any, limits: Iterable[str] = ()) -> str:
    """The report on the versions of a function, and in full on one path.

    Parameters
    ----------
    title : str
        How the function is called.
    versions : iterable of Version
        All versions, of which those that run eagerly say why.
    path : Path or None
        The latest path; None where nothing was compiled.
    limits : iterable of str
        For what no further version is compiled.
    """
    versions = list(versions)
    lines = [f"{title}: {_count(len(versions), 'version')}, {_count(sum(len(v.paths) for v in versions), 'path')}"]
    for version in versions:
        if version.eager:
            lines += ["", "Runs eagerly: " + version.eager]
        for one in version.paths:
            if one.uncareful:
                lines += ["", f"Runs eagerly where a derivative is NaN: {one.uncareful}"]
            if one.failures:
                lines += ["", f"Ran eagerly {_count(one.failures, 'time')} where its program fails: {one.reason}"]
    for limit in limits:
        lines += ["", "Runs eagerly for " + limit]
    if path is None:
        return "\n".join(lines)
    lines += ["", *_passes(path), "", *_steps(path), "", *_guards(path), *_repeats(path), *_unrolled(path)]
    lines += _seconds(path)
    return "\n".join(lines) + "\n"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def table(columns: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table; columns whose name begins with a space stand to the right."""
    # rich takes longer to import than the rest of the library: only a report that is made pays for it.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD)
    for column in columns:
        made.add_column(column.strip(), no_wrap=True, justify="right" if column.startswith(" ") else "left")
    for row in rows:
        made.add_row(*[cell.replace("[", r"\[") for cell in row])
    console = Console(width=4000, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(made)
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def _passes(path: Any) -> list[str]:
    # A program that was loaded is traced already.
    traced = _milliseconds(path.seconds["trace"]) if "trace" in path.seconds else ""
    rows = [["trace", str(len(path.traced.nodes)), traced]]
    rows += [[name, str(count), _milliseconds(seconds)] for name, count, seconds in path.passes]
    return table(["pass", " operations after", " ms"], rows)


def _guards(path: Any) -> list[str]:
    if not path.guards:
        return []
    rows = [[guard.line.split(": ", 1)[-1], str(guard.taken)] for guard in path.guards]
    return [*table(["decided at", "went"], rows), ""]


def _unrolled(path: Any) -> list[str]:
    if not path.unrolled:
        return []
    rows = [[line.split(": ", 1)[-1], reason] for line, reason in path.unrolled.items()]
    return [*table(["loop written out at", "because"], rows), ""]


def _repeats(path: Any) -> list[str]:
    """What Python's loops wrote out step by step, and whether it is a loop again."""
    found = find_loops(path.traced)
    if not found:
        return []
    rows = [[str(one.count), str(one.period), one.what, one.why_not or "a loop again"] for one in found]
    return [*table([" steps", " operations each", "mostly", "is"], rows), ""]


def _seconds(path: Any) -> list[str]:
    parts = [f"{name} {_milliseconds(seconds)} ms" for name, seconds in path.seconds.items()]
    lines = [f"Time to compile: {', '.join(parts)}; together {_milliseconds(sum(path.seconds.values()))} ms"]
    if path.engine is not None:
        _, off = find_folder()
        made = f"made by LLVM, and not kept: {off}" if off else "made by LLVM"
        lines.append("Machine code: " + ("read from the cache" if path.engine.library.cached else made))
    return lines


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.2f}"


# What runs


def _steps(path: Any) -> list[str]:
    engine = path.engine
    if engine is None:
        return [f"Runs as NumPy source of {len(path.graph.nodes)} operations: print(compiled.source)"]
    rows, moved = [], 0
    for k, step in enumerate(engine.steps):
        reads, writes = _memory(step, engine.plan.functions.get(k))
        moved += sum(map(_bytes, reads)) + sum(map(_bytes, writes))
        rows.append([str(k), *_describe(step), _size(sum(map(_bytes, reads))), _size(sum(map(_bytes, writes)))])
        rows += _inside(step, f"{k}.")
    calls = [step for step in engine.steps if isinstance(step, Callback)]
    workspace = engine.workspace
    over = sum(len(function.over) for function in engine.plan.functions.values())
    temporaries = f"{_count(len(workspace.uses), 'temporary array')} in a workspace of {_size(workspace.size)}"
    if over:
        temporaries += f", {over} more written over others in place"
    summary = [
        f"Memory: {_size(moved)} read and written a call, {temporaries}",
        f"Call backs to NumPy: {len(calls)}" if calls else "No call back to NumPy",
    ]
    return [*table(["step", "what", "how", " reads", " writes"], rows), *summary]


def _inside(step: Step, number: str) -> list[list[str]]:
    """The rows of what each step of a loop does."""
    if not isinstance(step, Repeat):
        return []
    rows = []
    for key, plan in step.plans.items():
        for k, one in enumerate(plan.schedule.steps):
            what, how = _describe(one)
            own = f"{number}{'' if key == 'body' else key + ' '}{k}"
            rows += [[own, what, how, "", ""], *_inside(one, f"{own}.")]
    return rows


def _describe(step: Step) -> tuple[str, str]:
    if isinstance(step, Loops):
        names = ", ".join(_named(store.node, store.kind) for store in step.stores[:6])
        more = f" and {len(step.stores) - 6} more" if len(step.stores) > 6 else ""
        length = f" of {step.length}" if step.length else ""
        return names + more, _MODES.get(step.mode, step.mode) + length
    if isinstance(step, Callback):
        return _named(step.node, ""), f"call back: {step.why}"
    if isinstance(step, Repeat):
        often = step.node.params.get("length")
        return _named(
            step.node, ""
        ), "loop until its condition fails" if often is None else f"loop of {often} steps"
    return _named(step.node, ""), method(step.node) if isinstance(step, Factorisation) else "matrix product by BLAS"


def _named(node: Op, kind: str) -> str:
    block = node.block.name
    shape = "" if node.outputs else f" {'x'.join(map(str, node.shape)) or 'number'}"
    return f"{block}{shape}" + (f" ({kind})" if kind not in ("", "map") else "")


def _memory(step: Step, function: Any) -> tuple[list[Any], list[Any]]:
    """The values that a step reads from memory, and those that it writes there."""
    if isinstance(step, Loops):
        made = {store.node for store in step.stores}
        # What is held a row at a time stays in the cache.
        values = [v for v in function.values if not (isinstance(v, Op) and v in step.local)] if function else []
        written = [v for v in values if isinstance(v, Op) and v in made]
        return [v for v in values if not (isinstance(v, Op) and v in made)], written
    results = step.results if isinstance(step, Repeat) else [step.node]
    return [v for v in step.node.operands if isinstance(v, (Op, np.ndarray))], results


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        # A view of one number is read as that number.
        return value.nbytes if any(value.strides) else value.itemsize
    return 0 if value.outputs else value.size * value.dtype.itemsize


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
