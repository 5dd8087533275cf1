"""What all parts of a mechanism have in common: a name, numbers to tune, numbers to learn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, fields, is_dataclass, replace
from math import inf, isfinite
from typing import Any, ClassVar, Literal

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.grid import EVERYTHING, Grid, Place
from attnviz.errors import MisuseError
from attnviz.record import Record

RowSum = Literal["1", "at most 1", "any"]  # what the weights of a row sum to


class Sizes(Record, kw_only=True):
    """What a part may need to know before it says which numbers it has to learn."""

    d: int  # width of one head
    d_model: int  # width of the layer's input
    n_head: int
    n_query: int
    n_key: int


class Inputs(Record, kw_only=True):
    """What one layer attends with.

    Shapes: query [head, query, d], key [head, key, d], learned: each [head, ...],
    query_input [query, d_model], key_input [key, d_model]

    `query_input` and `key_input` are the vectors that came into the layer, before the
    projections; they are None when only projected arrays are known. `layer` counts from 0.
    """

    query: FloatArray
    key: FloatArray
    grid: Grid
    learned: Mapping[str, FloatArray] = field(default_factory=dict)
    query_input: FloatArray | None = None
    key_input: FloatArray | None = None
    layer: int = 0

    def part(self, place: Place) -> Inputs:
        """The same inputs for some of the heads, queries and keys."""
        if place is EVERYTHING:
            return self
        heads, rows, keys = place
        return replace(
            self,
            query=self.query[heads, rows],
            key=self.key[heads, keys],
            grid=self.grid.part(place),
            learned={name: array[heads] for name, array in self.learned.items()},
            query_input=None if self.query_input is None else self.query_input[rows],
            key_input=None if self.key_input is None else self.key_input[keys],
        )

    def param(self, name: str) -> FloatArray:
        """Learned numbers of this name.    -> [head, ...]"""
        try:
            return self.learned[name]
        except KeyError:
            have = ", ".join(self.learned) or "none"
            raise MisuseError(f"no learned numbers {name!r} were given (given: {have})") from None

    def project(self, name: str, vectors: FloatArray) -> FloatArray:
        """Vectors, sent through a learned matrix.    [head|1, token, in] -> [head, token, out]"""
        return vectors @ self.param(name).swapaxes(-1, -2)

    @property
    def query_source(self) -> FloatArray:
        """What queries were made of, else the queries.    -> [head | 1, query, d_model]"""
        return self.query if self.query_input is None else self.query_input[None]

    @property
    def key_source(self) -> FloatArray:
        """What keys were made of, else the keys.    -> [head | 1, key, d_model]"""
        return self.key if self.key_input is None else self.key_input[None]


class Part(Record):
    """One idea of a mechanism. The fields of a subclass can be tuned."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    tunable_aliases: ClassVar[Mapping[str, str]] = {}  # old name of a tunable: its name now
    row_local: ClassVar[bool] = True  # a query's row depends on no other query
    head_local: ClassVar[bool] = True  # a head's weights depend on no other head
    key_local: ClassVar[bool] = True  # a row depends on no key that is hidden from it
    prefix_stable: ClassVar[bool] = True  # under a causal mask, later tokens change no row
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}  # lowest and highest, by field
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # the words a field may hold
    # Standard deviations that a paper starts learned numbers from, by name; else 1/√inputs.
    starts: ClassVar[Mapping[str, float]] = {}

    def __post_init__(self) -> None:
        for field_name, (low, high) in self.limits.items():
            value = getattr(self, field_name)
            if value is not None and not low <= value <= high:
                most = f"at least {low:g}" if high == inf else f"between {low:g} and {high:g}"
                raise MisuseError(f"{self.name}: {field_name}={written(value)} should be {most}")
        for field_name, words in self.choices.items():
            value = getattr(self, field_name)
            if value not in words:
                there = " or ".join(words)
                raise MisuseError(f"{self.name}: {field_name}={value!r} should be {there}")

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Names and shapes, for one head, of the numbers this part has to learn."""
        del sizes
        return {}

    def __str__(self) -> str:
        """The part as one writes it: window(4), alibi, softmax(sink=1.0)."""
        shown = []
        for i, f in enumerate(fields(self)):
            value = getattr(self, f.name)
            if isinstance(value, Part):
                shown.append(str(value))
            elif i == 0 and value is not None and f.default is not None:
                shown.append(written(value))
            elif value != f.default:
                shown.append(f"{f.name}={written(value)}")
        return f"{self.name}({', '.join(shown)})" if shown else self.name


def written(value: Any) -> str:
    """A tunable's value as one types it: 4, 0.5, first."""
    if isinstance(value, tuple):
        return " ".join(written(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def contains(node: object, kind: type[Part]) -> bool:
    """Whether a part of this kind sits anywhere in a tree of parts."""
    if isinstance(node, kind):
        return True
    children = (getattr(node, f.name) for f in fields(node)) if isinstance(node, Part) else ()
    return any(contains(child, kind) for child in children)


def tunables(node: object) -> Iterator[tuple[str, Any]]:
    """Every number (or word) that can be set, in a tree of parts: names and values."""
    if isinstance(node, tuple):
        for child in node:
            yield from tunables(child)
    elif is_dataclass(node) and not isinstance(node, type):
        for f in fields(node):
            value = getattr(node, f.name)
            if isinstance(value, Part | tuple):
                yield from tunables(value)
            elif isinstance(node, Part):
                yield f.name, value


def current_names(node: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values by the names that tunables have now, where an old name was given.

    Raises MisuseError where one tunable is given by both of its names.
    """
    aliases = dict(tunable_aliases(node))
    named: dict[str, Any] = {}
    for name, value in values.items():
        current = aliases.get(name, name)
        if current in named:
            raise MisuseError(f"{current!r} is set twice: {name!r} is its older name")
        named[current] = value
    return named


def tunable_aliases(node: object) -> Iterator[tuple[str, str]]:
    """Old and current names of the tunables in a tree of parts."""
    if isinstance(node, tuple):
        for child in node:
            yield from tunable_aliases(child)
    elif isinstance(node, Part):
        yield from node.tunable_aliases.items()
        for f in fields(node):
            yield from tunable_aliases(getattr(node, f.name))


def tuned(node: Any, values: Mapping[str, Any]) -> Any:
    """The same tree of parts with some of its numbers replaced."""
    if isinstance(node, tuple):
        return tuple(tuned(child, values) for child in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed: dict[str, Any] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Part | tuple):
            changed[f.name] = tuned(value, values)
        elif isinstance(node, Part) and f.name in values:
            changed[f.name] = like(value, values[f.name], f.name)
    return replace(node, **changed) if changed else node


def like(old: Any, new: Any, name: str) -> Any:
    """A new value of a tunable, in the type that the tunable has."""
    kind = float if old is None else type(old)
    try:
        if kind in (int, float) and not isfinite(float(new)):
            raise ValueError
        if kind is bool:
            return {"true": True, "false": False}[str(new).lower()]
        if kind is int and not -(2**53) < float(new) == int(float(new)) < 2**53:
            raise ValueError
        return kind(float(new)) if kind is int else kind(new)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise MisuseError(f"{name}={new!r} should be {_KINDS.get(kind, kind.__name__)}") from None


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
