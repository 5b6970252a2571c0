"""How an entry point's description, the objects that it reads and its blocks of memory are laid out."""

# The words at the start of a description.
HEADER = (
    "arguments", "outputs", "steps", "first_step", "long", "program", "first_argument", "first_output", "miss",
    "blocks", "block_size", "table", "table_size", "first_temporary", "temporaries", "large", "array_type",
)  # fmt: skip
WORD = {name: k for k, name in enumerate(HEADER)}
# The words of the record of an argument or an output.
RECORD = 8
# How an argument is looked at: the very object, the number inside a scalar, an array's memory, an int of Python's.
SAME, NUMBER, ARRAY, INTEGER = range(4)
# What becomes of an output: memory that the program writes to, or a copy of what the table points to.
FRESH_ARRAY, FRESH_NUMBER, COPIED_ARRAY, COPIED_NUMBER, TRUTH, OBJECT, FLOAT, INT = range(8)
# The steps that put a result together: take the next output, or make a tuple of the last so many (plus one).
PUSH = 0
# Where an object keeps its type, and a scalar its number; where an array keeps what is looked at.
TYPE, VALUE = 8, 16
DATA, NDIM, SHAPE, DESCR, FLAGS = 16, 24, 32, 56, 64
# C-contiguous and aligned.
WELL = 0x0101
# A block: the next one on the list, and the address that it was allocated at.
NEXT, RAW, TABLE = 0, 8, 64


def word(name: str) -> str:
    """The address of a word at the start of a description."""
    return f"getelementptr i64, ptr %words, i64 {WORD[name]}"


def each_record(count: str, first: str, at: str, array: str) -> str:
    """The head of a loop over records: `%record`, `%kind` and `%slot`; `at` points into an array beside them."""
    return f"""  %count.at = {word(count)}
  %count = load i64, ptr %count.at
  %record0.at = {word(first)}
  %record0 = load i64, ptr %record0.at
  %start = getelementptr i64, ptr %words, i64 %record0
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %i1, %next ]
  %done = icmp eq i64 %i, %count
  br i1 %done, label %yes, label %one
one:
  %skip = mul i64 %i, {RECORD}
  %record = getelementptr i64, ptr %start, i64 %skip
  {at} = getelementptr ptr, ptr {array}, i64 %i
  %kind = load i64, ptr %record
  %place.at = getelementptr i64, ptr %record, i64 1
  %place = load i64, ptr %place.at
  %slot = getelementptr ptr, ptr %table, i64 %place"""
