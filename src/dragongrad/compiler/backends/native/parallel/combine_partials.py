"""What puts together the partial results of a reduction that was cut into parts: made once for a whole process."""

from __future__ import annotations

from ....graph import Op
from ....process import once
from ..ir.builder import STORED
from ..jit.engine import Library, provide

_WORDS = {"sum": ("add", "fadd"), "all": ("and", ""), "any": ("or", "")}


def combiner(node: Op) -> str:
    """The name of the function that combines parts of a reduction's result, in order, element by element.

    Its parameters: where the result goes, the first part, the elements of a part, how many parts there are, and the
    bytes from one to the next.
    """
    operation = "sum" if node.block.name == "conv_kernel" else node.block.name
    return f"dragongrad.combine.{operation}.{STORED[node.dtype.name]}"


@once
def provide_combiner(name: str) -> Library:
    """Make a function of `combiner`, under its name."""
    library = Library(_text(name), 0)
    provide(name, library.address(name))
    return library


def _combination(operation: str, kind: str, lanes: int) -> tuple[str, str]:
    """The instruction that combines `%total` and `%x`, of one number or several, and what it declares."""
    real, many = kind in ("double", "float"), f"<{lanes} x {kind}>" if lanes > 1 else kind
    if operation in _WORDS:
        return f"{_WORDS[operation][real]} {many} %total, %x", ""
    suffix = {"double": "f64", "float": "f32"}.get(kind, kind)
    name = f"@llvm.{f'{operation}imum' if real else f's{operation}'}.{f'v{lanes}' if lanes > 1 else ''}{suffix}"
    return f"call {many} {name}({many} %total, {many} %x)", f"declare {many} {name}({many}, {many})\n"


def _text(name: str) -> str:
    """The elements side by side in vectors, which spares LLVM the search for them; then those that are left."""
    *_, operation, kind = name.split(".")
    loops, declared = "", ""
    for label, lanes, end in (("many", _LANES, "%whole"), ("one", 1, "%count")):
        many = f"<{lanes} x {kind}>" if lanes > 1 else kind
        instruction, declaration = _combination(operation, kind, lanes)
        declared += declaration
        start, after = ("0, %part", "one") if lanes > 1 else ("%whole, %many", "next")
        loops += f"""{label}:
  %{label}.e = phi i64 [ {start} ], [ %{label}.e1, %{label}.body ]
  %{label}.more = icmp slt i64 %{label}.e, {end}
  br i1 %{label}.more, label %{label}.body, label %{after}
{label}.body:
  %{label}.to = getelementptr {kind}, ptr %out, i64 %{label}.e
  %{label}.at = getelementptr {kind}, ptr %row, i64 %{label}.e
  %{label}.total = load {many}, ptr %{label}.to, align 1
  %{label}.x = load {many}, ptr %{label}.at, align 1
  %{label}.sum = {instruction.replace("%total", f"%{label}.total").replace("%x", f"%{label}.x")}
  store {many} %{label}.sum, ptr %{label}.to, align 1
  %{label}.e1 = add i64 %{label}.e, {lanes}
  br label %{label}
"""
    return f"""{declared}declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define void @{name}(ptr noalias %out, ptr noalias %parts, i64 %count, i64 %number, i64 %apart) #0 {{
entry:
  %bytes = mul i64 %count, {_SIZES[kind]}
  call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr %parts, i64 %bytes, i1 false)
  %whole = and i64 %count, {-_LANES}
  br label %part
part:
  %p = phi i64 [ 1, %entry ], [ %p1, %next ]
  %skip = mul i64 %p, %apart
  %row = getelementptr i8, ptr %parts, i64 %skip
  br label %many
{loops}next:
  %p1 = add i64 %p, 1
  %last = icmp eq i64 %p1, %number
  br i1 %last, label %out.of, label %part
out.of:
  ret void
}}
"""


_SIZES, _LANES = {"double": 8, "i64": 8, "float": 4, "i32": 4, "i8": 1}, 8
