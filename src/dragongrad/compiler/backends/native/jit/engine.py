"""The machine: LLVM's passes, its code generator, and the addresses of what it made."""

from __future__ import annotations

import platform
import sys
import weakref
from collections import deque
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from .....core.errors import ArgumentError
from ....process import exclusive, leave, once, try_exclusive
from ..tuning import LONG_LINES, LONGER_LINES, LONGEST_LINES


@once
def binding() -> Any:
    """LLVM itself, made ready."""
    try:
        llvm = import_module("llvmlite.binding")
    except (ImportError, OSError) as error:
        raise ArgumentError("the native backend needs llvmlite: pip install llvmlite") from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@dataclass(frozen=True)
class Processor:
    """A kind of processor, as LLVM names it and its features."""

    name: str
    flags: str

    @property
    def lanes(self) -> int:
        """How many doubles its registers hold."""
        given = self.flags.split(",")
        return 8 if "+avx512f" in given else 4 if "+avx2" in given else 2

    @property
    def fused(self) -> bool:
        """Whether it multiplies and adds in one instruction; every 64-bit ARM does."""
        return "+fma" in self.flags.split(",") or platform.machine().lower() in ("arm64", "aarch64")


# What every x86-64 has.
BASELINE = Processor("x86-64", "+sse2")


@once
def processor() -> Processor:
    """The processor of this machine."""
    llvm = binding()
    return Processor(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


def target_machine(level: int, target: Processor, quick: bool = False) -> Any:
    """A code generator for a processor."""
    kinds = {"reloc": "default", "codemodel": "jitdefault"}
    if quick and sys.platform == "linux" and platform.machine() == "x86_64":
        # LLVM's quick choice of instructions reads constants and calls functions in this code model only.
        kinds = {"reloc": "pic", "codemodel": "small"}
    triple = binding().Target.from_default_triple()
    return triple.create_target_machine(cpu=target.name, features=target.flags, opt=level, jit=True, **kinds)


def _closing(target: Processor) -> str:
    """The attributes of every function, those of functions that are to be made quickly, and how wide loops are.

    The width is a wish. Where LLVM leaves it unfulfilled it says so on stderr, and cannot be silenced: the stores
    of a row of zeros must not become a call of `memset`, which keeps a loop from being made of vectors.
    """
    width = max(256, 64 * target.lanes)
    return (
        "attributes #1 = { nounwind noinline optnone }\n"
        f'attributes #0 = {{ nounwind "no-builtins" "prefer-vector-width"="{width}" "no-trapping-math"="true" }}\n'
        f'!0 = distinct !{{!0, !1}}\n!1 = !{{!"llvm.loop.vectorize.width", i32 {target.lanes}}}\n'
        '!2 = distinct !{!2, !1, !3}\n!3 = !{!"llvm.loop.interleave.count", i32 1}\n'
        '!4 = distinct !{!4, !5, !6}\n!5 = !{!"llvm.loop.vectorize.enable", i1 false}\n'
        '!6 = !{!"llvm.loop.unroll.disable"}\n'
    )


# What is compiled quickly calls others by their addresses: no memory is set aside for stubs that would jump there.
_ADDRESSES = """
attributes #2 = { nonlazybind }
!llvm.module.flags = !{!9}
!9 = !{i32 7, !"RtLibUseGOT", i32 1}
"""


def provide(name: str, address: int) -> None:
    """Let compiled code call a function of this process by a name."""
    with exclusive():
        binding().add_symbol(name, address)


class Library:
    """Compiled functions, for this processor or a lesser one; they live as long as this does.

    A library that is made `quick`, without optimisation, may call the functions of another one. What it calls
    elsewhere its text declares with the attributes #2.
    """

    def __init__(
        self,
        text: str,
        level: int = 2,
        target: Processor | None = None,
        quick: bool = False,
        other: Library | None = None,
    ) -> None:
        self._text = text
        self._level = 0 if quick else level
        self._quick = quick
        self._target = target or processor()
        self._other = other
        # LLVM's global state is not made for several threads at once.
        with exclusive():
            _close_all()
            llvm = binding()
            # What a context interns lives as long as it does: each library has its own, and leaves nothing behind.
            self._context = llvm.create_context()
            module, machine = self._optimised()
            self._engine = llvm.create_mcjit_compiler(module, machine, use_lmm=True)
            if other is not None:
                for function in module.functions:
                    address = other.address(function.name) if function.is_declaration else 0
                    if address:
                        self._engine.add_global_mapping(function, address)
            self._engine.finalize_object()
            # In this order, also where the garbage collector finds both at once: the code belongs to the context.
            weakref.finalize(self, _close, (self._engine, self._context)).atexit = False

    def _optimised(self) -> tuple[Any, Any]:
        """The module after LLVM's passes, and what writes its machine code."""
        llvm, level = binding(), self._level
        closing = _closing(self._target) + (_ADDRESSES if self._quick else "")
        module = llvm.parse_assembly(f"{self._text}\n{closing}", self._context)
        module.verify()
        lines = self._text.count("\n")
        care = min(level, 2 if lines < LONGER_LINES else 1 if lines < LONGEST_LINES else 0)
        machine = target_machine(care, self._target, self._quick)
        # The text is made for the vectoriser of loops: what else higher levels search costs more than they find.
        options = llvm.create_pipeline_tuning_options(speed_level=min(level, 1))
        options.loop_vectorization = level > 1
        options.slp_vectorization = level > 1 and lines < LONG_LINES
        builder = llvm.create_pass_builder(machine, options)
        passes = builder.getModulePassManager()
        if self._quick:
            # Its order of operands lets LLVM's quick choice of registers keep a running sum in one.
            passes.add_reassociate_pass()
        passes.run(module, builder)
        # Its class inherits, before the method that frees it, one that frees nothing.
        llvm.newpassmanagers.NewPassManager._dispose(passes)
        passes.detach()
        return module, machine

    def address(self, name: str) -> int:
        """The address of a function."""
        with exclusive():
            return int(self._engine.get_function_address(name))

    def assembly(self) -> str:
        """The machine code, as assembly."""
        with exclusive():
            module, machine = self._optimised()
            own = str(machine.emit_assembly(module))
            return own if self._other is None else self._other.assembly() + own


# Libraries that nobody uses any more.
_CLOSED: deque[tuple[Any, Any]] = deque()


def _close(library: tuple[Any, Any]) -> None:
    """Free a library, now or when the next one is made.

    The garbage collector calls this in any thread, perhaps amid a call of llvmlite's: it must not wait.
    """
    _CLOSED.append(library)
    if try_exclusive():
        try:
            _close_all()
        finally:
            leave()


def _close_all() -> None:
    while True:
        try:
            engine, context = _CLOSED.popleft()
        except IndexError:
            return
        engine.close()
        context.close()
