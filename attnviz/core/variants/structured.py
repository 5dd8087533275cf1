"""Matrices with a law of their own: doubly stochastic, trees, waves, neighbours."""

from __future__ import annotations

from attnviz.core.masks import Window
from attnviz.core.mixers.fourier import Fourier
from attnviz.core.mixers.pooling import Pooling
from attnviz.core.normalizers.sinkhorn import Inverted, Sinkhorn, Tree
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="sinkhorn",
        aliases=("sinkformer", "doubly-stochastic"),
        group="structured",
        summary="rows and columns are normalized in turn",
        formula="rows and columns of exp(QKᵀ/√d) made to sum to 1 in turn, rows last",
        paper="2110.11773",
        purpose="Every token is looked at as much as any other.",
        cost="n² (d + rounds)",
        normalize=Sinkhorn(),
    ),
    Variant(
        name="inverted",
        aliases=("slot", "slot-attention"),
        group="structured",
        summary="queries compete for keys, then average what they won",
        formula="W = softmax over queries (QKᵀ/√d), A_ij = W_ij / Σⱼ W_ij",
        paper="2006.15055",
        purpose="Each thing in a scene gets one slot that explains it.",
        normalize=Inverted(),
    ),
    Variant(
        name="matrix-tree",
        aliases=("structured",),
        group="structured",
        summary="how likely each token depends on each other one, over all trees",
        formula="A_ij = P(j is the head of i) by the matrix-tree theorem",
        paper="1705.09207, 1702.00887",
        purpose="Attention that is a sentence's structure; roots have less to give.",
        cost="n³",
        normalize=Tree(),
        context="refused",
    ),
    Variant(
        name="pooling",
        aliases=("poolformer",),
        group="structured",
        summary="the mean of the neighbours, less the token itself",
        formula="A_ij = 1/neighbours over |j−i| < window, less 1 where j = i",
        paper="2111.11418",
        purpose="Asks how much of a transformer is its attention.",
        cost="n window d",
        mask=Window(window=2),
        whole=Pooling(),
    ),
    Variant(
        name="fourier",
        aliases=("fnet",),
        group="structured",
        summary="waves mix the tokens: cosines in even heads, sines in odd ones",
        formula="Re(F_n X F_d) = cos(2π ij/n)XC − sin(2π ij/n)XS",
        paper="2105.03824",
        purpose="A fixed transform in place of attention; fast, with nothing to learn.",
        cost="n log n d",
        whole=Fourier(),
        context="refused",
    ),
)
