"""Attention, softmax and rotary positions against the stored cases of the ONNX standard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.arrays import as_floats
from attnviz.core.biases import SoftCap
from attnviz.core.engine.attend import add_parts, attend, customize_variant
from attnviz.core.engine.attention import compute_weights
from attnviz.core.grid import Grid
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs
from attnviz.core.numerics import softmax
from attnviz.core.positions import rotate_pairs
from attnviz.core.variants import find_variant
from tests.judges.stored_cases import cases, distance, verdicts

PLAIN = find_variant("scaled-dot")


def attention(case):
    """The operator's interface around our attend: layouts, past keys, masks."""
    attributes = case.attributes
    flat = case.inputs[0].ndim == 3
    query, key, value = (
        split(case.inputs[place], attributes.get(heads)) if flat else case.inputs[place]
        for place, heads in ((0, "q_num_heads"), (1, "kv_num_heads"), (2, "kv_num_heads"))
    )
    past_key, past_value = case.get(4), case.get(5)
    n_past = 0 if past_key is None else past_key.shape[2]
    if n_past:
        key = np.concatenate([past_key, key], axis=2)
        value = np.concatenate([past_value, value], axis=2)
    shape = (*query.shape[:3], key.shape[2])
    visible, bias = meaning(case, shape, n_past)
    cap = attributes.get("softcap", 0.0)
    # The operator caps before it adds a mask of numbers; ours adds first unless told otherwise.
    variant = replace(PLAIN, bias=(SoftCap(cap=cap),)) if cap else PLAIN
    scale = attributes.get("scale")
    result = attend(query, key, value, variant=variant, mask=visible, bias=bias, scale=scale)
    output = result.output
    if flat:
        output = np.moveaxis(output, 1, 2).reshape(*output.shape[:1], output.shape[2], -1)
    stage_output = None
    if len(case.outputs) > 3:
        stage_output = stage(case, variant, query, key, visible, bias, scale)
    return [output, key, value, stage_output][: len(case.outputs)]


def split(array, n_head):
    """[batch, token, head · d] -> [batch, head, token, d]"""
    return np.moveaxis(array.reshape(*array.shape[:2], n_head, -1), 2, 1)


def meaning(case, shape, n_past):
    """The visible pairs and the additive bias.    -> [batch, head, query, key] each, or None"""
    visible = np.ones(shape, dtype=bool)
    rows, columns = np.arange(shape[2])[:, None], np.arange(shape[3])
    if case.attributes.get("is_causal"):
        visible &= columns <= rows + n_past
    if case.get(6) is not None:  # how many keys of each member are real
        visible &= columns < case.get(6)[:, None, None, None]
    mask, bias = case.get(3), None
    if mask is not None:
        missing = shape[3] - mask.shape[-1]  # a short mask hides what it does not reach
        hidden = False if mask.dtype == bool else -np.inf
        edges = [(0, 0)] * (mask.ndim - 1) + [(0, missing)]
        mask = np.broadcast_to(np.pad(mask, edges, constant_values=hidden), shape)
        if mask.dtype == bool:
            visible &= mask
        else:
            visible &= mask > -np.inf
            bias = np.where(mask > -np.inf, mask, 0.0)
    return visible, bias


def stage(case, variant, query, key, visible, bias, scale):
    """Scores after the stage that the operator's mode names.    -> [batch, head, query, key]"""
    mode = case.attributes.get("qk_matmul_output_mode", 0)
    capped = next(map(str, variant.bias), "scaled")
    result = []
    for member, visible_keys in enumerate(visible):
        added = None if bias is None else bias[member]
        own = add_parts(customize_variant(variant, scale, {}), visible_keys, added, None)
        of_query, of_key = as_floats(query[member]), as_floats(key[member])
        n_head, n_query, n_key = visible_keys.shape
        stage_arrays = {}
        inputs = Inputs(
            query=of_query, key=repeat_kv(of_key, n_head), grid=Grid.of(n_head, n_query, n_key)
        )
        compute_weights(own, inputs, stage_arrays.__setitem__)
        stages = (
            stage_arrays["scaled"],
            stage_arrays[capped],
            np.where(visible_keys, stage_arrays["logits"], -np.inf),
        )
        result.append((*stages, stage_arrays["weights"])[mode])
    return np.stack(result)


def compute_rope(case):
    """RoPE of each member of a batch; a flat axis of heads is split."""
    x, cos, sin, places = (case.get(place) for place in range(4))
    flat = x.ndim == 3
    vectors = split(x, case.attributes["num_heads"]) if flat else x
    interleaved = bool(case.attributes.get("interleaved", 0))
    if places is not None:
        cos, sin = cos[places], sin[places]
    result = np.stack(
        [
            rotate_pairs(member, of_cos, of_sin, interleaved=interleaved)
            for member, of_cos, of_sin in zip(vectors, cos, sin, strict=True)
        ]
    )
    return [np.moveaxis(result, 1, 2).reshape(x.shape) if flat else result]


def shares(case):
    """Softmax along any axis, everything visible."""
    x, axis = case.inputs[0], case.attributes.get("axis", -1)
    turned_round = np.moveaxis(x, axis, -1)
    result = softmax(turned_round, np.ones(turned_round.shape, dtype=bool))
    return [np.moveaxis(result, -1, axis)]


OPERATORS = {
    "attention_": (attention, 64),
    "softmax_": (shares, 7),
    "rotary_embedding": (compute_rope, 8),
}


@pytest.mark.parametrize("prefix", OPERATORS)
def test_stored_cases_of(prefix):
    compute, n_case = OPERATORS[prefix]
    every = [one for one in cases(prefix) if not one.name.startswith("test_softmax_cross")]
    assert len(every) == n_case, "the judge has other cases than it had"
    assert verdicts(f"stored {prefix.strip('_')}", every, compute) == []


def test_a_wrong_case_is_detected():
    one = cases("softmax_")[0]
    (right,) = shares(one)
    assert distance(right, one.outputs[0]) < 1e-6
    assert distance(right * (1 + 1e-4), one.outputs[0]) > 2e-6
    assert distance(np.full_like(right, np.nan), one.outputs[0]) == np.inf
    assert distance(right[..., :1], one.outputs[0]) == np.inf
