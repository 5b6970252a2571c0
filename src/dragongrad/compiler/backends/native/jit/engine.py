"""The machine: LLVM's passes, its code generator, and the addresses of what it made."""

from __future__ import annotations

import platform
import re
import sys
import weakref
from collections import deque
from importlib import import_module
from typing import Any

from .....collector import collector_paused
from .....core.errors import ArgumentError
from .....interrupts import interrupts_kept
from .....records import record, values_of
from ....process import exclusive, leave, once, try_exclusive
from ..tuning import LONG_LINES, LONGER_LINES, LONGEST_LINES, WOVEN_CALLS
from . import cache

# A function of vectors that is to be written where it is called, and the function of numbers it belongs to.
_LANES = re.compile(r"^define hidden <[^@\n]*@(([\w.]+)\.x\d+)\([^\n]* \"woven\" ", re.M)


@once
def binding() -> Any:
    """LLVM itself, made ready."""
    try:
        with collector_paused():
            llvm = import_module("llvmlite.binding")
    except (ImportError, OSError) as error:
        raise ArgumentError("the native backend needs llvmlite: pip install llvmlite") from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@record
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


@record
class Choices:
    """What LLVM is told beside a text: all that its machine code follows from, but for who makes it."""

    processor: str
    flags: str
    care: int  # of the code generator
    speed: int  # of the passes
    loops: bool  # whether the passes look for vectors in loops
    straight: bool  # and in straight code
    quick: bool
    plain: bool
    relocation: str
    model: str


def _choices(target: Processor, level: int, lines: int, quick: bool, plain: bool) -> Choices:
    care = min(level, 2 if lines < LONGER_LINES else 1 if lines < LONGEST_LINES else 0)
    # LLVM's quick choice of instructions reads constants and calls functions in this code model only.
    near = quick and sys.platform == "linux" and platform.machine() == "x86_64"
    return Choices(
        target.name, target.flags, care,
        # The text is made for the vectoriser of loops: what else higher levels search costs more than they find.
        speed=min(level, 1), loops=level > 1, straight=level > 1 and lines < LONG_LINES, quick=quick, plain=plain,
        relocation="pic" if near else "default", model="small" if near else "jitdefault",
    )  # fmt: skip


def _target_machine(choices: Choices) -> Any:
    """A code generator."""
    return binding().Target.from_default_triple().create_target_machine(
        cpu=choices.processor, features=choices.flags, opt=choices.care, jit=True, reloc=choices.relocation,
        codemodel=choices.model,
    )  # fmt: skip


@once
def _maker() -> tuple[str, ...]:
    """What makes machine code of texts: releases, the kind of machine, and how this file tells LLVM."""
    llvm, version = binding(), import_module("llvmlite").__version__
    try:
        own = globals()["__loader__"].get_data(__file__).decode()
    except (AttributeError, OSError):
        # Kept without its source: it changes with a release only.
        own = import_module("dragongrad").__version__
    return version, ".".join(map(str, llvm.llvm_version_info)), llvm.get_default_triple(), own


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
        '!6 = !{!"llvm.loop.unroll.disable"}\n!7 = distinct !{!7, !1, !3, !6}\n'
    )


# What is compiled quickly calls others by their addresses: no memory is set aside for stubs that would jump there.
_ADDRESSES = """
attributes #2 = { nonlazybind }
!llvm.module.flags = !{!9}
!9 = !{i32 7, !"RtLibUseGOT", i32 1}
"""


def _free(passes: Any) -> None:
    # Its class inherits, before the method that frees it, one that frees nothing.
    binding().newpassmanagers.NewPassManager._dispose(passes)
    passes.detach()


def provide(name: str, address: int) -> None:
    """Let compiled code call a function of this process by a name."""
    with exclusive():
        binding().add_symbol(name, address)


