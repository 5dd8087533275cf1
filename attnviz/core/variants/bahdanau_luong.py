"""Attention of the translation years, 2014 to 2015: additive, general, location, local."""

from __future__ import annotations

from attnviz.core.masks import Window
from attnviz.core.normalizers import LocalPredictive
from attnviz.core.scales import Unscaled
from attnviz.core.scores import Additive, Bilinear, LocationBased, PositionOnly
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="additive",
        aliases=("bahdanau", "mlp", "concat"),
        group="scores",
        summary="a small network judges query and key together",
        formula="softmax(vᵀtanh(Wq+Uk))V",
        paper="1409.0473",
        purpose="The first neural attention: a decoder state finds its place in the source.",
        cost="n² d + 2 n d²",
        score=Additive(),
        scale=Unscaled(),
    ),
    Variant(
        name="global",
        aliases=("general", "luong"),
        group="scores",
        summary="all positions are compared through a learned matrix",
        formula="softmax(qᵀWk)V",
        paper="1508.04025",
        purpose="Query and key may live in different spaces; every source position is seen.",
        cost="n² d + n d²",
        score=Bilinear(),
        scale=Unscaled(),
    ),
    Variant(
        name="local",
        aliases=("local-m",),
        group="masks",
        summary="a window around the query's own position (Luong's local-m)",
        formula="softmax(qᵀWk)V over |j − i| ≤ D, D = window − 1",
        paper="1508.04025",
        purpose="Translation is nearly monotonic: look only near the same place.",
        cost="n · window · d",
        score=Bilinear(),
        scale=Unscaled(),
        mask=Window(window=3),
    ),
    Variant(
        name="local-p",
        aliases=("local-predictive",),
        group="normalizers",
        summary="the query predicts where to look; weight fades around that place",
        formula="softmax(qᵀWk) · exp(−(j−p)²/(2(D/2)²)), p = (n−1)σ(vᵀtanh(Wq)), D = reach",
        paper="1508.04025",
        purpose="Looks at a window whose centre is learned; rows may sum to less than 1.",
        score=Bilinear(),
        scale=Unscaled(),
        normalize=LocalPredictive(),
    ),
    Variant(
        name="location",
        aliases=("position-only",),
        group="scores",
        summary="positions look at positions; the words do not matter",
        formula="softmax(pᵢ·pⱼ/√d)V, p the sinusoid of a position",
        paper="1706.03762",
        purpose="Shows what order alone says: neighbours, not meaning.",
        score=PositionOnly(),
    ),
    Variant(
        name="location-based",
        group="scores",
        summary="the query alone says which positions matter",
        formula="softmax(Wq)V, row j of W belongs to position j",
        paper="1508.04025",
        purpose="Luong's baseline: a target word points to places, whatever stands there.",
        score=LocationBased(),
        scale=Unscaled(),
    ),
)
