"""What models write: as their reference does, and with kept keys as without."""

import numpy as np
import pytest

from attnviz.errors import MisuseError
from attnviz.sources.families import FAMILIES
from attnviz.sources.model.generate import generate
from attnviz.sources.transformer.attention import Cache, Looking
from attnviz.sources.transformer.embedding import embedded
from tests.checkpoints.settings import END
from tests.sources.reference import FOLDERS, MODELS, encoding, model, off, plainly

KINDS = {family.name: family.kind for family in tuple(FAMILIES)}
GREEDY = [f for f in FOLDERS if "greedy" in np.load(MODELS / f / "reference.npz")]
TURNS = sorted(p for p in MODELS.glob("*/*.npz") if p.stem != "reference")


def reference(folder):
    with np.load(MODELS / folder / "reference.npz") as file:
        return encoding(file["padded.ids"]), file["greedy"].tolist()


@pytest.mark.parametrize("folder", GREEDY)
def test_writes_what_its_reference_writes(folder):
    text, wanted = reference(folder)
    end = wanted.index(END) if END in wanted else len(wanted)
    assert generate(model(folder), text, len(wanted), plainly) == wanted[:end]


def test_every_family_that_writes_is_among_them():
    assert {name for name, kind in KINDS.items() if kind != "encoder"} <= set(GREEDY)


@pytest.mark.parametrize("folder", [f for f in GREEDY if KINDS.get(f) == "decoder"])
def test_token_by_token_is_as_all_at_once(folder):
    """Positions, windows and distances count what was read before."""
    checkpoint = model(folder)
    tower = checkpoint.towers["decoder"]
    text, _ = reference(folder)
    ids = [*text.ids, 5, 17, 60, 31, 8, 44]
    look = Looking(attend=plainly, kind="self", cache=Cache())
    rows = []
    for start, word in enumerate(ids):
        x = embedded(tower.row.embedding, tower.weights, [word], [0], start)
        rows.append(tower.run(x, look)[0])
    whole = checkpoint.run(encoding(ids), plainly)
    assert off(np.stack(rows), whole) <= 1e-5 * np.abs(whole).max()


def test_stops_where_the_model_ends():
    checkpoint = model("phi3")
    text, wanted = reference("phi3")
    checkpoint.config.values["eos_token_id"] = [3, wanted[2]]
    assert generate(checkpoint, text, 8, plainly) == wanted[:2]


def test_vocabularies_larger_than_a_chunk_are_scored_whole(monkeypatch):
    import attnviz.sources.model.generate as writing

    monkeypatch.setattr(writing, "CHUNK", 7)
    text, wanted = reference("llama")
    assert generate(model("llama"), text, len(wanted), plainly) == wanted


def test_an_encoder_does_not_write():
    with pytest.raises(MisuseError, match="reads text; it does not write"):
        generate(model("bert"), encoding([2, 3]), 1, plainly)


def test_no_more_than_there_are_positions():
    with pytest.raises(MisuseError, match=r"2 tokens and 39 more are 41.*positions for 40"):
        generate(model("gpt2"), encoding([5, 6]), 39, plainly)
    assert len(generate(model("gpt2"), encoding([5, 6]), 38, plainly)) <= 38


def test_words_by_their_numbers_are_shown():
    words = model("bert").words([2, 5, 99])
    assert words.ids == (2, 5, 99)
    assert [t.piece for t in words.tokens] == ["[CLS]", "a", "#99"]
    assert [t.label for t in words.tokens] == ["[CLS]", "a", "#99"]


def test_a_target_begins_with_the_start_and_lacks_the_end():
    checkpoint = model("t5")
    target = checkpoint.target_of("the cat")
    assert target.ids == (0, *checkpoint.encode("the cat").ids)
    checkpoint.config.values["eos_token_id"] = 1
    assert checkpoint.target_of("the cat").ids == (0, 4, 6)
    assert [t.label for t in checkpoint.target_of("the cat").tokens] == ["<pad>", "the", "cat"]
