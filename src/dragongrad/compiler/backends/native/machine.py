"""The machine: LLVM's passes, its code generator, and the addresses of what it made."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from ....core.errors import ArgumentError

_LOCK = threading.Lock()


@cache
def binding() -> Any:
    """LLVM itself, made ready."""
    try:
        import llvmlite.binding as llvm
    except ImportError as error:
        raise ArgumentError("the native backend needs llvmlite: pip install llvmlite") from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@cache
def features() -> tuple[str, str]:
    """The name and the features of this processor."""
    llvm = binding()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def target_machine(level: int) -> Any:
    """A code generator for this processor."""
    name, flags = features()
    target = binding().Target.from_default_triple()
    return target.create_target_machine(cpu=name, features=flags, opt=level, codemodel="jitdefault", jit=True)


def loop_hint() -> str:
    """How wide the innermost loops are to be: a wish, which LLVM may leave unfulfilled without a warning."""
    width = 8 if "+avx512f" in features()[1] else 4 if "+avx2" in features()[1] else 2
    return f'!0 = distinct !{{!0, !1}}\n!1 = !{{!"llvm.loop.vectorize.width", i32 {width}}}'


def attributes() -> str:
    """The attributes of every function."""
    width = "512" if "+avx512f" in features()[1] else "256"
    return f'attributes #0 = {{ nounwind "prefer-vector-width"="{width}" "no-trapping-math"="true" }}'


class Library:
    """Compiled functions; they live as long as this does."""

    def __init__(self, text: str, level: int = 2) -> None:
        llvm = binding()
        # LLVM's global state is not made for several threads at once.
        with _LOCK:
            module = llvm.parse_assembly(f"{text}\n{attributes()}\n{loop_hint()}\n")
            module.verify()
            machine = target_machine(level)
            options = llvm.create_pipeline_tuning_options(speed_level=level)
            options.loop_vectorization = level > 1
            options.slp_vectorization = level > 1
            builder = llvm.create_pass_builder(machine, options)
            builder.getModulePassManager().run(module, builder)
            self.optimised = str(module)
            self._machine = target_machine(level)
            self._engine = llvm.create_mcjit_compiler(module, machine)
            self._engine.finalize_object()

    def address(self, name: str) -> int:
        """The address of a function."""
        return int(self._engine.get_function_address(name))

    def assembly(self) -> str:
        """The machine code, as assembly."""
        llvm = binding()
        with _LOCK:
            return str(self._machine.emit_assembly(llvm.parse_assembly(self.optimised)))
