"""Records: classes that name their fields, whose instances never change.

A record is a dataclass to `dataclasses.fields`, `replace` and `asdict`. The decorator would
compile six methods for each class, 0.4 ms each time, and a start meets a hundred classes; the
methods of records are written here, once.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """Two are equal where they are of one class and their fields are; `eq=False`: if the same.

    Raises TypeError for fields that are missing, unknown or given twice.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    _fields: ClassVar[dict[str, Field[Any]]] = {}
    _by_place: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, kw_only: bool = False, eq: bool = True) -> None:
        dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        cls._fields = {f.name: f for f in fields(cls)}
        cls._by_place = tuple(f.name for f in fields(cls) if not f.kw_only)
        if not eq:
            cls.__eq__, cls.__hash__ = object.__eq__, object.__hash__  # type: ignore[method-assign]

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self._by_place, values, strict=False)) | named
        if len(given) < len(values) + len(named) or not given.keys() <= self._fields.keys():
            self.refuse(values, named)
        if len(given) < len(self._fields):
            given = {
                name: given[name] if name in given else self.default(name) for name in self._fields
            }
        self.__dict__.update(given)
        self.__post_init__()

    def __post_init__(self) -> None:
        """What a record does once its fields are there."""

    def default(self, name: str) -> Any:
        """What a field is that was not given."""
        own = self._fields[name]
        if own.default is not MISSING:
            return own.default
        if own.default_factory is not MISSING:
            return own.default_factory()
        raise TypeError(f"{type(self).__name__} needs {name!r}")

    def refuse(self, values: tuple[Any, ...], named: dict[str, Any]) -> NoReturn:
        """Say which fields were given that cannot be."""
        if len(values) > len(self._by_place):
            wanted = f"{len(self._by_place)} fields by place, and {len(values)} were given"
        elif twice := [name for name in self._by_place[: len(values)] if name in named]:
            wanted = f"{twice[0]!r} once"
        else:
            unknown = next(name for name in named if name not in self._fields)
            wanted = f"no field {unknown!r}"
        raise TypeError(f"{type(self).__name__} takes {wanted}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and values(self) == values(other)

    def __hash__(self) -> int:
        return hash((type(self), values(self)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__qualname__}({shown})"


def values(record: Any) -> tuple[Any, ...]:
    """The values of all fields, in their order."""
    return tuple([record.__dict__[name] for name in record._fields])
