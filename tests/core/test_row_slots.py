"""Positions and masks of the rows, stated a second time: oracles of weights take them as given."""

import pytest

from attnviz.core.variants import find_variant

POSITIONS = {
    "sinusoidal(10000)": "multihead self cross causal padding sinusoidal talking-heads selective",
    "rope(10000)": "rope multi-query grouped-query gated native-sparse gemma-3 llama-4",
    "rope(10000, pairs=interleaved)": "rope-interleaved differential differential-v2 retention",
    "rope(10000, rotary_dim=4)": "rope-partial",
    "rope-dynamic(10000, factor=1, original_max_positions=4)": "rope-dynamic",
    "rope-linear(10000)": "rope-linear",
    "rope-llama3(500000)": "rope-llama3",
    "rope-ntk(10000)": "rope-ntk",
    "rope-p(10000)": "rope-p",
    "rope-yarn(10000)": "yarn",
    "xpos(10000)": "xpos",
    "learned": "learned-positions",
}
MASKS = {
    "causal": (
        "causal nope rope rope-interleaved rope-partial rope-linear rope-llama3 yarn xpos pope "
        "cope path rope-ntk rope-p longnet multi-query grouped-query latent tensor-product "
        "differential multi-token selective gated differential-v2 latent-nope learned-sink "
        "softpick alibi kerple-log kerple-power fire sandwich transformer-xl forgetting "
        "scalable-softmax growing-temperature indexed routing moba native-sparse adaptive-span "
        "based rebased retention gla rwkv mamba-2 mamba-3 log-linear delta gated-delta kda "
        "lightning hgrn2 delta-product rwkv-7 mesa gated-slots bounded-memory average swan "
        "qwen3-next kimi-hybrid"
    ),
    "causal & window(4)": "sliding-window gemma-3",
    "causal & same-block(4)": "chunked llama-4",
    "causal & (sinks(1) | window(3))": "streaming",
    "causal & (within-stride(4) | strided(4))": "sparse-strided",
    "causal & (same-block(4) | summary-cells(4))": "sparse-fixed",
    "causal & same-document": "document",
    "causal & (same-document | first-document)": "shared-prefix",
    "causal & ~diagonal": "stick-breaking",
    "causal | prefix(3)": "prefix-lm",
    "block-causal(2)": "block-causal",
    "block-diffusion(2)": "block-diffusion",
    "same-block(4)": "block-local",
    "window(2)": "pooling",
    "window(3)": "local",
    "window(3) | global(1)": "longformer",
    "window(2) | global(1) | random(2)": "bigbird",
    "dilated(3)": "dilated-window",
    "padding": "padding",
    "permutation(0)": "permutation",
    "tree(2)": "tree",
    "same-row(3)": "axial-row",
    "same-column(3)": "axial-column",
    "same-row(3) | same-column(3)": "criss-cross",
    "swin-window(2)": "swin",
    "swin-window(2, shift=1)": "swin-shifted",
    "neighborhood(3)": "neighborhood",
    "neighborhood(3, tile=2)": "sliding-tile",
    "image-grid(2)": "maxvit-grid",
}


@pytest.mark.parametrize(("slot", "table"), [("position", POSITIONS), ("mask", MASKS)])
def test_rows_have_the_positions_and_masks_of_their_papers(slot, table):
    stated = [(name, part) for part, names in table.items() for name in names.split()]
    assert [(name, str(getattr(find_variant(name), slot))) for name, _ in stated] == stated
