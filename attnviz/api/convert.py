"""Conversions of maps: to a DataFrame of pandas, a DataArray of xarray, and a dict."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError, MisuseError
from attnviz.render.data.json_document import json as json_document
from attnviz.render.data.parquet_rows import Indexed, row_columns
from attnviz.render.style import Style

if TYPE_CHECKING:
    from pandas import DataFrame
    from xarray import DataArray


def to_frame(amap: AttentionMap, *, wide: bool = False) -> DataFrame:
    """The weights as a DataFrame: one row per weight, or one head as a table.

    Shapes: [layer, head, query, key] -> [row] columns, or [query, key]
    """
    require_given("wide", wide, bool)
    pandas = import_library("pandas", "to_frame")
    queries, keys = (np.array(s, object) for s in (amap.query_labels, amap.key_labels))
    if wide:
        if len(amap) > 1:
            raise MisuseError(
                f"a wide table has one head, and the map {len(amap)}; select one first, as in "
                f"a.sel(layer={amap.layers[0]}, head={amap.heads[0]}).to_frame(wide=True)"
            )
        index, columns = pandas.Index(queries, name="query"), pandas.Index(keys, name="key")
        frame: DataFrame = pandas.DataFrame(amap.weights[0, 0].copy(), index, columns)
        return frame
    all_queries = np.arange(amap.size // max(1, len(keys)))
    columns = row_columns(amap, all_queries, queries, keys)
    columns["weight"] = amap.weights.ravel()
    frame = pandas.DataFrame(
        {
            name: column.to_array() if isinstance(column, Indexed) else column
            for name, column in columns.items()
        }
    )
    return frame


def to_xarray(amap: AttentionMap) -> DataArray:
    """The weights as a DataArray with coordinates.    [layer, head, query, key] -> the same"""
    xarray = import_library("xarray", "to_xarray")
    array: DataArray = xarray.DataArray(
        amap.to_numpy(),
        dims=amap.dims,
        coords={
            "layer": list(amap.layers),
            "head": list(amap.heads),
            "query": np.arange(len(amap.queries)),
            "key": np.arange(len(amap.keys)),
            "query_token": ("query", list(amap.query_labels)),
            "key_token": ("key", list(amap.key_labels)),
        },
        name="weight",
        attrs={"title": amap.title, "row_sum": amap.row_sum},
    )
    return array


def to_dict(amap: AttentionMap) -> dict[str, Any]:
    """The JSON document of a map as a dict."""
    document: dict[str, Any] = json.loads(b"".join(json_document(amap, Style())))
    return document


def import_library(name: str, method: str) -> Any:
    """A library that the method needs; CouldNotError where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        message = f"{method} needs the {name} package: pip install {name}"
        raise CouldNotError(message) from None
