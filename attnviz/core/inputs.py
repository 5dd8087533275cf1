"""Inputs of a layer: queries, keys, their grid and the parameters of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.grid import FULL_BLOCK, BlockIndex, Grid
from attnviz.core.renamed import missing_attribute
from attnviz.errors import MisuseError
from attnviz.record import Record, replace_fields


class Sizes(Record, kw_only=True):
    """Dimensions of a layer, from which a part derives the shapes of its parameters."""

    d: int  # dimension of one head
    d_model: int  # dimension of the layer's input
    n_head: int
    n_query: int
    n_key: int


class Inputs(Record, kw_only=True, eq=False):
    """Inputs of one attention layer.

    Shapes: query [head, query, d], key [head, key, d], params: each [head, ...],
    query_input [query, d_model], key_input [key, d_model], hidden_keys [head | 1, key]

    `params` are the learned parameters of the parts, by name. `query_input` and `key_input` are
    the hidden states that enter the layer, before the projections; they are None when only
    projected arrays are known. `layer` counts from 0. `hidden_keys` are masked for every query
    of the layer; they are known where a part of the mechanism needs them.
    """

    query: FloatArray
    key: FloatArray
    grid: Grid
    params: Mapping[str, FloatArray] = field(default_factory=dict)
    query_input: FloatArray | None = None
    key_input: FloatArray | None = None
    layer: int = 0
    hidden_keys: BoolArray | None = None
    renamed: ClassVar[Mapping[str, str]] = {
        "part": "select_block",
        "learn": "param",
        "learned": "params",
        "through": "project",
    }

    if not TYPE_CHECKING:  # a type checker reports attributes that do not exist

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name)

    def select_block(self, index: BlockIndex) -> Inputs:
        """The same inputs for some of the heads, queries and keys."""
        if index is FULL_BLOCK:
            return self
        heads, queries, keys = index
        hidden = self.hidden_keys
        return replace_fields(
            self,
            query=self.query[heads, queries],
            key=self.key[heads, keys],
            grid=self.grid.select_block(index),
            params={name: array[heads] for name, array in self.params.items()},
            query_input=None if self.query_input is None else self.query_input[queries],
            key_input=None if self.key_input is None else self.key_input[keys],
            hidden_keys=None
            if hidden is None
            else hidden[heads if len(hidden) > 1 else slice(None), keys],
        )

    def param(self, name: str) -> FloatArray:
        """The parameters of this name.    -> [head, ...]

        Raises MisuseError where they are missing.
        """
        try:
            return self.params[name]
        except KeyError:
            present = ", ".join(self.params) or "none"
            raise MisuseError(
                f"the learned parameters {name!r} are missing (given: {present})"
            ) from None

    def project(self, name: str, vectors: FloatArray) -> FloatArray:
        """Vectors times the transpose of the matrix `name`.

        Shapes: vectors [head | 1, token, in], matrix [head, out, in] -> [head, token, out]
        """
        return vectors @ self.param(name).swapaxes(-1, -2)

    @property
    def query_source(self) -> FloatArray:
        """Inputs of the query projection, else the queries.    -> [head | 1, query, d_model]"""
        return self.query if self.query_input is None else self.query_input[None]

    @property
    def key_source(self) -> FloatArray:
        """Inputs of the key projection, else the keys.    -> [head | 1, key, d_model]"""
        return self.key if self.key_input is None else self.key_input[None]

    @property
    def visible_key_source(self) -> FloatArray:
        """The key source, 0 where a key is masked for every query.

        Shapes: -> [head | 1, key, d_model]
        """
        if self.hidden_keys is None:
            return self.key_source
        return np.where(self.hidden_keys[..., None], 0.0, self.key_source)
