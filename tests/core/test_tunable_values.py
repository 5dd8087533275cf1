"""Defaults and limits of tunables, stated a second time: no oracle notices another number."""

from dataclasses import fields
from math import inf

import pytest

from attnviz.core.part import Part
from attnviz.core.registry import SLOTS, parts_for

DEFAULTS = {
    "position": """
        sinusoidal.base=10000 rope.base=10000 rope.pairs=halves rope.rotary_dim=0
        rope-ntk.base=10000 rope-ntk.pairs=halves rope-ntk.rotary_dim=0 rope-ntk.factor=4
        rope-p.base=10000 rope-p.pairs=halves rope-p.rotary_dim=0 rope-p.proportion=0.75
        rope-linear.base=10000 rope-linear.pairs=halves rope-linear.rotary_dim=0
        rope-linear.factor=4 rope-dynamic.base=10000 rope-dynamic.pairs=halves
        rope-dynamic.rotary_dim=0 rope-dynamic.factor=2
        rope-dynamic.original_max_positions=2048 rope-llama3.base=10000
        rope-llama3.pairs=halves rope-llama3.rotary_dim=0 rope-llama3.factor=8
        rope-llama3.original_max_positions=8192 rope-llama3.low_freq_factor=1
        rope-llama3.high_freq_factor=4 rope-yarn.base=10000 rope-yarn.pairs=halves
        rope-yarn.rotary_dim=0 rope-yarn.factor=4 rope-yarn.original_max_positions=2048
        rope-yarn.beta_fast=32 rope-yarn.beta_slow=1 rope-yarn.attention_factor=None
        rope-yarn.truncate=True rope-long.base=10000 rope-long.pairs=halves
        rope-long.rotary_dim=0 rope-long.factor=1 rope-long.original_max_positions=4096
        rope-long.attention_factor=None xpos.base=10000 xpos.damping=0.4 xpos.scale_base=512
    """,
    "score": """
        disentangled.max_distance=512 disentangled.log_buckets=0 disentangled.terms=both
        gat.slope=0.2 gatv2.slope=0.2 random-features.features=64 mla.latent_dim=8
        mla.rope_dim=4 mla.query_latent_dim=12 mla.rotated=True tensor-product.query_rank=6
        tensor-product.key_rank=2 pope.base=10000 query-key-norm.norm=layer
        query-key-norm.eps=1e-06 relative-keys.max_distance=16 factorized-synthesizer.rank=8
    """,
    "scale": """
        factor.scale=1 root-nd.products=2 temperature-tuning.attn_scale=0.1
        temperature-tuning.floor_scale=8192 bandwidth.bandwidth=1 length-gain.typical_length=32
        learned-temperature.min_temperature=0.01
    """,
    "bias": """
        temperature.temperature=1 softcap.cap=30 gumbel.seed=0 sandwich.sinusoid_dim=128
        sandwich.base=10000 fire.hidden=32 fire.threshold=512 log-cpb.hidden=32
        log-cpb.max_distance=7 buckets.buckets=32 buckets.max_distance=128 buckets.sides=both
    """,
    "mask": """
        causal.align=last window.window=4 permutation.seed=0 tree.branches=2
        block-diffusion.block=2 sinks.sinks=4 global.globals=1 random.random=2 random.seed=0
        prefix.prefix=3 same-row.columns=3 same-column.columns=3 swin-window.side=2
        swin-window.shift=0 swin-window.columns=4 image-grid.step=2 image-grid.columns=4
        dilated.window=3 dilated.dilation=2 same-block.block=4 block-causal.block=4
        neighborhood.neighbors=3 neighborhood.tile=1 strided.stride=4 within-stride.stride=4
        summary-cells.block=4 summary-cells.summary_cells=1
    """,
    "normalize": """
        local-p.reach=3 adaptive-span.ramp=2 adaptive-span.longest=8 gaussian.spread=1
        gaussian.ahead=1 softmax-one.sink_logit=0 budget.budget=2
        constrained-sparsemax.fertility=1 constrained-softmax.fertility=1
        dilated-segments.segment=4 dilated-segments.branches=3 fusedmax.fusion=0.5
        hopfield.beta=1 hopfield.steps=3 lsh.hash_buckets=4 k-means.clusters=3 top-k.top=3
        lightning-indexer.top=3 lightning-indexer.index_heads=2 lightning-indexer.index_dim=4
        block-top-k.top=2 block-top-k.block=2 monotonic.chunk=1 native-sparse.block=2
        native-sparse.top=4 native-sparse.window=3 multi-token.query_span=6
        multi-token.key_span=11 memory-slots.slots=4 softpick.eps=1e-06 sinkhorn.rounds=10
        sparsemax.sparsity=0 entmax.alpha=1.5 normmax.alpha=2 cope.max_distance=8
    """,
    "heads": """
        heads.heads=1 heads.kv_heads=0 differential.heads=4 differential.kv_heads=0
        differential-v2.heads=4 differential-v2.kv_heads=0 talking-heads.heads=4
        talking-heads.kv_heads=0 head-mixing.heads=4 head-mixing.kv_heads=0 head-mixing.group=2
    """,
    "mixer": """
        location-sensitive.filters=4 location-sensitive.filter_reach=1 delta.gate=none
        gated-linear.tau=16 gated-linear.gate_rank=16 rwkv.gate_rank=16 gmm.mixtures=3
        graves-window.mixtures=3 delta-product.householders=2 rwkv7.gate_rank=16
        linformer.landmarks=4 nystrom.landmarks=4 luna.landmarks=4 mamba2.levels=0
        mamba3.rotated_share=0.5 gated-slots.slots=4 gated-slots.tau=8 bounded-slots.slots=4
        sorted-blocks.block=2 sorted-blocks.rounds=7 sorted-blocks.temperature=0.75
    """,
}
LIMITS = {
    (-inf, 0.999999): """
        sparsemax.sparsity
    """,
    (0, 1): """
        rope-p.proportion gat.slope gatv2.slope query-key-norm.eps mamba3.rotated_share
    """,
    (0, 53): """
        mamba2.levels
    """,
    (0, 1_024): """
        heads.kv_heads differential.kv_heads differential-v2.kv_heads talking-heads.kv_heads
        head-mixing.kv_heads
    """,
    (0, 10_000): """
        sinkhorn.rounds sorted-blocks.rounds
    """,
    (0, 65_536): """
        mla.rope_dim mla.query_latent_dim monotonic.chunk
    """,
    (0, inf): """
        rope.rotary_dim rope-ntk.rotary_dim rope-p.rotary_dim rope-linear.rotary_dim
        rope-dynamic.rotary_dim rope-llama3.rotary_dim rope-llama3.low_freq_factor
        rope-llama3.high_freq_factor rope-yarn.rotary_dim rope-long.rotary_dim
        disentangled.log_buckets relative-keys.max_distance gumbel.seed permutation.seed
        sinks.sinks global.globals random.random random.seed prefix.prefix swin-window.shift
        summary-cells.summary_cells adaptive-span.longest constrained-sparsemax.fertility
        constrained-softmax.fertility fusedmax.fusion softpick.eps
        location-sensitive.filter_reach
    """,
    (1e-06, 1e06): """
        rope-ntk.factor rope-linear.factor rope-dynamic.factor rope-llama3.factor
        rope-yarn.factor rope-yarn.beta_fast rope-yarn.beta_slow rope-long.factor
        bandwidth.bandwidth gated-linear.tau gated-slots.tau sorted-blocks.temperature
    """,
    (1e-06, inf): """
        xpos.damping learned-temperature.min_temperature temperature.temperature softcap.cap
        adaptive-span.ramp budget.budget hopfield.beta
    """,
    (0.05, inf): """
        gaussian.spread
    """,
    (0.5, inf): """
        local-p.reach
    """,
    (1, 2): """
        entmax.alpha
    """,
    (1, 32): """
        dilated-segments.branches
    """,
    (1, 64): """
        delta-product.householders
    """,
    (1, 1_000): """
        hopfield.steps
    """,
    (1, 1_024): """
        tensor-product.query_rank tensor-product.key_rank multi-token.query_span
        multi-token.key_span heads.heads differential.heads differential-v2.heads
        talking-heads.heads head-mixing.heads head-mixing.group gated-slots.slots
        bounded-slots.slots
    """,
    (1, 65_536): """
        random-features.features mla.latent_dim fire.hidden log-cpb.hidden memory-slots.slots
        cope.max_distance gated-linear.gate_rank rwkv.gate_rank gmm.mixtures
        graves-window.mixtures rwkv7.gate_rank linformer.landmarks nystrom.landmarks
        luna.landmarks
    """,
    (1, 1e15): """
        sinusoidal.base rope.base rope-ntk.base rope-p.base rope-linear.base rope-dynamic.base
        rope-llama3.base rope-long.base
    """,
    (1, inf): """
        rope-dynamic.original_max_positions rope-llama3.original_max_positions
        rope-yarn.original_max_positions rope-long.original_max_positions xpos.base
        xpos.scale_base pope.base factorized-synthesizer.rank root-nd.products
        temperature-tuning.floor_scale sandwich.base fire.threshold log-cpb.max_distance
        window.window tree.branches block-diffusion.block same-row.columns same-column.columns
        swin-window.columns swin-window.side image-grid.columns image-grid.step dilated.window
        dilated.dilation same-block.block block-causal.block neighborhood.neighbors
        neighborhood.tile strided.stride within-stride.stride summary-cells.block
        dilated-segments.segment k-means.clusters top-k.top lightning-indexer.top
        lightning-indexer.index_heads lightning-indexer.index_dim block-top-k.top
        block-top-k.block native-sparse.block native-sparse.top native-sparse.window
        location-sensitive.filters sorted-blocks.block
    """,
    (1.001, 2): """
        normmax.alpha
    """,
    (1.01, 1e15): """
        rope-yarn.base
    """,
    (2, 65_536): """
        sandwich.sinusoid_dim
    """,
    (2, inf): """
        disentangled.max_distance length-gain.typical_length buckets.max_distance
        lsh.hash_buckets
    """,
    (4, inf): """
        buckets.buckets
    """,
}


def written(value):
    """A number without the zeros behind its point; other values as they are."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.7g}" if is_number else str(value)


@pytest.mark.parametrize("slot", SLOTS)
def test_defaults(slot):
    found = [
        f"{part.name}.{f.name}={written(value)}"
        for part in parts_for(slot)
        for f in fields(part)
        if not isinstance(value := getattr(part(), f.name), Part | tuple)
    ]
    assert found == DEFAULTS[slot].split()


def test_limits():
    found = {
        (f"{part.name}.{name}", limits)
        for slot in SLOTS
        for part in parts_for(slot)
        for name, limits in part.limits.items()
    }
    stated = {(name, limits) for limits, names in LIMITS.items() for name in names.split()}
    assert found == stated
