"""Worked example of a mechanism: its weights over three tokens."""

from __future__ import annotations

from attnviz.api.look import look
from attnviz.core.attention_map import AttentionMap
from attnviz.core.variant import Variant

SENTENCE = "The cat sat"
CONTEXT = "Le chat dort"


def compute_example(variant: Variant) -> AttentionMap:
    """The first head of this mechanism over three tokens; of a plan, of each of its mechanisms."""
    context = CONTEXT if variant.context == "required" else None
    mechanisms = [variant.for_layer(layer) for layer in range(variant.default_depth)]
    firsts = [i for i, mechanism in enumerate(mechanisms) if mechanism not in mechanisms[:i]]
    return look(SENTENCE, context, variant=variant, select_layers=firsts, select_heads=[0], pad=0)
