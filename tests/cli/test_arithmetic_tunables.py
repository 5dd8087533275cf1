"""The arithmetic of every row at its last head, and of every tunable at other values."""

import json
import re
from dataclasses import fields

import numpy as np
import pytest

from attnviz.api.explain import explain
from attnviz.core.part import Part
from attnviz.core.variants import VARIANTS
from attnviz.render.reports.json_explanation import explanation_document
from tests.cli.by_hand import parse_document, recompute
from tests.cli.test_arithmetic import LONGER, is_source
from tests.core.test_catalogue import pieces

ROWS = list(VARIANTS.values())
SPECIAL = {  # even numbers, divisors of others, a default that is computed, and a tiny one
    "heads": (2,),
    "kv_heads": (1, 2),
    "rotary_dim": (4,),
    "hash_buckets": (6,),
    "log_buckets": (4,),
    "attention_factor": (1.3,),
    "eps": (0.01,),
}


def other_values(part, name):
    """Values of a tunable that differ from its default, within its limits."""
    value = getattr(part, name)
    if name in SPECIAL:
        return SPECIAL[name]
    if name in part.choices:
        return [choice for choice in part.choices[name] if choice != value]
    if isinstance(value, bool):
        return [not value]
    near = (value + 1, value + 2, value - 1)
    if isinstance(value, float):
        near = [float(f"{number:.2g}") for number in (value * 0.6, value * 1.7, value + 0.3)]
    low, high = part.limits.get(name, (-1e9, 1e9))
    return [number for number in near if low <= number <= high and number != value][:2]


def tunables():
    """A row for each tunable of each part, and the values to try."""
    found = {}
    for row in ROWS:
        for part in pieces(() if row.layers else row.slots):
            for name in (f.name for f in fields(part)):
                if not isinstance(getattr(part, name), Part | tuple):
                    case = pytest.param(row, name, other_values(part, name))
                    key = f"{type(part).__name__}.{name}"
                    found.setdefault(key, case._replace(id=f"{row.name}-{key}"))
    return list(found.values())


def check_arithmetic(row, query, key, head):
    """Whether the numbers of an explanation lead to the weight of the map.    -> [query, key]"""
    query = 0 if row.queries == "single" else query
    context, cell = "Le chat dort" if row.context == "required" else None, (str(query), str(key))
    explained = explain(LONGER, context, variant=row, cell=cell, head=head)
    lines = parse_document(json.loads(explanation_document(explained))["cell"])
    weight = recompute(lines, is_source, tolerance=1e-7, of_weight=1e-7)
    assert weight == pytest.approx(explained.cell.lines[-1].value, abs=1e-7)
    (shown,) = (step.numbers for step in explained.steps if step.name == "weights")
    weights = np.nan_to_num(shown)
    assert weights[query, key] == pytest.approx(weight, abs=1e-6)
    return weights


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_arithmetic_of_the_last_head(row):
    check_arithmetic(row, 5, 2, head=-1)


@pytest.mark.parametrize(("row", "name", "values"), tunables())
def test_the_arithmetic_follows_every_tunable(row, name, values):
    """A pair of the last query, and the pair of the largest weight."""
    assert values
    for value in values:
        changed = row.with_tunables(**{name: value})
        assert changed != row
        weights = check_arithmetic(changed, 6, 1, head=-1)
        strongest = np.unravel_index(np.abs(weights).argmax(), weights.shape)
        assert weights[strongest] != 0.0
        check_arithmetic(changed, *strongest, head=-1)


BRANCH = re.compile(r"branch (\d): of each (\d+) tokens, .* leaves (\d) when divided by (\d+)")


@pytest.mark.parametrize("head", [0, 1, 3])
@pytest.mark.parametrize("segment", [3, 4])
def test_the_sentence_about_branches_states_their_pairs(head, segment):
    """Nothing else states which pairs a branch of LongNet has."""
    explained = explain(
        LONGER, variant="longnet", segment=segment, heads=4, head=head, cell=("6", "4")
    )
    (line,) = (line for line in explained.cell.lines if "branch 0: " in str(line.pieces[0]))
    shown = {name: row.tolist() for name, row in line.table.rows}
    stated = [map(int, BRANCH.fullmatch(text).groups()) for text in line.pieces[0].split("; ")]
    assert len(stated) == len(shown) == 3
    for branch, length, rest, divisor in stated:
        kept = [n for n in range(7) if n % length % divisor == rest]
        pairs = [n for n in kept if 6 in kept and n // length == 6 // length]
        assert shown[f"branch {branch}"] == [float(n in pairs) for n in range(7)]
