"""Attention over arrays: what a person calls who has query, key and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape, as_floats
from attnviz.core.biases import GivenBias, SoftCap
from attnviz.core.engine.collectors import Collector, FullSheet, run
from attnviz.core.grid import Grid
from attnviz.core.heads import share
from attnviz.core.masks import GivenMask, Mask
from attnviz.core.part import Inputs, Sizes
from attnviz.core.scales import Factor
from attnviz.core.seeded_random import draw_weights
from attnviz.core.variant import Variant
from attnviz.core.variants import find_variant
from attnviz.errors import ShapeError


class Attended(NamedTuple):
    """What came out.

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
) -> Attended:
    """Run a mechanism over arrays.

    Formula: weights = normalize(bias(scale · score(query, key)), visible);
    output = weights @ value
    Shapes: query [..., head, query, d], key [..., kv_head, key, d],
    value [..., kv_head, key, d_value] -> output [..., head, query, d_value],
    weights [..., head, query, key]. Arrays [token, d] are one head without a head axis.

    Args:
        query: what looks. 16-bit numbers are lifted to float32; other floats keep their type.
        key: what is looked at. With fewer heads than `query`, head i uses key head i // group.
        value: what is taken; without it, `output` is None.
        variant: a row of the catalogue, by name or itself.
        mask: a Mask, or a boolean array that broadcasts to the weights; True = may look.
        bias: numbers added to the logits, broadcasting to the weights.
        scale: the factor of the scores, instead of the variant's own.
        softcap: cap · tanh(logits / cap), after the bias and before the mask.
        learned: numbers of the mechanism's own, by name, [head, ...] each; those that are
            missing are drawn from `seed`.
        seed: where missing learned numbers come from.
        tunables: numbers of the mechanism's parts, such as window=2.

    Raises:
        ShapeError: arrays that do not fit each other.
        NumbersError: NaN or +inf where a query may look.

    >>> attend([[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]).weights.tolist()
    [[0.5, 0.5]]
    """
    query, key = as_floats(query), as_floats(key)
    value = None if value is None else as_floats(value)
    if query.ndim == 2 and key.ndim == 2:
        alone = None if value is None else value[None]
        mechanism = composed(variant, mask, bias, scale, softcap, tunables)
        made = attend(query[None], key[None], alone, variant=mechanism, learned=learned, seed=seed)
        output = None if made.output is None else made.output[0]
        return Attended(output, made.weights[0])
    check_shapes(query, key, value)
    mechanism = composed(variant, None, None, scale, None, tunables)
    batch = np.broadcast_shapes(query.shape[:-3], key.shape[:-3])
    weights_shape = (*batch, query.shape[-3], query.shape[-2], key.shape[-2])
    results = [
        attend_one(
            composed(
                mechanism,
                mask if mask is None or isinstance(mask, Mask) else at(mask, i, weights_shape),
                None if bias is None else at(bias, i, weights_shape),
                None,
                softcap,
                {},
            ),
            at(query, i, (*batch, *query.shape[-3:])),
            at(key, i, (*batch, *key.shape[-3:])),
            None if value is None else at(value, i, (*batch, *value.shape[-3:])),
            learned,
            seed,
        )
        for i in np.ndindex(*batch)
    ]
    return Attended(
        None if value is None else stack([r.output for r in results], batch),
        stack([r.weights for r in results], batch),
    )


def attend_one(
    variant: Variant,
    query: FloatArray,
    key: FloatArray,
    value: FloatArray | None,
    learned: Mapping[str, Any] | None,
    seed: int,
) -> Attended:
    """One layer of one sequence.    [head, query, d], [kv_head, key, d] -> [head, query, key]"""
    n_head, n_query, d = query.shape
    n_key = key.shape[1]
    sizes = Sizes(d=d, d_model=d, n_head=n_head, n_query=n_query, n_key=n_key)
    inputs = Inputs(
        query=query,
        key=share(key, n_head),
        grid=Grid.of(n_head, n_query, n_key),
        learned=learn(variant, sizes, learned or {}, seed, query.dtype),
    )
    n_made = variant.heads.made_of(n_head)
    every = Collector()
    every.choose_heads(n_made)
    sheet = FullSheet.of(variant, inputs, every.mine, n_made, query.dtype)
    views = None if value is None else variant.heads.give_values(value, n_made)
    return Attended(run(variant, inputs, views, sheet), sheet.weights)


