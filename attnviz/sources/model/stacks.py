"""The stacks of layers of a checkpoint, by its family, config and tensors."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.spec import Family
from attnviz.sources.model.size_checks import count_layers
from attnviz.sources.transformer.stack import LayerStack


def build_stacks(family: Family, config: Config, tensors: Tensors) -> Mapping[str, LayerStack]:
    """The stacks by side: "encoder", "decoder", or both.

    Of an encoder-decoder whose decoder is not in the checkpoint, the encoder.
    """
    layouts = (stacks for name, stacks in family.layouts.items() if tensors.find(name))
    specs = next(layouts, family.stacks)
    sides = {side: side if len(specs) > 1 else "" for side in specs}
    stored = [side for side, spec in specs.items() if count_layers(spec.layer, tensors)]
    return {
        side: LayerStack(family.adapt(spec, config), config.for_side(sides[side]), tensors)
        for side, spec in specs.items()
        if stored != ["encoder"] or side == "encoder"
    }
