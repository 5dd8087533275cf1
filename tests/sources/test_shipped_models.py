"""Models that ship with attnviz: what they learned, and that they need no network."""

import json
import random

import numpy as np
import pytest

import attnviz
from attnviz.sources.shipped_models import SHIPPED_MODELS, find_shipped_folder
from tests.cli.runner import run
from tests.training.grammar import draw_sentence

MAX_BYTES = 1_000_000  # of a model's weights


N_WORD = 16


def repeated_words(seed):
    """Distinct words of one token each, twice."""
    vocabulary = json.loads((find_shipped_folder("induction") / "tokenizer.json").read_text())
    pieces = sorted(vocabulary["model"]["vocab"])
    words = [piece[1:] for piece in pieces if piece[0] == "Ġ" and piece[1:].isascii()]
    words = [word for word in words if word.isalpha() and len(word) > 2]
    return " " + " ".join(random.Random(seed).sample(words, N_WORD) * 2)


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_a_shipped_model_is_small_and_listed(name):
    weights = find_shipped_folder(name) / "model.safetensors"
    assert weights.stat().st_size <= MAX_BYTES
    assert name in run("models").out
    assert run("models", name).status == 0


@pytest.fixture(scope="module")
def maps():
    return [attnviz.look(repeated_words(seed), model="induction", predict=1) for seed in range(5)]


def test_induction_predicts_repeated_words(maps):
    hits = []
    for amap in maps:
        pieces = [token.piece for token in amap.queries]
        assert len(pieces) == 2 * N_WORD
        for entry in amap.meta["predictions"]["positions"][N_WORD:-1]:
            hits.append(entry["top"][0]["piece"] == pieces[entry["position"] + 1])
    assert len(hits) == 5 * (N_WORD - 1) and np.mean(hits) >= 0.99


def test_induction_has_a_previous_token_head_and_an_induction_head(maps):
    weights = np.mean([amap.weights for amap in maps], axis=0)
    at_distance = np.stack([np.diagonal(weights, -n, 2, 3).mean(-1) for n in range(10)])
    assert at_distance[1, 0].max() >= 0.9  # [distance, layer, head]
    assert at_distance[2:, 0].max() < 0.1
    queries = np.arange(N_WORD, 2 * N_WORD - 1)  # of the second time
    after_earlier = weights[..., queries, queries + 1 - N_WORD].mean(-1)
    assert after_earlier[1].max() >= 0.9 and after_earlier[0].max() < 0.5
    scores = [attnviz.measure(amap, "induction")["induction"] for amap in maps]
    assert np.max(scores, axis=(1, 2)).min() >= 0.9


def test_the_translator_translates_and_its_cross_attention_is_the_alignment():
    draw, n_word, n_aligned = random.Random(3), 0, 0
    for _ in range(20):
        sentence = draw_sentence(draw)
        amap = attnviz.look(
            " ".join(sentence.english), model="translator", generate=20, attention="cross"
        )
        start, *generated = (token.label for token in amap.queries)
        assert start == "<pad>" and [token.special for token in amap.queries].index(False) == 1
        assert generated == [word.french for word in sentence.french]
        keys = [token.label for token in amap.keys]
        for row, word in enumerate(sentence.french):  # a row is of the word that it predicts
            n_word += 1
            n_aligned += keys[int(amap.weights[0, 0, row].argmax())] == word.english
    assert n_aligned / n_word >= 0.95


def test_a_folder_of_that_name_takes_precedence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_shipped_folder("induction") is not None
    (tmp_path / "induction").mkdir()
    assert find_shipped_folder("induction") is None


def test_a_revision_of_a_shipped_model_is_refused():
    refused = run("The cat", "--model", "induction", "--revision", "main")
    assert refused.status == 2 and "--revision has no effect on 'induction'" in refused.err


@pytest.mark.parametrize(
    ("name", "reason"),
    [("inductoin", "Did you mean 'induction'?"), (" ", "the name of the model is empty")],
)
def test_a_misspelt_or_empty_name_is_refused_without_the_hub(name, reason):
    refused = run("The cat", "--model", name)
    assert refused.status == 1 and reason in refused.err
