"""Records behave as dataclasses do: given in order or by name, compared, hashed, shown, copied, pickled."""

import copy
import dataclasses
import pickle

import pytest

from dragongrad.records import field, mutable, names_of, record, replace, values_of


@record
class Point:
    """A place."""

    x: float
    y: float = 0.0


@record
class Named(Point):
    name: str = "p"

    @property
    def size(self):
        return abs(self.x) + abs(self.y)


@mutable
class Bag:
    size: int
    held: list[int] = field(default_factory=list)


@record
class Empty:
    pass


@record
class Own:
    x: float

    def __hash__(self):
        return 7

    def __repr__(self):
        return "own"


AS_DATACLASSES = {
    one: dataclasses.dataclass(frozen=frozen)(type(one.__name__, (), {"__annotations__": names, **defaults}))
    for one, frozen, names, defaults in [
        (Point, True, {"x": float, "y": float}, {"y": 0.0}),
        (Bag, False, {"size": int, "held": list}, {"held": dataclasses.field(default_factory=list)}),
        (Empty, True, {}, {}),
    ]
}


@pytest.mark.parametrize(
    ("one", "args", "named"),
    [(Point, (1.0,), {}), (Point, (1.0, 2.0), {}), (Point, (), {"y": 1.0, "x": 2.0}), (Point, (float("nan"),), {}),
     (Bag, (1,), {}), (Bag, (1, [2]), {}), (Empty, (), {})],
)  # fmt: skip
def test_a_record_is_as_a_dataclass(one, args, named):
    made, same, other = one(*args, **named), one(*args, **named), AS_DATACLASSES[one](*args, **named)
    assert repr(made) == repr(other)
    assert made == same
    assert made != other
    assert values_of(made) == dataclasses.astuple(other) or args != args
    assert one.__match_args__ == type(other).__match_args__ == names_of(made)
    if one is not Bag:
        assert hash(made) == hash(same)
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert repr(again) == repr(made)


@pytest.mark.parametrize(
    ("one", "args", "named"),
    [(Point, (), {}), (Point, (1.0, 2.0, 3.0), {}), (Point, (1.0,), {"x": 2.0}), (Point, (1.0,), {"z": 1.0}),
     (Empty, (1,), {})],
)  # fmt: skip
def test_wrong_arguments_are_type_errors(one, args, named):
    for cls in (one, AS_DATACLASSES[one]):
        with pytest.raises(TypeError):
            cls(*args, **named)


def test_fields_are_not_set_where_a_record_is_hashed():
    point = Point(1.0)
    for change in (lambda: setattr(point, "x", 2.0), lambda: setattr(point, "z", 2.0), lambda: delattr(point, "x")):
        with pytest.raises(AttributeError, match="fields are not set"):
            change()
    assert {Point(1.0): 1}[point] == 1
    bag = Bag(1)
    bag.size = 2
    assert bag == Bag(2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(bag)


def test_defaults_that_are_made_are_each_ones_own():
    one, other = Bag(1), Bag(1)
    one.held.append(3)
    assert other.held == []
    assert not hasattr(Bag, "held")


def test_a_record_of_a_record_has_its_fields_first():
    named = Named(1.0, name="q")
    assert named == Named(1.0, 0.0, "q")
    assert named != Point(1.0)
    assert named.size == 1.0
    assert repr(named) == "Named(x=1.0, y=0.0, name='q')"
    assert replace(named, y=2.0) == Named(1.0, 2.0, "q")


def test_methods_of_a_class_of_its_own_are_kept():
    assert hash(Own(1.0)) == 7
    assert repr(Own(1.0)) == "own"
    assert Own(1.0) == Own(1.0)
