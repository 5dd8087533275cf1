"""Worked example of a mechanism: its weights over three tokens."""

from __future__ import annotations

from attnviz.api.look import look
from attnviz.core.attention_map import AttentionMap
from attnviz.core.variant import Variant

SENTENCE = "The cat sat"
CONTEXT = "Le chat dort"


def compute_example(variant: Variant) -> AttentionMap:
    """The first head of this mechanism over three tokens."""
    context = CONTEXT if variant.context == "required" else None
    return look(SENTENCE, context, variant=variant, select_heads=[0], pad=0)
