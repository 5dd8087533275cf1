"""Effects in a map: the map of the text whose heads were ablated, with the effect of each head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.api.effect_report import effect_notes, lens_table
from attnviz.api.head_effects import EFFECTS, HeadEffects
from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.core.effects import Effects, LensTable
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import MisuseError


def add_effects(amap: AttentionMap, effects: HeadEffects) -> AttentionMap:
    """Add the effects of the heads to the map of their text: its page ranks heads by them.

    Args:
        amap: the map of the text, by the same model; of all its heads, or of some.
        effects: the result of `attnviz.effect` for this text.

    Returns:
        The map with the effects in its metadata, which data files keep.

    Raises:
        MisuseError: the map of another text, or of a model with other heads.

    >>> import attnviz
    >>> text = "apple river seven clock apple river seven"
    >>> amap = attnviz.look(text, model="induction")
    >>> ranked = add_effects(amap, attnviz.effect(text, model="induction"))
    >>> [measure["name"] for measure in ranked.meta["effects"]["measures"]]
    ['KL', 'logit change', 'direct effect']
    """
    require_given("amap", amap, AttentionMap)
    require_given("effects", effects, HeadEffects)
    shape = next(iter(effects.values.values())).shape
    is_within = all(
        max(all_, default=0) < n for all_, n in zip((amap.layers, amap.heads), shape, strict=True)
    )
    if amap.text != effects.text or not is_within:
        raise MisuseError("the effects are those of another text, or of a model with other heads")
    records: Effects = {
        "notes": effect_notes(effects),
        "measures": [
            {
                "name": measure.name,
                "unit": measure.unit,
                "summary": measure.legend,
                "signed": measure.is_signed,
                "values": {
                    f"{layer}.{head}": float(value)
                    for (layer, head), value in np.ndenumerate(effects.values[measure.name])
                },
            }
            for measure in EFFECTS
            if measure.name in effects.values
        ],
    }
    if effects.lens is not None:
        records["logit_lens"] = lens_record(effects)
    meta: MapMetadata = {**amap.meta, "effects": records}
    return replace(amap, meta=meta)


def lens_record(effects: HeadEffects) -> LensTable:
    """The table of the logit lens as metadata."""
    assert effects.lens is not None
    table = lens_table(effects)
    return {
        "title": table.title,
        "columns": list(table.columns),
        "layers": [row["layer"] for row in effects.lens],
        "rows": [list(row) for row in table.rows],
    }
