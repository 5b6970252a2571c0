"""NumPy functions that have no derivative, each with the reason that its error gives."""

from __future__ import annotations

import numpy as np

from ..core.block import TABLE, UNSUPPORTED, constant, elementwise, unsupported

elementwise(np.nextafter, 1, 0)
constant(np._core.umath._ones_like)

unsupported("it writes or reads files or text; pass ad.stop_gradient(x)",
            np.save, np.savez, np.savez_compressed, np.savetxt, np.fromfile, np.fromstring, np.loadtxt,
            np.genfromtxt, np.frombuffer)  # fmt: skip
unsupported("it reads an iterator; write np.stack(list(iterator)) of Variables", np.fromiter)
unsupported("it works on dates", np.busday_count, np.busday_offset, np.is_busday, np.datetime_as_string)
unsupported("it works on integers", np.packbits, np.unpackbits)
# Methods of an array, as `x.byteswap`.
unsupported("it works in place on the bytes of an array; write ad.stop_gradient(x).byteswap()", "x.byteswap")
unsupported("it works on the bytes of an array; write x[...] = v", "x.setfield")
unsupported("a Variable is a value without memory, and can always be written to; leave it out", "x.setflags")
unsupported("it has gone from NumPy; write x[index] = v", "x.itemset")
for _name in ("dump", "dumps", "getfield", "to_device", "tobytes", "tofile"):
    unsupported(f"a Variable has no memory of its own; write ad.stop_gradient(x).{_name}(...)", f"x.{_name}")
unsupported(
    "a view of another dtype reads the bytes of an array; write x.astype(dtype), ad.stop_gradient(x).view(dtype), "
    "or x.reshape(shape) for another shape",
    "x.view",
)
for _name in ("as_integer_ratio", "hex"):
    unsupported(f"it needs one plain number; write ad.stop_gradient(x).{_name}()", f"x.{_name}")
if hasattr(np, "in1d"):  # until NumPy 2.3
    unsupported("it has gone from NumPy; write np.isin(np.ravel(x), values)", getattr(np, "in1d"))  # noqa: B009
# Whole modules, which NumPy may import later than we do, by name.
unsupported("it works on records", "numpy.lib.recfunctions")
unsupported("it works on strings", "numpy.char", "numpy.strings")

for _fn in vars(np._core.umath).values():
    # The ufuncs without a loop for float64 work on text.
    if isinstance(_fn, np.ufunc) and _fn not in TABLE and not any("d" in loop for loop in _fn.types):
        UNSUPPORTED[_fn] = "it works on strings"
