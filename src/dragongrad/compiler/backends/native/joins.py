"""What puts together the partial results of a reduction that was cut into parts: made once for a whole process."""

from __future__ import annotations

from functools import cache

from ....core.node import Node
from .machine import Library, keep_forever, provide
from .text import STORED

_WORDS = {"sum": ("add", "fadd"), "all": ("and", ""), "any": ("or", "")}


def joiner(node: Node) -> str:
    """The name of the function that combines parts of a reduction's result, in order, element by element.

    Its parameters: where the result goes, the first part, the elements of a part, how many parts there are, and the
    bytes from one to the next.
    """
    assert node.block is not None
    return f"dragongrad.join.{node.block.name}.{STORED[node.dtype.name]}"


@cache
def provide_joiner(name: str) -> Library:
    """Make a function of `joiner`, under its name."""
    library = keep_forever(Library(_text(name)))
    provide(name, library.address(name))
    return library


def _text(name: str) -> str:
    *_, fold, kind = name.split(".")
    declared = ""
    real = kind in ("double", "float")
    if fold in _WORDS:
        one = f"{_WORDS[fold][real]} {kind} %total, %x"
    else:
        intrinsic = f"@llvm.{fold}imum.{'f64' if kind == 'double' else 'f32'}" if real else f"@llvm.s{fold}.{kind}"
        declared = f"declare {kind} {intrinsic}({kind}, {kind})"
        one = f"call {kind} {intrinsic}({kind} %total, {kind} %x)"
    return f"""{declared}
define void @{name}(ptr noalias %out, ptr noalias %parts, i64 %count, i64 %number, i64 %apart) #0 {{
entry:
  %bytes = mul i64 %count, {_SIZES[kind]}
  call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr %parts, i64 %bytes, i1 false)
  br label %part
part:
  %p = phi i64 [ 1, %entry ], [ %p1, %next ]
  %skip = mul i64 %p, %apart
  %row = getelementptr i8, ptr %parts, i64 %skip
  br label %element
element:
  %e = phi i64 [ 0, %part ], [ %e1, %element ]
  %to = getelementptr {kind}, ptr %out, i64 %e
  %at = getelementptr {kind}, ptr %row, i64 %e
  %total = load {kind}, ptr %to
  %x = load {kind}, ptr %at
  %sum = {one}
  store {kind} %sum, ptr %to
  %e1 = add i64 %e, 1
  %done = icmp eq i64 %e1, %count
  br i1 %done, label %next, label %element, !llvm.loop !2
next:
  %p1 = add i64 %p, 1
  %last = icmp eq i64 %p1, %number
  br i1 %last, label %out.of, label %part
out.of:
  ret void
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


_SIZES = {"double": 8, "i64": 8, "float": 4, "i32": 4, "i8": 1}
