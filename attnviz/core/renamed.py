"""Older names of attributes: what plug-ins of earlier versions used."""

from __future__ import annotations

from attnviz.errors import RenamedError


def missing_attribute(owner: object, name: str) -> AttributeError:
    """The error for an attribute that a class does not have; it states the name of today.

    The class maps older names to current ones in `renamed`.
    """
    kind = type(owner)
    current = getattr(kind, "renamed", {}).get(name)
    if current is None:
        return AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")
    return RenamedError(f"{name!r} of {kind.__name__} is now {current!r}")
