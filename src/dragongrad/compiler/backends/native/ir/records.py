"""How records lie in memory: the offset of each field, as a C compiler lays out a struct."""

from __future__ import annotations

from typing import ClassVar

from .....records import record, replace

SIZES = {"i1": 1, "i8": 1, "i32": 4, "float": 4, "i64": 8, "double": 8, "ptr": 8}


@record
class Field:
    """A field of a record: its LLVM type, and where it begins, which the record fills in.

    `align` is for one that begins at a multiple of more bytes than it has.
    """

    type: str
    align: int = 0
    offset: int = 0


class Record:
    """A record, declared by a class with a `Field` for each: a subclass has further fields behind them.

    Examples
    --------
    >>> class Pair(Record):
    ...     size = Field("i32")
    ...     data = Field("ptr")
    >>> Pair.data.offset
    8

    """

    fields: ClassVar[dict[str, Field]] = {}
    length: ClassVar[int] = 0  # in bytes

    def __init_subclass__(cls) -> None:
        cls.fields = dict(cls.fields)
        for name, field in list(vars(cls).items()):
            if isinstance(field, Field):
                align = field.align or SIZES[field.type]
                placed = replace(field, offset=-(-cls.length // align) * align)
                cls.fields[name] = placed
                setattr(cls, name, placed)
                cls.length = placed.offset + SIZES[field.type]

    @classmethod
    def words(cls, **values: int) -> list[int]:
        """A record of fields of 64 bits, as numbers in order; what is not given is zero."""
        unknown = values.keys() - cls.fields.keys()
        assert not unknown, f"{cls.__name__} has no fields {unknown}"
        return [int(values.get(name, 0)) for name in cls.fields]
