"""The blocks of memory of calls, in LLVM's language: taken from a list, given back to it, freed."""

from .abi import RAW, TABLE, word

TEXT = f"""
define internal ptr @take(ptr %words) {{
  %list = {word("blocks")}
  %first = load ptr, ptr %list
  %empty = icmp eq ptr %first, null
  br i1 %empty, label %make, label %pop
pop:
  %next = load ptr, ptr %first
  store ptr %next, ptr %list
  ret ptr %first
make:
  %size.at = {word("block_size")}
  %size = load i64, ptr %size.at
  %raw = call ptr @PyMem_RawMalloc(i64 %size)
  %none = icmp eq ptr %raw, null
  br i1 %none, label %out, label %fill
out:
  ret ptr null
fill:
  %address = ptrtoint ptr %raw to i64
  %up = add i64 %address, 63
  %line = and i64 %up, -64
  %block = inttoptr i64 %line to ptr
  %raw.at = getelementptr i8, ptr %block, i64 {RAW}
  store ptr %raw, ptr %raw.at
  %to = getelementptr i8, ptr %block, i64 {TABLE}
  %from.at = {word("table")}
  %from = load ptr, ptr %from.at
  %bytes.at = {word("table_size")}
  %bytes = load i64, ptr %bytes.at
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  %record.at = {word("first_temporary")}
  %record0 = load i64, ptr %record.at
  %count.at = {word("temporaries")}
  %count = load i64, ptr %count.at
  br label %head
head:
  %i = phi i64 [ 0, %fill ], [ %i1, %one ]
  %done = icmp eq i64 %i, %count
  br i1 %done, label %full, label %one
one:
  %twice = mul i64 %i, 2
  %k = add i64 %record0, %twice
  %place.at = getelementptr i64, ptr %words, i64 %k
  %place = load i64, ptr %place.at
  %offset.at = getelementptr i64, ptr %place.at, i64 1
  %offset = load i64, ptr %offset.at
  %memory = getelementptr i8, ptr %block, i64 %offset
  %slot = getelementptr ptr, ptr %to, i64 %place
  store ptr %memory, ptr %slot
  %i1 = add i64 %i, 1
  br label %head
full:
  ret ptr %block
}}

define internal void @give(ptr %words, ptr %block) {{
  %list = {word("blocks")}
  %first = load ptr, ptr %list
  %some = icmp ne ptr %first, null
  %large.at = {word("large")}
  %large.word = load i64, ptr %large.at
  %large = icmp ne i64 %large.word, 0
  %spare = and i1 %some, %large
  br i1 %spare, label %free, label %push
push:
  store ptr %first, ptr %block
  store ptr %block, ptr %list
  ret void
free:
  %raw.at = getelementptr i8, ptr %block, i64 {RAW}
  %raw = load ptr, ptr %raw.at
  call void @PyMem_RawFree(ptr %raw)
  ret void
}}

define void @dragongrad.release(ptr %words) {{
  br label %head
head:
  %list = {word("blocks")}
  %first = load ptr, ptr %list
  %empty = icmp eq ptr %first, null
  br i1 %empty, label %out, label %one
one:
  %next = load ptr, ptr %first
  store ptr %next, ptr %list
  %raw.at = getelementptr i8, ptr %first, i64 {RAW}
  %raw = load ptr, ptr %raw.at
  call void @PyMem_RawFree(ptr %raw)
  br label %head
out:
  ret void
}}
"""
