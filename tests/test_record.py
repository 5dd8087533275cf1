"""Records behave like frozen dataclasses."""

import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, ClassVar

import numpy as np
import pytest

import attnviz
from attnviz.record import Record, replace_fields


class Cell(Record):
    kind: ClassVar[str] = "cell"
    row: int
    column: int = 7
    notes: dict[str, Any] = field(default_factory=dict)


class NamedCell(Cell):
    name: str = "none"


class KeywordOnly(Record, kw_only=True):
    word: str = "so"
    loud: bool


class SameOnly(Record, eq=False):
    row: int


class Callable(Record):
    size: int = 1

    def __call__(self, x: int) -> int:
        return x * self.size


class HelperNames(Record):
    """Fields named like what a class that reads them might have."""

    default: Any = None
    refuse: bool = False
    values: tuple[int, ...] = ()
    named: str = ""
    self: int = 0


@dataclass(frozen=True)
class Model:
    """The dataclass that a record is compared with."""

    row: int
    column: int = 7
    notes: dict[str, Any] = field(default_factory=dict)


GIVEN = [((1,), {}), ((1, 2), {}), ((1,), {"column": 3}), ((), {"row": 4}), ((1, 2, {"a": 1}), {})]
WRONG = [
    ((), {}, "needs 'row'"),
    ((1, 2, {}, 4), {}, "takes 3 fields by position, and 4 were given"),
    ((1,), {"row": 2}, "takes 'row' once"),
    ((1,), {"depth": 2}, "takes no field 'depth'"),
]


@pytest.mark.parametrize(("values", "named"), GIVEN)
def test_the_fields_are_those_of_a_dataclass(values, named):
    record, model = Cell(*values, **named), Model(*values, **named)
    assert asdict(record) == asdict(model)
    assert [f.name for f in fields(record)] == [f.name for f in fields(model)]
    assert repr(record) == repr(model).replace("Model", "Cell")
    assert asdict(replace(record, row=9)) == asdict(replace(model, row=9))


def test_replaced_fields_are_those_of_dataclasses():
    cell = NamedCell(1, 2, {"a": 1}, name="x")
    for changes in ({}, {"row": 9}, {"name": "y", "notes": {}}):
        assert replace_fields(cell, **changes) == replace(cell, **changes)
    assert type(replace_fields(cell)) is NamedCell and cell.row == 1
    with pytest.raises(TypeError, match="takes no field 'depth'"):
        replace_fields(cell, depth=1)


@pytest.mark.parametrize(("values", "named", "message"), WRONG)
def test_missing_unknown_and_repeated_fields_are_type_errors(values, named, message):
    with pytest.raises(TypeError, match=message):
        Cell(*values, **named)
    with pytest.raises(TypeError):
        Model(*values, **named)


class WithoutFields(Cell):
    """A class that only has variables; the fields are those of its base."""

    kind: ClassVar[str] = "other"
    limits: ClassVar = {"row": (0, 9)}
    plain = 3


class NoFieldsAtAll(Record):
    kind: ClassVar[str] = "none"


class BelowWithoutFields(WithoutFields):
    name: str = "none"


def test_a_class_without_fields_of_its_own_has_those_of_its_base():
    assert [f.name for f in fields(WithoutFields)] == ["row", "column", "notes"]
    assert WithoutFields(1, column=2) == WithoutFields(1, 2) != Cell(1, 2)
    assert replace(WithoutFields(1), row=4).row == 4
    assert [f.name for f in fields(BelowWithoutFields)] == ["row", "column", "notes", "name"]
    assert BelowWithoutFields(1, 2, {}, "x").name == "x"
    assert WithoutFields.__match_args__ == Cell.__match_args__
    assert fields(NoFieldsAtAll()) == () and repr(NoFieldsAtAll()) == "NoFieldsAtAll()"


def test_keyword_only_fields_are_not_positional():
    assert KeywordOnly(loud=True).word == "so"
    with pytest.raises(TypeError, match="takes 0 fields by position, and 1 were given"):
        KeywordOnly("no", loud=True)


