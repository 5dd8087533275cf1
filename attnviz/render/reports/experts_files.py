"""Routing of a mixture of experts as JSON Lines and CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attnviz.render.data.csv_table import quote_cells

COLUMNS = ("layer", "token_index", "token", "rank", "expert", "weight")


def experts_json(facts: Mapping[str, Any]) -> bytes:
    """The routing as one JSON document on one line."""
    return (json.dumps(facts, allow_nan=False) + "\n").encode()


def experts_csv(facts: Mapping[str, Any]) -> bytes:
    """One row per layer, token and chosen expert; rank 0 has the largest weight."""
    labels = quote_cells(facts["tokens"], ",")
    lines = [",".join(COLUMNS)]
    for record in facts["routing"]:
        for index, (label, experts, weights) in enumerate(
            zip(labels, record["experts"], record["weights"], strict=True)
        ):
            lines += (
                f"{record['layer']},{index},{label},{rank},{expert},{weight!r}"
                for rank, (expert, weight) in enumerate(zip(experts, weights, strict=True))
            )
    return ("\n".join(lines) + "\n").encode()
