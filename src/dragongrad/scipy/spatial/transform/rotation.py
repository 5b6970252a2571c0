"""Rotations in three dimensions, held as quaternions that may be Variables."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.spatial.transform as scipys

from ....blocks.axes import as_array
from ....core.errors import (
    NUMPY_ERRORS,
    ArgumentError,
    DragongradError,
    NoRuleError,
    describe,
    operation_error,
    user_line,
)
from ....core.nests import NAMESPACE
from ....core.variable import plain
from ....pytrees import register_pytree_node
from ...chapters import double, holds_variable, real, settled
from ...standing import StandIn
from . import quaternions as of
from .chapter import CHAPTER


def moves(value: Any) -> bool:
    """Whether a value, or a Rotation, is or holds a Variable."""
    if Rotation.is_ours(value):
        return holds_variable(value.quat)
    if isinstance(value, (list, tuple)):
        return any(map(moves, value))
    return holds_variable(value)


def for_scipy(value: Any) -> Any:
    """A plain value as SciPy takes it: its own rotations for ours."""
    if Rotation.is_ours(value):
        return value.scipys or scipys.Rotation(plain(value.quat), normalize=False)
    if isinstance(value, (list, tuple)) and any(Rotation.is_ours(v) for v in value):
        return [for_scipy(v) for v in value]
    value = settled(value)
    # SciPy takes no array that is for reading alone, as an optimizer gives its functions.
    return value.copy() if isinstance(value, np.ndarray) and not value.flags.writeable else value


def held(value: Any) -> Any:
    """A rotation of SciPy's as one of ours."""
    if not isinstance(value, scipys.Rotation):
        return value
    made = Rotation(value.as_quat(), normalize=False)
    made.scipys = value
    return made


