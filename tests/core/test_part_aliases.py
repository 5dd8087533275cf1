"""Older names of parts and of their tunables stay valid."""

from collections import Counter
from dataclasses import fields

import pytest

from attnviz.core.compose.grammar import parse_biases, parse_mask, parse_part
from attnviz.core.registry import SLOTS, parts_for


@pytest.mark.parametrize("slot", SLOTS)
def test_names_and_aliases_of_a_slot_are_unique(slot):
    names = Counter(name for part in parts_for(slot) for name in (part.name, *part.aliases))
    assert [name for name, n in names.items() if n > 1] == []


@pytest.mark.parametrize("part", [p for slot in SLOTS for p in parts_for(slot)])
def test_aliases_and_limits_are_of_tunables(part):
    names = {field.name for field in fields(part)}
    assert set(part.tunable_aliases.values()) <= names
    assert not set(part.tunable_aliases) & names
    assert set(part.limits) | set(part.choices) <= names


@pytest.mark.parametrize(
    ("slot", "old", "new"),
    [
        ("position", "rope(width=4)", "rope(rotary_dim=4)"),
        (
            "position",
            "rope-dynamic(stretch=3, trained=64)",
            "rope-dynamic(factor=3, original_max_positions=64)",
        ),
        ("position", "rope-yarn(fast=16, whole=false)", "rope-yarn(beta_fast=16, truncate=false)"),
        ("score", "disentangled(farthest=16)", "disentangled(max_distance=16)"),
        ("score", "latent(latent=4)", "mla(latent_dim=4)"),
        ("score", "reflected", "path"),
        ("score", "polar(500)", "pope(500)"),
        (
            "scale",
            "growing(growth=0.2, floor=3)",
            "temperature-tuning(attn_scale=0.2, floor_scale=3)",
        ),
        ("bias", "buckets(8, farthest=12)", "buckets(8, max_distance=12)"),
        ("normalize", "retrieval(2, steps=5)", "hopfield(2, steps=5)"),
        ("normalize", "contextual(farthest=4)", "cope(4)"),
        (
            "normalize",
            "indexed(pickers=1, thin=3)",
            "lightning-indexer(index_heads=1, index_dim=3)",
        ),
        ("normalize", "softpick(guard=0.1)", "softpick(eps=0.1)"),
        ("normalize", "softmax-one(rest=1)", "softmax-one(sink_logit=1)"),
        ("normalize", "same-hash(8)", "lsh(8)"),
        ("normalize", "same-cluster", "k-means"),
        ("normalize", "best-blocks", "block-top-k"),
        ("normalize", "share", "row-sum"),
        ("normalize", "inverted", "slot-attention"),
        ("normalize", "addressing", "ntm-addressing"),
        ("normalize", "memory(3)", "memory-slots(3)"),
        ("normalize", "scalable", "scalable-softmax"),
        ("normalize", "fertile-sparsemax", "constrained-sparsemax"),
    ],
)
def test_old_names_of_parts_and_tunables(slot, old, new):
    assert parse_part(slot, old) == parse_part(slot, new)


def test_old_names_in_masks_and_biases():
    old = parse_mask("~itself & same-line(4) | summaries(3, summaries=2) & permuted(drawing=2)")
    new = "~diagonal & same-row(4) | summary-cells(3, summary_cells=2) & permutation(seed=2)"
    assert old == parse_mask(new)
    assert parse_biases("forgetting + gumbel(drawing=2)") == parse_biases(
        "forget-gate + gumbel(2)"
    )
