"""Query-free attention: scores that do not compare queries with keys."""

from __future__ import annotations

from attnviz.core.heads import MultiHead
from attnviz.core.masks import Causal
from attnviz.core.normalizers.adaptive import Gaussian
from attnviz.core.normalizers.query_to_context import QueryToContext
from attnviz.core.scales import Unscaled
from attnviz.core.scores.query_free import FeedForwardScore, SelfAttentive, Uniform
from attnviz.core.scores.seed_vector import SeedVector
from attnviz.core.scores.synthesizer import (
    DenseSynthesizer,
    FactorizedSynthesizer,
    RandomSynthesizer,
)
from attnviz.core.scores.trilinear import Trilinear
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="feed-forward",
        aliases=("query-free",),
        group="scores",
        summary="scores of the keys alone; one row for the whole sentence",
        formula="softmax(tanh(wᵀk+b))V",
        paper="1512.08756",
        purpose="A sequence summarized in one vector: which tokens matter at all.",
        cost="n d",
        score=FeedForwardScore(),
        scale=Unscaled(),
        queries="single",
    ),
    Variant(
        name="structured-self",
        aliases=("self-attentive",),
        group="scores",
        summary="scores of the keys alone; one row per head for the whole sentence",
        formula="softmax(vₕᵀtanh(WKᵀ))V, W the same for all heads",
        paper="1703.03130",
        purpose="A sentence embedding with several vectors, one per head.",
        cost="n d²",
        heads=MultiHead(heads=4),
        score=SelfAttentive(),
        scale=Unscaled(),
        queries="single",
    ),
    Variant(
        name="synthesizer-dense",
        group="scores",
        summary="an MLP of each query token predicts its row of scores",
        formula="softmax(W₂relu(W₁xᵢ))V",
        paper="2005.00743",
        purpose="Tests whether attention needs pairs of tokens to be compared.",
        cost="n d² + n² d",
        score=DenseSynthesizer(),
        scale=Unscaled(),
    ),
    Variant(
        name="synthesizer-random",
        group="scores",
        summary="a learned score matrix, the same for every text",
        formula="softmax(R)V",
        paper="2005.00743",
        purpose="Tests whether attention needs the tokens at all.",
        cost="n²",
        score=RandomSynthesizer(),
        scale=Unscaled(),
    ),
    Variant(
        name="synthesizer-factored",
        group="scores",
        summary="a learned low-rank score matrix, the same for every text",
        formula="softmax(R₁R₂ᵀ)V",
        paper="2005.00743",
        purpose="The random synthesizer with 2 n · rank parameters in place of n².",
        cost="n² rank",
        score=FactorizedSynthesizer(),
        scale=Unscaled(),
    ),
    Variant(
        name="average",
        aliases=("aan", "average-attention-network"),
        group="normalizers",
        summary="uniform weights over the tokens so far",
        formula="1/i over j ≤ i",
        paper="1805.00631",
        purpose="Fast decoding: a running mean in place of attention.",
        cost="n d",
        score=Uniform(),
        scale=Unscaled(),
        mask=Causal(),
    ),
    Variant(
        # The paper's encoder; its decoder has offsets −1 and 0 (ahead = 0).
        name="hard-coded",
        aliases=("gaussian",),
        group="normalizers",
        summary="fixed Gaussians around the token before or after the query",
        formula="N(j; i+o, 1), o = −1 and 1 in turns by head",
        paper="2005.00742",
        purpose="Tests how much of attention in translation needs to be learned.",
        cost="n²",
        heads=MultiHead(heads=2),
        score=Uniform(),
        scale=Unscaled(),
        normalize=Gaussian(),
    ),
    Variant(
        name="query-to-context",
        aliases=("bidaf-query-to-context", "q2c"),
        group="scores",
        summary="softmax over keys of their best score with any query: one row for all",
        formula="softmaxⱼ(maxᵢ wᵀ[q;k;q∘k]ᵢⱼ)V",
        paper="1611.01603",
        purpose="Reading comprehension: the words of the passage closest to any question word.",
        used_by=("BiDAF",),
        reference="allenai/bi-att-flow: basic/model.py",
        score=Trilinear(),
        scale=Unscaled(),
        normalize=QueryToContext(),
    ),
    Variant(
        name="pma",
        aliases=("attention-pooling", "seed-pooling"),
        group="scores",
        summary="a learned query per head pools the whole sequence",
        formula="softmax(sₕKₕᵀ/√d)Vₕ, s learned",
        paper="1810.00825",
        purpose="A set summarized in one vector, whatever the order of its members.",
        reference="juho-lee/set_transformer: modules.py",
        simplified="one seed, no feed-forward layers; the reference divides by √(heads · d)",
        cost="n d",
        heads=MultiHead(heads=4),
        score=SeedVector(),
        queries="single",
    ),
)
