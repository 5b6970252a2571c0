"""The mathematics for 64-bit ARM, run by an emulator where a cross compiler is there: the bits must be the same."""

import shutil
import subprocess

import numpy as np
import pytest
from test_mathematics import EDGES, FUNCTIONS, INTERVALS, SPECIAL, compute, text_of

from dragongrad.compiler.backends.native.jit import engine

GCC, QEMU = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
# What ARM always has is told apart by the machine that asks: here it is said.
NEON = engine.Processor("neoverse-n1", "+neon,+fma")
TRIPLE = "aarch64-linux-gnu"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which(GCC) and shutil.which(QEMU) and engine.processor().fused),
        reason="needs a cross compiler and an emulator for ARM, and a processor that multiplies and adds at once",
    ),
]


def driver(kind):
    """A C program: the name of a function and a count, two arrays by its input, the result by its output."""
    heads, calls = [], []
    for name, function in FUNCTIONS.items():
        heads.append(f"void loop_{name}({', '.join([kind + ' *'] * (function.arguments + 1))}, long);")
        given = "a, b" if function.arguments == 2 else "a"
        calls.append(f'if (!strcmp(v[1], "{name}")) loop_{name}({given}, o, n);')
    return "\n".join([
        "#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>", *heads,
        "int main(int c, char **v) {", "long n = atol(v[2]);",
        f"{kind} *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *a), *o = malloc(n * sizeof *a);",
        "if (fread(a, sizeof *a, n, stdin) + fread(b, sizeof *a, n, stdin) != 2 * n) return 1;",
        *calls, "return fwrite(o, sizeof *o, n, stdout) != n; }",
    ])  # fmt: skip


@pytest.fixture(scope="module", params=[("float64", "double"), ("float32", "float")], ids=lambda p: p[0])
def program(request, tmp_path_factory):
    """The emulated program of a dtype, and the dtype."""
    dtype, kind = request.param
    folder, llvm = tmp_path_factory.mktemp("neon"), engine.binding()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE).create_target_machine(cpu=NEON.name, opt=2, reloc="static")
    text = f'target triple = "{TRIPLE}"\n{text_of(NEON, dtype, False)}\n{engine._closing(NEON)}'
    module = llvm.parse_assembly(text)
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = True
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    (folder / "functions.o").write_bytes(target.emit_object(module))
    assert target.emit_assembly(module).count(".2d") > 1000, "nothing was vectorised"
    (folder / "driver.c").write_text(driver(kind), encoding="utf-8")
    files = [str(folder / name) for name in ("driver.c", "functions.o")]
    subprocess.run([GCC, "-static", *files, "-lm", "-o", str(folder / "run")], check=True)
    return str(folder / "run"), dtype


def arguments(name, dtype):
    """Dense samples of the function's intervals, and every special value (pair of them)."""
    rng, two = np.random.default_rng(3), FUNCTIONS[name].arguments == 2
    found = [np.reshape([rng.uniform(*i[k : k + 2], 2001) for k in range(0, len(i), 2)], (-1, 2001))
             for i in INTERVALS.get(name, [(-10, 10)])]  # fmt: skip
    special = np.array(SPECIAL + ([] if two else EDGES.get(name, [])))
    found.append(np.array(np.meshgrid(special, special)).reshape(2, -1) if two else special[None])
    with np.errstate(over="ignore"):
        return np.concatenate(found, axis=1).astype(dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arm_computes_the_same_bits(program, name):
    path, dtype = program
    arrays = arguments(name, dtype)
    given = np.concatenate([arrays[0], arrays[-1]]).tobytes()
    run = subprocess.run([QEMU, path, name, str(arrays.shape[1])], input=given, capture_output=True, check=True)
    got, here = np.frombuffer(run.stdout, dtype), compute(name, "host", dtype, *arrays)
    np.testing.assert_array_equal(got, here)
    known = ~np.isnan(here)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(here)[known])
