"""The entry point in LLVM's language: one function that every compiled program is called through.

A program describes itself in an array of 64-bit words, which is the `self` of the entry point's function object.
Words that begin a record are counted from the start; addresses are those of this process.

`block` is the memory of one call: its header, the table of pointers that the program reads, a slot for each
output, and the temporaries. Blocks that are not in use hang on a list in the description; the list is only
touched while Python's lock is held.
"""

from . import abi as at
from .check_arguments import TEXT as CHECK
from .frame_pool import TEXT as BLOCKS

_DECLARED = """
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyLong_FromLongLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyErr_NoMemory()
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
declare ptr @PyArray_New(ptr, i32, ptr, i32, ptr, ptr, i32, i32, ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""

_EACH_OUTPUT = f"""
{at.each_record("outputs", "first_output", "%object.at", "%objects")}
  %a.at = getelementptr i64, ptr %record, i64 2
  %b.at = getelementptr i64, ptr %record, i64 3
  %c.at = getelementptr i64, ptr %record, i64 4
  %a = load ptr, ptr %a.at
  %b = load ptr, ptr %b.at
  %c = load i64, ptr %c.at
"""

# Before the program runs: an object for every output that is memory. Records: a scalar's type and what allocates
# it; an array's axes, where its shape is, and its number of a dtype.
_MAKE = f"""
define internal i1 @make(ptr %words, ptr %table, ptr %objects) {{{_EACH_OUTPUT}
  store ptr null, ptr %object.at
  switch i64 %kind, label %next [
    i64 {at.FRESH_ARRAY}, label %array i64 {at.COPIED_ARRAY}, label %array
    i64 {at.FRESH_NUMBER}, label %number i64 {at.COPIED_NUMBER}, label %number
  ]
array:
  %nd64 = ptrtoint ptr %a to i64
  %nd = trunc i64 %nd64 to i32
  %k = ptrtoint ptr %b to i64
  %shape = getelementptr i64, ptr %words, i64 %k
  %number32 = trunc i64 %c to i32
  %cls.at = {at.word("array_type")}
  %cls = load ptr, ptr %cls.at
  %made = call ptr @PyArray_New(
    ptr %cls, i32 %nd, ptr %shape, i32 %number32, ptr null, ptr null, i32 0, i32 0, ptr null)
  %none = icmp eq ptr %made, null
  br i1 %none, label %no, label %kept
kept:
  store ptr %made, ptr %object.at
  %data.at = getelementptr i8, ptr %made, i64 {at.DATA}
  %data = load ptr, ptr %data.at
  %fresh = icmp eq i64 %kind, {at.FRESH_ARRAY}
  br i1 %fresh, label %write, label %next
write:
  store ptr %data, ptr %slot
  br label %next
number:
  %scalar = call ptr %b(ptr %a, i64 0)
  %nothing = icmp eq ptr %scalar, null
  br i1 %nothing, label %no, label %had
had:
  store ptr %scalar, ptr %object.at
  %value = getelementptr i8, ptr %scalar, i64 {at.VALUE}
  %new = icmp eq i64 %kind, {at.FRESH_NUMBER}
  br i1 %new, label %into, label %next
into:
  store ptr %value, ptr %slot
  br label %next
next:
  %i1 = add i64 %i, 1
  br label %head
yes:
  ret i1 true
no:
  br label %clear
clear:
  ; Slots that were not reached hold what an earlier call left there.
  %j = phi i64 [ %i, %no ], [ %j1, %clear ]
  %j.at = getelementptr ptr, ptr %objects, i64 %j
  store ptr null, ptr %j.at
  %j1 = add i64 %j, 1
  %end = icmp eq i64 %j1, %count
  br i1 %end, label %failed, label %clear
failed:
  ret i1 false
}}
"""

# After it ran: copies, truth values, Python's floats and integers, and objects that are known.
_FINISH = f"""
define internal i1 @finish(ptr %words, ptr %table, ptr %objects) {{{_EACH_OUTPUT}
  %bytes.at = getelementptr i64, ptr %record, i64 5
  %bytes = load i64, ptr %bytes.at
  %object = load ptr, ptr %object.at
  switch i64 %kind, label %next [
    i64 {at.COPIED_ARRAY}, label %array i64 {at.COPIED_NUMBER}, label %number
    i64 {at.TRUTH}, label %truth i64 {at.FLOAT}, label %float i64 {at.OBJECT}, label %known
    i64 {at.INT}, label %integer
  ]
array:
  %to.at = getelementptr i8, ptr %object, i64 {at.DATA}
  %to = load ptr, ptr %to.at
  %from = load ptr, ptr %slot
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  br label %next
number:
  %inside = getelementptr i8, ptr %object, i64 {at.VALUE}
  %value = load ptr, ptr %slot
  call void @llvm.memcpy.p0.p0.i64(ptr %inside, ptr %value, i64 %bytes, i1 false)
  br label %next
truth:
  %byte.at = load ptr, ptr %slot
  %byte = load i8, ptr %byte.at
  %is = icmp ne i8 %byte, 0
  %which = select i1 %is, ptr %b, ptr %a
  call void @Py_IncRef(ptr %which)
  store ptr %which, ptr %object.at
  br label %next
float:
  %double.at = load ptr, ptr %slot
  %double = load double, ptr %double.at
  %python = call ptr @PyFloat_FromDouble(double %double)
  br label %made
integer:
  %long.at = load ptr, ptr %slot
  %long = load i64, ptr %long.at
  %whole = call ptr @PyLong_FromLongLong(i64 %long)
  br label %made
made:
  %one.made = phi ptr [ %python, %float ], [ %whole, %integer ]
  %none = icmp eq ptr %one.made, null
  br i1 %none, label %no, label %have
have:
  store ptr %one.made, ptr %object.at
  br label %next
known:
  call void @Py_IncRef(ptr %a)
  store ptr %a, ptr %object.at
  br label %next
next:
  %i1 = add i64 %i, 1
  br label %head
yes:
  ret i1 true
no:
  ret i1 false
}}

