"""Direct logit attribution: what each head adds to a logit, without the layers after it."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.sources.model.ablation_runs import OriginalRun
from attnviz.sources.model.logits import logit_cap, output_matrix


def no_direct_effect(run: OriginalRun) -> str | None:
    """Why heads of this model have no direct effect on a logit; None: they have one."""
    spec, family = run.stack.spec, run.forward.model.family
    part = spec.cross if run.forward.kind == "cross" else spec.attention
    assert part is not None
    if family.masked_lm_head is not None:
        return "the masked-LM head has layers between the residual stream and the logits"
    if part.end or run.stack.weights.resolve_flag(spec.residual_after_norm):
        return "the model normalizes the residual stream in every layer"
    if part.after:
        return "the model normalizes the output of attention before it adds it"
    if spec.final_project:
        return "the model has a projection after the final layer norm"
    if logit_cap(family, run.forward.model.config) is not None:
        return "logits are soft-capped"
    return None


def direct_effects(run: OriginalRun, position: int, token_id: int) -> FloatArray:
    """The direct effect of each head on the logit of a token, predicted at a position.

    Formula: u · (w ⊙ center(o_h W_O,h)) / σ, with the token's row u of the output matrix, and
    weight w and root σ of the final norm in the original run. The effects of all heads and MLPs,
    of biases and of the embedding add up to the logit.
    Shapes: -> [layer, head]
    Paper: 2211.00593 (direct effects of heads on logits)
    """
    model, stack = run.forward.model, run.stack
    residual = run.inputs[-1][position]
    name = output_matrix(model, stack)
    row = model.tensors.rows(name, slice(token_id, token_id + 1), len(residual))[0]
    added = np.stack([head_outputs(run, layer, position) for layer in range(stack.n_layer)])
    if stack.spec.final:
        norm = stack.weights.norm_scale(stack.spec.final, len(residual))
        added = norm.center(added) * norm.weight / norm.divisor(residual)
    return np.asarray(added @ row * model.family.logit_scale(model.config), np.float64)


def head_outputs(run: OriginalRun, layer: int, position: int) -> FloatArray:
    """What each head of a layer adds to the residual stream.    -> [head, d_model]"""
    stack, spec = run.stack, run.stack.spec
    part = spec.cross if run.forward.kind == "cross" else spec.attention
    assert part is not None
    outputs = run.heads[layer][:, position]
    n_head, d = outputs.shape
    rows = np.zeros((n_head, n_head, d), np.float32)
    rows[np.arange(n_head), np.arange(n_head)] = outputs
    w = stack.weights.under(stack.layer_prefix(layer), layer)
    d_model = run.inputs[0].shape[-1]
    added = w.linear(rows.reshape(n_head, -1), part.output, d_model, bias=False)
    if spec.residual_multiplier:
        added = added * np.float32(stack.config.get_float(spec.residual_multiplier))
    return added
