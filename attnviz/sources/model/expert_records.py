"""Routing of a mixture of experts: facts about a model's experts, and records of the choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attnviz.sources.families.slots import Layer
from attnviz.sources.transformer.experts import Routing, experts_per_token
from attnviz.sources.transformer.stack import LayerStack

DIGITS = 6  # of a weight in a record


def describe_experts(stack: LayerStack) -> dict[str, Any] | None:
    """Numbers of experts, those per token, and the layers that have them; None without experts."""
    experts, config = stack.spec.feed_forward.experts, stack.config
    if experts is None:
        return None
    layers = [i for i in range(stack.n_layer) if experts.in_layer(Layer(config, i))]
    return {
        "count": config.get_int("n_expert"),
        "per_token": experts_per_token(experts, config),
        "shared": experts.shared is not None,
        "layers": layers,
    }


def routing_records(routings: Iterable[Routing]) -> list[dict[str, Any]]:
    """The experts of each token and their weights, [token][k], by layer."""
    return [
        {
            "layer": routing.layer,
            "experts": routing.experts.tolist(),
            "weights": [[round(float(w), DIGITS) for w in row] for row in routing.weights],
        }
        for routing in routings
    ]
