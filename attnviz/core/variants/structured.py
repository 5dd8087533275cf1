"""Structured weight matrices: doubly stochastic, slots, trees, pooling, Fourier."""

from __future__ import annotations

from attnviz.core.masks import Window
from attnviz.core.mixers.fourier import Fourier
from attnviz.core.mixers.pooling import Pooling
from attnviz.core.normalizers.matrix_tree import MatrixTree
from attnviz.core.normalizers.sinkhorn import Sinkhorn, SlotAttention
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="sinkhorn",
        aliases=("sinkformer", "doubly-stochastic"),
        group="structured",
        summary="rows and columns normalized alternately (Sinkhorn): doubly stochastic",
        formula="exp(QKᵀ/√d), rows and columns divided by their sums alternately, rows last",
        paper="2110.11773",
        purpose="Every key receives about the same total weight.",
        reference=(
            "michaelsdr/sinkformers: nlp-tutorial/text-classification-transformer/sinkhorn.py"
        ),
        cost="n² (d + rounds)",
        normalize=Sinkhorn(),
    ),
    Variant(
        name="inverted",
        aliases=("slot", "slot-attention"),
        group="structured",
        summary="softmax over queries, then row normalization (slot attention)",
        formula="W = softmax over queries (QKᵀ/√d), A_ij = W_ij / Σⱼ W_ij",
        paper="2006.15055",
        purpose="Object-centric learning: queries (slots) compete for keys.",
        reference="google-research/google-research: slot_attention/model.py",
        simplified="one iteration, without ε",
        normalize=SlotAttention(),
    ),
    Variant(
        name="matrix-tree",
        aliases=("structured", "structured-attention"),
        group="structured",
        summary="marginals of a distribution over dependency trees",
        formula="A_ij = P(j is the head of i) by the matrix-tree theorem",
        paper="1705.09207, 1702.00887",
        purpose="Attention as a latent parse; 1 − row sum is the probability of being the root.",
        cost="n³",
        normalize=MatrixTree(),
        context="refused",
    ),
    Variant(
        name="pooling",
        aliases=("poolformer",),
        group="structured",
        summary="mean of the neighbours, minus the token itself",
        formula="A_ij = 1/neighbours over |j−i| < window, less 1 where j = i",
        paper="2111.11418",
        purpose="Tests how much a Transformer depends on attention.",
        reference=(
            "huggingface/transformers: src/transformers/models/poolformer/modeling_poolformer.py"
        ),
        used_by=("PoolFormer",),
        cost="n window d",
        mask=Window(window=2),
        mixer=Pooling(),
    ),
    Variant(
        name="fourier",
        aliases=("fnet",),
        group="structured",
        summary="Fourier transform: cosines in even heads, sines in odd ones",
        formula="Re(F_n X F_d) = cos(2π ij/n)XC − sin(2π ij/n)XS",
        paper="2105.03824",
        purpose="A fixed transform in place of attention: fast, without parameters.",
        reference="huggingface/transformers: src/transformers/models/fnet/modeling_fnet.py",
        used_by=("FNet",),
        cost="n log n d",
        mixer=Fourier(),
        context="refused",
    ),
)
