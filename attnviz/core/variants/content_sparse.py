"""Chosen: sparse attention in which the content says which keys are looked at."""

from __future__ import annotations

from attnviz.core.masks import Causal
from attnviz.core.normalizers.adaptive import AdaptiveSpan
from attnviz.core.normalizers.key_selection import (
    BestBlocks,
    IndexedKeys,
    SameCluster,
    SameHash,
    TopKeys,
)
from attnviz.core.variant import Variant

ROWS = (
    Variant(
        name="top-k",
        aliases=("explicit-sparse",),
        group="masks",
        summary="softmax over the few best keys only",
        formula="softmax(QKᵀ/√d)V over keys that score no less than the k-th best, k = top",
        paper="1912.11637",
        purpose="No weight is lost on a long tail of keys that do not matter.",
        normalize=TopKeys(),
    ),
    Variant(
        name="indexed",
        aliases=("dsa", "lightning-indexer"),
        group="masks",
        summary="a cheap second attention picks the keys for the real one",
        formula="softmax(QKᵀ/√d)V over the k best of Iᵢⱼ = Σₜ wₜ relu(qₜ·kⱼ), k = top",
        paper="2512.02556",
        purpose="DeepSeek's way through long texts: score all cheaply, read few in full.",
        cost="n² thin + n · top · d",
        mask=Causal(),
        normalize=IndexedKeys(),
    ),
    Variant(
        # The paper makes queries and keys of one projection, so that a token and its key share
        # a bucket; here they may differ, as everywhere.
        name="lsh",
        aliases=("reformer",),
        group="masks",
        summary="keys that a random cut of space puts into the query's bucket",
        formula="softmax(QKᵀ/√d)V over bucket(qᵢ) = bucket(kⱼ), j ≠ i",
        paper="2001.04451",
        purpose="Finds the keys worth comparing without comparing them all.",
        cost="n log(n) d",
        normalize=SameHash(),
    ),
    Variant(
        name="routing",
        aliases=("k-means",),
        group="masks",
        summary="keys of the query's own learned cluster",
        formula="softmax(QKᵀ/√d)V over cluster(qᵢ) = cluster(kⱼ)",
        paper="2003.05997",
        purpose="Content decides who meets whom, and the meeting places are learned.",
        cost="n √n d",
        mask=Causal(),
        normalize=SameCluster(),
    ),
    Variant(
        name="moba",
        aliases=("block-topk",),
        group="masks",
        summary="the blocks whose mean key fits best, always with its own",
        formula="softmax(QKᵀ/√d)V over the k best blocks of q·mean(K_b), k = top",
        paper="2502.13189",
        purpose="A mixture of experts whose experts are stretches of the text.",
        cost="n (n/block + top · block) d",
        mask=Causal(),
        normalize=BestBlocks(),
    ),
    Variant(
        name="adaptive-span",
        group="masks",
        summary="each head learns how far back it looks; at the end weight fades out",
        formula="m exp(S)/Σ m exp(S), m = clamp((z+R−(i−j))/R, 0, 1), R = ramp",
        paper="1905.07799",
        purpose="Most heads need little past: pay for the long view where it is used.",
        cost="n · span · d",
        mask=Causal(),
        normalize=AdaptiveSpan(),
    ),
)
