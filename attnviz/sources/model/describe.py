"""Facts about a checkpoint, collected without running it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import is_sliding
from attnviz.sources.families.slots import Layer
from attnviz.sources.families.spec import Attention
from attnviz.sources.model.expert_records import describe_experts
from attnviz.sources.transformer.attention import layer_variant

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """Facts by name; "attention" lists the layers that share a mechanism, with its pipeline."""
    config = next(iter(checkpoint.stacks.values())).config
    return {
        "name": checkpoint.name,
        "family": checkpoint.family.name,
        "kind": checkpoint.kind,
        "paper": checkpoint.family.paper,
        "layers": dict(checkpoint.attentions),
        "heads": checkpoint.n_head,
        "kv_heads": config.n_kv_head,
        "d_model": config.get_int("d_model"),
        "d_head": config.d_head,
        "vocabulary": config.get_optional_int("n_vocab"),
        "positions": checkpoint.n_position,
        "window": window_size(config),
        "experts": describe_experts(next(iter(checkpoint.stacks.values()))),
        "dtype": checkpoint.tensors.dtype,
        "dtypes": checkpoint.tensors.n_by_dtype,
        "numbers": checkpoint.tensors.n_parameter,
        "bytes": sum(path.stat().st_size for path in checkpoint.files.weights),
        "attention": list(describe_attentions(checkpoint)),
    }


def window_size(config: Config) -> int | None:
    """Window of the layers with sliding-window attention; None where there are none."""
    layers = (Layer(config, index) for index in range(config.get_int("n_layer")))
    return config.get_int("window") if any(map(is_sliding, layers)) else None


def describe_attentions(checkpoint: Checkpoint) -> Iterator[dict[str, Any]]:
    """Each kind of attention, its layers, and their pipeline."""
    for side, stack in checkpoint.stacks.items():
        kind = side if side in checkpoint.attentions else "self"
        layers = [Layer(stack.config, i) for i in range(stack.n_layer)]
        for name, spec in ((kind, stack.spec.attention), ("cross", stack.spec.cross)):
            if spec is not None:
                yield from group_by_pipeline(name, spec, layers)


def group_by_pipeline(kind: str, spec: Attention, layers: list[Layer]) -> Iterator[dict[str, Any]]:
    """Layers with the same pipeline, together."""
    prefix = "q/k norm → " if spec.query_norm else ""
    pairs = [(prefix + layer_variant(spec, layer).pipeline, layer.index) for layer in layers]
    for pipeline, group in groupby(sorted(pairs, key=lambda pair: pair[0]), lambda pair: pair[0]):
        yield {"kind": kind, "layers": [index for _, index in group], "algebra": pipeline}
