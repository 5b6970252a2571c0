"""Runs a task in a forked child with limits of time and memory: a crash or a hang is a result like any other."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Pipe
from typing import Any

#: How many times longer than it may compute a task may take.
_WAIT = 6
#: The name under which scripts are compiled.
SCRIPT = "<case>"


@dataclass(frozen=True)
class Ending:
    """How a task ended.

    Attributes
    ----------
    kind : str
        Empty where it returned; the name of the exception, of the signal that killed it, or `"Hang"`.
    step : str
        The function of the script that it was in.
    place : str
        The innermost line of dragongrad that the exception passed, as `file:function`.
    text : str
        The message, or what was written to standard error before it died.

    """

    kind: str = ""
    step: str = ""
    place: str = ""
    text: str = ""


def run(
    task: Callable[[Callable[[Any], None]], None], seconds: float = 30, gigabytes: float = 8
) -> tuple[Any, Ending]:
    """What a task said last in a process of its own, by the function that it is given; and how it ended."""
    ours, theirs = Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if pid == 0:
            ours.close()
            _child(task, theirs, errors, seconds, gigabytes)
        theirs.close()
        said, ending = _heard(ours)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            return said, ending or Ending("Exit", text=f"status {os.WEXITSTATUS(status)}")
        errors.seek(0)
        name = signal.Signals(os.WTERMSIG(status)).name
        if name == "SIGXCPU":
            return said, Ending("Hang", text=f"no end within {seconds:g} s of processor time")
        if name == "SIGALRM":
            return said, Ending("Hang", text=f"no end within {_WAIT * seconds:g} s")
        return said, Ending(name, text=errors.read().decode(errors="replace")[:4000])


def _heard(ours: Any) -> tuple[Any, Ending | None]:
    said, ending = None, None
    while True:
        try:
            message = ours.recv()
        except EOFError:
            return said, ending
        if isinstance(message, Ending):
            ending = message
        else:
            said = message


def _child(task: Any, theirs: Any, errors: Any, seconds: float, gigabytes: float) -> None:
    try:
        # What it forks ends with it, and what NumPy or a library prints is kept out of the report.
        os.setpgid(0, 0)
        for stream in (1, 2):
            os.dup2(errors.fileno(), stream)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        # A busy machine is no hang: what counts is processor time, and the clock only for one that waits for ever.
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _WAIT * seconds)
        resource.setrlimit(resource.RLIMIT_AS, (int(gigabytes * 2**30),) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.enable(errors)
        task(theirs.send)
        ending = Ending()
    except BaseException as error:
        ending = _described(error)
    try:
        theirs.send(ending)
    finally:
        os._exit(0)


def _described(error: BaseException) -> Ending:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/dragongrad/" in f.filename]
    steps = [f for f in frames if f.filename == SCRIPT]
    place = f"{own[-1].filename.rpartition('/dragongrad/')[2]}:{own[-1].name}" if own else ""
    text = "\n".join(line for line in str(error).splitlines() if line.strip())
    return Ending(type(error).__name__, steps[1].name if len(steps) > 1 else "", place, text[:4000])
