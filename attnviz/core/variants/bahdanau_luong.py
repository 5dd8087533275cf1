"""Bahdanau and Luong attention (2014 to 2015): additive, general, local, location."""

from __future__ import annotations

from attnviz.core.masks import Window
from attnviz.core.normalizers import LocalPredictive
from attnviz.core.scales import Unscaled
from attnviz.core.scores import Additive, Bilinear, LocationBased, PositionOnly
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="additive",
        aliases=("bahdanau", "mlp", "concat", "luong-concat", "pointer", "pointer-network"),
        group="scores",
        summary="additive score: a one-layer tanh network of query and key",
        formula="softmax(vᵀtanh(Wq+Uk))V",
        paper="1409.0473",
        purpose="The first neural attention: aligns target and source words in translation.",
        reference="keras-team/keras: keras/src/layers/attention/additive_attention.py",
        cost="n² d + 2 n d²",
        score=Additive(),
        scale=Unscaled(),
    ),
    Variant(
        name="global",
        aliases=("general", "luong", "luong-general", "bilinear"),
        group="scores",
        summary="Luong's general score: a learned bilinear form of query and key",
        formula="softmax(qᵀWk)V",
        paper="1508.04025",
        purpose="Query and key may live in different spaces; all source positions take part.",
        reference="allenai/allennlp: allennlp/modules/attention/bilinear_attention.py",
        cost="n² d + n d²",
        score=Bilinear(),
        scale=Unscaled(),
    ),
    Variant(
        name="local",
        aliases=("local-m", "luong-local"),
        group="masks",
        summary="Luong's local-m: general score in a window around the query position",
        formula="softmax(qᵀWk)V over |j − i| ≤ D, D = window − 1",
        paper="1508.04025",
        purpose="Near-monotonic translation: only keys close to the query position matter.",
        cost="n · window · d",
        score=Bilinear(),
        scale=Unscaled(),
        mask=Window(window=3),
    ),
    Variant(
        name="local-p",
        aliases=("local-predictive",),
        group="normalizers",
        summary="Luong's local-p: a Gaussian window around a position predicted by the query",
        formula="softmax(qᵀWk) · exp(−(j−p)²/(2(D/2)²)), p = (n−1)σ(vᵀtanh(Wq)), D = reach",
        paper="1508.04025",
        purpose="Local attention with a learned centre; rows may sum to less than 1.",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        score=Bilinear(),
        scale=Unscaled(),
        normalize=LocalPredictive(),
    ),
    Variant(
        name="location",
        aliases=("position-only",),
        group="scores",
        summary="dot product of sinusoidal position encodings; content is ignored",
        formula="softmax(pᵢ·pⱼ/√d)V, p the sinusoid of a position",
        paper="1706.03762",
        purpose="Shows what position alone contributes: weight on neighbouring positions.",
        score=PositionOnly(),
    ),
    Variant(
        name="location-based",
        aliases=("luong-location",),
        group="scores",
        summary="Luong's location score: predicted from the query alone",
        formula="softmax(Wq)V, row j of W belongs to position j",
        paper="1508.04025",
        purpose="A baseline without keys: the query predicts a score for each position.",
        score=LocationBased(),
        scale=Unscaled(),
    ),
)
