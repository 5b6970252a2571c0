"""Every threshold of the native backend: its unit, and what decides it.

They were set by the programs of `benchmarks/` on an AMD EPYC processor (Zen 3, AVX2, 32 KiB of first-level and
512 KiB of second-level cache to a core). None decides whether a result is right, only how soon it comes. Who
changes one runs `make bench` before and after.
"""

from __future__ import annotations

# What a step takes, by which loops are cut for threads and left without optimisation.

# Nanoseconds of a unit of cost (an addition in a vectorised loop), of a byte of memory that is read or written,
# of a term of a matrix product, and of a term of a convolution.
NS_PER_COST, NS_PER_BYTE, NS_PER_TERM, NS_PER_CONVOLVED_TERM = 0.08, 0.05, 0.05, 0.03
# How many times longer loops, and straight code, take that LLVM does not optimise; the share of a program's time
# that may be lost to that; and the nanoseconds of a program below which none is optimised.
UNOPTIMISED_LOOP, UNOPTIMISED_CODE, UNOPTIMISED_SHARE, UNOPTIMISED_NS = 25.0, 4.0, 0.02, 20_000.0
# Units of cost of a function such as the sine, in vectors.
FUNCTION_COST = 12
# Nanoseconds from which a program lets other Python threads run meanwhile.
RELEASED_NS = 20_000.0

# What is computed again, and what goes to memory.

# Units of cost, about two exponentials, up to which a value used in several loops is computed again in each.
RECOMPUTED_COST = 48
# Values in memory above which a value that is computed from them is not computed again: one is sooner read.
READ_AGAIN = 4
# Units of cost above which a value used twice in one loop is held, where straight code is compiled quickly.
HELD_COST = 12
# Steps after which a small value goes to memory: longer chains keep too many registers.
STORED_DEPTH = 64
# Small values of one function: LLVM's time grows faster than their number.
VALUES_PER_FUNCTION = 256
# Values that are written in one set of loops: LLVM compares each with all others.
STORES_PER_LOOP = 32
# Elements of straight code from which it is compiled quickly: what LLVM could still find takes long to look for.
QUICK_ELEMENTS = 5000
# Calls of a mathematical function in straight code that are made as one; the fewest that are worth it; and among
# how many calls they are looked for, whose arguments and results are to stay in the first-level cache.
CALLS_AT_ONCE, FEWEST_CALLS, CALLS_IN_REACH = 64, 4, 256
# Calls of functions in pieces in a module up to which their lanes are written into the loops that call them: LLVM
# takes some 10 ms for each.
WOVEN_CALLS = 4
# Elements of an array that are written out one by one, without a loop.
STRAIGHT_ELEMENTS = 32
# Elements of a list of small parts that are written out.
LIST_ELEMENTS = 1 << 14
# Parts of what a loop reads from which it is cut into one loop for each: of few elements, and of many, whose loops
# are worth it.
PARTS_READ, LARGE_PARTS_READ = 16, 512
# Elements of the axes after the first of an array that is computed a row at a time.
LANE_ELEMENTS = 64
# Bytes of a row that is held while an outer loop is there: the first-level cache; beside products, which read it
# more often, the second.
ROW_BYTES, TILE_BYTES = 1 << 15, 1 << 19
# Ways in which a value reads another that are told apart.
DISTINCT_WAYS = 16

# Loops.

