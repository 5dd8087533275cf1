"""Unasked: scores that compare no query with a key."""

from __future__ import annotations

from attnviz.core.heads import MultiHead
from attnviz.core.masks import Causal
from attnviz.core.normalizers.adaptive import Gaussian
from attnviz.core.scales import Unscaled
from attnviz.core.scores.query_free import Alike, KeyViews, KeyWorth
from attnviz.core.scores.synthesizer import DenseSynthetic, FactoredSynthetic, RandomSynthetic
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="feed-forward",
        aliases=("query-free",),
        group="scores",
        summary="each key is judged alone, once for the whole sentence",
        formula="softmax(tanh(wᵀk+b))V",
        paper="1512.08756",
        purpose="Sums a sequence up in one vector: which words matter at all.",
        cost="n d",
        score=KeyWorth(),
        scale=Unscaled(),
        asks="sentence",
    ),
    Variant(
        name="structured-self",
        aliases=("self-attentive",),
        group="scores",
        summary="several views of a sentence, each with its own idea of what matters",
        formula="softmax(vₕᵀtanh(WKᵀ))V, W the same for all heads",
        paper="1703.03130",
        purpose="A sentence as a small matrix instead of one vector; heads are its rows.",
        cost="n d²",
        heads=MultiHead(heads=4),
        score=KeyViews(),
        scale=Unscaled(),
        asks="sentence",
    ),
    Variant(
        name="synthesizer-dense",
        group="scores",
        summary="each token foretells its own row, without looking at the others",
        formula="softmax(W₂relu(W₁xᵢ))V",
        paper="2005.00743",
        purpose="Asks how much of attention needs pairs to be compared.",
        cost="n d² + n² d",
        score=DenseSynthetic(),
        scale=Unscaled(),
    ),
    Variant(
        name="synthesizer-random",
        group="scores",
        summary="the matrix of scores is learned and the same for every text",
        formula="softmax(R)V",
        paper="2005.00743",
        purpose="Asks how much of attention needs words at all.",
        cost="n²",
        score=RandomSynthetic(),
        scale=Unscaled(),
    ),
    Variant(
        name="synthesizer-factored",
        group="scores",
        summary="the learned matrix of scores as a product of two thin ones",
        formula="softmax(R₁R₂ᵀ)V",
        paper="2005.00743",
        purpose="The learned matrix with n · rank numbers in place of n².",
        cost="n² rank",
        score=FactoredSynthetic(),
        scale=Unscaled(),
    ),
    Variant(
        name="average",
        aliases=("aan",),
        group="normalizers",
        summary="everything so far gets the same share",
        formula="1/i over j ≤ i",
        paper="1805.00631",
        purpose="Fast decoding: a running mean in place of attention.",
        cost="n d",
        score=Alike(),
        scale=Unscaled(),
        mask=Causal(),
    ),
    Variant(
        # The paper's encoder; its decoder heads look one back or at themselves (ahead = 0).
        name="hard-coded",
        aliases=("gaussian",),
        group="normalizers",
        summary="heads look one back or one ahead, whatever stands there",
        formula="N(j; i+o, 1), o = −1 and 1 in turns by head",
        paper="2005.00742",
        purpose="Asks how much of attention in translation needs to be learned.",
        cost="n²",
        heads=MultiHead(heads=2),
        score=Alike(),
        scale=Unscaled(),
        normalize=Gaussian(),
    ),
)
