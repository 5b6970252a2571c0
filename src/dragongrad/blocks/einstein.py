"""`np.einsum`, restated: diagonals, sums over lonely labels, then pairs of arrays by one matmul each.

The order of the pairs is NumPy's own (`np.einsum_path`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite
from ..core.variable import Variable
from .axes import as_array, turned
from .choosing import writable_diagonal
from .shaping import memory_order

Term = tuple[Any, str]  # an array and the labels of its axes, each once


@composite(np.einsum)
def einsum(*operands: Any, optimize: Any = True, **options: Any) -> Any:
    """A sum of products, in Einstein's notation."""
    dtype, casting = options.pop("dtype", None), options.pop("casting", "safe")
    memory_order(options.pop("order", "K"))
    if options:
        raise ValueError(f"einsum does not take {sorted(options)}")
    inputs, output, arrays = _parse(operands)
    # NumPy casts the operands first, and then nothing more: a sum of truths is a truth.
    dtype = np.result_type(*[a.dtype for a in arrays]) if dtype is None else turned(dtype)
    arrays = [a if a.dtype == dtype else a.astype(dtype, casting=casting) for a in arrays]
    lengths: dict[str, int] = {}
    for labels, array in zip(inputs, arrays, strict=True):
        for label, n in zip(labels, array.shape, strict=True):
            if 1 not in (n, lengths.setdefault(label, n)) and lengths[label] != n:
                raise ValueError(f"einsum: the label {label!r} has lengths {lengths[label]} and {n}")
            lengths[label] = n if lengths[label] == 1 else lengths[label]
    terms = [_own_labels(array, labels, lengths, output) for labels, array in zip(inputs, arrays, strict=True)]
    for pair in _order(terms, output, optimize):
        chosen = [terms.pop(i) for i in sorted(pair, reverse=True)][::-1]
        kept = set(output).union(*[set(labels) for _, labels in terms])
        term = _lonely(chosen[0], kept.union(*[set(labels) for _, labels in chosen[1:]]))
        for other in chosen[1:]:
            term = _product(term, other, kept)
        terms.append(_lonely(term, kept))
    ((out, labels),) = terms
    # A label of the output whose axis has length one everywhere is still there.
    out = np.transpose(out, [labels.index(label) for label in output if label in labels])
    out = np.reshape(out, tuple(lengths[label] if label in labels else 1 for label in output))
    return out if out.dtype == dtype else out.astype(dtype)


