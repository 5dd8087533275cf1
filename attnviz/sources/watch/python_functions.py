"""Attention functions that are plain Python: wrapped where modules refer to them, then restored.

A torch function mode does not see these: flex_attention of PyTorch, flash_attn_func of flash-attn
and memory_efficient_attention of xformers. The last two are wrapped when they are imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

from attnviz.sources.watch.attention_call import AttentionCall, Tensor, scale_or_default
from attnviz.sources.watch.functions import flash_attention_call, memory_efficient_call

Run = Callable[[Callable[[], AttentionCall], Callable[[], Any]], Any]


def flex_attention_call(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Any = None,
    block_mask: Any = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    **others: Any,
) -> AttentionCall:
    """The call of flex_attention; score_mod and mask_mod are evaluated for every pair.

    Shapes: query [batch, head, query, d], key [batch, kv_head, key, d]
    """
    del value, enable_gqa, others
    mask_mod = getattr(block_mask, "mask_mod", None)

    def adjust(scores: Tensor, items: Any, heads: Any, rows: Any) -> Tensor:
        device = scores.device
        indices = [torch.tensor(list(numbers), device=device) for numbers in (items, heads, rows)]
        indices.append(torch.arange(scores.shape[-1], device=device))
        if score_mod is not None:
            scores = over_all_pairs(score_mod, (0,))(scores, *indices).to(scores.dtype)
        if mask_mod is not None:
            scores = scores.masked_fill(~over_all_pairs(mask_mod, ())(*indices), -torch.inf)
        return scores

    return AttentionCall(
        function="flex_attention",
        query=query,
        key=key,
        scale=scale_or_default(scale, query),
        adjust=adjust,
    )


def over_all_pairs(function: Any, before: tuple[int, ...]) -> Any:
    """A function of one batch item, head, query and key, for arrays of each.

    Shapes: the function takes scalars -> [batch, head, query, key]
    """
    for axis in (3, 2, 1, 0):
        indices = tuple(0 if other == axis else None for other in range(4))
        function = torch.vmap(function, in_dims=before + indices)
    return function


FUNCTIONS: dict[tuple[str, str], Callable[..., AttentionCall]] = {
    ("torch.nn.attention.flex_attention", "flex_attention"): flex_attention_call,
    ("flash_attn.flash_attn_interface", "flash_attn_func"): flash_attention_call,
    ("xformers.ops", "memory_efficient_attention"): memory_efficient_call,
}


class WrappedFunctions:
    """The functions that are wrapped now, and where.

    `run` receives what builds the attention call, and what runs the function itself.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.originals: dict[tuple[str, str], Any] = {}
        self.wrappers: dict[tuple[str, str], Any] = {}

    def install(self) -> None:
        """Wrap the functions of modules that have been imported by now."""
        for at, build in FUNCTIONS.items():
            module = sys.modules.get(at[0])
            if at not in self.originals and module is not None:
                self.originals[at] = getattr(module, at[1])
                self.wrappers[at] = self.wrap(self.originals[at], build)
                replace_references(self.originals[at], self.wrappers[at])

    def remove(self) -> None:
        """Restore all functions."""
        for at, original in self.originals.items():
            replace_references(self.wrappers[at], original)
        self.originals, self.wrappers = {}, {}

    def wrap(self, original: Any, build: Callable[..., AttentionCall]) -> Any:
        """A function that passes its calls on and returns what the original returns."""

        @wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            if torch.compiler.is_compiling():
                return original(*args, **kwargs)
            return self.run(lambda: build(*args, **kwargs), lambda: original(*args, **kwargs))

        return function


def replace_references(old: Any, new: Any) -> None:
    """Let every module that has a function under any name refer to another one."""
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is old:
                setattr(module, name, new)
