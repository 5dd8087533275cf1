"""Rows of the catalogue as data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from attnviz.core.part import tunables
from attnviz.core.variant import Variant


def document(rows: Iterable[Variant]) -> bytes:
    """All that is known of these mechanisms, one JSON document."""
    return (json.dumps([facts(row) for row in rows], indent=1) + "\n").encode()


def facts(row: Variant) -> dict[str, Any]:
    """One mechanism: its texts, its parts, its laws, and what can be set."""
    return {
        "name": row.name,
        "aliases": list(row.aliases),
        "group": row.group,
        "summary": row.summary,
        "formula": row.formula,
        "paper": row.paper,
        "purpose": row.purpose,
        "cost": row.cost,
        "algebra": row.algebra,
        "row_sum": row.row_sum,
        "signed": row.signed,
        "causal": row.causal,
        "context": row.context,
        "tunables": dict(tunables(row.slots)),
    }
