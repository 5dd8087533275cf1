"""Catalogue as JSON: the texts, pipeline, properties and tunables of each mechanism."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from attnviz.core.tunables import tunable_values
from attnviz.core.variant import Variant


def variants_json(rows: Iterable[Variant]) -> bytes:
    """A JSON array with one object per mechanism."""
    return (json.dumps([variant_facts(row) for row in rows], indent=1) + "\n").encode()


def variant_facts(row: Variant) -> dict[str, Any]:
    """One mechanism: its texts, pipeline, properties and tunables, by their JSON keys."""
    return {
        "name": row.name,
        "aliases": list(row.aliases),
        "group": row.group,
        "summary": row.summary,
        "formula": row.formula,
        "paper": row.paper,
        "purpose": row.purpose,
        "simplified": row.simplified,
        "unconfirmed": row.unconfirmed,
        "cost": row.cost,
        "algebra": row.pipeline,
        "row_sum": row.row_sum,
        "signed": row.signed,
        "causal": row.is_causal,
        "context": row.context,
        "tunables": tunable_values(row.slots),
        **known_facts(row),
    }


def known_facts(row: Variant) -> dict[str, Any]:
    """What is known of some mechanisms only: year, reference, released models, layers."""
    facts = {
        "year": row.year,
        "reference": row.reference,
        "used_by": list(row.used_by),
        "layers": [layer.name for layer in row.layers],
    }
    return {name: fact for name, fact in facts.items() if fact}
