"""Axes of scores and weights: which is which after a view, and which a product contracts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from attnviz.sources.watch.attention_call import AttentionCall, Tensor
from attnviz.sources.watch.contraction import Contraction, with_last_axes
from attnviz.sources.watch.function_names import MULTIPLICATIONS
from attnviz.sources.watch.score_tag import ScoreTag

MASKED_BY = 5e3  # a weight of 0 whose score is this much below the largest is masked


def is_application(contraction: Contraction, tag: ScoreTag) -> bool:
    """Whether a product contracts the keys of weights with values."""
    if tag.is_product and tag.is_changed:
        return contraction.query_axis is not None
    if tag.softmax_axis is None or contraction.key_axis != tag.softmax_axis:
        return False
    is_vector = contraction.query_axis is None or contraction.weights.dim() == 2
    return not is_parameter(contraction.values) and not (tag.is_feature_axis and is_vector)


def multiplies_pairs(name: str, args: tuple[Any, ...], source: Tensor) -> bool:
    """Whether scores are multiplied with numbers of each pair, as with a mask or a decay."""
    if name not in MULTIPLICATIONS:
        return False
    return any(
        isinstance(a, torch.Tensor)
        and a is not source
        and a.dim() >= 2
        and a.shape[-2:] == source.shape[-2:]
        for a in args
    )


def is_parameter(tensor: Tensor) -> bool:
    """Whether a tensor is a parameter or a view of one."""
    if isinstance(tensor, nn.Parameter):
        return True
    return bool(tensor._is_view() and isinstance(tensor._base, nn.Parameter))


def find_axis(source: Tensor, axis: int, result: Tensor) -> int | None:
    """The axis of a view that an axis of its source became; None if it is not certain."""
    size, stride = source.shape[axis], source.stride(axis)
    matching = [i for i, n in enumerate(result.shape) if n == size]
    same = [i for i in matching if result.stride(i) == stride]
    if axis == source.dim() - 1 and matching and matching[-1] == result.dim() - 1:
        return result.dim() - 1 if len(same) != 1 else same[0]
    return same[0] if len(same) == 1 else matching[0] if len(matching) == 1 else None


def visible_pairs(scores: Tensor, weights: Tensor, axis: int) -> Tensor:
    """The pairs that are not masked: all but weights of 0 with very low scores; None: all."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        is_zero = weights == 0
        if not bool(is_zero.any()):
            return None
        least = scores.amax(axis, keepdim=True) - MASKED_BY
        masked: Tensor = is_zero & ((scores <= least) | torch.isneginf(scores))
        return ~masked


def quietly(function: Any, args: tuple[Any, ...], kwargs: Any) -> Tensor:
    """The result of a function, unobserved; None where it raises an exception."""
    try:
        with torch._C.DisableTorchFunction(), torch.no_grad():
            return function(*args, **kwargs)
    except Exception:
        return None


def split_leading(
    shaped: Tensor, arguments: tuple[Any, ...]
) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...]]:
    """What brings [..., query, key] to [batch, head, query, key], and a note of a guess.

    A single leading axis is batch × head if it is a multiple of the batch that the module was
    given.
    """
    n_axis = shaped.dim()
    if n_axis == 2:
        return lambda t: t[None, None], ()
    if n_axis == 3:
        n = shaped.shape[0]
        batches = [a.shape[0] for a in arguments if isinstance(a, torch.Tensor) and a.dim() >= 2]
        seconds = [a.shape[1] for a in arguments if isinstance(a, torch.Tensor) and a.dim() >= 3]
        if n in batches or n in seconds or not batches:
            return lambda t: t[:, None], ()
        n_batch = next((b for b in batches if n % b == 0), 1)
        note = f"the first axis of {n} is taken as {n_batch} batch items × {n // n_batch} heads"
        return lambda t: t.unflatten(0, (n_batch, -1)), (note,)
    return lambda t: t.reshape(-1, *t.shape[-3:]), ()


def handwritten_call(
    tag: ScoreTag,
    weights: Tensor,
    query_axis: int | None,
    key_axis: int,
    guesses: tuple[str, ...],
    arguments: tuple[Any, ...],
) -> AttentionCall:
    """The attention call of weights that a module with these arguments computed.

    Shapes: weights have an axis of queries, unless there is one query only, and one of keys
    """
    shaped = with_last_axes(weights.detach(), query_axis, key_axis)
    split, note = split_leading(shaped, arguments)
    before = None if tag.softmax is None else tag.softmax.output
    if before is not None and shaped.dim() == 3 and before.dim() == 4:
        n_batch, n_head = before.shape[:2]  # of the softmax, before batch and heads were joined
        if shaped.shape[0] == n_batch * n_head and shaped.shape[1:] == before.shape[2:]:
            split, note = lambda t: t.unflatten(0, (n_batch, n_head)), ()
    visible = None
    if tag.visible is not None and tag.visible.shape == weights.shape:
        visible = split(with_last_axes(tag.visible, query_axis, key_axis))
    if tag.dropout < 0:
        guesses = (*guesses, "weights are after dropout, which the program applies in place")
    return AttentionCall(
        function=tag.name,
        weights=split(shaped),
        visible=visible,
        dropout=max(0.0, tag.dropout),
        guesses=(*guesses, *note),
    )
