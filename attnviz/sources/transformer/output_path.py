"""Output path of a model's attention: output projection, residual connection, layer norm."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.output_path import OutputPath
from attnviz.sources.families.spec import Attention, Stack
from attnviz.sources.transformer.weights import Weights


def build_output_path(
    stack: Stack, spec: Attention, w: Weights, stream: FloatArray, *, is_cross: bool
) -> OutputPath:
    """What follows an attention layer; `stream` is what its output is added to.

    Shapes: stream [query, d_model]
    """
    no_residual = ""
    if is_cross:
        no_residual = "queries and keys are different texts, so that no key is the query's own"
    elif spec.after:
        no_residual = "this model normalizes the output of attention before it adds it"
    elif stack.residual_multiplier:
        no_residual = "this model scales the output of attention before it adds it"
    d_model = stream.shape[-1]

    def projection() -> tuple[FloatArray, FloatArray]:
        """W_O by head, and its bias.    -> [head, d, d_model], [d_model]"""
        n_head, d = w.config.get_int("n_head"), w.config.d_head
        every = np.eye(n_head * d, dtype=np.float32)
        matrix = w.linear(every, spec.output, d_model, bias=False)
        has_bias = w.resolve_flag(spec.output_bias)
        bias = w.get(f"{spec.output}.bias", (d_model,)) if has_bias else np.zeros(d_model)
        return matrix.reshape(n_head, d, d_model), bias

    return OutputPath(
        projection=projection,
        residual=None if no_residual else stream,
        norm=(lambda: w.norm_scale(spec.end, d_model)) if spec.end else None,
        no_residual=no_residual,
        no_norm="this model normalizes before attention, not after the residual connection",
    )
