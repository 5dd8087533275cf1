"""expert_choices: the experts that a mixture of experts chooses for each token of a text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Unpack

from attnviz.api.blas_threads import use_threads
from attnviz.argument_types import require_given, require_type
from attnviz.core.arrays import FloatArray
from attnviz.core.engine.collectors import run_unrecorded
from attnviz.core.engine.layer_call import LayerCall
from attnviz.errors import MisuseError
from attnviz.sources.model.expert_records import describe_experts, routing_records
from attnviz.sources.model.run_model import ModelPass, build_model_pass
from attnviz.sources.options import ModelOptions, validate_options
from attnviz.sources.transformer.experts import Routing


@use_threads()
def expert_choices(
    text: str, *, model: str, layers: Sequence[int] | None = None, **options: Unpack[ModelOptions]
) -> dict[str, Any]:
    """The experts of each token, and the weights of their outputs.

    A router of each layer sends each token to a few of the layer's experts, feed-forward networks
    whose outputs are added with the router's weights (1701.06538).

    Args:
        text: the text.
        model: folder or name of a pretrained model with a mixture of experts.
        layers: layers to keep; None: all that have experts.
        options: options of a pretrained model, such as pair, generate or revision; see
            attnviz.sources.options.ModelOptions.

    Returns:
        A dict: "text", "model"; "tokens", their labels; "experts", with the number of them
        ("count") and of those "per_token"; "routing", a list with a dict per layer: "layer",
        "experts" [token][k] and "weights" [token][k], largest first.

    Raises:
        MisuseError: a model without experts, a layer without experts, invalid options.
        InvalidInputError: a damaged or unsupported model.
        CouldNotError: a model that cannot be loaded.
    """
    require_given("text", text, str)
    require_given("model", model, str)
    require_type("layers", layers, Collection)
    forward = build_model_pass(text, None, **validate_options({"model": model, **options}))
    facts = describe_experts(next(iter(forward.model.stacks.values())))
    if facts is None:
        raise MisuseError(
            f"{model!r} ({forward.model.family.name}) has no experts; attnviz models lists the "
            "families that are a mixture of experts"
        )
    for layer in layers or ():
        if layer not in facts["layers"]:
            layers_with = ", ".join(map(str, facts["layers"]))
            raise MisuseError(f"layer {layer} has no experts; layers {layers_with} have")
    last = max(layers, default=None) if layers is not None else None
    if last is not None:
        forward.check_last_layer(last)
    forward.check_memory(0)
    wanted = facts["layers"] if layers is None else layers
    routings = [r for r in route_tokens(forward, last) if r.layer in wanted]
    return {
        "text": text,
        "model": model,
        "tokens": [token.label for token in forward.queries],
        "experts": {name: facts[name] for name in ("count", "per_token")},
        "routing": routing_records(routings),
    }


def route_tokens(forward: ModelPass, last_layer: int | None) -> list[Routing]:
    """The router's choice in each layer that has experts, up to `last_layer`."""
    routings: list[Routing] = []

    def attend(call: LayerCall) -> FloatArray:
        return run_unrecorded(replace(call, variant=forward.variant_for(call)))

    forward.model.run(
        forward.encoding,
        attend,
        last_layer=last_layer,
        needs_output=False,
        on_routing=routings.append,
    )
    return routings
