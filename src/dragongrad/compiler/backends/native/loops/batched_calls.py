"""Mathematical functions in straight code: calls that do not need each other are made as one.

A processor foresees where a call goes to by its place in the code, and remembers a few thousand of such places:
code that calls a function from more takes several times longer for each. So the arguments are laid side by side,
one call computes all of them in vectors, and the results are read where they are used. What needs the result of a
call is written behind it, and everything else as late as it is needed: nothing is kept in registers meanwhile.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..math import calls
from ..tuning import CALLS_AT_ONCE, CALLS_IN_REACH, FEWEST_CALLS, LINE_BYTES

_CALL = re.compile(r"  %\S+ = call (double|float) @dragon\.(\w+)\.\1\((.*)\)")
# What is not moved: labels, branches, and what may touch other memory than that of a load or a store.
_FIXED = re.compile(
    r"^(?!  (?:%|store )).*|^  store atomic|^  %\S+ = (?:phi|alloca|atomicrmw|cmpxchg|load (?:volatile|atomic)) "
    r"|^  %\S+ = call (?!.*?@(?:llvm|dragon)\.)",
    re.MULTILINE,
)
_REGISTERS = re.compile(r"%[\w.]+").findall


@dataclass(frozen=True)
class _Call:
    """A call: the function, the type of its numbers, and the arguments; it is known by what it calls."""

    name: str
    kind: str
    arguments: tuple[str, ...] = field(compare=False)

    @property
    def parts(self) -> list[str]:
        """The names of the arrays of such calls: of their results, and of each argument."""
        return ["out", *[f"in{k}" for k in range(len(self.arguments))]]


def batched(lines: list[str], declared: dict[str, str], borrows: bool) -> tuple[list[str], list[str]]:
    """What a function is to begin with, and its lines with calls of mathematical functions brought together.

    Parameters
    ----------
    lines : list of str
        Of straight code, perhaps with short loops in between.
    declared : dict
        What the lines refer to, by symbols: it is changed with them.
    borrows : bool
        Whether functions are those of the process.
    """
    found = {k: call for k, line in enumerate(lines) if " @dragon." in line and (call := _called(line))}
    if len(found) < FEWEST_CALLS:
        return [], lines
    function = _Function(declared, borrows)
    written: list[str] = []
    for first, end, moves in _windows(lines, found):
        window = lines[first:end]
        if moves:
            window = _written(function, window, {k - first: found[k] for k in range(first, end) if k in found})
        written += window
    for call in function.places:
        symbol = f"@dragon.{call.name}.{call.kind}"
        if not any(f" {symbol}(" in line for line in written):
            declared.pop(symbol)
    return function.entry(), written


def _called(line: str) -> _Call | None:
    """The call of a mathematical function that a line is, unless that is written where it is called."""
    found = _CALL.match(line)
    if found is None:
        return None
    kind, name, given = found.groups()
    return _Call(name, kind, tuple([one.removeprefix(f"{kind} ") for one in given.split(", ")]))


def _windows(lines: list[str], found: dict[int, _Call]) -> Iterator[tuple[int, int, bool]]:
    """From where to where lines may change their order among each other, with a few calls each, and where not."""
    fixed = {k for k, line in enumerate(lines) if _FIXED.match(line)} if _FIXED.search("\n".join(lines)) else set()
    first = count = 0
    for k in range(len(lines)):
        count += k in found
        if k in fixed:
            yield first, k, True
            yield k, k + 1, False
            first, count = k + 1, 0
        elif count == CALLS_IN_REACH:
            yield first, k + 1, True
            first, count = k + 1, 0
    yield first, len(lines), True


class _Function:
    """What the windows of one function share."""

    def __init__(self, declared: dict[str, str], borrows: bool) -> None:
        self.declared, self.borrows = declared, borrows
        self.start: dict[str, str] = {}  # by pointer, the array that it points into
        self.places: dict[_Call, int] = {}  # of what is called, for how many calls

    def place(self, call: _Call, part: str, number: int) -> str:
        """The address of the result of one call among several ("out"), or of an argument ("in0", "in1")."""
        self.places[call] = max(self.places.get(call, 0), number + 1)
        return f"%{call.name}.{call.kind}.{part}.{number}"

    def entry(self) -> list[str]:
        """The arrays, and the addresses in them."""
        lines = []
        for call, count in self.places.items():
            for part in call.parts:
                array = f"%{call.name}.{call.kind}.{part}"
                lines.append(f"  {array} = alloca [{count} x {call.kind}], align {LINE_BYTES}")
                at = f"getelementptr inbounds {call.kind}, ptr {array}, i64"
                lines += [f"  {array}.{number} = {at} {number}" for number in range(count)]
        return lines

    def symbol(self, call: _Call) -> str:
        """The function of arrays."""
        many = calls.of_array(call.name, call.kind, self.borrows)
        self.declared.update(many.elsewhere("#2").needs() if self.borrows else many.needs())
        return many.symbol


def _written(function: _Function, lines: list[str], found: dict[int, _Call]) -> list[str]:
    """Lines in the order in which their calls come together."""
    read = [_REGISTERS(line) for line in lines]
    rounds, moves = _rounds(function, lines, read, found)
    groups: dict[tuple[int, _Call], list[int]] = defaultdict(list)
    for k, call in found.items():
        groups[rounds[k], call].append(k)
    together = {k for group in groups.values() if len(group) >= FEWEST_CALLS for k in group}
    if not together:
        return lines
    _put_off(lines, read, rounds, moves)
    writer = _Writer(function, {k: found[k] for k in together})
    order: dict[int, list[int]] = defaultdict(list)
    for k, number in enumerate(rounds):
        order[number].append(k)
    for number in sorted(order):
        for k in order[number]:
            writer.write(k, lines[k], read[k])
        writer.call()
    return [*writer.lines, *writer.loads.values()]


def _rounds(
    function: _Function, lines: list[str], read: list[list[str]], found: dict[int, _Call]
) -> tuple[list[int], list[bool]]:
    """Behind how many calls, one needing the other, each line is; and whether it may be written later."""
    behind: dict[str, int] = {}  # by register, if behind any
    loaded: dict[str, int] = {}
    stored: dict[str, int] = {}
    start, rounds, moves = function.start, [], []
    for k, line in enumerate(lines):
        makes = line[2] == "%"
        number = 0
        for register in read[k][makes:]:
            if register in behind and behind[register] > number:
                number = behind[register]
        if not makes:
            pointer = read[k][-1]
            array = start.get(pointer, pointer)
            number = stored[array] = max(number, stored.get(array, 0), loaded.get(array, 0))
        elif " = load " in line:
            pointer = read[k][-1]
            array = start.get(pointer, pointer)
            number = max(number, stored.get(array, 0))
            loaded[array] = max(number, loaded.get(array, 0))
        elif " = getelementptr " in line:
            start[read[k][0]] = start.get(read[k][1], read[k][1])
        rounds.append(number)
        moves.append(makes and k not in found)
        if makes and (number or k in found):
            behind[read[k][0]] = number + (k in found)
    if stored:
        for k, line in enumerate(lines):
            if " = load " in line and start.get(read[k][-1], read[k][-1]) in stored:
                moves[k] = False
    return rounds, moves


def _put_off(lines: list[str], read: list[list[str]], rounds: list[int], moves: Sequence[bool]) -> None:
    """Move what can be moved to where it is first needed."""
    needed: dict[str, int] = {}
    for k in range(len(lines) - 1, -1, -1):
        makes = lines[k][2] == "%"
        if moves[k]:
            rounds[k] = max(rounds[k], needed.get(read[k][0], 0))
        number = rounds[k]
        for register in read[k][makes:]:
            if register not in needed or needed[register] > number:
                needed[register] = number


@dataclass
class _Batch:
    """Calls that are made as one, and the place of the first."""

    first: int
    calls: list[_Call] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


class _Writer:
    """Writes the lines of a window, and those calls of it that are made as one."""

    def __init__(self, function: _Function, together: dict[int, _Call]) -> None:
        self.function, self.together = function, together
        self.lines: list[str] = []
        self.loads: dict[str, str] = {}  # of results that nobody has read yet
        self.batches: dict[_Call, _Batch] = {}
        self.used: dict[_Call, int] = defaultdict(int)  # places of each function

    def write(self, k: int, line: str, registers: list[str]) -> None:
        """Write a line behind the results that it reads, or of a call its arguments."""
        if self.loads:
            for register in registers:
                if register in self.loads:
                    self.lines.append(self.loads.pop(register))
        call = self.together.get(k)
        if call is None:
            self.lines.append(line)
            return
        batch = self.batches.get(call)
        if batch is None:
            batch = self.batches[call] = _Batch(self.used[call])
        self._lay(call, batch.first + len(batch.calls))
        batch.calls.append(call)
        batch.results.append(registers[0])
        if len(batch.calls) == CALLS_AT_ONCE:
            self._call(self.batches.pop(call))

    def call(self) -> None:
        """Make the calls whose arguments are there."""
        for batch in self.batches.values():
            self._call(batch)
        self.batches.clear()

    def _lay(self, call: _Call, number: int) -> None:
        """Put the arguments of a call into their places."""
        for part, argument in zip(call.parts[1:], call.arguments, strict=True):
            self.lines.append(f"  store {call.kind} {argument}, ptr {self.function.place(call, part, number)}")

    def _call(self, batch: _Batch) -> None:
        call, end = batch.calls[-1], batch.first + len(batch.calls)
        # The last vector is filled with numbers that take no longer than others.
        full = end + -len(batch.calls) % calls.lanes()
        for number in range(end, full):
            self._lay(call, number)
        arrays = [f"ptr {self.function.place(call, part, batch.first)}" for part in call.parts]
        given = ", ".join([*arrays, f"i64 {full - batch.first}"])
        self.lines.append(f"  call void {self.function.symbol(call)}({given})")
        for number, result in enumerate(batch.results, batch.first):
            self.loads[result] = f"  {result} = load {call.kind}, ptr {self.function.place(call, 'out', number)}"
        self.used[call] = full
