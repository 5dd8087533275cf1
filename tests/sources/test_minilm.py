"""A real model that was really trained: all-MiniLM-L6-v2, all 72 heads, twenty sentences."""

from itertools import pairwise

import numpy as np
import pytest

from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.describe import describe
from tests.checkpoints.minilm import SENTENCES, folder
from tests.sources.reference import MODELS, Seen, off

OFF = 2e-6


@pytest.fixture(scope="module")
def checkpoint():
    return open_checkpoint(str(folder()))


@pytest.fixture(scope="module")
def references():
    with np.load(MODELS / "minilm.npz") as file:
        return dict(file)


@pytest.mark.parametrize("i", range(len(SENTENCES)))
def test_attends_as_its_reference(i, checkpoint, references):
    text, seen = checkpoint.encode(SENTENCES[i]), Seen()
    assert list(text.ids) == references[f"{i}.ids"].tolist()
    checkpoint.run(text, seen)
    weights = np.stack(seen.weights["self"])
    assert weights.shape == (6, 12, len(text.ids), len(text.ids))
    assert off(weights, references[f"{i}.self"]) <= OFF


def test_sentences_look_different(references):
    mats = [references[f"{i}.self"] for i in range(len(SENTENCES))]
    assert all(a.shape != b.shape or np.abs(a - b).max() > 0.05 for a, b in pairwise(mats))


def test_is_what_its_description_says(checkpoint):
    facts = describe(checkpoint)
    assert (facts["family"], facts["layers"], facts["heads"]) == ("bert", {"self": 6}, 12)
    assert (facts["d_model"], facts["vocabulary"], facts["positions"]) == (384, 30522, 512)
    assert (facts["dtype"], facts["bytes"]) == ("float32", 90_868_376)