# Terms of a sum that are written out; longer sums are loops of their own.
UNROLLED_SUM = 16
# Units of cost of a term from which a few shorter sums are loops too.
LOOPED_TERM_COST = 4
# Values of a chain that are left to Python's recursion.
RECURSION_DEPTH = 48
# Elements of the axes behind a long one up to which they are written out in the loop over that, whose steps then
# fill vectors; and the steps from which it is long.
FEW_BEHIND, LONG_BEFORE_FEW = 4, 16
# Steps of which a part of a loop has a multiple: whole vectors, as many as are computed at a time.
CUT_MULTIPLE = 32
# Steps up to which a loop, and lines and stores above which its body, is not interleaved: nothing is left to hide.
INTERLEAVED_STEPS, INTERLEAVED_LINES, INTERLEAVED_STORES = 256, 150, 8
# Steps below which LLVM compares no addresses for a loop of many lines: the comparison takes longer than it saves.
ALIAS_CHECKED_STEPS = 16
# Steps of an inner loop, where they fill whole vectors: for each of which a reduction has an accumulator; and that
# LLVM would write out.
VECTOR_ROW, WRITTEN_OUT_ROW = 64, 32
# Loops for the parts of one from which LLVM takes minutes: the program is refused.
LOOPS_FOR_ONE = 500
# Steps from which a loop is cut into strips, each gone over once for each round of functions, where an element
# costs so much or more: about three functions. Bytes that the loops over a strip hand on to each other: half of the
# first-level cache. Units of cost from which a value is handed on and not computed again.
STAGED_STEPS, STAGED_COST, STRIP_BYTES, HANDED_ON_COST = 1024, 36, 1 << 14, 4
# Rows of a nest that are computed at a time, and blocks of rows and elements of its sums that it has at least.
ROWS_AT_ONCE, ROW_BLOCKS, ROW_SUM_ELEMENTS = 4, 8, 64
# Bytes that are held of one row of such a block: four rows fill the first-level cache.
HELD_ROW_BYTES = 1 << 13

# Matrix products and convolutions.

# Terms from which a product is worth a call of BLAS; reads of each element from which its operands are in memory.
BLAS_TERMS, OPERAND_READS = 4, 8
# Multiplications below which even a product of more terms is as quickly computed as read.
BLAS_MULTIPLICATIONS = 4096
# Elements from which small matrices are multiplied by functions, where more terms than these would be written out.
SMALL_MATRIX_ELEMENTS, WRITTEN_OUT_TERMS = 8, 1024
# Columns and rows of a matrix of data whose products with vectors become sums in the loops around them.
NARROW_COLUMNS, NARROW_ROWS = 12, 256
# Elements of a result up to which a small product beats BLAS.
SMALL_MATMUL_ELEMENTS = 32
# Products of a stack that are written one after the other; of more a loop is made.
UNROLLED_STACK = 4
# Bytes of a stack of products up to which it stays in the cache, and is not computed again.
CACHED_STACK_BYTES = 1 << 20
# Bytes of terms that are multiplied and added in about the time in which one number is written and read.
REMATERIALIZED_BYTES = 384
# Reads of each element from which a value is laid out anew, and from which what it reads is written again.
GATHERED_READS, CLONED_READS = 4, 4
# operations that are looked at for work below a value, and for a transposition above it.
LOOKED_AHEAD_NODES = 64
# Bytes of the rows of an image that are read again and again: half of the first-level cache.
CONVOLUTION_BAND_BYTES = 1 << 14
# Bytes of a kernel from which it is read once for the whole image, and the image several times.
CONVOLUTION_KERNEL_BYTES = 1 << 18
# Rows of a triangular matrix, and terms of its products with the right-hand sides, up to which functions of our own
# beat BLAS: they use one thread.
TRIANGULAR_ROWS, TRIANGULAR_TERMS = 512, 1 << 22
# Columns of an inverse that LAPACK is given room for at a time.
INVERSE_COLUMNS = 32

# Loops of the user's.

# Nanoseconds of a step besides what it computes: pointers are moved, and functions called.
NS_PER_STEP = 5.0

# Memory.

# Bytes of a value from which its place is given to another.
REUSED_BYTES = 1 << 12
# Values that are tried for the place of another.
REUSE_TRIES = 8
# Bytes at whose multiples values begin: a cache line, and the widest vector.
LINE_BYTES = 64

# Threads.

# Nanoseconds of a part of a loop that is worth to wake a thread for.
PART_NS = 40_000.0
# Parts of a loop, and threads.
MOST_PARTS, MOST_THREADS = 64, 256
# Bytes of the partial results of a step, and its share of what is reduced, whichever is more.
PARTIAL_BYTES, PARTIAL_SHARE = 1 << 17, 8

# LLVM.

# Lines of text past which LLVM's search for parallel instructions in straight code takes seconds; past more, its
# careful choice of instructions; past more still, its scheduling and its choice of registers.
LONG_LINES, LONGER_LINES, LONGEST_LINES = 600, 2400, 28_000
