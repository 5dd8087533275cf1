"""A pretrained GGUF model, SmolLM2-135M-Instruct in Q4_1: ids, attention, census, generation."""

import numpy as np
import pytest

import attnviz
from attnviz.api.model_info import describe_checkpoint
from attnviz.measures.patterns import best_patterns
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.generate import generate
from tests.checkpoints.smollm2 import LAYERS, PROMPT, REPEATED, TEXTS, path
from tests.sources.reference import MODELS, RecordingAttend, attend_unrecorded, max_difference

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def checkpoint():
    return open_checkpoint(str(path()))


@pytest.fixture(scope="module")
def references():
    with np.load(MODELS / "smollm2.npz") as file:
        return dict(file)


@pytest.mark.parametrize("i", range(len(TEXTS)))
def test_ids_and_weights_match_the_reference(i, checkpoint, references):
    text, attend = checkpoint.encode(TEXTS[i]), RecordingAttend()
    assert list(text.ids) == references[f"{i}.ids"].tolist()
    checkpoint.run(text, attend)
    weights = np.stack(attend.weights["self"])
    assert weights.shape == (30, 9, len(text.ids), len(text.ids))
    assert max_difference(weights[list(LAYERS)], references[f"{i}.self"]) <= TOLERANCE


def test_the_next_tokens_match_the_reference(checkpoint, references):
    text = checkpoint.encode(PROMPT)
    ids = generate(checkpoint, text, 3, attend_unrecorded)
    assert ids == references["1.new"][:3].tolist()
    assert checkpoint.eos_ids == (2,)  # <|im_end|>, which ends the turn


def test_the_prompt_is_that_of_the_chat_template(checkpoint):
    settings = checkpoint.files.read_document("tokenizer_config.json")
    assert (settings["bos_token"], settings["eos_token"]) == ("<|im_start|>", "<|im_end|>")
    assert all(token in settings["chat_template"] for token in ("<|im_start|>", "assistant"))
    assert checkpoint.encode(PROMPT).tokens[0].piece == "<|im_start|>"


def test_the_description():
    facts = describe_checkpoint(str(path()))
    assert (facts["family"], facts["layers"], facts["heads"]) == ("llama", {"self": 30}, 9)
    assert (facts["kv_heads"], facts["d_head"], facts["positions"]) == (3, 64, 8192)
    assert (facts["dtype"], facts["vocabulary"]) == ("Q4_1", 49152)
    assert facts["dtypes"] == {"Q4_1": 210, "float32": 61, "Q8_0": 1}
    assert facts["tokenizer"] == "byte-level BPE (smollm), from the metadata"


def test_the_census_finds_sinks_and_induction_heads():
    amap = attnviz.look(REPEATED, model=str(path()), select_layers="17-18")
    patterns = {(p.layer, p.head): p for p in best_patterns(amap)}
    assert patterns[17, 5].name == "induction" and patterns[17, 5].score > 0.6
    amap = attnviz.look(PROMPT, model=str(path()), select_layers="17-18")
    sinks = [p for p in best_patterns(amap) if p.name == "first token" and p.score > 0.9]
    assert len(sinks) >= 6 and (18, 8) in {(p.layer, p.head) for p in sinks}
