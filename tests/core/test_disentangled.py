"""Disentangled attention against loops, and log buckets against the published ones."""

import numpy as np
import pytest

from attnviz.core.grid import BlockIndex, Grid
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.registry import find_part
from attnviz.core.scores.disentangled import Disentangled, log_bucket
from attnviz.core.seeded_random import draw_uniform
from attnviz.errors import MisuseError
from tests.sources.reference import MODELS

N_HEAD, N_QUERY, N_KEY, D, FAR = 2, 5, 7, 3, 3


def inputs(n_query=N_QUERY):
    learned = {
        name: draw_uniform((N_HEAD, 2 * FAR, D), 0, name) for name in ("place_key", "place_query")
    }
    return Inputs(
        query=draw_uniform((N_HEAD, N_KEY, D), 0, "query")[:, -n_query:],
        key=draw_uniform((N_HEAD, N_KEY, D), 0, "key"),
        grid=Grid.of(N_HEAD, n_query, N_KEY),
        params=learned,
    )


def by_loops(given, terms):
    """The three terms, one query and one key at a time."""
    out = np.zeros((N_HEAD, given.query.shape[1], N_KEY))
    offset = N_KEY - given.query.shape[1]
    for h, i, j in np.ndindex(*out.shape):
        index = min(max(i + offset - j + FAR, 0), 2 * FAR - 1)
        q, k = given.query[h, i], given.key[h, j]
        out[h, i, j] = q @ k
        if terms in ("both", "c2p"):
            out[h, i, j] += q @ given.params["place_key"][h, index]
        if terms in ("both", "p2c"):
            out[h, i, j] += k @ given.params["place_query"][h, index]
    return out


@pytest.mark.parametrize("terms", Disentangled.choices["terms"])
@pytest.mark.parametrize("n_query", [2, N_QUERY, N_KEY])
def test_agrees_with_the_loops(terms, n_query):
    given = inputs(n_query)
    got = Disentangled(max_distance=FAR, terms=terms)(given)
    assert np.abs(got - by_loops(given, terms)).max() <= 1e-12


def test_the_terms_differ():
    result = [
        Disentangled(max_distance=FAR, terms=t)(inputs()) for t in Disentangled.choices["terms"]
    ]
    for i, j in ((0, 1), (0, 2), (0, 3), (1, 2)):
        assert np.abs(result[i] - result[j]).max() > 0.01


def test_a_block_of_rows_equals_the_rows_of_the_full_map():
    part, given = Disentangled(max_distance=FAR), inputs()
    assert np.array_equal(
        part(given.select_block(BlockIndex(queries=slice(1, 3)))), part(given)[:, 1:3]
    )


def test_all_distances_as_published():
    with np.load(MODELS / "buckets.npz") as file:
        assert log_bucket(file["distance"], 256, 512).tolist() == file["log"].tolist()


def test_param_shapes():
    sizes = Sizes(d=D, d_model=6, n_head=2, n_query=5, n_key=7)
    assert Disentangled(max_distance=FAR).param_shapes(sizes) == dict.fromkeys(
        ("place_key", "place_query"), (6, 3)
    )
    assert Disentangled(log_buckets=4, terms="c2p").param_shapes(sizes) == {"place_key": (8, 3)}
    assert Disentangled(terms="none").param_shapes(sizes) == {}
    assert find_part("score", "disentangled") is Disentangled


@pytest.mark.parametrize("wrong", [{"max_distance": 1}, {"log_buckets": -1}, {"terms": "p2p"}])
def test_invalid_tunables_are_refused(wrong):
    with pytest.raises(MisuseError, match="should be"):
        Disentangled(**wrong)


def test_older_names_of_the_terms_stay_valid():
    assert Disentangled(terms="place-to-content") == Disentangled(terms="p2c")
    assert Disentangled(terms="content-to-place") == Disentangled(terms="c2p")
    assert Disentangled(terms="neither") == Disentangled(terms="none")
