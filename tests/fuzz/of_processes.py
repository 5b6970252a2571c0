"""The fuzzer of threads and forks: random programs compiled together, as the first thing that a process does."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from .of_programs import NotUsedError, runs
from .programs import Program, program
from .scripts import script

SCRIPT = '''
import faulthandler, os, resource, threading, time


def together(calls):
    """Run calls in threads that start at once."""
    errors, gate = [], threading.Barrier(len(calls))

    def run(call):
        gate.wait()
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def forked(call, seconds=25):
    """Run a call in a child process."""
    heard, said = os.pipe()
    child = os.fork()
    if not child:
        # By the clock, what computes takes long on a busy machine; one that waits for ever says where it does.
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        faulthandler.dump_traceback_later(5 * seconds, exit=True, file=said)
        try:
            call()
        except BaseException as error:
            os.write(said, f"{type(error).__name__}: {error}"[:4000].encode())
            os._exit(1)
        os._exit(0)
    os.close(said)
    with open(heard, "rb") as pipe:
        told = pipe.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, f"a child ended with {status}: {told}"
'''


@dataclass(frozen=True)
class Crowd:
    """Programs, and what a thread does with each: `(number, function, whether in a child process)`."""

    programs: tuple[Program, ...]
    threads: tuple[tuple[int, str, bool], ...]

    @property
    def script(self) -> str:
        """The programs, each in a function that gives it with its inputs."""
        tolerance = 5e-2 if any(p.precision > 1e-10 for p in self.programs) else 1e-8
        base = script("", ("compiled", "compiled_gradient", "gradient_and_product"), tolerance)
        made = [
            f"def program{k}():\n{textwrap.indent(p.source, '    ')}\n    return f, inputs\n\n"
            for k, p in enumerate(self.programs)
        ]
        return "\n".join([base, SCRIPT, *made])

    @property
    def steps(self) -> tuple[str, ...]:
        """One call that starts all."""
        calls = [
            f"lambda: forked(lambda: {what}(*program{k}()))" if child else f"lambda: {what}(*program{k}())"
            for k, what, child in self.threads
        ]
        return (f"together([{', '.join(calls)}])",)

    @property
    def words(self) -> frozenset[str]:
        """What the threads do."""
        return frozenset(f"{what} {child}" for _, what, child in self.threads)

    def smaller(self, step: str) -> Iterator[Crowd]:
        """With fewer threads, and without programs that none of them runs."""
        for k in range(len(self.threads)):
            if len(self.threads) > 1:
                yield replace(self, threads=(*self.threads[:k], *self.threads[k + 1 :]))
        used = sorted({k for k, _, _ in self.threads})
        if len(used) < len(self.programs):
            moved = tuple((used.index(k), what, child) for k, what, child in self.threads)
            yield replace(self, programs=tuple(self.programs[k] for k in used), threads=moved)


def crowd(draw: Random) -> Crowd:
    """Two programs and some threads, of which one may fork."""
    programs = tuple(program(draw, most=3) for _ in range(2))
    if not all(map(runs, programs)):
        raise NotUsedError
    ways = ["compiled", "compiled", "compiled_gradient"]
    count = draw.randint(2, 6)
    return Crowd(programs, tuple((draw.randrange(2), draw.choice(ways), draw.random() < 0.2) for _ in range(count)))
