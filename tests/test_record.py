"""Records do what frozen dataclasses do."""

import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest

from attnviz.record import Record


class Place(Record):
    kind: ClassVar[str] = "place"
    row: int
    column: int = 7
    notes: dict[str, Any] = field(default_factory=dict)


class Named(Place):
    name: str = "none"


class Spoken(Record, kw_only=True):
    word: str = "so"
    loud: bool


class Alone(Record, eq=False):
    row: int


@dataclass(frozen=True)
class Model:
    """What a record is measured by."""

    row: int
    column: int = 7
    notes: dict[str, Any] = field(default_factory=dict)


GIVEN = [((1,), {}), ((1, 2), {}), ((1,), {"column": 3}), ((), {"row": 4}), ((1, 2, {"a": 1}), {})]
WRONG = [
    ((), {}, "needs 'row'"),
    ((1, 2, {}, 4), {}, "takes 3 fields by place, and 4 were given"),
    ((1,), {"row": 2}, "takes 'row' once"),
    ((1,), {"depth": 2}, "takes no field 'depth'"),
]


@pytest.mark.parametrize(("values", "named"), GIVEN)
def test_the_fields_are_those_of_a_dataclass(values, named):
    made, model = Place(*values, **named), Model(*values, **named)
    assert asdict(made) == asdict(model)
    assert [f.name for f in fields(made)] == [f.name for f in fields(model)]
    assert repr(made) == repr(model).replace("Model", "Place")
    assert asdict(replace(made, row=9)) == asdict(replace(model, row=9))


@pytest.mark.parametrize(("values", "named", "said"), WRONG)
def test_what_cannot_be_is_refused(values, named, said):
    with pytest.raises(TypeError, match=said):
        Place(*values, **named)
    with pytest.raises(TypeError):
        Model(*values, **named)


def test_fields_by_name_only_are_not_taken_by_place():
    assert Spoken(loud=True).word == "so"
    with pytest.raises(TypeError, match="takes 0 fields by place, and 1 were given"):
        Spoken("no", loud=True)


def test_defaults_that_can_change_are_made_anew():
    assert Place(1).notes is not Place(1).notes


def test_a_record_never_changes():
    made = Place(1)
    with pytest.raises(FrozenInstanceError, match="'row'"):
        made.row = 2
    with pytest.raises(FrozenInstanceError, match="'row'"):
        del made.row
    assert made.row == 1


def test_equal_are_records_of_one_class_with_equal_fields():
    assert Place(1) == Place(1, 7) != Place(2)
    assert Named(1) != Place(1)
    assert hash(Spoken(loud=True)) == hash(Spoken(loud=True))
    assert len({Spoken(loud=True), Spoken(loud=True), Spoken(loud=False)}) == 2


def test_some_are_equal_to_themselves_alone():
    made = Alone(1)
    assert made == made != Alone(1)
    assert len({made, Alone(1)}) == 2


def test_a_subclass_has_the_fields_above_it():
    assert Named(1, 2, {}, "x").name == "x"
    assert [f.name for f in fields(Named)] == ["row", "column", "notes", "name"]


def test_they_travel_between_processes():
    assert pickle.loads(pickle.dumps(Named(1, 2))) == Named(1, 2)
