"""Tunables: the fields of the parts of a mechanism, as `--set` lists and changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from attnviz.core.part import Part, coerce
from attnviz.errors import MisuseError


def iter_tunables(node: object) -> Iterator[tuple[str, Any]]:
    """Names and values of all tunables in a tree of parts."""
    if isinstance(node, tuple):
        for child in node:
            yield from iter_tunables(child)
    elif is_dataclass(node) and not isinstance(node, type):
        for f in fields(node):
            value = getattr(node, f.name)
            if isinstance(value, Part | tuple):
                yield from iter_tunables(value)
            elif isinstance(node, Part):
                yield f.name, value


def tunable_values(node: object) -> dict[str, Any]:
    """The value of each tunable; of several parts with one, that of the first."""
    values: dict[str, Any] = {}
    for name, value in iter_tunables(node):
        values.setdefault(name, value)
    return values


def iter_tunable_aliases(node: object) -> Iterator[tuple[str, str]]:
    """Old and current names of the tunables in a tree of parts."""
    if isinstance(node, tuple):
        for child in node:
            yield from iter_tunable_aliases(child)
    elif isinstance(node, Part):
        yield from node.tunable_aliases.items()
        for f in fields(node):
            yield from iter_tunable_aliases(getattr(node, f.name))


def resolve_tunable_aliases(node: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values with old names of tunables replaced by their current names.

    Raises MisuseError where one tunable has a value under both of its names.
    """
    aliases = dict(iter_tunable_aliases(node))
    resolved: dict[str, Any] = {}
    for name, value in values.items():
        current = aliases.get(name, name)
        if current in resolved:
            raise MisuseError(f"{current!r} is set twice: {name!r} is its older name")
        resolved[current] = value
    return resolved


def with_tunables(node: Any, values: Mapping[str, Any]) -> Any:
    """The same tree of parts with some of its tunables replaced."""
    if isinstance(node, tuple):
        return tuple(with_tunables(child, values) for child in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changes: dict[str, Any] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Part | tuple):
            changes[f.name] = with_tunables(value, values)
        elif isinstance(node, Part) and f.name in values:
            changes[f.name] = coerce(value, values[f.name], f.name)
    return replace(node, **changes) if changes else node
