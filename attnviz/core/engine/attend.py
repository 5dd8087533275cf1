"""Attention over arrays: any mechanism of the catalogue on given queries, keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape, as_floats
from attnviz.core.biases import GivenBias, SoftCap
from attnviz.core.engine.collectors import Collector, FullAccumulator, run_layer
from attnviz.core.grid import Grid
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.masks import GivenMask, Mask
from attnviz.core.scales import Factor
from attnviz.core.seeded_random import draw_weights
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import ShapeError


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
    output = weights @ value
    Shapes: query [..., head, query, d], key [..., kv_head, key, d],
    value [..., kv_head, key, d_value] -> output [..., head, query, d_value],
    weights [..., head, query, key]. Arrays [token, d] are one head without a head axis.

    Args:
        query: queries. 16-bit floats become float32; other floats keep their type.
        key: keys. With fewer heads than `query`, query head i uses key head i // group.
        value: values; without them, `output` is None.
        variant: a name from the catalogue, or a Variant.
        mask: a Mask, or a boolean array that broadcasts to the weights; True = the query
            attends to the key. It is combined (and) with the variant's own mask.
        bias: numbers added to the logits, broadcasting to the weights.
        scale: factor of the scores, in place of the variant's own.
        softcap: cap · tanh(logits / cap), after the bias and before the mask.
        learned: learned parameters of the mechanism, by name, each [head, ...]; missing ones
            are random, from `seed`.
        seed: random seed of missing parameters.
        tunables: tunables of the mechanism's parts, such as window=2.

    Raises:
        ShapeError: arrays whose shapes do not match.
        NumbersError: NaN or +inf in a score that is not masked.

    >>> attend([[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]).weights.tolist()
    [[0.5, 0.5]]
    """
    query, key = as_floats(query), as_floats(key)
    value = None if value is None else as_floats(value)
    if query.ndim == 2 and key.ndim == 2:
        values = None if value is None else value[None]
        mechanism = customize_variant(variant, mask, bias, scale, softcap, tunables)
        result = attend(
            query[None], key[None], values, variant=mechanism, learned=learned, seed=seed
        )
        output = None if result.output is None else result.output[0]
        return AttentionResult(output, result.weights[0])
    check_shapes(query, key, value)
    mechanism = customize_variant(variant, None, None, scale, None, tunables)
    batch = np.broadcast_shapes(query.shape[:-3], key.shape[:-3])
    weights_shape = (*batch, query.shape[-3], query.shape[-2], key.shape[-2])
    results = [
        attend_one(
            customize_variant(
                mechanism,
                mask
                if mask is None or isinstance(mask, Mask)
                else batch_item(mask, i, weights_shape),
                None if bias is None else batch_item(bias, i, weights_shape),
                None,
                softcap,
                {},
            ),
            batch_item(query, i, (*batch, *query.shape[-3:])),
            batch_item(key, i, (*batch, *key.shape[-3:])),
            None if value is None else batch_item(value, i, (*batch, *value.shape[-3:])),
            learned,
            seed,
        )
        for i in np.ndindex(*batch)
    ]
    return AttentionResult(
        None if value is None else stack_batch([r.output for r in results], batch),
        stack_batch([r.weights for r in results], batch),
    )


def attend_one(
    variant: Variant,
    query: FloatArray,
    key: FloatArray,
    value: FloatArray | None,
    learned: Mapping[str, Any] | None,
    seed: int,
) -> AttentionResult:
    """Attention of one layer of one sequence.

    Shapes: [head, query, d], [kv_head, key, d], [kv_head, key, d_value] -> weights
    [head, query, key], output [head, query, d_value]
    """
    n_head, n_query, d = query.shape
    n_key = key.shape[1]
    sizes = Sizes(d=d, d_model=d, n_head=n_head, n_query=n_query, n_key=n_key)
    inputs = Inputs(
        query=query,
        key=repeat_kv(key, n_head),
        grid=Grid.of(n_head, n_query, n_key),
        params=init_params(variant, sizes, learned or {}, seed, query.dtype),
    )
    n_output_heads = variant.heads.n_output_heads(n_head)
    all_heads = Collector()
    all_heads.select_heads(n_output_heads)
    accumulator = FullAccumulator.of(
        variant, inputs, all_heads.wanted_heads_in, n_output_heads, query.dtype
    )
    values = None if value is None else variant.heads.expand_values(value, n_output_heads)
    output = run_layer(variant, inputs, values, accumulator)
    return AttentionResult(output, accumulator.weights)


