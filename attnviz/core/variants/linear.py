"""Linear attention: kernel features and landmarks, as the weight matrix they imply."""

from __future__ import annotations

from attnviz.core.masks import Causal
from attnviz.core.mixers.feature_softmax import AftFull, EfficientAttention
from attnviz.core.mixers.low_rank import Linformer, Luna, Nystrom
from attnviz.core.normalizers.elementwise import SumNormalizer
from attnviz.core.scales import Unscaled
from attnviz.core.scores.kernel_features import (
    CosFormer,
    EluKernel,
    RandomFeatures,
    ReBased,
    Taylor,
)
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="linear",
        aliases=("linear-transformer", "linear-attention"),
        group="linear",
        summary="dot product of features φ = elu + 1 in place of the exponential",
        formula="φ(Q)φ(K)ᵀV / Σ, φ = elu + 1",
        paper="2006.16236",
        purpose="Linear cost in sequence length: sums over keys are computed once.",
        reference="idiap/fast-transformers: fast_transformers/attention/linear_attention.py",
        cost="n d²",
        score=EluKernel(),
        scale=Unscaled(),
        normalize=SumNormalizer(),
    ),
    Variant(
        name="efficient",
        aliases=("efficient-attention",),
        group="linear",
        summary="softmax of queries over features times softmax of keys over positions",
        formula="softmax_d(Q)(softmax_n(K)ᵀV)",
        paper="1812.01243",
        purpose="Linear cost; each feature is a global summary of the keys.",
        cost="n d²",
        mixer=EfficientAttention(),
    ),
    Variant(
        name="performer",
        aliases=("favor", "favor+"),
        group="linear",
        summary="softmax kernel approximated by positive random features (FAVOR+)",
        formula="φ(Q)φ(K)ᵀV / Σ, φ(x) = exp(Wx − ‖x‖²/2)/√m, x = q or k over d^¼",
        paper="2009.14794",
        purpose="Approximates softmax attention at linear cost, without retraining.",
        reference=(
            "google-research/google-research: performer/fast_attention/jax/fast_attention.py"
        ),
        simplified="the random features have a fixed seed and are not drawn anew",
        cost="n features d",
        score=RandomFeatures(),
        scale=Unscaled(),
    ),
    Variant(
        name="cosformer",
        group="linear",
        summary="dot product of ReLU features times the cosine of the scaled distance",
        formula="relu(qᵢ)·relu(kⱼ)cos(π(i−j)/2n) / Σ",
        paper="2202.08791",
        purpose="Keeps two properties of softmax: no negative weights, and locality.",
        reference="OpenNLPLab/cosFormer: cosformer.py",
        cost="2 n d²",
        score=CosFormer(),
        scale=Unscaled(),
        normalize=SumNormalizer(),
    ),
    Variant(
        name="based",
        aliases=("taylor",),
        group="linear",
        summary="second-order Taylor expansion of the exponential",
        formula="(1 + s + s²/2)V / Σ over j ≤ i, s = QKᵀ/√d",
        paper="2402.18668",
        purpose="Better recall than other linear attention; needs a small d.",
        reference="fla-org/flash-linear-attention: fla/ops/based/naive.py",
        cost="n d³",
        mask=Causal(),
        score=Taylor(),
        scale=Unscaled(),
        normalize=SumNormalizer(),
    ),
    Variant(
        name="rebased",
        group="linear",
        summary="squared dot product of normalized vectors after a learned affine map",
        formula="((γ∘n(q)+β)·(γ′∘n(k)+β′))²V / Σ over j ≤ i, n a norm",
        paper="2402.10644",
        purpose="Improves Based: weights can be 0.",
        reference="fla-org/flash-linear-attention: fla/ops/rebased/naive.py",
        cost="n d³",
        mask=Causal(),
        score=ReBased(),
        scale=Unscaled(),
        normalize=SumNormalizer(),
    ),
    Variant(
        name="linformer",
        group="linear",
        summary="keys and values projected along the sequence to a few rows",
        formula="softmax(Q(EK)ᵀ/√d)FV",
        paper="2006.04768",
        purpose="Linear cost, for one fixed sequence length.",
        reference=(
            "facebookresearch/fairseq: "
            "examples/linformer/linformer_src/modules/multihead_linear_attention.py"
        ),
        cost="n landmarks d",
        mixer=Linformer(),
    ),
    Variant(
        name="nystrom",
        aliases=("nystromformer",),
        group="linear",
        summary="Nyström approximation of the softmax matrix from segment means",
        formula="softmax(QK̃ᵀ/√d) softmax(Q̃K̃ᵀ/√d)⁺ softmax(Q̃Kᵀ/√d)V, Q̃ K̃ means of segments",
        paper="2102.03902",
        purpose="Approximates softmax attention at linear cost, through landmarks.",
        reference=(
            "huggingface/transformers: "
            "src/transformers/models/nystromformer/modeling_nystromformer.py"
        ),
        used_by=("Nyströmformer",),
        simplified="the exact pseudo-inverse; the paper iterates towards it",
        cost="n landmarks d",
        mixer=Nystrom(),
    ),
    Variant(
        name="luna",
        aliases=("induced", "set-transformer"),
        group="linear",
        summary="pack and unpack: attention through a few learned vectors",
        formula="softmax(Q(PK)ᵀ/√d)PV, P = softmax(LKᵀ/√d)",
        paper="2106.01540, 1810.00825",
        purpose="Two small attention steps in place of a large one, as in set transformers.",
        simplified="packed vectors keep the projection of the keys; the paper projects them again",
        cost="2 n landmarks d",
        mixer=Luna(),
    ),
    Variant(
        name="aft",
        aliases=("attention-free", "attention-free-transformer", "aft-full"),
        group="linear",
        summary="softmax over keys per feature; shown: the mean over features",
        formula="Y_ic = σ(q_ic) Σⱼ softmaxⱼ(k_jc + w_ij)v_jc",
        paper="2105.14103",
        purpose="No dot products: key features plus a learned bias per pair of positions.",
        simplified="the mean over features is shown; the query's gate acts on the output only",
        mixer=AftFull(),
    ),
)