class Library:
    """Compiled functions, for this processor or a lesser one; they live as long as this does.

    A library that is made `quick`, without optimisation, may call the functions of another one. What it calls
    elsewhere its text declares with the attributes #2. A `plain` one runs as it is written: passes only put locals
    into registers, and functions into others where the text says so.

    Attributes
    ----------
    cached : bool
        Whether the machine code was found in the cache, that of the other library too.
    """

    cached: bool

    def __init__(
        self,
        text: str,
        level: int = 2,
        target: Processor | None = None,
        quick: bool = False,
        other: Library | None = None,
        plain: bool = False,
    ) -> None:
        target = target or processor()
        self._choices = _choices(target, 0 if quick else level, text.count("\n"), quick, plain)
        self._text = f"{text}\n{_closing(target)}{_ADDRESSES if quick else ''}"
        self._other = other
        # LLVM's global state is not made for several threads at once; llvmlite frees its objects in finalizers.
        with exclusive(), interrupts_kept():
            _close_all()
            self._make(binding())

    def _make(self, llvm: Any) -> None:
        other = self._other
        key = cache.key_of(*_maker(), repr(values_of(self._choices)), self._text)
        code = cache.load(key)
        self.cached = code is not None and (other is None or other.cached)
        # What a context interns lives as long as it does: each library has its own, and leaves nothing behind.
        self._context = llvm.create_context()
        module, machine = self._optimised() if code is None else self._stub()
        self._engine = llvm.create_mcjit_compiler(module, machine, use_lmm=True)
        # In this order, also where the garbage collector finds both at once: the code belongs to the context.
        weakref.finalize(self, _close, (self._engine, self._context)).atexit = False
        if other is not None:
            for function in module.functions:
                address = other.address(function.name) if function.is_declaration else 0
                if address:
                    self._engine.add_global_mapping(function, address)
        made: list[bytes] = []
        self._engine.set_object_cache(lambda _, written: made.append(written), lambda _: code)
        self._engine.finalize_object()
        self._engine.set_object_cache()
        if code is None and made:
            cache.store(key, made[0])

    def _stub(self) -> tuple[Any, Any]:
        """In place of the module whose machine code is known, one that only names what it calls elsewhere."""
        names = re.findall(r"^declare [^@\n]*@([\w.$-]+)\(", self._text, re.M) if self._other is not None else ()
        text = "".join(f"declare void @{name}()\n" for name in names if not name.startswith("llvm."))
        return binding().parse_assembly(text, self._context), _target_machine(self._choices)

    def _optimised(self) -> tuple[Any, Any]:
        """The module after LLVM's passes, and what writes its machine code."""
        llvm, choices = binding(), self._choices
        module = llvm.parse_assembly(self._text, self._context)
        module.verify()
        machine = _target_machine(choices)
        options = llvm.create_pipeline_tuning_options(speed_level=choices.speed)
        options.loop_vectorization = choices.loops
        options.slp_vectorization = choices.straight
        builder = llvm.create_pass_builder(machine, options)
        if choices.plain:
            passes = llvm.create_new_module_pass_manager()
            passes.add_always_inliner_pass()
            passes.add_sroa_pass()
        else:
            passes = builder.getModulePassManager()
        if choices.quick:
            # Its order of operands lets LLVM's quick choice of registers keep a running sum in one.
            passes.add_reassociate_pass()
        passes.run(module, builder)
        _free(passes)
        if not choices.quick:
            self._weave(module, builder)
        return module, machine

    def _weave(self, module: Any, builder: Any) -> None:
        """Write functions of several lanes where loops call them, now that these are made of vectors."""
        names = _LANES.findall(self._text)
        if not 0 < sum(self._text.count(f" @{one}(") - 1 for _, one in names) <= WOVEN_CALLS:
            return
        for many, _ in names:
            function = module.get_function(many)
            function.add_function_attribute("alwaysinline")
            # What is not called any more is left out.
            function.linkage = "internal"
        passes = binding().create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.run(module, builder)
        _free(passes)

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