def init_params(
    variant: Variant,
    sizes: Sizes,
    given: Mapping[str, Any],
    seed: int,
    dtype: Any,
    layer: int = 0,
) -> Mapping[str, FloatArray]:
    """The learned parameters of a mechanism: given ones, the others random.  -> each [head, ...]

    Raises ShapeError for a given array that does not broadcast to its shape.
    """
    params = {}
    stated = variant.initial_params(sizes)
    for name, shape in variant.param_shapes(sizes).items():
        if name in given:
            params[name] = broadcast_param(name, as_floats(given[name]), (sizes.n_head, *shape))
        else:
            draw = stated[name].draw if name in stated else draw_weights
            depth = 0 if name in variant.layer_shared else layer
            heads = [draw(shape, seed, name, depth, head) for head in range(sizes.n_head)]
            params[name] = np.stack(heads).astype(dtype)
    return params


def broadcast_param(name: str, array: FloatArray, shape: Shape) -> FloatArray:
    """A given parameter, broadcast to its shape.    -> [head, ...]"""
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ShapeError(f"{name} {array.shape} should be {shape}, [head, ...]") from None


def customize_variant(
    variant: str | Variant,
    mask: Mask | BoolArray | None,
    bias: Any,
    scale: float | None,
    softcap: float | None,
    tunables: Mapping[str, Any],
) -> Variant:
    """A mechanism with the caller's tunables, mask, bias, soft cap and scale."""
    result = find_variant(variant) if isinstance(variant, str) else variant
    result = result.with_tunables(**tunables) if tunables else result
    if mask is not None:
        given = mask if isinstance(mask, Mask) else GivenMask(require_boolean(mask))
        result = replace(result, mask=result.mask & given)
    if bias is not None:
        result = replace(result, bias=(*result.bias, GivenBias(as_floats(bias))))
    if softcap is not None:
        result = replace(result, bias=(*result.bias, SoftCap(cap=softcap)))
    return result if scale is None else replace(result, scale=Factor(scale=scale))


def require_boolean(mask: Any) -> BoolArray:
    """The mask as an array of bool; ShapeError for numbers, which could be additive."""
    array = np.asarray(mask)
    if array.dtype != np.bool_:
        raise ShapeError(
            f"mask has type {array.dtype}; it should be bool, True = the query attends to the "
            "key. An additive mask goes to bias="
        )
    return array


def check_shapes(query: FloatArray, key: FloatArray, value: FloatArray | None) -> None:
    """Check that query, key and value match; otherwise raise ShapeError with their shapes."""
    if query.ndim < 3 or key.ndim < 3 or query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            f"query {query.shape} and key {key.shape} should be [..., head, query, d] "
            "and [..., head, key, d], with the same d"
        )
    if value is not None and value.shape[-3:-1] != key.shape[-3:-1]:
        raise ShapeError(
            f"value {value.shape} should begin like key {key.shape}: [..., head, key, d_value]"
        )


def batch_item(array: Any, index: tuple[int, ...], shape: Shape) -> Any:
    """One member of a batch.    broadcasts to [..., a, b, c] -> [a, b, c]"""
    array = np.asarray(array)
    try:
        return np.broadcast_to(array, shape)[index]
    except ValueError:
        raise ShapeError(
            f"an array of shape {array.shape} does not broadcast to {shape}"
        ) from None


def stack_batch(arrays: list[Any], batch: Shape) -> FloatArray:
    """The members of a batch in one array.    -> [*batch, head, query, d]"""
    stacked = arrays[0] if len(arrays) == 1 else np.stack(arrays)  # a single one is not copied
    return np.reshape(stacked, (*batch, *arrays[0].shape))
