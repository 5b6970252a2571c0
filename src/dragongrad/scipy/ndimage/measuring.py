"""Numbers that describe an image, or each of its labelled parts: sums, means, extremes, medians, centres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...blocks.indexing import add_at, read
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ..chapters import holds_variable, settled
from .chapter import image, refused, smooth


class _Parts:
    """The parts of an image that are meant: its elements in one row, and where the parts are in it.

    With an array of labels there are several parts, else one, of the elements that are labelled.
    """

    def __init__(self, name: str, input: Any, labels: Any, index: Any) -> None:
        if holds_variable((labels, index)):
            raise NoRuleError(
                f"scipy.ndimage.{name} has no derivative rule for labels= and index= that are Variables\n"
                f"  at {user_line()}\nPass plain arrays; what is compiled closes over them"
            )
        self.name, self.x = name, image(input)
        labels, index = settled(labels), settled(index)
        self.several = labels is not None and np.ndim(index) > 0
        if labels is not None:
            self._check_shape(np.shape(labels))
            labels = np.broadcast_to(labels, np.broadcast_shapes(np.shape(labels), self.x.shape))
            self.x = np.broadcast_to(self.x, labels.shape)
        self.shape, flat = self.x.shape, np.reshape(self.x, (-1,))
        if self.several:
            self._find(np.reshape(labels, (-1,)), np.asarray(index))
        elif labels is None:
            self.places = np.arange(int(np.prod(self.shape)))
        else:
            self.places = np.flatnonzero(labels > 0 if index is None else labels == index)
        self.flat = flat
        self.values = flat if self.several or labels is None else read(flat, self.places)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        try:
            np.broadcast_shapes(shape, self.x.shape)
        except ValueError:
            raise ShapeError(
                f"{self.name}: labels of shape {shape} for {describe(self.x)}\n  at {user_line()}"
            ) from None

    def _find(self, labels: Any, index: Any) -> None:
        known, self.part = np.unique(labels, return_inverse=True)
        self.count = known.size
        at = np.searchsorted(known, index)
        at[at >= known.size] = 0
        self.found = known[at] == index if known.size else np.zeros(index.shape, bool)
        # One more part has no elements.
        self.wanted = np.where(self.found, at, known.size)

    def sums(self, values: Any) -> Any:
        """The sum over each part that is meant, in double precision; 0 of one without elements."""
        wide = np.result_type(values.dtype, np.float64)
        total = add_at(values.astype(wide), (self.part,), (self.count + 1,))
        return read(total, self.wanted)

    def counts(self) -> Any:
        """How many elements each part that is meant has."""
        return np.bincount(self.part, minlength=self.count + 1)[self.wanted]

    def each(self, reduce: Callable[[Any, Any], Any]) -> Any:
        """A function of rows of elements and of their places in the image, for each part; 0 of one without any."""
        order, counts = np.argsort(self.part, kind="stable"), np.bincount(self.part, minlength=self.count)
        starts, found, known = np.cumsum(counts) - counts, [], []
        # Parts of one size are rows of one array.
        for n in np.unique(counts):
            parts = np.flatnonzero(counts == n)
            places = order[starts[parts][:, None] + np.arange(n)]
            found.append(reduce(read(self.flat, places), places))
            known.append(parts)
        none = np.zeros(1, self.flat.dtype if not found else found[0].dtype)
        joined = np.concatenate([*found, none])
        back = np.argsort(np.concatenate([*known, [self.count]]))
        return read(joined, back[self.wanted])

    def row(self) -> Any:
        """The elements of the one part, which has some."""
        if not self.places.size:
            raise ArgumentError(f"{self.name} of no elements: none has that label\n  at {user_line()}")
        return self.values


@smooth
def sum_labels(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The sum of an image, or of each of its parts.

    Parameters
    ----------
    input : array
    labels : array of int, optional
        The label of each element, which broadcasts with the image. It and `index` are plain.
    index : int or array of int, optional
        The labels that are meant; without it all that are positive count as one.

    Returns
    -------
    number, or array of the shape of `index`

    Raises
    ------
    ShapeError
        The labels do not fit.
    NoRuleError
        Labels are Variables.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> labels = np.array([1, 1, 2, 0])
    >>> ad.jacobian(lambda x: ndimage.sum_labels(x, labels, [1, 2]))(np.arange(4.0))
    array([[1., 1., 0., 0.],
           [0., 0., 1., 0.]])

    """
    return _sum(_Parts("sum_labels", input, labels, index))


def _sum(parts: _Parts) -> Any:
    return parts.sums(parts.flat) if parts.several else np.sum(parts.values)


@smooth
def sum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The former name of `sum_labels`."""
    return _sum(_Parts("sum", input, labels, index))


def _mean(parts: _Parts) -> Any:
    count = parts.counts() if parts.several else parts.places.size
    return _sum(parts) / np.asarray(count, np.float64)


@smooth
def mean(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The mean of an image, or of each of its parts; as `sum_labels`, NaN of a part without elements.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.mean(x, np.array([1, 1, 0])))(np.ones(3))
    array([0.5, 0.5, 0. ])

    """
    return _mean(_Parts("mean", input, labels, index))


