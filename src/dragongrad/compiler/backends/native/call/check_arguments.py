"""How the entry point looks at the arguments of a call: each must be just what the program was compiled for."""

from ....integers import LARGEST
from . import abi as at

TEXT = f"""
define internal i1 @check(ptr %words, ptr %args, ptr %table) {{
  %overflow = alloca i32
  %array.at = {at.word("array_type")}
  %array = load ptr, ptr %array.at
{at.each_record("arguments", "first_argument", "%arg.at", "%args")}
  %arg = load ptr, ptr %arg.at
  %known.at = getelementptr i64, ptr %record, i64 2
  %known = load ptr, ptr %known.at
  %type.at = getelementptr i8, ptr %arg, i64 {at.TYPE}
  %type = load ptr, ptr %type.at
  switch i64 %kind, label %no [
    i64 {at.SAME}, label %same i64 {at.NUMBER}, label %number i64 {at.ARRAY}, label %look
    i64 {at.INTEGER}, label %integer
  ]
same:
  %identical = icmp eq ptr %arg, %known
  br i1 %identical, label %next, label %no
number:
  %exact = icmp eq ptr %type, %known
  br i1 %exact, label %value, label %no
value:
  %inside = getelementptr i8, ptr %arg, i64 {at.VALUE}
  store ptr %inside, ptr %slot
  br label %next
integer:
  ; CPython lays integers out in a way of its own: it is asked for the value, which is kept behind the outputs.
  %whole = icmp eq ptr %type, %known
  br i1 %whole, label %ask, label %no
ask:
  %long = call i64 @PyLong_AsLongLongAndOverflow(ptr %arg, ptr %overflow)
  %far = load i32, ptr %overflow
  %near = icmp eq i32 %far, 0
  %shifted = add i64 %long, {LARGEST}
  %small = icmp ule i64 %shifted, {2 * LARGEST}
  %known.long = and i1 %near, %small
  br i1 %known.long, label %keep, label %no
keep:
  %offset.at = getelementptr i64, ptr %record, i64 3
  %offset = load i64, ptr %offset.at
  %kept = getelementptr i8, ptr %table, i64 %offset
  store i64 %long, ptr %kept
  store ptr %kept, ptr %slot
  br label %next
look:
  %plain = icmp eq ptr %type, %array
  br i1 %plain, label %layout, label %no
layout:
  %flags.at = getelementptr i8, ptr %arg, i64 {at.FLAGS}
  %flags = load i32, ptr %flags.at
  %two = and i32 %flags, {at.WELL}
  %well = icmp eq i32 %two, {at.WELL}
  %descr.at = getelementptr i8, ptr %arg, i64 {at.DESCR}
  %descr = load ptr, ptr %descr.at
  %same.dtype = icmp eq ptr %descr, %known
  %ndim.at = getelementptr i8, ptr %arg, i64 {at.NDIM}
  %ndim32 = load i32, ptr %ndim.at
  %ndim = sext i32 %ndim32 to i64
  %want.at = getelementptr i64, ptr %record, i64 3
  %want = load i64, ptr %want.at
  %same.ndim = icmp eq i64 %ndim, %want
  %ab = and i1 %well, %same.dtype
  %abc = and i1 %ab, %same.ndim
  br i1 %abc, label %shape, label %no
shape:
  %shape.at = getelementptr i8, ptr %arg, i64 {at.SHAPE}
  %lengths = load ptr, ptr %shape.at
  %wanted.at = getelementptr i64, ptr %record, i64 4
  %wanted.k = load i64, ptr %wanted.at
  %wanted = getelementptr i64, ptr %words, i64 %wanted.k
  br label %axes
axes:
  %a = phi i64 [ 0, %shape ], [ %a1, %axis ]
  %all = icmp eq i64 %a, %want
  br i1 %all, label %memory, label %axis
axis:
  %n.at = getelementptr i64, ptr %lengths, i64 %a
  %n = load i64, ptr %n.at
  %m.at = getelementptr i64, ptr %wanted, i64 %a
  %m = load i64, ptr %m.at
  %equal = icmp eq i64 %n, %m
  %a1 = add i64 %a, 1
  br i1 %equal, label %axes, label %no
memory:
  %data.at = getelementptr i8, ptr %arg, i64 {at.DATA}
  %data = load ptr, ptr %data.at
  store ptr %data, ptr %slot
  br label %next
next:
  %i1 = add i64 %i, 1
  br label %head
yes:
  ret i1 true
no:
  ret i1 false
}}
"""
