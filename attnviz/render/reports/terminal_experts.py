"""Routing of a mixture of experts in the terminal: the experts of each token, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attnviz.render.reports.terminal_listing import Listing
from attnviz.render.style import SEPARATOR

COLUMNS = ("layer", "#", "token", "expert (weight)")
NUMBERS = ("layer", "#")


def experts_table(facts: Mapping[str, Any]) -> Listing:
    """One line per layer and token; the expert with the largest weight first."""
    rows = [
        (str(record["layer"]), str(index), label, list_experts(experts, weights))
        for record in facts["routing"]
        for index, (label, experts, weights) in enumerate(
            zip(facts["tokens"], record["experts"], record["weights"], strict=True)
        )
    ]
    count, per_token = facts["experts"]["count"], facts["experts"]["per_token"]
    return Listing(
        facts["model"],
        COLUMNS,
        rows,
        NUMBERS,
        subtitle=f"{count} experts in each layer{SEPARATOR}{per_token} per token",
    )


def list_experts(experts: list[int], weights: list[float]) -> str:
    """Experts and their weights.

    >>> list_experts([3, 0], [0.75, 0.25])
    '3 (0.75), 0 (0.25)'
    """
    return ", ".join(f"{e} ({w:.2f})" for e, w in zip(experts, weights, strict=True))
