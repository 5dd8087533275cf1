"""Greedy decoding: as the reference generates, and with a KV cache as without."""

import numpy as np
import pytest

from attnviz.errors import MisuseError
from attnviz.sources.families import FAMILIES
from attnviz.sources.model.generate import generate
from attnviz.sources.model.generation_limits import cache_bytes
from attnviz.sources.transformer.attention import AttentionContext
from attnviz.sources.transformer.embedding import embed_tokens
from attnviz.sources.transformer.kv_cache import KVCache
from tests.checkpoints.inputs import END
from tests.cli.runner import run
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
    import attnviz.sources.model.logits as logits_module

    monkeypatch.setattr(logits_module, "LOGITS_CHUNK", 7)
    text, wanted = reference("llama")
    assert generate(open_model("llama"), text, len(wanted), attend_unrecorded) == wanted


def test_an_encoder_cannot_generate():
    with pytest.raises(MisuseError, match="is an encoder; generate needs a decoder"):
        generate(open_model("bert"), encoding_of_ids([2, 3]), 1, attend_unrecorded)


def test_no_more_tokens_than_the_maximum_length():
    with pytest.raises(
        MisuseError, match=r"2 tokens and 39 generated ones are 41.*accepts at most 40"
    ):
        generate(open_model("gpt2"), encoding_of_ids([5, 6]), 39, attend_unrecorded)
    with pytest.raises(MisuseError, match=r"^1 token and 40 generated ones are 41;"):
        generate(open_model("gpt2"), encoding_of_ids([5]), 40, attend_unrecorded)
    assert len(generate(open_model("gpt2"), encoding_of_ids([5, 6]), 38, attend_unrecorded)) <= 38


class Untouchable:
    """An `attend` callback that fails: nothing should run."""

    def __call__(self, call):
        raise AssertionError("a layer ran")


@pytest.mark.parametrize("folder", [f for f in GREEDY if f in KINDS])
def test_too_many_tokens_are_refused_before_the_first_step(folder):
    with pytest.raises(MisuseError, match=r"1,000,000,000 generated ones are 1,000,000,00\d; .*"):
        generate(open_model(folder), encoding_of_ids([5, 6]), 10**9, Untouchable())


@pytest.mark.parametrize("folder", [f for f in GREEDY if f in KINDS])
@pytest.mark.parametrize("n", [0, -3])
def test_fewer_than_one_token_is_refused(folder, n):
    with pytest.raises(MisuseError, match=f"generate={n} should be at least 1"):
        generate(open_model(folder), encoding_of_ids([5, 6]), n, Untouchable())


@pytest.mark.parametrize("folder", ["bloom", "t5"])
def test_tokens_that_do_not_fit_in_memory_are_refused_before_the_first_step(folder, monkeypatch):
    import attnviz.sources.model.generation_limits as limits

    monkeypatch.setattr(limits, "machine_memory", lambda: 1_000_000)
    with pytest.raises(
        MisuseError, match=r"9,000 generated .*need about \d.* MB; this machine has 1.0 MB; use a"
    ):
        generate(open_model(folder), encoding_of_ids([5, 6]), 9000, Untouchable())
    monkeypatch.setattr(limits, "machine_memory", lambda: 1_000_000_000)
    with pytest.raises(AssertionError, match="a layer ran"):
        generate(open_model(folder), encoding_of_ids([5, 6]), 9000, Untouchable())


def test_the_cache_is_as_large_as_estimated():
    checkpoint = open_model("llama")
    cache, text = KVCache(), encoding_of_ids([5, 6, 7, 8])
    stack = checkpoint.stacks["decoder"]
    x = embed_tokens(stack.spec.embedding, stack.weights, text.ids, [0] * 4)
    stack.run(x, AttentionContext(attend=attend_unrecorded, kind="self", cache=cache))
    n_byte = sum(array.nbytes for pair in cache.entries.values() for array in pair)
    twice = 2 * 2 * 4 * stack.config.get_int("n_head") * stack.config.d_head * 4
    assert cache_bytes(checkpoint, 4) == n_byte + twice


def test_token_ids_have_labels():
    words = open_model("bert").tokens_of_ids([2, 5, 99])
    assert words.ids == (2, 5, 99)
    assert [t.piece for t in words.tokens] == ["[CLS]", "a", "#99"]
    assert [t.label for t in words.tokens] == ["[CLS]", "a", "#99"]
    assert [t.special for t in words.tokens] == [True, False, False]


def test_a_target_begins_with_the_start_token_and_lacks_the_eos_token():
    checkpoint = open_model("t5")
    target = checkpoint.encode_target("the cat")
    assert target.ids == (0, *checkpoint.encode("the cat").ids)
    checkpoint = open_model("t5")
    checkpoint.config.values["eos_token_id"] = 1
    assert checkpoint.encode_target("the cat").ids == (0, 4, 6)
    assert [t.label for t in checkpoint.encode_target("the cat").tokens] == ["<pad>", "the", "cat"]


@pytest.mark.parametrize(("folder", "kind"), [("bloom", "self"), ("t5", "cross")])
def test_ctrl_c_during_generation_is_130(folder, kind, monkeypatch):
    import attnviz.sources.model.generate as generate_module

    steps = []

    def interrupt(*_):
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return np.eye(100)[7]

    monkeypatch.setattr(generate_module, "compute_logits", interrupt)
    model = str(MODELS / folder)
    finished = run("the cat", "-m", model, "--attention", kind, "--generate", "9", "--layer", "0")
    assert (finished.status, finished.out, len(steps)) == (130, "", 3)
