"""Handwritten attention: softmax of a product of queries and keys, applied to values.

A tensor is followed from the product of queries and keys through scaling, masks and softmax to
the product with the values. Recognized are: normalized or masked products of two activations that
are applied to values, and softmax over an axis that is then contracted with values, whatever its
scores are (additive attention, learned scores). A product with a parameter, as in a linear layer,
and softmax over the features of a linear layer, as in a classifier or a router, are not attention.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from attnviz.sources.watch.attention_call import AttentionCall, Tensor
from attnviz.sources.watch.contraction import (
    MATRIX_PRODUCTS,
    Contraction,
    find_contractions,
    is_score_einsum,
    operands,
)
from attnviz.sources.watch.function_names import (
    CHANGES,
    DROPOUT,
    MULTIPLICATIONS,
    RESET,
    SOFTMAX,
    STARTERS,
)
from attnviz.sources.watch.score_axes import (
    find_axis,
    handwritten_call,
    is_application,
    is_parameter,
    multiplies_pairs,
    quietly,
    visible_pairs,
)
from attnviz.sources.watch.score_tag import FEATURES, ScoreTag, Softmax, TensorTags

Take = Callable[[Callable[[], AttentionCall]], None]


class HandwrittenAttention:
    """Recognizes attention among the torch functions that a program calls.

    `take` receives the attention calls. `running` returns the frame of the running module.
    """

    def __init__(self, take: Take, running: Callable[[], Any]) -> None:
        self.take, self.running = take, running
        self.tags = TensorTags()
        self.pending: list[ScoreTag] = []
        self.n_softmax = 0  # outside of modules

    def observe(self, function: Any, args: tuple[Any, ...], kwargs: Any, result: Any) -> None:
        """A torch function that the program has called, and its result."""
        name = getattr(function, "__name__", "")
        if not isinstance(result, torch.Tensor) or (not self.tags and name not in STARTERS):
            return
        if name in MATRIX_PRODUCTS or name == "einsum":
            self.observe_product(name, args, result)
        elif name == "linear":
            self.tags.set(result, FEATURES)
        elif name in SOFTMAX and args:
            self.observe_softmax(args, kwargs, result)
        elif name not in RESET:
            self.follow(name, function, args, kwargs, result)

    def observe_product(self, name: str, args: tuple[Any, ...], result: Tensor) -> None:
        """A product: of weights and values, or else of queries and keys."""
        for contraction in find_contractions(name, args):
            tag = self.tags.get(contraction.weights)
            if isinstance(tag, ScoreTag) and is_application(contraction, tag):
                self.apply(tag, contraction)
                return
        factors = operands(name, args)
        is_product = (
            is_score_einsum(args)
            if factors is None
            else min(f.dim() for f in factors) >= 2 and not any(map(is_parameter, factors))
        )
        if is_product:
            self.tags.set(result, ScoreTag(is_product=True))

    def observe_softmax(self, args: tuple[Any, ...], kwargs: Any, result: Tensor) -> None:
        """A softmax, over the axis that its arguments state."""
        scores = args[0]
        axis = kwargs.get("dim", args[1] if len(args) > 1 else -1)
        if not isinstance(axis, int) or not result.dim():
            return
        axis %= result.dim()
        before = self.tags.get(scores)
        is_product = isinstance(before, ScoreTag) and before.is_product
        if isinstance(before, ScoreTag) and before.softmax is not None:
            return  # a softmax of weights
        tag = ScoreTag(
            is_product=is_product,
            is_changed=True,
            is_feature_axis=before is FEATURES and axis == result.dim() - 1,
            softmax_axis=axis,
            softmax=Softmax(result.detach(), self.next_number(), self.running()),
            visible=None if scores.shape != result.shape else visible_pairs(scores, result, axis),
        )
        self.tags.set(result, tag)
        if is_product:
            self.pending.append(tag)

    def next_number(self) -> int:
        """The number of the next softmax in the running module, from 1."""
        counter = self.running() or self
        counter.n_softmax += 1
        return int(counter.n_softmax)

    def follow(
        self, name: str, function: Any, args: tuple[Any, ...], kwargs: Any, result: Tensor
    ) -> None:
        """A function of a tensor that has a tag: its result has it too, if it has its axes."""
        source = next((a for a in args if self.tags.get(a) is not None), None)
        if source is None:
            return
        tag = self.tags.get(source)
        if tag is FEATURES:
            if result.shape == source.shape:
                self.tags.set(result, tag)
            return
        if name == "sum" and tag.contraction is not None:
            self.observe_sum(tag, args, kwargs)
        elif name in MULTIPLICATIONS and self.observe_scaling(tag, source, args, result):
            return
        elif name in DROPOUT:
            self.observe_dropout(tag, source, args, kwargs, result)
        elif result.shape == source.shape:
            is_changed = tag.is_changed or name in CHANGES or multiplies_pairs(name, args, source)
            clean = None if tag.clean is None else self.repeat(function, args, kwargs, source)
            self.tags.set(result, replace(tag, is_changed=is_changed, clean=clean))
        elif result.numel() == source.numel() or name in ("expand", "expand_as"):
            self.follow_view(tag, function, args, kwargs, source, result)

    def follow_view(
        self, tag: ScoreTag, function: Any, args: Any, kwargs: Any, source: Tensor, result: Tensor
    ) -> None:
        """A view of another shape: the axis of the softmax is found by its stride."""
        axis = tag.softmax_axis
        if axis is not None:
            axis = find_axis(source, axis, result)
            if axis is None:
                return
        clean = None if tag.clean is None else self.repeat(function, args, kwargs, source)
        visible = tag.visible
        if visible is not None:
            swapped = tuple(visible if a is source else a for a in args)
            visible = quietly(function, swapped, kwargs)
        self.tags.set(result, replace(tag, softmax_axis=axis, clean=clean, visible=visible))

    def repeat(self, function: Any, args: Any, kwargs: Any, source: Tensor) -> Tensor:
        """The result of a function for the weights before dropout; None if it fails."""
        clean = self.tags.get(source).clean
        return quietly(function, tuple(clean if a is source else a for a in args), kwargs)

    def observe_dropout(
        self, tag: ScoreTag, source: Tensor, args: Any, kwargs: Any, result: Tensor
    ) -> None:
        """Dropout: the weights before it are those that are recorded."""
        p = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
        is_training = kwargs.get("training", args[2] if len(args) > 2 else True)
        is_in_place = result is source
        if not is_training or not p or is_in_place:
            self.tags.set(result, replace(tag, dropout=-1.0 if is_in_place and p else 0.0))
            return
        clean = source.detach() if tag.clean is None else tag.clean
        self.tags.set(result, replace(tag, clean=clean, dropout=float(p)))

    def observe_scaling(
        self, tag: ScoreTag, source: Tensor, args: tuple[Any, ...], result: Tensor
    ) -> bool:
        """Whether weights are multiplied with values, to be summed over the keys."""
        if tag.softmax_axis is None or result.shape == source.shape:
            return False
        other = next((a for a in args if a is not source), None)
        axis = tag.softmax_axis + result.dim() - source.dim()
        if not isinstance(other, torch.Tensor) or axis >= result.dim():
            return False
        if result.shape[axis] != source.shape[tag.softmax_axis]:
            return False
        weights = source if tag.clean is None else tag.clean
        contraction = Contraction(weights, other, None, tag.softmax_axis)
        self.tags.set(result, replace(tag, softmax_axis=axis, contraction=contraction))
        return True

    def observe_sum(self, tag: ScoreTag, args: tuple[Any, ...], kwargs: Any) -> None:
        """The sum of values that are multiplied with weights, over the keys."""
        axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
        axes = axis if isinstance(axis, list | tuple) else [axis]
        if len(axes) != 1 or axes[0] is None or axes[0] % args[0].dim() != tag.softmax_axis:
            return
        if not tag.is_feature_axis and not is_parameter(tag.contraction.values):
            self.apply(replace(tag, clean=None), tag.contraction)

    def apply(self, tag: ScoreTag, contraction: Contraction) -> None:
        """Pass on the weights of a contraction with values."""
        weights = contraction.weights if tag.clean is None else tag.clean
        self.forget(tag)
        self.emit(tag, weights, contraction.query_axis, contraction.key_axis, ())

    def forget(self, tag: ScoreTag) -> None:
        """A softmax waits for its application no longer."""
        self.pending = [other for other in self.pending if other.softmax is not tag.softmax]

    def emit(
        self,
        tag: ScoreTag,
        weights: Tensor,
        query_axis: int | None,
        key_axis: int,
        guesses: tuple[str, ...],
    ) -> None:
        """Pass on an attention call."""
        frame = self.running()
        arguments = () if frame is None else frame.args

        self.take(lambda: handwritten_call(tag, weights, query_axis, key_axis, guesses, arguments))

    def leave_module(self, frame: Any) -> None:
        """A module returns: softmaxes in it that it did not apply to values are passed on."""
        for tag in self.pending[:]:
            if tag.softmax is None or tag.softmax.frame is not frame:
                continue
            self.forget(tag)
            weights, axis = tag.softmax.output, tag.softmax_axis or 0
            other = axis - 1 if axis == weights.dim() - 1 else axis + 1
            if weights.dim() >= 2:
                self.emit(tag, weights, other, axis, ("the program applies it to no values",))