def _smooth(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is SciPy's own where nothing is a Variable."""
    name = rule.__name__

    @wraps(rule)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        owned = () if isinstance(self, type) else (self,)
        if not any(map(moves, (*owned, *args, *kwargs.values()))):
            owner = for_scipy(self) if owned else scipys.Rotation
            given = [for_scipy(a) for a in args]
            return held(getattr(owner, name)(*given, **{k: for_scipy(v) for k, v in kwargs.items()}))
        try:
            return rule(self, *map(held, args), **kwargs)
        except NUMPY_ERRORS as error:
            if isinstance(error, DragongradError):
                raise
            raise operation_error(f"scipy.spatial.transform.Rotation.{name}", args, error) from None

    return method


def _numbers(value: Any, last: int) -> Any:
    value = double(real(value, "the numbers of a rotation"))
    if not np.ndim(value) or np.shape(value)[-1] != last:
        raise ArgumentError(
            f"a rotation is made of arrays whose last axis is {last} long, not of shape {np.shape(value)}\n"
            f"  at {user_line()}"
        )
    return value


class Rotation(StandIn):
    """`scipy.spatial.transform.Rotation`, whose numbers may be Variables; SciPy's own stand beside it in products.

    It is smooth at the zero rotation, to every order. `ad.grad` and its kin take one as a nest of its quaternion.

    Attributes
    ----------
    quat : array of shape (..., 4)
        The unit quaternions, the scalar last.

    Raises
    ------
    NoRuleError
        Euler angles in gimbal lock are differentiated.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial.transform import Rotation
    >>> turned = lambda r: Rotation.from_rotvec(r).apply([1.0, 0.0, 0.0])
    >>> ad.jacobian(turned)(np.zeros(3)) + 0.0
    array([[ 0.,  0.,  0.],
           [ 0.,  0.,  1.],
           [ 0., -1.,  0.]])
    >>> ad.hessian(lambda r: turned(r)[0])(np.zeros(3)).round(12) + 0.0
    array([[ 0.,  0.,  0.],
           [ 0., -1.,  0.],
           [ 0.,  0., -1.]])

    """

    theirs = scipys.Rotation
    answers_variables = True
    __array_ufunc__ = None
    # SciPy's own, where this is one of plain numbers.
    __slots__ = ("quat", "scipys")
    quat: Any
    scipys: Any

    def __init__(self, quat: Any, normalize: bool = True, copy: bool = True, scalar_first: bool = False) -> None:
        quat = _numbers(quat, 4)
        quat = np.concatenate([quat[..., 1:], quat[..., :1]], axis=-1) if scalar_first else quat
        self.quat, self.scipys = of.directed(quat) if normalize else quat, None

    # Made of other forms

    @classmethod
    @_smooth
    def from_quat(cls, quat: Any, *, scalar_first: bool = False) -> Rotation:
        """Of quaternions, which are normalized."""
        return cls(quat, scalar_first=scalar_first)

    @classmethod
    @_smooth
    def from_matrix(cls, matrix: Any, *, assume_valid: bool = False) -> Rotation:
        """Of matrices; one that is not orthogonal stands for the nearest that is, also in the derivative.

        With `assume_valid` it is taken as it is. Of plain numbers the value is SciPy's, whose first releases take
        another rotation for such a matrix.
        """
        matrix = _numbers(matrix, 3)
        if np.shape(matrix)[-2:] != (3, 3):
            raise ArgumentError(f"rotation matrices are of shape (..., 3, 3)\n  at {user_line()}")
        return cls(of.from_matrix(matrix if assume_valid else of.nearest(matrix)), normalize=False)

    @classmethod
    @_smooth
    def from_rotvec(cls, rotvec: Any, degrees: bool = False) -> Rotation:
        """Of axes times angles."""
        rotvec = _numbers(rotvec, 3)
        return cls(of.from_rotvec(np.deg2rad(rotvec) if degrees else rotvec), normalize=False)

    @classmethod
    @_smooth
    def from_mrp(cls, mrp: Any) -> Rotation:
        """Of modified Rodrigues parameters."""
        return cls(of.from_mrp(_numbers(mrp, 3)), normalize=False)

    @classmethod
    @_smooth
    def from_euler(cls, seq: str, angles: Any, degrees: bool = False) -> Rotation:
        """Of angles about axes: "xyz" about fixed ones, "XYZ" about those that turn."""
        _check_sequence(seq)
        angles = as_array(angles)
        if len(seq) == 1 and np.ndim(angles) < 2 and np.shape(angles) != (1,):
            angles = angles[..., None]
        angles = _numbers(angles, len(seq))
        return cls(of.from_euler(seq, np.deg2rad(angles) if degrees else angles), normalize=False)

    @classmethod
    def identity(cls, *args: Any, **kwargs: Any) -> Rotation:
        """No rotation."""
        return held(scipys.Rotation.identity(*args, **kwargs))

    @classmethod
    def random(cls, *args: Any, **kwargs: Any) -> Rotation:
        """Any rotation, all equally probable."""
        return held(scipys.Rotation.random(*args, **kwargs))

    @classmethod
    @_smooth
    def concatenate(cls, rotations: Any) -> Rotation:
        """Several along the first axis."""
        if Rotation.is_ours(rotations):
            return cls(rotations.quat, normalize=False)
        parts = [quat_of(r) for r in rotations]
        if not parts:
            raise ArgumentError(f"concatenate takes one rotation or more\n  at {user_line()}")
        return cls(np.concatenate([q if np.ndim(q) > 1 else q[None] for q in parts]), normalize=False)

    # Other forms

    @_smooth
    def as_quat(self, canonical: bool = False, *, scalar_first: bool = False) -> Any:
        """Quaternions, of shape (..., 4); `canonical` ones have a scalar that is not negative."""
        q = of.canonical(self.quat) if canonical else self.quat
        return np.concatenate([q[..., 3:], q[..., :3]], axis=-1) if scalar_first else q

    @_smooth
    def as_matrix(self) -> Any:
        """Matrices, of shape (..., 3, 3)."""
        return of.to_matrix(self.quat)

    @_smooth
    def as_rotvec(self, degrees: bool = False) -> Any:
        """Axes times angles, of shape (..., 3)."""
        found = of.to_rotvec(self.quat)
        return np.rad2deg(found) if degrees else found

    @_smooth
    def as_mrp(self) -> Any:
        """Modified Rodrigues parameters, of shape (..., 3)."""
        return of.to_mrp(self.quat)

    @_smooth
    def as_euler(self, seq: str, degrees: bool = False, *, suppress_warnings: bool = False) -> Any:
        """Angles about three axes, of shape (..., 3); in gimbal lock they have no derivative."""
        _check_sequence(seq, 3)
        found = of.to_euler(seq, self.quat)
        return np.rad2deg(found) if degrees else found

    # What is done with them

    @_smooth
    def apply(self, vectors: Any, inverse: bool = False) -> Any:
        """Rotated vectors, of shape (..., 3)."""
        matrix, vectors = of.to_matrix(self.quat), _numbers(vectors, 3)
        matrix = np.swapaxes(matrix, -1, -2) if inverse else matrix
        return np.sum(matrix * vectors[..., None, :], axis=-1)

    @_smooth
    def inv(self) -> Rotation:
        """The rotations back."""
        return Rotation(of.inverse(self.quat), normalize=False)

    @_smooth
    def magnitude(self) -> Any:
        """The angles, from 0 to pi; at 0 there is a kink."""
        return of.angle(self.quat)

    @_smooth
    def __mul__(self, other: Any) -> Rotation:
        """The other rotation, and then this one."""
        if not Rotation.is_ours(other):
            return NotImplemented
        return Rotation(of.normalized(of.product(self.quat, other.quat)), normalize=False)

    def __rmul__(self, other: Any) -> Rotation:
        return held(other) * self if isinstance(other, scipys.Rotation) else NotImplemented

    @_smooth
    def __pow__(self, n: Any, modulus: Any = None) -> Rotation:
        """The rotation by so many times the angle."""
        if modulus is not None:
            raise ArgumentError(f"the power of a rotation takes no modulus\n  at {user_line()}")
        return Rotation(of.from_rotvec(of.to_rotvec(self.quat) * n), normalize=False)

    def __getitem__(self, index: Any) -> Rotation:
        if self.single:
            raise TypeError("Single rotation is not subscriptable.")
        # An index is of rotations, and never of the four numbers of one.
        places = np.arange(np.prod(self.shape, dtype=int)).reshape(self.shape)[index]
        return Rotation(np.reshape(self.quat, (-1, 4))[places], normalize=False)

    def __setitem__(self, index: Any, value: Any) -> None:
        if moves(self) or moves(value):
            raise NoRuleError(
                f"a Rotation keeps its Variables\n  at {user_line()}\nWrite Rotation.concatenate([...])"
            )
        own = for_scipy(self)
        own[index] = for_scipy(value)
        self.quat, self.scipys = own.as_quat(), own

    @property
    def single(self) -> bool:
        """Whether it is one rotation."""
        return np.ndim(self.quat) == 1

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the stack; () of one rotation."""
        return np.shape(self.quat)[:-1]

    def __len__(self) -> int:
        if self.single:
            raise TypeError("Single rotation has no len().")
        return np.shape(self.quat)[0]

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    _moves, _settled = staticmethod(moves), staticmethod(for_scipy)

    @classmethod
    def _ours(cls, made: Any) -> Any:
        return tuple(map(held, made)) if isinstance(made, tuple) else held(made)

    def _own(self) -> Any:
        return None if moves(self) else for_scipy(self)

    def __repr__(self) -> str:
        return f"Rotation.from_quat({self.quat!r})" if moves(self) else repr(for_scipy(self))


def quat_of(value: Any) -> Any:
    """The quaternions of a rotation, ours or SciPy's."""
    value = held(value)
    if not Rotation.is_ours(value):
        raise ArgumentError(
            f"a Rotation was expected, not {describe(value)}\n  at {user_line()}\nWrite Rotation.from_quat(...)"
        )
    return value.quat


def _check_sequence(seq: Any, count: int | None = None) -> None:
    seq = seq if isinstance(seq, str) else repr(seq)
    letters = seq.lower()
    mixed = not (seq.islower() or seq.isupper())
    repeats = any(a == b for a, b in pairwise(letters))
    if mixed or repeats or set(letters) - set("xyz") or len(seq) not in ((count,) if count else (1, 2, 3)):
        raise ArgumentError(
            f"{seq!r} is no sequence of axes\n  at {user_line()}\n"
            "Write such as 'xyz' (fixed axes) or 'XYZ' (axes that turn), no letter twice in a row"
        )


def _parts(value: Any) -> Any:
    return [value.quat], None, ["quat"]


def _of_parts(_: Any, parts: Any) -> Any:
    made = object.__new__(Rotation)
    made.quat, made.scipys = parts[0], None
    return made


register_pytree_node(Rotation, _parts, _of_parts, NAMESPACE)


_METHODS = "from_ and as_ quat, matrix, rotvec, euler, mrp; apply, inv, magnitude, *, **, [...], concatenate"
CHAPTER.states["Rotation"] = f"exact derivatives of {_METHODS}"
