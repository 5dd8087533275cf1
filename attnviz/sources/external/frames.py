"""Arrays with labels: DataFrames of pandas and polars, Series, DataArrays of xarray."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external.axes import NAMES
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.readers import is_long_header
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import to_numpy
from attnviz.sources.external.vector import from_vector
from attnviz.sources.external.wide_table import from_matrix, to_tokens

# What the dimensions of a DataArray are called, in lower case and without a final s.
DIMENSIONS = {
    "layer": "l", "l": "l",
    "batch": "b", "sample": "b", "example": "b", "b": "b",
    "head": "h", "h": "h",
    "query": "q", "querie": "q", "q": "q", "query_token": "q", "target": "q", "tgt": "q",
    "key": "k", "k": "k", "key_token": "k", "source": "k", "src": "k",
}  # fmt: skip


def from_frame(source: Any, selection: Selection) -> RawAttention:
    """Attention from a DataFrame, a Series or a DataArray, with its labels.

    Raises InvalidInputError for values that are not numbers, and unknown names of dimensions.
    """
    if hasattr(source, "dims"):
        return from_data_array(source, selection)
    if selection.axes is not None:
        raise MisuseError("--axes has no effect on a table: its rows are queries, columns keys")
    if not hasattr(source, "columns"):  # a Series
        return from_vector(to_numpy(source.to_numpy()), to_tokens(list(source.index)))
    columns = list(source.columns)
    if is_long_header(columns):
        from attnviz.sources.external.csv_table import read_csv

        is_polars = hasattr(source, "write_csv")
        text = source.write_csv() if is_polars else source.to_csv(index=False)
        return read_csv(text.encode(), selection)
    index = getattr(source, "index", None)
    if index is None and source.to_numpy()[:, 0].dtype.kind not in "fiub":  # polars has no index
        values = source.to_numpy()
        return from_matrix(values[:, 1:].astype(float), list(values[:, 0]), columns[1:])
    if getattr(index, "nlevels", 1) > 1 or getattr(source.columns, "nlevels", 1) > 1:
        raise InvalidInputError(
            "a table with several levels of labels; stack it to the columns layer, head, query, "
            "key, weight"
        )
    queries = None if index is None else list(index)
    return from_matrix(to_numpy(source.to_numpy(), "the table"), queries, columns)


def from_data_array(source: Any, selection: Selection) -> RawAttention:
    """Attention from a DataArray, whose dimensions have names.    [...] -> its dimensions"""
    names = [str(name) for name in source.dims]
    letters = "".join(map(letter_of, names))
    weights = to_numpy(source.values, "the DataArray")
    if selection.axes is not None:
        return RawAttention(weights=weights, axes=selection.axes, has_order=False)
    if "?" in letters or len(set(letters)) < len(letters) or not {"q", "k"} <= set(letters):
        raise InvalidInputError(
            f"the dimensions {', '.join(names)[:80]} should be called {', '.join(NAMES.values())}"
            ", with query and key among them; rename them, or give axes"
        )
    at = dict(zip(letters, names, strict=True))
    return RawAttention(
        weights=weights,
        axes=letters,
        queries=labels_along(source, at["q"]),
        keys=labels_along(source, at["k"]),
        layers=numbers_of(source, "l"),
        heads=numbers_of(source, "h"),
    )


def labels_along(source: Any, name: str) -> Tokens | None:
    """The tokens along a dimension, from its coordinate or another along it alone.

    Shapes: -> [query] or [key]
    """
    along = [values for values in source.coords.values() if tuple(values.dims) == (name,)]
    texts = [values for values in along if np.asarray(values.values).dtype.kind in "UO"]
    chosen = [source.coords[name]] if name in source.coords else []
    values = next(iter((*texts, *chosen)), None)
    return None if values is None else to_tokens(np.asarray(values.values).tolist())


def numbers_of(source: Any, letter: str) -> tuple[int, ...]:
    """The original indices of layers or heads, if their coordinate has whole numbers."""
    for name, coordinate in source.coords.items():
        values = np.atleast_1d(coordinate.values)
        is_of_axis = values.ndim == 1 and tuple(coordinate.dims) in ((name,), ())
        if letter_of(name) == letter and is_of_axis and values.dtype.kind in "iu":
            return tuple(values.tolist())
    return ()


def letter_of(name: object) -> str:
    """The letter of the axis that a dimension of this name is; "?" if unknown."""
    return DIMENSIONS.get(str(name).lower().removesuffix("s"), "?")
