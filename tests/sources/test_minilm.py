"""A pretrained model, all-MiniLM-L6-v2: all 72 heads, twenty sentences."""

from itertools import pairwise

import numpy as np
import pytest

from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.describe import describe
from tests.checkpoints.minilm import SENTENCES, folder
from tests.sources.reference import MODELS, RecordingAttend, max_difference

TOLERANCE = 2e-6


@pytest.fixture(scope="module")
def checkpoint():
    return open_checkpoint(str(folder()))


@pytest.fixture(scope="module")
def references():
    with np.load(MODELS / "minilm.npz") as file:
        return dict(file)


@pytest.mark.parametrize("i", range(len(SENTENCES)))
def test_weights_match_the_reference(i, checkpoint, references):
    text, seen = checkpoint.encode(SENTENCES[i]), RecordingAttend()
    assert list(text.ids) == references[f"{i}.ids"].tolist()
    checkpoint.run(text, seen)
    weights = np.stack(seen.weights["self"])
    assert weights.shape == (6, 12, len(text.ids), len(text.ids))
    assert max_difference(weights, references[f"{i}.self"]) <= TOLERANCE


def test_the_references_differ(references):
    mats = [references[f"{i}.self"] for i in range(len(SENTENCES))]
    assert all(a.shape != b.shape or np.abs(a - b).max() > 0.05 for a, b in pairwise(mats))


def test_the_description_of_minilm(checkpoint):
    facts = describe(checkpoint)
    assert (facts["family"], facts["layers"], facts["heads"]) == ("bert", {"self": 6}, 12)
    assert (facts["d_model"], facts["vocabulary"], facts["positions"]) == (384, 30522, 512)
    assert (facts["dtype"], facts["bytes"]) == ("float32", 90_868_376)