def test_a_default_factory_runs_for_each_record():
    assert Cell(1).notes is not Cell(1).notes


@pytest.mark.parametrize("name", ["default", "refuse", "values", "named", "self"])
def test_a_field_may_have_any_public_name(name):
    given = {"default": 3, "refuse": True, "values": (1,), "named": "x", "self": 5}[name]
    record = HelperNames(**{name: given})
    assert getattr(record, name) == given and record != HelperNames()
    assert getattr(replace(record, **{name: given}), name) == given
    with pytest.raises(TypeError, match="takes no field 'depth'"):
        HelperNames(depth=1)


def test_the_signature_is_that_of_a_dataclass():
    record, model = inspect.signature(Cell), inspect.signature(Model)
    assert [*record.parameters] == [*model.parameters]
    for ours, theirs in zip(record.parameters.values(), model.parameters.values(), strict=True):
        assert (ours.kind, ours.annotation) == (theirs.kind, theirs.annotation)
        assert str(ours) == str(theirs)
    assert str(inspect.signature(KeywordOnly)) == "(*, word: str = 'so', loud: bool)"
    assert [*inspect.signature(NamedCell).parameters] == ["row", "column", "notes", "name"]


def test_a_callable_record_has_the_signature_of_its_call():
    assert [*inspect.signature(Callable).parameters] == ["size"]
    assert [*inspect.signature(Callable(size=2)).parameters] == ["x"]


def test_a_record_never_changes():
    record = Cell(1)
    with pytest.raises(FrozenInstanceError, match="'row'"):
        record.row = 2
    with pytest.raises(FrozenInstanceError, match="'row'"):
        del record.row
    assert record.row == 1


def test_records_of_one_class_with_equal_fields_are_equal():
    assert Cell(1) == Cell(1, 7) != Cell(2)
    assert NamedCell(1) != Cell(1)
    assert hash(KeywordOnly(loud=True)) == hash(KeywordOnly(loud=True))
    assert len({KeywordOnly(loud=True), KeywordOnly(loud=True), KeywordOnly(loud=False)}) == 2


def test_without_eq_a_record_equals_only_itself():
    record = SameOnly(1)
    assert record == record != SameOnly(1)
    assert len({record, SameOnly(1)}) == 2


def test_a_subclass_inherits_fields():
    assert NamedCell(1, 2, {}, "x").name == "x"
    assert [f.name for f in fields(NamedCell)] == ["row", "column", "notes", "name"]


def test_records_can_be_pickled():
    assert pickle.loads(pickle.dumps(NamedCell(1, 2))) == NamedCell(1, 2)


def all_records(cls=Record):
    """All record classes of the package."""
    for subclass in cls.__subclasses__():
        yield from all_records(subclass)
        if subclass.__module__.startswith("attnviz."):
            yield subclass


def holds_arrays(cls):
    return any("Array" in str(f.type) for f in fields(cls))


NEED_TORCH = {  # their tests, in tests/with_torch, run in an environment of their own
    "attnviz.sources.watch." + path.stem
    for path in (Path(attnviz.__file__).parent / "sources" / "watch").glob("*.py")
    if path.stem != "__init__"
}


def test_records_that_hold_arrays_equal_only_themselves():
    """Arrays have no equality that is one truth value, and no hash."""
    for module in walk_packages(attnviz.__path__, "attnviz."):
        if not module.name.endswith("__main__") and module.name not in NEED_TORCH:
            import_module(module.name)
    holders = [cls for cls in all_records() if holds_arrays(cls)]
    assert len(holders) > 10
    assert [cls.__qualname__ for cls in holders if cls.__eq__ is not object.__eq__] == []


def test_a_record_that_holds_arrays_would_fail_to_compare():
    class Holder(Record):
        array: "FloatArray"  # noqa: F821

    assert holds_arrays(Holder) and Holder.__eq__ is not object.__eq__
    with pytest.raises(ValueError, match="ambiguous"):
        assert Holder(np.zeros(2)) == Holder(np.zeros(2))
