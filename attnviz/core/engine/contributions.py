"""Contributions: attention weighted by the norms of the vectors that it moves.

A large weight on a key with a small value vector changes little. Sources: 2004.10102 (per head),
2109.07152 (with residual connection and layer norm).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.full_collector import FullCollector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.output_path import NormScale, OutputPath
from attnviz.core.heads import Heads
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.selection import HeadSelection
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message

QUERIES_PER_STEP = 16  # whose vectors [query, key, d_model] are in memory at a time

# What each kind shows; those in ONE_HEAD sum over the heads of a layer.
CONTRIBUTIONS: Mapping[str, str] = {
    "value": "α ‖v‖ (value-weighted attention)",
    "norm": "‖α v W_O‖ (norm-weighted attention)",
    "residual": "‖Σ_h α v W_O + x‖ (norms with residual connection)",
    "layer-norm": "‖LN(Σ_h α v W_O + x)‖ (norms with residual connection and layer norm)",
}
ONE_HEAD = ("residual", "layer-norm")


def check_contribution(kind: str | None, selection: HeadSelection) -> None:
    """Raise for an unknown kind of contributions, and for heads of one that combines them all."""
    if kind is None:
        return
    if kind not in CONTRIBUTIONS:
        raise UnknownNameError(unknown_name_message(kind, CONTRIBUTIONS, "contribution"))
    if kind in ONE_HEAD and (selection.heads or selection.head_reduction):
        raise MisuseError(f"--head has no effect with --contribution {kind}: it sums all heads")


class ContributionCollector(FullCollector):
    """Records norms of contributions in place of weights; `kind` is a name of CONTRIBUTIONS."""

    def __init__(self, *, kind: str = "norm", **options: Any) -> None:
        super().__init__(**options)
        self.kind, self.n_head = kind, 0

    def finish_layer(self, call: LayerCall, variant: Variant) -> None:
        """Replace the recorded weights of a layer by norms."""
        if type(variant.heads).normalize_output is not Heads.normalize_output:
            raise MisuseError(
                f"contributions are not defined for {variant.name!r}: it normalizes the outputs "
                "of its heads"
            )
        weights = self.weights[-1].astype(np.float64)
        if self.kind not in ONE_HEAD:
            heads = list(self.recorded_heads)
            norms = vector_norms(call.value[heads], self.kind, call.output_path, heads)
            self.weights[-1] = np.abs(weights * norms[:, None]).astype(np.float32)
            return
        path, self.n_head = require_path(call), len(weights)
        vectors = project_values(call.value, path)
        norm = path.require_norm() if self.kind == "layer-norm" else None
        self.weights[-1] = combined_norms(weights, vectors, path, norm)[None].astype(np.float32)
        n_query, n_key = weights.shape[1:]
        own = np.arange(n_key) == np.arange(n_query)[:, None] + n_key - n_query
        self.visible[-1] = np.logical_or(self.visible[-1].any(0, keepdims=True), own)
        self.recorded_heads = (0,)

    def properties(self) -> MapMetadata:
        """Norms are not negative and have any row sum; what they are of is stated."""
        meta: MapMetadata = {**super().properties(), "row_sum": "any", "signed": False}
        meta["reduced"] = CONTRIBUTIONS[self.kind]
        if self.kind in ONE_HEAD:
            meta["reduced_heads"] = f"sum of {self.n_head} head{'' if self.n_head == 1 else 's'}"
        return meta


def require_path(call: LayerCall) -> OutputPath:
    """The output path of a call; MisuseError where its source states none."""
    if call.output_path is None:
        raise MisuseError("contributions need the output projection, which this source lacks")
    return call.output_path


def vector_norms(
    value: FloatArray, kind: str, path: OutputPath | None, heads: list[int]
) -> FloatArray:
    """‖v‖ or ‖v W_O‖ of each key.    [head, key, d_value] -> [head, key]"""
    vectors = value.astype(np.float64)
    if kind == "norm":
        if path is None:
            raise MisuseError("contributions need the output projection, which this source lacks")
        vectors = vectors @ path.projection()[0][heads].astype(np.float64)
    return np.sqrt((vectors**2).sum(-1))


def project_values(value: FloatArray, path: OutputPath) -> FloatArray:
    """v W_O of each head.    [head, key, d_value] -> [head, key, d_model]"""
    return value.astype(np.float64) @ path.projection()[0].astype(np.float64)


def combined_norms(
    weights: FloatArray, vectors: FloatArray, path: OutputPath, norm: NormScale | None
) -> FloatArray:
    """‖Σ_h α_hij v_hj W_O + [i = j] x_i‖ for each pair, through the layer norm if there is one.

    The layer norm divides each contribution by the root of the whole sum, bias included.
    Shapes: [head, query, key], [head, key, d_model] -> [query, key]
    """
    residual = path.require_residual().astype(np.float64)
    bias = path.projection()[1].astype(np.float64)
    n_query, n_key = weights.shape[1:]
    offset, result = n_key - n_query, np.zeros((n_query, n_key))
    for start in range(0, n_query, QUERIES_PER_STEP):
        rows = np.arange(start, min(start + QUERIES_PER_STEP, n_query))
        parts = np.einsum("hqk,hkd->qkd", weights[:, rows], vectors)
        parts[rows - start, rows + offset] += residual[rows]
        if norm is not None:
            root = norm.divisor(parts.sum(1) + bias)[:, None]
            parts = norm.center(parts) * norm.weight / root
        result[rows] = np.sqrt((parts**2).sum(-1))
    return result
