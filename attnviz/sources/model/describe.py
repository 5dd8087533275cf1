"""What a checkpoint is, told without running it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attnviz.core.variant import Variant
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.families.attention_config import slides
from attnviz.sources.families.spec import Attention, Layer
from attnviz.sources.transformer.attention import mechanism

if TYPE_CHECKING:
    from attnviz.sources.model.checkpoint import Checkpoint


def describe(checkpoint: Checkpoint) -> dict[str, Any]:
    """Facts by name; "attention" lists layers that look alike together, with their algebra."""
    towers = checkpoint.towers.values()
    config = next(iter(towers)).config
    return {
        "name": checkpoint.name,
        "family": checkpoint.family.name,
        "kind": checkpoint.family.kind,
        "paper": checkpoint.family.paper,
        "layers": dict(checkpoint.attentions),
        "heads": checkpoint.n_head,
        "kv_heads": config.n_kv_head,
        "d_model": config.whole("d_model"),
        "d_head": config.d_head,
        "vocabulary": config.get("n_vocab"),
        "positions": checkpoint.n_position,
        "window": window(config),
        "dtype": checkpoint.tensors.dtype,
        "numbers": checkpoint.tensors.n_number,
        "bytes": sum(path.stat().st_size for path in checkpoint.files.weights),
        "attention": list(attentions(checkpoint)),
    }


def window(config: Config) -> int | None:
    """How many keys a layer that slides sees; None where none does."""
    layers = (Layer(config, index) for index in range(config.whole("n_layer")))
    return config.whole("window") if any(map(slides, layers)) else None


def attentions(checkpoint: Checkpoint) -> Iterator[dict[str, Any]]:
    """Each kind of attention, the layers that have it, and how it reads."""
    for side, tower in checkpoint.towers.items():
        kind = side if len(checkpoint.towers) > 1 else "self"
        for name, row in ((kind, tower.row.attention), ("cross", tower.row.cross)):
            if row is not None:
                yield from alike(name, row, [Layer(tower.config, i) for i in range(tower.n_layer)])


def alike(kind: str, row: Attention, layers: list[Layer]) -> Iterator[dict[str, Any]]:
    """Layers of one algebra, together."""
    normed = "q/k norm → " if row.query_norm else ""
    reads = [(normed + mechanism(row, layer).algebra, layer.index) for layer in layers]
    for algebra, group in groupby(sorted(reads, key=lambda read: read[0]), lambda read: read[0]):
        yield {"kind": kind, "layers": [index for _, index in group], "algebra": algebra}


def mechanisms(checkpoint: Checkpoint, kind: str) -> tuple[Variant, ...]:
    """What each layer's own attention of this kind is made of."""
    tower = checkpoint.tower(kind)
    row = tower.row.attention if kind != "cross" or tower.row.cross is None else tower.row.cross
    return tuple(mechanism(row, Layer(tower.config, i)) for i in range(tower.n_layer))