def _variance(parts: _Parts) -> Any:
    if parts.several:
        means = add_at(parts.flat, (parts.part,), (parts.count,)) / np.bincount(parts.part)
        away = parts.flat - read(means, parts.part)
        return parts.sums(away * np.conj(away)) / np.asarray(parts.counts(), np.float64)
    away = parts.values - np.mean(parts.values)
    return np.sum(away * np.conj(away)) / np.float64(parts.places.size)


@smooth
def variance(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The variance of an image, or of each of its parts; as `mean`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.variance(x, np.array([1, 1, 0])))(np.array([1.0, 3.0, 0.0]))
    array([-1.,  1.,  0.])

    """
    return _variance(_Parts("variance", input, labels, index))


@smooth
def standard_deviation(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The standard deviation of an image, or of each of its parts; as `mean`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(ndimage.standard_deviation)(np.array([1.0, 3.0]))
    array([-0.5,  0.5])

    """
    return np.sqrt(_variance(_Parts("standard_deviation", input, labels, index)))


def _extreme(name: str, input: Any, labels: Any, index: Any, reduce: Any) -> Any:
    parts = _Parts(name, input, labels, index)
    return parts.each(lambda rows, places: reduce(rows, axis=-1)) if parts.several else reduce(parts.row())


@smooth
def minimum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The least element of an image, or of each of its parts; 0 of one of several without elements.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.minimum(x, np.array([1, 1, 0])))(np.array([2.0, 1.0, 0.0]))
    array([0., 1., 0.])

    """
    return _extreme("minimum", input, labels, index, np.min)


@smooth
def maximum(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The greatest element of an image, or of each of its parts; as `minimum`."""
    return _extreme("maximum", input, labels, index, np.max)


@smooth
def median(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The median of an image, or of each of its parts.

    Raises
    ------
    ArgumentError
        A part has no elements.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(ndimage.median)(np.array([2.0, 1.0, 7.0, 3.0]))
    array([0.5, 0. , 0. , 0.5])

    """
    parts = _Parts("median", input, labels, index)
    if not parts.several:
        return np.median(parts.row())
    if not np.all(parts.found):
        raise ArgumentError(f"median of no elements: none has that label\n  at {user_line()}")
    return parts.each(lambda rows, places: np.median(rows, axis=-1))


@smooth
def extrema(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The least and the greatest element of an image, or of each of its parts, and the places where they are.

    Returns
    -------
    least, greatest : numbers, or arrays of the shape of `index`
    where_least, where_greatest : tuples of int, or lists of them
        Places are whole numbers, without a derivative.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.jvp(lambda x: ndimage.extrema(x)[1], (np.array([2.0, 5.0]),), (np.array([1.0, 3.0]),))
    (np.float64(5.0), np.float64(3.0))

    """
    parts = _Parts("extrema", input, labels, index)
    if not parts.several:
        row = parts.row()
        where = [
            np.unravel_index(read(parts.places, choose(row)), parts.shape) for choose in (np.argmin, np.argmax)
        ]
        return np.min(row), np.max(row), *map(tuple, where)
    found = [parts.each(lambda rows, at: np.min(rows, axis=-1)), parts.each(lambda rows, at: np.max(rows, axis=-1))]
    chosen = [
        parts.each(lambda rows, at: _taken(at, np.argmin(rows, axis=-1))),
        parts.each(lambda rows, at: _taken(at, np.argmax(rows, axis=-1))),
    ]
    places = [np.stack(np.unravel_index(np.reshape(c, (-1,)), parts.shape), axis=-1) for c in chosen]
    return *found, *[[tuple(rows[i]) for i in range(rows.shape[0])] for rows in places]


def _taken(places: Any, chosen: Any) -> Any:
    """The place in each row that is chosen."""
    return read(places, (np.arange(places.shape[0]), chosen))


@smooth
def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """The coordinates of the centre of mass of an image, or of each of its parts.

    Returns
    -------
    tuple of numbers, one for each axis, or list of such tuples

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.center_of_mass(x)[0])(np.array([1.0, 1.0]))
    array([-0.25,  0.25])

    """
    parts = _Parts("center_of_mass", input, labels, index)
    own = np.shape(input)
    if not own:
        raise ShapeError(f"center_of_mass of a number, which has no axes\n  at {user_line()}")
    # The coordinates are those of the image, also where it is spread over the labels.
    grids = [np.reshape(np.broadcast_to(g, parts.shape), (-1,)) for g in np.indices(own, float)]
    if not parts.several:
        total = np.sum(parts.values)
        return tuple(np.sum(parts.values * g[parts.places]) / total for g in grids)
    total = parts.sums(parts.flat)
    columns = [np.reshape(parts.sums(parts.flat * g) / total, (-1,)) for g in grids]
    return [tuple(c[i] for c in columns) for i in range(columns[0].shape[0])]


_WHOLE = "places are whole numbers"
_FIND = "Find them in the plain image, and index the Variable with them"
minimum_position = refused("minimum_position", _WHOLE, _FIND)
maximum_position = refused("maximum_position", _WHOLE, _FIND)
histogram = refused("histogram", "it counts", "Add up a smooth window around each edge")
labeled_comprehension = refused(
    "labeled_comprehension", "it calls a function for each part",
    "Write [f(x[labels == i]) for i in index]",
)  # fmt: skip
label = refused(
    "label", "labels are whole numbers", "Label the plain image, and index the Variable with the labels"
)
