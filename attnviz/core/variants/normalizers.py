"""Alternatives to softmax: attention sinks, sparsemax and entmax, sigmoid, ReLU, signed."""

from __future__ import annotations

from attnviz.core.masks import Causal
from attnviz.core.masks.local import Diagonal
from attnviz.core.normalizers.attention_sink import LearnedSink, SoftmaxOne
from attnviz.core.normalizers.constrained import Budget, ConstrainedSoftmax, ConstrainedSparsemax
from attnviz.core.normalizers.elementwise import Rectified, ScaledRelu, Sigmoid, SquaredRelu
from attnviz.core.normalizers.fusedmax import Fusedmax
from attnviz.core.normalizers.signed import Cog, Softpick
from attnviz.core.normalizers.sparsemax_entmax import Entmax, Normmax, Sparsemax
from attnviz.core.normalizers.stick_breaking import StickBreaking
from attnviz.core.scales import Unscaled
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="softmax-one",
        aliases=("softmax-1", "off-by-one", "quiet", "softmax1"),
        group="normalizers",
        summary="softmax with 1 added to the denominator",
        formula="exp(S)/(1+Σexp(S))",
        paper="Miller, Attention is off by one, 2023",
        purpose="A head can put weight on none of the keys.",
        reference="lucidrains/x-transformers: x_transformers/attend.py",
        normalize=SoftmaxOne(),
    ),
    Variant(
        name="learned-sink",
        aliases=("gpt-oss",),
        group="normalizers",
        summary="a learned sink logit per head in the denominator",
        formula="exp(S)/(exp(bₕ)+Σexp(S))",
        paper="2508.10925",
        purpose="Takes the place of the first token as attention sink.",
        reference="openai/gpt-oss: gpt_oss/torch/model.py",
        used_by=("gpt-oss",),
        mask=Causal(),
        normalize=LearnedSink(),
    ),
    Variant(
        name="sparsemax",
        group="normalizers",
        summary="Euclidean projection of the scores onto the simplex",
        formula="max(S−τ, 0), τ such that rows sum to 1",
        paper="1602.02068",
        purpose="Sparse, interpretable weights: low scores get exactly 0.",
        reference="deep-spin/entmax: entmax/activations.py",
        normalize=Sparsemax(),
    ),
    Variant(
        name="sparsegen",
        aliases=("sparsegen-lin",),
        group="normalizers",
        summary="sparsemax with adjustable sparsity",
        formula="max(S/(1−λ)−τ, 0), λ = sparsity",
        paper="1810.11975",
        purpose="From the uniform row to a single key; 0 is sparsemax.",
        normalize=Sparsemax(sparsity=0.5),
    ),
    Variant(
        name="entmax15",
        aliases=("entmax", "entmax-1.5", "entmax1.5", "1.5-entmax"),
        group="normalizers",
        summary="entmax with α = 1.5, between softmax and sparsemax",
        formula="max(S/2−τ, 0)²",
        paper="1905.05702",
        purpose="Sparse weights, with a smoother map than sparsemax.",
        reference="deep-spin/entmax: entmax/activations.py",
        normalize=Entmax(),
    ),
    Variant(
        # In the paper each head learns its alpha; here it is a tunable.
        name="alpha-entmax",
        aliases=("adaptively-sparse",),
        group="normalizers",
        summary="entmax with adjustable α: 1 is softmax, 2 is sparsemax",
        formula="max((α−1)S−τ, 0)^(1/(α−1))",
        paper="1909.00015",
        purpose="Sparsity per head: the paper learns α, here it is a tunable.",
        reference="deep-spin/entmax: entmax/root_finding.py",
        simplified="α is a tunable; the paper learns it per head",
        normalize=Entmax(alpha=1.33),
    ),
    Variant(
        name="normmax",
        group="normalizers",
        summary="like entmax, regularized by the norm of the row instead of its entropy",
        formula="argmax_p p·S − ‖p‖₂",
        paper="2402.13725",
        purpose="Sparse rows, nearly uniform over the keys that keep weight.",
        reference="deep-spin/entmax: entmax/root_finding.py",
        normalize=Normmax(),
    ),
    Variant(
        name="budget",
        aliases=("k-subsets",),
        group="normalizers",
        summary="projection onto k-subsets: rows sum to `budget`, weights at most 1",
        formula="min(max(S−τ, 0), 1), τ such that rows sum to `budget`",
        paper="2402.13725",
        purpose="A relaxed choice of k keys.",
        reference="deep-spin/entmax: entmax/root_finding.py",
        normalize=Budget(),
    ),
    Variant(
        name="fusedmax",
        group="normalizers",
        summary="sparsemax with a total variation penalty: adjacent keys share weights",
        formula="sparsemax(argmin_x ½‖x−S‖² + λΣ|xⱼ₊₁−xⱼ|), λ = fusion",
        paper="1705.07704",
        purpose="Equal weights over contiguous segments, such as phrases.",
        normalize=Fusedmax(),
    ),
    Variant(
        name="constrained-sparsemax",
        group="normalizers",
        summary="sparsemax with an upper bound per key over all queries (fertility)",
        formula="min(max(Sᵢ−τ, 0), f−Σ_{l<i}aₗ), f = fertility",
        paper="1805.08241",
        purpose="Translation that neither drops nor repeats source words.",
        unconfirmed=(
            "the authors append a sink and use a fertility of 2 or 3; their code was not at hand"
        ),
        normalize=ConstrainedSparsemax(),
    ),
    Variant(
        name="constrained-softmax",
        group="normalizers",
        summary="softmax with an upper bound per key over all queries (fertility)",
        formula="min(exp(Sᵢ)/Z, f−Σ_{l<i}aₗ), f = fertility",
        paper="Martins and Kreutzer, Learning What's Easy, 2017",
        purpose="Tagging easy words first, with bounded attention to each word.",
        unconfirmed="no reference implementation was at hand; it follows the text of the paper",
        normalize=ConstrainedSoftmax(),
    ),
    Variant(
        name="sigmoid",
        group="normalizers",
        summary="sigmoid of each score, shifted by −log n; rows need not sum to 1",
        formula="σ(QKᵀ/√d − log n)",
        paper="2409.04431",
        purpose="No competition between keys, and no sum over the row.",
        reference=(
            "apple/ml-sigmoid-attention: "
            "attention_simulator/src/attention_simulator/layers/attention.py"
        ),
        normalize=Sigmoid(),
    ),
    Variant(
        name="relu",
        group="normalizers",
        summary="ReLU of each score, divided by the number of keys",
        formula="relu(QKᵀ/√d)/n",
        paper="2309.08586",
        purpose="Vision Transformers: as accurate as softmax, easier to parallelize.",
        normalize=ScaledRelu(),
    ),
    Variant(
        name="squared-relu",
        aliases=("flash-quad", "gau"),
        group="normalizers",
        summary="squared ReLU of each score over the number of keys",
        formula="relu(QKᵀ/n)²",
        paper="2202.10447",
        purpose="The gated attention unit (GAU): sparse and cheap, with one head.",
        simplified=(
            "queries and keys have projections of their own; the paper derives both from one"
        ),
        scale=Unscaled(),
        normalize=SquaredRelu(),
    ),
    Variant(
        name="rectified",
        aliases=("rela",),
        group="normalizers",
        summary="ReLU of each score, unnormalized (ReLA)",
        formula="relu(QKᵀ/√d)",
        paper="2104.07012",
        purpose="Sparse and cheap; the paper normalizes the output, not the weights.",
        simplified="without the RMS norm of the output",
        normalize=Rectified(),
    ),
    Variant(
        name="softpick",
        group="normalizers",
        summary="rectified softmax: only scores above 0 have weight",
        formula="relu(exp(S)−1)/(Σ|exp(S)−1|+ε)",
        paper="2504.20966",
        purpose="No attention sink and no massive activations: rows may sum to 0.",
        reference="zaydzuhri/softpick-attention: naive_softpick_attn.py",
        mask=Causal(),
        normalize=Softpick(),
    ),
    Variant(
        name="stick-breaking",
        group="normalizers",
        summary="stick-breaking: from the query backwards, each key takes part of the rest",
        formula="σ(Sᵢⱼ)Π_{j<l<i}(1−σ(Sᵢₗ)) over j < i",
        paper="2410.17980",
        purpose="Recency without position encoding; rows may sum to less than 1.",
        reference="shawntan/stickbreaking-attention: stickbreaking_attention/sb_ref.py",
        simplified=(
            "what is left of a row is dropped; the reference's test form adds it to the own value"
        ),
        mask=Causal() & ~Diagonal(),
        normalize=StickBreaking(),
    ),
    Variant(
        name="cog",
        group="normalizers",
        summary="softmax of the absolute scores, with the sign of each score",
        formula="sign(S)exp|S|/Σexp|S|",
        paper="2411.07176",
        purpose="Negative weights: a head can subtract a token's value.",
        normalize=Cog(),
    ),
)