def learn(
    variant: Variant,
    sizes: Sizes,
    given: Mapping[str, Any],
    seed: int,
    dtype: Any,
    layer: int = 0,
) -> Mapping[str, FloatArray]:
    """The learned numbers a mechanism needs: given ones, the rest drawn.    -> each [head, ...]"""
    found = {}
    for name, shape in variant.param_shapes(sizes).items():
        if name in given:
            found[name] = fitting(name, as_floats(given[name]), (sizes.n_head, *shape))
        else:
            size = variant.starts.get(name)
            heads = [
                draw_weights(shape, seed, name, layer, head, spread=size)
                for head in range(sizes.n_head)
            ]
            found[name] = np.stack(heads).astype(dtype)
    return found


def fitting(name: str, array: FloatArray, shape: Shape) -> FloatArray:
    """A given array, if it broadcasts to the shape that is needed."""
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ShapeError(f"{name} {array.shape} should be {shape}, [head, ...]") from None


def composed(
    variant: str | Variant,
    mask: Mask | BoolArray | None,
    bias: Any,
    scale: float | None,
    softcap: float | None,
    tunables: Mapping[str, Any],
) -> Variant:
    """The named mechanism with what the caller adds to it."""
    made = find_variant(variant) if isinstance(variant, str) else variant
    made = made.set(**tunables) if tunables else made
    if mask is not None:
        own = mask if isinstance(mask, Mask) else GivenMask(boolean(mask))
        made = replace(made, mask=made.mask & own)
    if bias is not None:
        made = replace(made, bias=(*made.bias, GivenBias(as_floats(bias))))
    if softcap is not None:
        made = replace(made, bias=(*made.bias, SoftCap(cap=softcap)))
    return made if scale is None else replace(made, scale=Factor(scale=scale))


def boolean(mask: Any) -> BoolArray:
    """A mask array, which must be boolean: numbers could mean either thing."""
    array = np.asarray(mask)
    if array.dtype != np.bool_:
        raise ShapeError(
            f"mask has type {array.dtype}; it should be bool, True = may look. "
            "Numbers that are added to the scores go to bias="
        )
    return array


def check_shapes(query: FloatArray, key: FloatArray, value: FloatArray | None) -> None:
    """Refuse arrays that do not fit, with both shapes."""
    if query.ndim < 3 or key.ndim < 3 or query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            f"query {query.shape} and key {key.shape} should be [..., head, query, d] "
            "and [..., head, key, d], with the same d"
        )
    if value is not None and value.shape[-3:-1] != key.shape[-3:-1]:
        raise ShapeError(
            f"value {value.shape} should begin like key {key.shape}: [..., head, key, d_value]"
        )


def at(array: Any, index: tuple[int, ...], shape: Shape) -> Any:
    """One member of a batch.    broadcasts to [..., a, b, c] -> [a, b, c]"""
    array = np.asarray(array)
    try:
        return np.broadcast_to(array, shape)[index]
    except ValueError:
        raise ShapeError(
            f"an array of shape {array.shape} does not broadcast to {shape}"
        ) from None


def stack(arrays: list[Any], batch: Shape) -> FloatArray:
    """Members of a batch, put together.    -> [*batch, head, query, d]"""
    whole = arrays[0] if len(arrays) == 1 else np.stack(arrays)  # one alone is not copied
    return np.reshape(whole, (*batch, *arrays[0].shape))
