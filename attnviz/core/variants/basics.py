"""Basic attention: dot product, heads, self and cross attention, causal and padding masks."""

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
        aliases=("multi-head", "mha", "transformer", "mhsa"),
        group="heads",
        summary="scaled dot-product attention in several heads, concatenated and projected",
        formula="headₕ = softmax(QₕKₕᵀ/√d)Vₕ; output = [head₁ … headₕ] W_O",
        paper="1706.03762",
        purpose="Lets one layer represent several relations between tokens.",
        heads=MultiHead(heads=4),
        position=Sinusoidal(),
    ),
    Variant(
        name="dot",
        aliases=("dot-product", "luong-dot", "inner-product", "multiplicative"),
        group="scores",
        summary="dot product of query and key, unscaled",
        formula="softmax(QKᵀ)V",
        paper="1508.04025",
        purpose="The simplest score; without 1/√d, softmax saturates as d grows.",
        scale=Unscaled(),
    ),
    Variant(
        name="scaled-dot",
        aliases=(
            "scaled",
            "softmax",
            "full",
            "scaled-dot-product",
            "sdpa",
            "vanilla",
            "basic",
            "attention",
            "flash",
            "flash-attention",
        ),
        group="scores",
        summary="dot product of query and key, divided by √d",
        formula="softmax(QKᵀ/√d)V",
        paper="1706.03762",
        purpose="Keeps the variance of the scores independent of the head dimension.",
    ),
    Variant(
        name="self",
        aliases=("self-attention", "bidirectional", "encoder"),
        group="heads",
        summary="queries, keys and values from the same sequence",
        formula="softmax(QKᵀ/√d)V, Q = XW_Q, K = XW_K, V = XW_V",
        paper="1706.03762",
        purpose="Relates the tokens of one sequence to each other.",
        position=Sinusoidal(),
        context="refused",
    ),
    Variant(
        name="cross",
        aliases=("cross-attention", "encoder-decoder"),
        group="heads",
        summary="queries from one sequence, keys and values from another",
        formula="softmax(QKᵀ/√d)V, Q = XW_Q, K = CW_K, V = CW_V, C the context",
        paper="1706.03762",
        purpose="Connects a decoder to its encoder, as in translation and summarization.",
        position=Sinusoidal(),
        context="required",
    ),
    Variant(
        name="soft",
        group="normalizers",
        summary="softmax weights over all keys",
        formula="softmax(QKᵀ/√d)V",
        paper="1502.03044",
        purpose="Differentiable, so that it can be trained by gradient descent.",
    ),
    Variant(
        name="hard",
        group="normalizers",
        summary="all weight on the key with the largest score (ties: first key)",
        formula="onehot(argmax(QKᵀ/√d))V",
        paper="1502.03044",
        purpose="Attends to a single key; the paper samples it, here it is the argmax.",
        simplified="argmax of the scores; the paper samples the key",
        normalize=Hard(),
    ),
    Variant(
        name="causal",
        aliases=("masked", "decoder", "autoregressive", "unidirectional", "masked-multi-head"),
        group="masks",
        summary="causal mask: a token attends to itself and earlier tokens",
        formula="softmax(QKᵀ/√d)V over j ≤ i",
        paper="1706.03762",
        purpose="Autoregressive models: the tokens to be predicted are masked.",
        position=Sinusoidal(),
        mask=Causal(),
    ),
    Variant(
        name="padding",
        aliases=("padded",),
        group="masks",
        summary="padding mask: no weight on padding tokens",
        formula="softmax(QKᵀ/√d)V over real tokens j",
        paper="1706.03762",
        purpose="Batches of sequences of different lengths.",
        position=Sinusoidal(),
        mask=Padding(),
    ),
    Variant(
        name="length",
        aliases=("word-length",),
        group="scores",
        summary="each word weighted by its number of letters",
        formula="softmax(log(letters of k))V",
        purpose="An introductory example that can be computed by hand.",
        score=LogLetters(),
        scale=Unscaled(),
        queries="single",
        has_projections=False,
    ),
)