define internal void @drop(ptr %words, ptr %table, ptr %objects) {{{_EACH_OUTPUT}
  %object = load ptr, ptr %object.at
  %none = icmp eq ptr %object, null
  br i1 %none, label %next, label %some
some:
  store ptr null, ptr %object.at
  call void @Py_DecRef(ptr %object)
  br label %next
next:
  %i1 = add i64 %i, 1
  br label %head
yes:
  ret void
}}

define internal ptr @together(ptr %words, ptr %table, ptr %objects) {{
  ; The slots of the outputs are the stack: what is on it was an output, or holds some.
  %count.at = {at.word("steps")}
  %count = load i64, ptr %count.at
  %step0.at = {at.word("first_step")}
  %step0 = load i64, ptr %step0.at
  %start = getelementptr i64, ptr %words, i64 %step0
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %i1, %next ]
  %top = phi i64 [ 0, %0 ], [ %top1, %next ]
  %taken = phi i64 [ 0, %0 ], [ %taken1, %next ]
  %done = icmp eq i64 %i, %count
  br i1 %done, label %whole, label %one
one:
  %step.at = getelementptr i64, ptr %start, i64 %i
  %step = load i64, ptr %step.at
  %top.at = getelementptr ptr, ptr %objects, i64 %top
  %push = icmp eq i64 %step, {at.PUSH}
  br i1 %push, label %take, label %bind
take:
  %from = getelementptr ptr, ptr %objects, i64 %taken
  %object = load ptr, ptr %from
  store ptr null, ptr %from
  store ptr %object, ptr %top.at
  %top.more = add i64 %top, 1
  %taken.more = add i64 %taken, 1
  br label %next
bind:
  %n = sub i64 %step, 1
  %tuple = call ptr @PyTuple_New(i64 %n)
  %none = icmp eq ptr %tuple, null
  br i1 %none, label %failed, label %items
items:
  %base = sub i64 %top, %n
  br label %item
item:
  %k = phi i64 [ 0, %items ], [ %k1, %put ]
  %full = icmp eq i64 %k, %n
  br i1 %full, label %bound, label %put
put:
  %slot = add i64 %base, %k
  %slot.at = getelementptr ptr, ptr %objects, i64 %slot
  %part = load ptr, ptr %slot.at
  %set = call i32 @PyTuple_SetItem(ptr %tuple, i64 %k, ptr %part)
  store ptr null, ptr %slot.at
  %k1 = add i64 %k, 1
  br label %item
bound:
  %base.at = getelementptr ptr, ptr %objects, i64 %base
  store ptr %tuple, ptr %base.at
  %top.less = add i64 %base, 1
  br label %next
next:
  %top1 = phi i64 [ %top.more, %take ], [ %top.less, %bound ]
  %taken1 = phi i64 [ %taken.more, %take ], [ %taken, %bound ]
  %i1 = add i64 %i, 1
  br label %head
whole:
  %result = load ptr, ptr %objects
  ret ptr %result
failed:
  call void @drop(ptr %words, ptr %table, ptr %objects)
  ret ptr null
}}
"""

_DOOR = f"""
define ptr @dragongrad.entry(ptr %self, ptr %args, i64 %given) {{
  %words.at = getelementptr i8, ptr %self, i64 {at.DATA}
  %words = load ptr, ptr %words.at
  %count.at = {at.word("arguments")}
  %count = load i64, ptr %count.at
  %right = icmp eq i64 %given, %count
  br i1 %right, label %start, label %miss
start:
  %block = call ptr @take(ptr %words)
  %none = icmp eq ptr %block, null
  br i1 %none, label %memory, label %look
look:
  %table = getelementptr i8, ptr %block, i64 {at.TABLE}
  %bytes.at = {at.word("table_size")}
  %bytes = load i64, ptr %bytes.at
  %objects = getelementptr i8, ptr %table, i64 %bytes
  %fits = call i1 @check(ptr %words, ptr %args, ptr %table)
  br i1 %fits, label %ready, label %back
ready:
  %made = call i1 @make(ptr %words, ptr %table, ptr %objects)
  br i1 %made, label %run, label %failed
run:
  %program.at = {at.word("program")}
  %program = load ptr, ptr %program.at
  %long.at = {at.word("long")}
  %long.word = load i64, ptr %long.at
  %long = icmp ne i64 %long.word, 0
  br i1 %long, label %freely, label %locked
freely:
  %state = call ptr @PyEval_SaveThread()
  %holds.freely = call i1 %program(ptr %table)
  call void @PyEval_RestoreThread(ptr %state)
  br label %ran
locked:
  %holds.locked = call i1 %program(ptr %table)
  br label %ran
ran:
  %holds = phi i1 [ %holds.freely, %freely ], [ %holds.locked, %locked ]
  br i1 %holds, label %deliver, label %other
deliver:
  %finished = call i1 @finish(ptr %words, ptr %table, ptr %objects)
  br i1 %finished, label %bind, label %failed
bind:
  %result = call ptr @together(ptr %words, ptr %table, ptr %objects)
  call void @give(ptr %words, ptr %block)
  ret ptr %result
other:
  call void @drop(ptr %words, ptr %table, ptr %objects)
  br label %back
back:
  call void @give(ptr %words, ptr %block)
  br label %miss
miss:
  %sentinel.at = {at.word("miss")}
  %sentinel = load ptr, ptr %sentinel.at
  call void @Py_IncRef(ptr %sentinel)
  ret ptr %sentinel
failed:
  call void @drop(ptr %words, ptr %table, ptr %objects)
  call void @give(ptr %words, ptr %block)
  ret ptr null
memory:
  %error = call ptr @PyErr_NoMemory()
  ret ptr null
}}
"""


TEXT = _DECLARED + BLOCKS + CHECK + _MAKE + _FINISH + _DOOR
