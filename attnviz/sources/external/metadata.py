"""Metadata of documents: the values that attnviz acts on, each checked when a document is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

from attnviz.core.effects import is_effects
from attnviz.core.map_metadata import MapMetadata, RowSum
from attnviz.core.predictions import is_predictions
from attnviz.errors import InvalidInputError

ROW_SUMS: tuple[str, ...] = get_args(RowSum)
MAX_DEPTH = 32  # of nested values
N_OF_NAN_ROWS = 3  # layer, head, queries
MAX_INDEX = 1 << 31  # of a layer, a head or a character, exclusive: data formats store 32 bits
MAX_SEGMENT = 1 << 16  # exclusive


def parse_meta(meta: Mapping[str, Any]) -> MapMetadata:
    """The metadata, whose known keys have values of the right type; other keys are not checked.

    Raises InvalidInputError, with the key, for anything else.
    """
    check_depth(meta)
    for name, (is_valid, meaning) in CHECKS.items():
        if name in meta and not is_valid(meta[name]):
            raise InvalidInputError(f"meta.{name} is {meta[name]!r:.40}; it should be {meaning}")
    return cast("MapMetadata", dict(meta))


def record_id(record: Any) -> str | None:
    """The id of a record, if it has one: a text or a whole number."""
    value = record.get("id") if isinstance(record, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def check_depth(value: Any) -> None:
    """Refuse metadata that is nested deeper than MAX_DEPTH, one level at a time."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise InvalidInputError(f"meta is nested deeper than {MAX_DEPTH} values")


def is_text(value: Any) -> bool:
    """Whether a value is a string."""
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_row_sum(value: Any) -> bool:
    """Whether a value is one of the row sums that a map can state."""
    return is_text(value) and value in ROW_SUMS


def is_text_list(value: Any) -> bool:
    """Whether a value is a list of strings."""
    return isinstance(value, list) and all(map(is_text, value))


def is_index_list(value: Any) -> bool:
    """Whether a value is a list of positions or original indices."""
    return isinstance(value, list) and all(type(n) is int and 0 <= n < MAX_INDEX for n in value)


def is_nan_rows(value: Any) -> bool:
    """Whether a value is a list of layer, head and positions of queries."""
    return isinstance(value, list) and all(
        isinstance(entry, list)
        and len(entry) == N_OF_NAN_ROWS
        and is_index_list(entry[:-1])
        and is_index_list(entry[-1])
        for entry in value
    )


def is_layer_properties(value: Any) -> bool:
    """Whether a value is a list of properties of layers."""
    return isinstance(value, list) and all(
        isinstance(group, dict)
        and is_text(group.get("algebra"))
        and is_row_sum(group.get("row_sum"))
        and is_flag(group.get("signed"))
        and is_index_list(group.get("layers"))
        and group["layers"]
        for group in value
    )


CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "row_sum": (is_row_sum, " or ".join(map(repr, ROW_SUMS))),
    "signed": (is_flag, "true or false"),
    "layer_properties": (
        is_layer_properties,
        "a list of objects with algebra, row_sum, signed and layers",
    ),
    "trained": (is_flag, "true or false"),
    "source": (is_text, "a string"),
    "id": (is_text, "a string"),
    "guessed": (is_text_list, "a list of strings"),
    "padding": (is_index_list, "a list of positions"),
    "nan_rows": (is_nan_rows, "a list of [layer, head, queries]"),
    "roles": (is_text_list, "a list of strings"),
    "predictions_by_map": (
        lambda value: isinstance(value, dict) and all(map(is_predictions, value.values())),
        "an object of predictions by name",
    ),
    "effects": (is_effects, "an object with notes, measures and, of a layer each, a logit_lens"),
    "predictions": (is_predictions, "an object as `attnviz schema` describes"),
}
