"""NumPy functions that have no derivative, each with the reason that its error gives."""

from __future__ import annotations

import numpy as np
from numpy.lib import scimath

from ..core.block import TABLE, UNSUPPORTED, constant, elementwise, unsupported

elementwise(np.nextafter, 1, 0)
constant(np._core.umath._ones_like)

unsupported("it writes or reads files or text; pass ad.stop_gradient(x)",
            np.save, np.savez, np.savez_compressed, np.savetxt, np.fromfile, np.fromstring, np.loadtxt,
            np.genfromtxt, np.frombuffer)  # fmt: skip
unsupported("it makes an array by a Python loop over places; write np.stack([...]) of Variables",
            np.fromfunction, np.fromiter)  # fmt: skip
unsupported("it works on dates", np.busday_count, np.busday_offset, np.is_busday, np.datetime_as_string)
unsupported("it works on integers", np.packbits, np.unpackbits, np.ravel_multi_index)
unsupported("sets of numbers jump; pass ad.stop_gradient(x)",
            np.intersect1d, np.setdiff1d, np.setxor1d, np.union1d)  # fmt: skip
unsupported("counts jump, and so would their derivative; pass ad.stop_gradient(x)",
            np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges)  # fmt: skip
unsupported("an order by several keys; write np.argsort of one key, or pass ad.stop_gradient(x)", np.lexsort)
unsupported("its derivative, the Bessel function I1, is not in NumPy", np.i0)
unsupported("its dtype depends on the values; make the input complex: x.astype(complex)",
            scimath.sqrt, scimath.log, scimath.log2, scimath.log10, scimath.logn, scimath.power,
            scimath.arccos, scimath.arcsin, scimath.arctanh)  # fmt: skip
# Methods of an array, as `x.view`.
unsupported("it works in place on the bytes of an array; write ad.stop_gradient(x).byteswap()", "x.byteswap")
unsupported("it works on the bytes of an array; write x[...] = v", "x.setfield")
unsupported("a Variable is a value without memory, and can always be written to; leave it out", "x.setflags")
unsupported("it has gone from NumPy; write x[index] = v", "x.itemset")
for _name in ("dump", "dumps", "getfield", "to_device", "tobytes", "tofile", "view"):
    unsupported(f"a Variable has no memory of its own; write ad.stop_gradient(x).{_name}(...)", f"x.{_name}")
if hasattr(np, "in1d"):  # until NumPy 2.3
    unsupported("it has gone from NumPy; write np.isin(np.ravel(x), values)", getattr(np, "in1d"))  # noqa: B009
# Whole modules, which NumPy may import later than we do, by name.
unsupported("it works on records", "numpy.lib.recfunctions")
unsupported("it works on strings", "numpy.char", "numpy.strings")
unsupported("it is not among np's own names; write it with np.polyval", "numpy.polynomial.polynomial")

for _fn in vars(np._core.umath).values():
    # The ufuncs without a loop for float64 work on text.
    if isinstance(_fn, np.ufunc) and _fn not in TABLE and not any("d" in loop for loop in _fn.types):
        UNSUPPORTED[_fn] = "it works on strings"
