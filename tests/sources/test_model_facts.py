"""Facts about checkpoints, and memory estimates."""

import json

import pytest

from attnviz.errors import MisuseError
from attnviz.sources.memory import (
    BYTES_PER_WEIGHT,
    MemoryEstimate,
    check_memory,
    format_bytes,
    machine_memory,
)
from attnviz.sources.model.describe import describe
from attnviz.sources.model.memory_estimate import estimate_memory
from tests.sources.reference import FOLDERS, MODELS, RecordingAttend, cases, open_model

PIPELINES = {
    "bert": "dot → root-d → softmax, 4 heads",
    "gpt2": "dot → root-d → causal → softmax, 4 heads",
    "gpt_neo": "dot → causal & window(5) → softmax, 4 heads",
    "gpt_neox": "rope(10000, rotary_dim=4) → dot → root-d → causal → softmax, 4 heads",
    "bloom": "dot → root-d → alibi → causal → softmax, 6 heads",
    "mistral": "rope(10000) → dot → root-d → causal & window(6) → softmax, 4 heads, 2 KV heads",
    "qwen3": "q/k norm → rope(10000) → dot → root-d → causal → softmax, 4 heads, 2 KV heads",
    "gemma2": "rope(10000) → dot → factor(0.316228) → softcap(4) → causal → softmax, "
    "4 heads, 2 KV heads",
    "modernbert": "rope(160000) → dot → root-d → softmax, 4 heads",
    "deberta-v2": "disentangled(16, log_buckets=6) → root-nd(3) → softmax, 4 heads",
    "t5": "dot → buckets(8, max_distance=12) → softmax, 4 heads",
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_description_matches_the_layers_that_run(folder):
    checkpoint, seen = open_model(folder), RecordingAttend()
    _, text, target, _ = next(cases(MODELS / folder / "reference.npz"))
    checkpoint.run(text, seen, target=target)
    facts = describe(checkpoint)
    told = {
        (group["kind"], layer): group["algebra"]
        for group in facts["attention"]
        for layer in group["layers"]
    }
    assert len(told) == len(seen.calls)
    for call in seen.calls:
        assert told[call.kind, call.layer].endswith(call.variant.pipeline)
        assert call.inputs.query.shape[0] == facts["heads"]
        assert call.inputs.query.shape[-1] == facts["d_head"]
        assert call.variant.heads.n_kv_head == facts["kv_heads"]
    assert sum(facts["layers"].values()) == len(told)
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize("folder", PIPELINES)
def test_pipeline_of_a_family(folder):
    assert PIPELINES[folder] in [
        group["algebra"] for group in describe(open_model(folder))["attention"]
    ]


def test_other_facts():
    facts = describe(open_model("mistral"))
    assert (facts["window"], facts["dtype"], facts["positions"]) == (6, "bfloat16", 40)
    assert (facts["kind"], facts["vocabulary"], facts["kv_heads"]) == ("decoder", 100, 2)
    assert describe(open_model("qwen2"))["window"] is None
    assert describe(open_model("qwen2-sliding"))["window"] == 5
    facts = describe(open_model("m2m_100"))
    assert facts["layers"] == {"encoder": 2, "decoder": 2, "cross": 2}
    assert describe(open_model("t5"))["positions"] is None
    assert open_model("roberta").n_position == open_model("mpnet").n_position == 40 - 2
    assert open_model("opt").n_position == 40


def test_an_estimate_counts_the_layer_the_activations_and_the_maps():
    checkpoint = open_model("bert")
    layer = 4 * 32 * 32 + 2 * 32 * 48 + 4 * 32 + 48 + 32 + 4 * 32
    flowing = 10 * (12 * 32 + 3 * 48) + 2 * 4 * 10 * 10
    assert estimate_memory(checkpoint, 10, 12) == MemoryEstimate(
        4 * layer, 4 * flowing, BYTES_PER_WEIGHT * 12 * 10 * 10
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_checkpoint_has_an_estimate(folder):
    few, many = (estimate_memory(open_model(folder), n, 2) for n in (4, 8))
    assert 0 < few.layer == many.layer
    assert few.total < many.total


def test_an_estimate_counts_one_of_the_experts():
    one, several = (estimate_memory(open_model(name), 4, 1) for name in ("llama", "mixtral"))
    attention, norms, router = 32 * 32 * 2 + 32 * 16 * 2, 2 * 32, 5 * 32
    assert several.layer == 4 * (attention + norms + router + 3 * 32 * 8)
    assert one.layer == 4 * (attention + norms + 3 * 32 * 48)


def test_too_little_memory_is_refused_with_the_sizes():
    memory = MemoryEstimate(layer=10**9, activations=2 * 10**9, maps=34 * 10**9)
    with pytest.raises(MisuseError) as caught:
        check_memory(memory, 4096, 16 * 10**9)
    assert str(caught.value) == (
        "4096 tokens need about 37.0 GB (layer 1.0 GB, activations 2.0 GB, maps 34.0 GB); this "
        "machine has 16.0 GB. Select fewer layers and heads (select_layers, select_heads) or "
        "shorten the text"
    )
    check_memory(memory, 4096, 64 * 10**9)
    check_memory(memory, 4096, None)


def test_the_memory_of_this_machine_is_plausible():
    have = machine_memory()
    assert have is None or have > 1 << 28


@pytest.mark.parametrize(
    ("n_byte", "said"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2.5e15, "2.5 PB")]
)
def test_bytes_have_a_decimal_unit(n_byte, said):
    assert format_bytes(int(n_byte)) == said
