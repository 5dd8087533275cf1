"""Content and places, compared apart: by loops, and against the published buckets."""

import numpy as np
import pytest

from attnviz.core.grid import Grid, Place
from attnviz.core.part import Inputs, Sizes
from attnviz.core.registry import find_part
from attnviz.core.scores.disentangled import Disentangled, log_bucket
from attnviz.core.seeded_random import draw
from attnviz.errors import MisuseError
from tests.sources.reference import MODELS

N_HEAD, N_QUERY, N_KEY, D, FAR = 2, 5, 7, 3, 3


def inputs(n_query=N_QUERY):
    learned = {name: draw((N_HEAD, 2 * FAR, D), 0, name) for name in ("place_key", "place_query")}
    return Inputs(
        query=draw((N_HEAD, N_KEY, D), 0, "query")[:, -n_query:],
        key=draw((N_HEAD, N_KEY, D), 0, "key"),
        grid=Grid.of(N_HEAD, n_query, N_KEY),
        learned=learned,
    )


def by_loops(given, terms):
    """The three terms, one query and one key at a time."""
    out = np.zeros((N_HEAD, given.query.shape[1], N_KEY))
    offset = N_KEY - given.query.shape[1]
    for h, i, j in np.ndindex(*out.shape):
        place = min(max(i + offset - j + FAR, 0), 2 * FAR - 1)
        q, k = given.query[h, i], given.key[h, j]
        out[h, i, j] = q @ k
        if terms in ("both", "content-to-place"):
            out[h, i, j] += q @ given.learned["place_key"][h, place]
        if terms in ("both", "place-to-content"):
            out[h, i, j] += k @ given.learned["place_query"][h, place]
    return out


@pytest.mark.parametrize("terms", Disentangled.choices["terms"])
@pytest.mark.parametrize("n_query", [2, N_QUERY, N_KEY])
def test_agrees_with_the_loops(terms, n_query):
    given = inputs(n_query)
    got = Disentangled(farthest=FAR, terms=terms)(given)
    assert np.abs(got - by_loops(given, terms)).max() <= 1e-12


def test_the_terms_differ():
    made = [Disentangled(farthest=FAR, terms=t)(inputs()) for t in Disentangled.choices["terms"]]
    for i, j in ((0, 1), (0, 2), (0, 3), (1, 2)):
        assert np.abs(made[i] - made[j]).max() > 0.01


def test_a_block_of_rows_is_as_in_the_whole():
    part, given = Disentangled(farthest=FAR), inputs()
    assert np.array_equal(part(given.part(Place(rows=slice(1, 3)))), part(given)[:, 1:3])


def test_all_distances_as_published():
    with np.load(MODELS / "buckets.npz") as file:
        assert log_bucket(file["distance"], 256, 512).tolist() == file["log"].tolist()


def test_it_says_which_numbers_it_needs():
    sizes = Sizes(d=D, d_model=6, n_head=2, n_query=5, n_key=7)
    assert Disentangled(farthest=FAR).param_shapes(sizes) == dict.fromkeys(
        ("place_key", "place_query"), (6, 3)
    )
    assert Disentangled(log_buckets=4, terms="content-to-place").param_shapes(sizes) == {
        "place_key": (8, 3)
    }
    assert Disentangled(terms="neither").param_shapes(sizes) == {}
    assert find_part("score", "disentangled") is Disentangled


@pytest.mark.parametrize("wrong", [{"farthest": 1}, {"log_buckets": -1}, {"terms": "p2p"}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(MisuseError, match="should be"):
        Disentangled(**wrong)