def _parse(operands: tuple[Any, ...]) -> tuple[list[str], str, list[Any]]:
    """The labels of each array and of the output, without dots, and the arrays."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), [_kept(a) for a in operands[1:]]
    else:
        text, arrays = _from_sublists(operands)
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(arrays):
        raise ValueError(f"einsum: {text!r} names {len(inputs)} arrays, {len(arrays)} were given")
    free = [c for c in map(chr, range(0x3B1, 0x3B1 + 64)) if c not in text]
    dots = [np.ndim(a) - len(t.replace("...", "")) for a, t in zip(arrays, inputs, strict=True)]
    longest = max([d for d, t in zip(dots, inputs, strict=True) if "..." in t], default=0)
    for t, d, a in zip(inputs, dots, arrays, strict=True):
        if d < 0 or (d > 0 and "..." not in t):
            raise ValueError(f"einsum: {t!r} does not label the axes of an array of shape {np.shape(a)}")
    hidden = "".join(free[:longest])
    inputs = [t.replace("...", hidden[longest - d :]) for t, d in zip(inputs, dots, strict=True)]
    if not arrow:
        joined = "".join(inputs)
        output = hidden + "".join(sorted(c for c in set(joined) if joined.count(c) == 1 and c not in hidden))
    elif hidden and "..." not in output:
        raise ValueError(f"einsum: the output {output!r} needs dots, for the axes that the inputs' dots stand for")
    output = output.replace("...", hidden)
    if len(set(output)) != len(output) or set(output) - set("".join(inputs)):
        raise ValueError(f"einsum: the output labels {output!r} must be labels of the arrays, each once")
    return inputs, output, arrays


def _kept(value: Any) -> Any:
    """As `as_array`; a buffer stays what views can be made of."""
    return value if isinstance(value, Variable) else as_array(value)


def _from_sublists(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    def spelled(labels: Any) -> str:
        return "".join(
            "..." if i is Ellipsis else chr(ord("A") + i if i < 26 else ord("a") + i - 26) for i in labels
        )

    pairs, rest = len(operands) // 2, len(operands) % 2
    arrays = [_kept(operands[2 * i]) for i in range(pairs)]
    text = ",".join(spelled(operands[2 * i + 1]) for i in range(pairs))
    return (f"{text}->{spelled(operands[-1])}" if rest else text), arrays


def _own_labels(array: Any, labels: str, lengths: dict[str, int], output: str) -> Term:
    """An array with every label once, and without axes of length one that others stretch.

    Those are stretched to no length that are summed over: else an infinity would be multiplied by a sum of nothing.
    """
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            if array.shape[first] != array.shape[second]:
                raise ValueError(f"einsum: the label {label!r} has two lengths in an array of shape {array.shape}")
            array = writable_diagonal(array, first, second)
            labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
    thin = [i for i, label in enumerate(labels) if array.shape[i] == 1 and lengths[label] != 1]
    none = [i for i in thin if not lengths[labels[i]] and labels[i] not in output]
    if none:
        array = np.broadcast_to(array, [0 if i in none else n for i, n in enumerate(array.shape)])
    spare = [i for i in thin if i not in none]
    if spare:
        array = np.squeeze(array, tuple(spare))
        labels = "".join(label for i, label in enumerate(labels) if i not in spare)
    return array, labels


def _order(terms: list[Term], output: str, optimize: Any) -> list[tuple[int, ...]]:
    if len(terms) <= 2:
        return [tuple(range(len(terms)))]
    if optimize is False:
        # From left to right: each result is put at the end.
        return [(0, 1), *[(0, len(terms) - 2 - i) for i in range(len(terms) - 2)]]
    names = {c: chr(ord("a") + i) for i, c in enumerate(dict.fromkeys("".join(t for _, t in terms)))}
    text = ",".join("".join(names[c] for c in labels) for _, labels in terms)
    shapes = [np.broadcast_to(0.0, np.shape(a)) for a, _ in terms]
    kept = "".join(names[c] for c in output if c in names)
    path = np.einsum_path(f"{text}->{kept}", *shapes, optimize=optimize)[0]
    return [tuple(step) for step in path[1:]]


def _lonely(term: Term, kept: set[str]) -> Term:
    """The sum over the labels that nobody else has."""
    array, labels = term
    axes = tuple(i for i, label in enumerate(labels) if label not in kept)
    if not axes:
        return term
    dtype = array.dtype if array.dtype.kind in "biu" else None
    return np.sum(array, axis=axes, dtype=dtype), "".join(label for label in labels if label in kept)


def _product(left: Term, right: Term, kept: set[str]) -> Term:
    """The product of two arrays, summed over the labels that are not kept."""
    (x, a), (y, b) = _lonely(left, kept | set(right[1])), _lonely(right, kept | set(left[1]))
    both = [label for label in a if label in b and label in kept]
    over = [label for label in a if label in b and label not in kept]
    only_a, only_b = [c for c in a if c not in b], [c for c in b if c not in a]
    sizes = dict(zip(a, x.shape, strict=True)) | dict(zip(b, y.shape, strict=True))

    def arranged(array: Any, labels: str, order: list[str], shape: tuple[int, ...]) -> Any:
        return np.reshape(np.transpose(array, [labels.index(c) for c in order]), shape)

    shared = tuple(sizes[c] for c in both)
    rows, columns = tuple(sizes[c] for c in only_a), tuple(sizes[c] for c in only_b)
    if not over:
        wide = arranged(x, a, both + only_a, shared + rows + (1,) * len(columns))
        return wide * arranged(y, b, both + only_b, shared + (1,) * len(rows) + columns), "".join(
            both + only_a + only_b
        )
    m, n, k = (int(np.prod([sizes[c] for c in part])) for part in (only_a, only_b, over))
    out = np.matmul(arranged(x, a, both + only_a + over, (*shared, m, k)),
                    arranged(y, b, both + over + only_b, (*shared, k, n)))  # fmt: skip
    return np.reshape(out, shared + rows + columns), "".join(both + only_a + only_b)
