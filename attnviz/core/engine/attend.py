"""Attention over arrays: any mechanism of the catalogue on given queries, keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.biases import Bias, GivenBias, SoftCap
from attnviz.core.engine.attend_arguments import (
    check_broadcast,
    check_heads,
    check_score_arguments,
    check_shapes,
    to_floats,
    to_mask,
    to_params,
    to_seed,
)
from attnviz.core.engine.collectors import Collector, run_layer
from attnviz.core.engine.full_collector import FullAccumulator, new_array
from attnviz.core.grid import Grid
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.masks import GivenMask, Mask
from attnviz.core.scales import Factor
from attnviz.core.seeded_random import draw_weights
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError

PARAMS_MAX = 1 << 27  # numbers of one learned parameter, all heads together


class AttentionResult(NamedTuple):
    """Output and weights of `attend`.

    Shapes: output [..., head, query, d_value] (None without values),
    weights [..., head, query, key]
    """

    output: FloatArray | None
    weights: FloatArray


def attend(
    query: Any,
    key: Any,
    value: Any = None,
    *,
    variant: str | Variant = "scaled-dot",
    mask: Mask | BoolArray | None = None,
    bias: Any = None,
    scale: float | None = None,
    softcap: float | None = None,
    learned: Mapping[str, Any] | None = None,
    seed: int = 0,
    **tunables: Any,
) -> AttentionResult:
    """Compute attention over arrays with any mechanism of the catalogue.

    Formula: weights = normalize(bias(scale · score(query, key)), visible);
    output = weights @ value, normed where the heads of the mechanism norm it (differential)
    Shapes: query [..., head, query, d], key [..., kv_head, key, d],
    value [..., kv_head, key, d_value] -> output [..., head, query, d_value],
    weights [..., head, query, key]. Arrays [token, d] are one head without a head axis.

    The arguments are those of `attnviz.attend`, whose mask may be a text too.

    Raises:
        ShapeError: arrays whose shapes do not match, or that are empty.
        MisuseError: types, names and numbers that are not allowed.
        NumbersError: NaN or +inf in a score that is not masked.
    """
    query, key = to_floats("query", query), to_floats("key", key)
    value = None if value is None else to_floats("value", value)
    batch = check_shapes(query, key, value)
    is_flat, pairs = query.ndim == 2, (query.shape[-2], key.shape[-2])
    if is_flat:
        query, key, value = query[None], key[None], None if value is None else value[None]
    n_head = query.shape[-3]
    mechanism = customize_variant(variant, scale, tunables)
    check_heads(mechanism, n_head, key.shape[-3], tunables)
    check_score_arguments(mechanism, {"bias": bias, "scale": scale, "softcap": softcap})
    sizes = Sizes(
        d=query.shape[-1],
        d_model=query.shape[-1],
        n_head=n_head,
        n_query=query.shape[-2],
        n_key=key.shape[-2],
    )
    given = to_params(learned, mechanism.param_shapes(sizes), n_head, mechanism.name)
    params = init_params(mechanism, sizes, given, to_seed(seed), query.dtype)
    if not (mask is None or isinstance(mask, Mask)):
        mask = to_mask(mask)
        check_broadcast("mask", mask, pairs if is_flat else (*batch, n_head, *pairs))
    if bias is not None:
        bias = to_floats("bias", bias)
        check_broadcast("bias", bias, pairs if is_flat else (*batch, n_head, *pairs))

    def run(index: tuple[int, ...]) -> AttentionResult:
        """One member of the batch."""

        def item(array: Any, shape: Shape) -> Any:
            if array is None or array.shape == shape:
                return array
            return np.broadcast_to(array, (*batch, *shape))[index]

        weights_shape = (n_head, *pairs)
        return attend_one(
            add_parts(
                mechanism,
                mask if isinstance(mask, Mask) else item(mask, weights_shape),
                item(bias, weights_shape),
                softcap,
            ),
            item(query, query.shape[-3:]),
            item(key, key.shape[-3:]),
            None if value is None else item(value, value.shape[-3:]),
            params,
        )

    results = [run(index) for index in np.ndindex(*batch)]
    output = None if value is None else stack_batch([r.output for r in results], batch)
    weights = stack_batch([r.weights for r in results], batch)
    if is_flat:
        return AttentionResult(None if output is None else output[0], weights[0])
    return AttentionResult(output, weights)


def attend_one(
    variant: Variant,
    query: FloatArray,
    key: FloatArray,
    value: FloatArray | None,
    params: Mapping[str, FloatArray],
) -> AttentionResult:
    """Attention of one layer of one sequence.

    Shapes: [head, query, d], [kv_head, key, d], [kv_head, key, d_value] -> weights
    [head, query, key], output [head, query, d_value]
    """
    n_head, n_query, _ = query.shape
    inputs = Inputs(
        query=query,
        key=repeat_kv(key, n_head),
        grid=Grid.of(n_head, n_query, key.shape[1]),
        params=params,
    )
    n_output_heads = variant.heads.n_output_heads(n_head)
    all_heads = Collector()
    all_heads.select_heads(n_output_heads)
    accumulator = FullAccumulator.of(
        variant, inputs, all_heads, partial(new_array, dtype=query.dtype)
    )
    values = None if value is None else variant.heads.expand_values(value, n_output_heads)
    output = run_layer(variant, inputs, values, accumulator)
    return AttentionResult(output, accumulator.weights)


def init_params(
    variant: Variant,
    sizes: Sizes,
    given: Mapping[str, FloatArray],
    seed: int,
    dtype: Any,
    layer: int = 0,
) -> Mapping[str, FloatArray]:
    """The learned parameters of a mechanism: given ones, the others random.  -> each [head, ...]

    Raises MisuseError for a parameter that is too large.
    """
    params = {}
    stated = variant.initial_params(sizes)
    for name, shape in variant.param_shapes(sizes).items():
        if name in given:
            params[name] = given[name]
            continue
        if sizes.n_head * prod(shape) > PARAMS_MAX:
            raise MisuseError(
                f"variant {variant.name!r} needs learned parameters {name!r} of shape "
                f"{(sizes.n_head, *shape)}, which is too large; lower its tunables, or use a "
                "shorter text"
            )
        draw = stated[name].draw if name in stated else draw_weights
        depth = 0 if name in variant.layer_shared else layer
        heads = [draw(shape, seed, name, depth, head) for head in range(sizes.n_head)]
        params[name] = np.stack(heads).astype(dtype)
    return params


def customize_variant(
    variant: str | Variant, scale: float | None, tunables: Mapping[str, Any]
) -> Variant:
    """A mechanism with the caller's tunables and scale."""
    result = find_variant(variant) if isinstance(variant, str) else variant
    if not isinstance(result, Variant):
        raise MisuseError(
            f"variant is of type {type(result).__name__}; it should be a name or a Variant"
        )
    result = result.with_tunables(**tunables) if tunables else result
    return result if scale is None else replace(result, scale=Factor(scale=scale))


def add_parts(
    variant: Variant,
    mask: Mask | BoolArray | None,
    bias: FloatArray | None,
    softcap: float | None,
) -> Variant:
    """A mechanism with the caller's mask, bias and soft cap.

    Shapes: mask and bias broadcast to [head, query, key]
    """
    if mask is not None:
        given = mask if isinstance(mask, Mask) else GivenMask(mask)
        variant = replace(variant, mask=variant.mask & given)
    biases: tuple[Bias, ...] = () if bias is None else (GivenBias(bias),)
    biases += () if softcap is None else (SoftCap(cap=softcap),)
    return replace(variant, bias=variant.bias + biases) if biases else variant


def stack_batch(arrays: list[Any], batch: Shape) -> FloatArray:
    """The members of a batch in one array.    -> [*batch, head, query, d]"""
    stacked = arrays[0] if len(arrays) == 1 else np.stack(arrays)  # a single one is not copied
    return np.reshape(stacked, (*batch, *arrays[0].shape))
