"""The mechanisms of the first hour: what a course on attention begins with."""

from __future__ import annotations

from attnviz.core.heads import MultiHead
from attnviz.core.masks import Causal, Padding
from attnviz.core.normalizers import Hard
from attnviz.core.positions import Sinusoidal
from attnviz.core.scales import Unscaled
from attnviz.core.scores import LogLetters
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="multihead",
        aliases=("multi-head", "mha"),
        group="heads",
        summary="several heads look at once, each in its own way",
        formula="headₕ = softmax(QₕKₕᵀ/√d)Vₕ; output = [head₁ … headₕ] W_O",
        paper="1706.03762",
        purpose="Lets one layer follow several relations between tokens at the same time.",
        heads=MultiHead(heads=4),
        position=Sinusoidal(),
    ),
    Variant(
        name="dot",
        group="scores",
        summary="a key weighs what its inner product with the query says",
        formula="softmax(QKᵀ)V",
        paper="1508.04025",
        purpose="The simplest score; without a scale, wide vectors make almost one-hot rows.",
        scale=Unscaled(),
    ),
    Variant(
        name="scaled-dot",
        aliases=("scaled", "softmax", "full"),
        group="scores",
        summary="the dot product, divided by √d so that rows stay soft",
        formula="softmax(QKᵀ/√d)V",
        paper="1706.03762",
        purpose="Keeps the spread of the scores the same for narrow and for wide heads.",
    ),
    Variant(
        name="self",
        aliases=("self-attention",),
        group="heads",
        summary="one sequence looks at itself through learned projections",
        formula="softmax(QKᵀ/√d)V, Q = XW_Q, K = XW_K, V = XW_V",
        paper="1706.03762",
        purpose="Relates the tokens of one sentence to each other.",
        position=Sinusoidal(),
        context="refused",
    ),
    Variant(
        name="cross",
        aliases=("cross-attention",),
        group="heads",
        summary="one sequence asks, another answers",
        formula="softmax(QKᵀ/√d)V, Q = XW_Q, K = CW_K, V = CW_V, C the context",
        paper="1706.03762",
        purpose="How a decoder reads its encoder: translation, summaries, retrieval.",
        position=Sinusoidal(),
        context="required",
    ),
    Variant(
        name="soft",
        group="normalizers",
        summary="every key gets a share",
        formula="softmax(QKᵀ/√d)V",
        paper="1502.03044",
        purpose="A weighted mean can be differentiated, so it can be learned by gradient.",
    ),
    Variant(
        name="hard",
        group="normalizers",
        summary="all weight goes to the best key; of equals, to the first",
        formula="onehot(argmax(QKᵀ/√d))V",
        paper="1502.03044",
        purpose="Looks at one place only; the paper samples it, here the best is taken.",
        normalize=Hard(),
    ),
    Variant(
        name="causal",
        aliases=("masked", "decoder"),
        group="masks",
        summary="a token sees itself and what came before",
        formula="softmax(QKᵀ/√d)V over j ≤ i",
        paper="1706.03762",
        purpose="Lets a model write from left to right without seeing the answer.",
        position=Sinusoidal(),
        mask=Causal(),
    ),
    Variant(
        name="padding",
        aliases=("padded",),
        group="masks",
        summary="filler tokens of a batch are not looked at",
        formula="softmax(QKᵀ/√d)V over real tokens j",
        paper="1706.03762",
        purpose="Sentences of different lengths share a batch without seeing its filler.",
        position=Sinusoidal(),
        mask=Padding(),
    ),
    Variant(
        name="length",
        aliases=("word-length",),
        group="scores",
        summary="each word weighs its share of the letters",
        formula="softmax(log(letters of k))V",
        purpose="A first example that one can compute by hand: no vectors are compared.",
        score=LogLetters(),
        scale=Unscaled(),
        asks="sentence",
        projected=False,
    ),
)
