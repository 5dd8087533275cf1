"""What `attnviz models FOLDER` tells, and what a run will take."""

import json

import pytest

from attnviz.errors import MisuseError
from attnviz.sources.memory import Memory, machine, refuse_too_large, size
from attnviz.sources.model.describe import describe
from attnviz.sources.model.memory_estimate import estimate
from tests.sources.reference import FOLDERS, MODELS, Seen, cases, model

ALGEBRA = {
    "bert": "dot → root-d → softmax, 4 heads",
    "gpt2": "dot → root-d → causal → softmax, 4 heads",
    "gpt_neo": "dot → causal & window(5) → softmax, 4 heads",
    "gpt_neox": "rope(10000, width=4) → dot → root-d → causal → softmax, 4 heads",
    "bloom": "dot → root-d → alibi → causal → softmax, 6 heads",
    "mistral": "rope(10000) → dot → root-d → causal & window(6) → softmax, 4 heads share 2",
    "qwen3": "q/k norm → rope(10000) → dot → root-d → causal → softmax, 4 heads share 2",
    "gemma2": "rope(10000) → dot → factor(0.316228) → softcap(4) → causal → softmax, "
    "4 heads share 2",
    "modernbert": "rope(160000) → dot → root-d → softmax, 4 heads",
    "deberta-v2": "disentangled(16, log_buckets=6) → factor(0.204124) → softmax, 4 heads",
    "t5": "dot → buckets(8, farthest=12) → softmax, 4 heads",
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_description_is_what_runs(folder):
    checkpoint, seen = model(folder), Seen()
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
        assert told[call.kind, call.layer].endswith(call.own.algebra)
        assert call.inputs.query.shape[0] == facts["heads"]
        assert call.inputs.query.shape[-1] == facts["d_head"]
        assert call.own.heads.n_kv_head == facts["kv_heads"]
    assert sum(facts["layers"].values()) == len(told)
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize("folder", ALGEBRA)
def test_reads_like_the_algebra(folder):
    assert ALGEBRA[folder] in [group["algebra"] for group in describe(model(folder))["attention"]]


def test_other_facts():
    facts = describe(model("mistral"))
    assert (facts["window"], facts["dtype"], facts["positions"]) == (6, "bfloat16", 40)
    assert (facts["kind"], facts["vocabulary"], facts["kv_heads"]) == ("decoder", 100, 2)
    assert describe(model("qwen2"))["window"] is None
    assert describe(model("qwen2-sliding"))["window"] == 5
    facts = describe(model("m2m_100"))
    assert facts["layers"] == {"encoder": 2, "decoder": 2, "cross": 2}
    assert describe(model("t5"))["positions"] is None
    assert model("roberta").n_position == model("mpnet").n_position == 40 - 2
    assert model("opt").n_position == 40


def test_an_estimate_counts_the_layer_the_activations_and_the_maps():
    checkpoint = model("bert")
    layer = 4 * 32 * 32 + 2 * 32 * 48 + 4 * 32 + 48 + 32 + 4 * 32
    flowing = 10 * (12 * 32 + 3 * 48) + 3 * 4 * 10 * 10
    assert estimate(checkpoint, 10, 12) == Memory(4 * layer, 4 * flowing, 9 * 12 * 10 * 10)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_checkpoint_has_an_estimate(folder):
    few, many = (estimate(model(folder), n, 2) for n in (4, 8))
    assert 0 < few.layer == many.layer
    assert few.total < many.total


def test_too_much_is_refused_with_the_numbers():
    memory = Memory(layer=10**9, activations=2 * 10**9, maps=34 * 10**9)
    with pytest.raises(MisuseError) as caught:
        refuse_too_large(memory, 4096, 16 * 10**9)
    assert str(caught.value) == (
        "4096 tokens need about 37.0 GB (layer 1.0 GB, activations 2.0 GB, maps 34.0 GB); this "
        "machine has 16.0 GB. Ask for fewer layers and heads (--layer, --head) or cut the text"
    )
    refuse_too_large(memory, 4096, 64 * 10**9)
    refuse_too_large(memory, 4096, None)


def test_this_machine_has_some_memory():
    have = machine()
    assert have is None or have > 1 << 28


@pytest.mark.parametrize(
    ("n_byte", "said"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2.5e15, "2.5 PB")]
)
def test_bytes_are_said_as_one_says_them(n_byte, said):
    assert size(int(n_byte)) == said
