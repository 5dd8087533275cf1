"""The census of two pretrained models: as stored, and by the attention of transformers."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import attnviz
from tests.checkpoints.smollm2 import LAYERS
from tests.measure.census import CASES, FOLDER, census
from tests.sources.reference import MODELS


def numbers(data: bytes) -> dict[str, np.ndarray]:
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    texts = ("name", "pattern", "pattern_without_sink")
    return {
        name: np.array([float(row[name] or "nan") for row in rows])
        for name in rows[0]
        if name not in texts
    }


@pytest.mark.parametrize("name", CASES)
def test_the_census_is_as_stored(name):
    made, stored = numbers(census(name)), numbers((FOLDER / f"{name}.csv").read_bytes())
    assert made.keys() == stored.keys()
    for column, values in stored.items():
        assert_allclose(made[column], values, atol=1e-4, err_msg=column)


def test_the_induction_heads_of_smollm2():
    stored = numbers((FOLDER / "smollm2.csv").read_bytes())
    found = stored["induction without sink"] > 0.5
    heads = zip(stored["layer"][found], stored["head"][found], strict=True)
    assert set(heads) == {(17, 3), (17, 4), (17, 5), (18, 6)}


@pytest.mark.parametrize(
    ("name", "file", "key", "layers"),
    [("minilm", "minilm", "13.self", range(6)), ("smollm2", "smollm2", "2.self", LAYERS)],
)
def test_measures_of_our_maps_equal_those_of_the_maps_of_transformers(name, file, key, layers):
    """A rose is a rose is a rose: sentence 13 of the references."""
    model, text = CASES[name]
    amap = attnviz.look(text, model=model(), select_layers=list(layers))
    with np.load(MODELS / f"{file}.npz") as references:
        theirs = replace(amap, weights=references[key])
    expected = attnviz.measure(theirs)
    for measure, values in attnviz.measure(amap).items():
        assert_allclose(values, expected[measure], atol=2e-3, err_msg=measure)
