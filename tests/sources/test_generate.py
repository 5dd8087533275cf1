"""Greedy decoding: as the reference generates, and with a KV cache as without."""

import numpy as np
import pytest

from attnviz.errors import MisuseError
from attnviz.sources.families import FAMILIES
from attnviz.sources.model.generate import generate
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens
from attnviz.sources.transformer.kv_cache import KVCache
from tests.checkpoints.settings import END
from tests.sources.reference import (
    FOLDERS,
    MODELS,
    attend_unrecorded,
    encoding_of_ids,
    max_difference,
    open_model,
)

KINDS = {family.name: family.kind for family in tuple(FAMILIES)}
GREEDY = [f for f in FOLDERS if "greedy" in np.load(MODELS / f / "reference.npz")]
ROPE_REFERENCES = sorted(p for p in MODELS.glob("*/*.npz") if p.stem != "reference")


def reference(folder):
    with np.load(MODELS / folder / "reference.npz") as file:
        return encoding_of_ids(file["padded.ids"]), file["greedy"].tolist()


@pytest.mark.parametrize("folder", GREEDY)
def test_generates_what_the_reference_generates(folder):
    text, wanted = reference(folder)
    end = wanted.index(END) if END in wanted else len(wanted)
    assert generate(open_model(folder), text, len(wanted), attend_unrecorded) == wanted[:end]


def test_every_generating_family_is_among_them():
    assert {name for name, kind in KINDS.items() if kind != "encoder"} <= set(GREEDY)


@pytest.mark.parametrize("folder", [f for f in GREEDY if KINDS.get(f) == "decoder"])
def test_decoding_with_a_kv_cache_matches_one_forward_pass(folder):
    """Positions, windows and distances include the cached tokens."""
    checkpoint = open_model(folder)
    tower = checkpoint.stacks["decoder"]
    text, _ = reference(folder)
    ids = [*text.ids, 5, 17, 60, 31, 8, 44]
    look = AttentionContext(attend=attend_unrecorded, kind="self", cache=KVCache())
    rows = []
    for start, word in enumerate(ids):
        x = embed_tokens(tower.spec.embedding, tower.weights, [word], [0], start)
        rows.append(tower.run(x, look)[0])
    whole = checkpoint.run(encoding_of_ids(ids), attend_unrecorded)
    assert max_difference(np.stack(rows), whole) <= 1e-5 * np.abs(whole).max()


def test_stops_at_an_eos_token():
    checkpoint = open_model("phi3")
    text, wanted = reference("phi3")
    checkpoint.config.values["eos_token_id"] = [3, wanted[2]]
    assert generate(checkpoint, text, 8, attend_unrecorded) == wanted[:2]


def test_vocabularies_larger_than_a_chunk_are_scored_completely(monkeypatch):
    import attnviz.sources.model.generate as generate_module

    monkeypatch.setattr(generate_module, "LOGITS_CHUNK", 7)
    text, wanted = reference("llama")
    assert generate(open_model("llama"), text, len(wanted), attend_unrecorded) == wanted


def test_an_encoder_cannot_generate():
    with pytest.raises(MisuseError, match="is an encoder; --generate needs a decoder"):
        generate(open_model("bert"), encoding_of_ids([2, 3]), 1, attend_unrecorded)


def test_no_more_tokens_than_the_maximum_length():
    with pytest.raises(
        MisuseError, match=r"2 tokens and 39 generated ones are 41.*accepts at most 40"
    ):
        generate(open_model("gpt2"), encoding_of_ids([5, 6]), 39, attend_unrecorded)
    assert len(generate(open_model("gpt2"), encoding_of_ids([5, 6]), 38, attend_unrecorded)) <= 38


def test_token_ids_have_labels():
    words = open_model("bert").tokens_of_ids([2, 5, 99])
    assert words.ids == (2, 5, 99)
    assert [t.piece for t in words.tokens] == ["[CLS]", "a", "#99"]
    assert [t.label for t in words.tokens] == ["[CLS]", "a", "#99"]


def test_a_target_begins_with_the_start_token_and_lacks_the_eos_token():
    checkpoint = open_model("t5")
    target = checkpoint.encode_target("the cat")
    assert target.ids == (0, *checkpoint.encode("the cat").ids)
    checkpoint.config.values["eos_token_id"] = 1
    assert checkpoint.encode_target("the cat").ids == (0, 4, 6)
    assert [t.label for t in checkpoint.encode_target("the cat").tokens] == ["<pad>", "the", "cat"]
