"""Content-based sparse attention: top-k, indexer, hashing, clusters, blocks, learned spans."""

from __future__ import annotations

from attnviz.core.masks import Causal
from attnviz.core.mixers.sorted_blocks import SortedBlocks
from attnviz.core.normalizers.adaptive import AdaptiveSpan
from attnviz.core.normalizers.key_groups import KMeansClusters, LshBuckets
from attnviz.core.normalizers.key_selection import BlockTopK, LightningIndexer, TopK
from attnviz.core.normalizers.native_sparse import NativeSparse
from attnviz.core.positions import Rope
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="top-k",
        aliases=("explicit-sparse", "topk"),
        group="masks",
        summary="softmax over the k largest scores",
        formula="softmax(QKᵀ/√d)V over keys that score no less than the k-th best, k = top",
        paper="1912.11637",
        purpose="No weight on the long tail of irrelevant keys.",
        normalize=TopK(),
    ),
    Variant(
        name="indexed",
        aliases=("dsa", "lightning-indexer", "deepseek-sparse"),
        group="masks",
        summary="a low-dimensional indexer selects the top-k keys",
        formula="softmax(QKᵀ/√d)V over the k best of Iᵢⱼ = Σₜ wₜ relu(R(i)qₜ·R(j)kⱼ), k = top",
        paper="2512.02556",
        purpose="DeepSeek sparse attention: cheap scores for all keys, attention to few.",
        reference="deepseek-ai/DeepSeek-V3.2-Exp: inference/model.py",
        used_by=("DeepSeek-V3.2-Exp",),
        simplified="index queries come from the layer's input, not from a latent; not rounded",
        cost="n² index_dim + n · top · d",
        mask=Causal(),
        normalize=LightningIndexer(),
    ),
    Variant(
        # In the paper queries and keys share one projection, so that a token and its key share a
        # bucket; here they may differ.
        name="lsh",
        aliases=("reformer",),
        group="masks",
        summary="keys in the query's locality-sensitive hash bucket",
        formula="softmax(QKᵀ/√d)V over bucket(qᵢ) = bucket(kⱼ), j ≠ i",
        paper="2001.04451",
        purpose="Finds similar keys without comparing all pairs.",
        reference=(
            "huggingface/transformers: src/transformers/models/reformer/modeling_reformer.py"
        ),
        used_by=("Reformer",),
        simplified=(
            "queries and keys have projections of their own; one round of hashing, no chunks"
        ),
        cost="n log(n) d",
        normalize=LshBuckets(),
    ),
    Variant(
        name="routing",
        aliases=("k-means", "routing-transformer"),
        group="masks",
        summary="keys in the query's k-means cluster",
        formula="softmax(QKᵀ/√d)V over cluster(qᵢ) = cluster(kⱼ)",
        paper="2003.05997",
        purpose="Sparsity by content, with learned centroids.",
        simplified="clusters may differ in size; the reference makes them equal",
        cost="n √n d",
        mask=Causal(),
        normalize=KMeansClusters(),
    ),
    Variant(
        name="moba",
        aliases=("block-topk", "block-top-k"),
        group="masks",
        summary="the top-k blocks by their mean key, the query's own included",
        formula="softmax(QKᵀ/√d)V over the k best blocks of q·mean(K_b), k = top",
        paper="2502.13189",
        purpose="A mixture of experts whose experts are blocks of keys.",
        reference="MoonshotAI/MoBA: moba/moba_naive.py",
        cost="n (n/block + top · block) d",
        mask=Causal(),
        normalize=BlockTopK(),
    ),
    Variant(
        name="sparse-sinkhorn",
        aliases=("sinkhorn-transformer",),
        group="masks",
        summary="own block, and one block of keys that a soft permutation sorts to it",
        formula="softmax over own keys and Σ_v R_uv k_v, R = Sinkhorn(relu(q̄_u·k̄_v/√d))",
        paper="2002.11296",
        purpose="Distant blocks at the cost of local attention: blocks are sorted, then attended.",
        reference=(
            "lucidrains/sinkhorn-transformer: sinkhorn_transformer/sinkhorn_transformer.py"
        ),
        simplified="sorted by block means as in the reference, not by a network; no Gumbel noise",
        cost="n · 2 block · d + blocks²",
        mixer=SortedBlocks(),
        context="refused",
    ),
    Variant(
        name="native-sparse",
        aliases=("nsa",),
        group="masks",
        summary="block means, selected blocks and a window, each with a gate, added",
        formula="(g_c A_c + g_s A_s + g_w A_w)V, A_c over block means, A_s top blocks, A_w window",
        paper="2502.11089",
        purpose="Selects blocks from the start of training, beside an overview and the near past.",
        reference="fla-org/flash-linear-attention: fla/ops/nsa/naive.py",
        simplified="blocks are compressed by their mean, not by an MLP; each head selects its own",
        cost="n (n/block + top · block + window) d",
        position=Rope(),
        mask=Causal(),
        normalize=NativeSparse(),
    ),
    Variant(
        name="adaptive-span",
        group="masks",
        summary="a learned attention span per head, with a linear ramp at its end",
        formula="m exp(S)/Σ m exp(S), m = clamp((z+R−(i−j))/R, 0, 1), R = ramp",
        paper="1905.07799",
        purpose="Most heads need little context: long spans only where they help.",
        reference="facebookresearch/fairseq: examples/adaptive_span/adaptive_span_attention.py",
        simplified="the span is bounded by a sigmoid; the paper clamps it",
        cost="n · span · d",
        mask=Causal(),
        normalize=AdaptiveSpan(),
    ),
)
