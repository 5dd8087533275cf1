"""Fuzzing: any bytes give a map or an AttnvizError."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.errors import AttnvizError
from attnviz.render.formats import find_format
from attnviz.sources.external import array_files as binary
from attnviz.sources.external import read
from tests.conftest import make_map
from tests.sources.external.hand import npy, npz

FORMATS = ["json", "csv", "tsv", "npz", "parquet", "safetensors"]
FIXTURES = sorted((Path(__file__).parent / "fixtures").iterdir())


def only_complaints(data):
    """Whatever the bytes are: a map, or an error with its one line."""
    try:
        made = read(data)
    except AttnvizError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(made.weights).all()


def valid():
    amap = make_map(visible=np.ones((3, 3), dtype=bool), text="The cat sat")
    return [find_format(name).render(amap) for name in FORMATS] + [
        path.read_bytes() for path in FIXTURES
    ]


SEEDS = valid()
QUIET = settings(derandomize=True, deadline=None, max_examples=300)


@QUIET
@given(st.data())
def test_any_change_of_a_valid_file_is_read_or_complained_about(data):
    seed = data.draw(st.sampled_from(SEEDS))
    start = data.draw(
        st.integers(0, min(len(seed), data.draw(st.sampled_from([64, 400, 40_000]))))
    )
    length = data.draw(st.sampled_from([0, 1, 2, 8, len(seed)]))
    only_complaints(seed[:start] + data.draw(st.binary(max_size=9)) + seed[start + length :])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=8,
)
OBJECTS = [json.loads(seed) for seed in SEEDS if seed.startswith(b"{")]


@QUIET
@given(st.data())
def test_any_value_at_any_place_of_a_document_is_read_or_complained_about(data):
    said = json.loads(json.dumps(data.draw(st.sampled_from(OBJECTS))))
    place = said
    for _ in range(data.draw(st.integers(0, 4))):
        inner = [v for v in (place.values() if isinstance(place, dict) else place)
                 if isinstance(v, dict | list) and v]  # fmt: skip
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    place[data.draw(st.sampled_from(keys))] = data.draw(JSON)
    only_complaints(json.dumps(said).encode())


@QUIET
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_complained_about(data):
    only_complaints(data)


def test_the_fuzz_would_notice_another_error(monkeypatch):
    def broken(data, wish):
        raise KeyError("weights")

    monkeypatch.setattr(binary, "read_npy", broken)
    with pytest.raises(KeyError):
        only_complaints(npy(np.eye(2)))


ARRAYS = [
    np.eye(3),
    np.ones((1, 2, 3, 3)),
    np.full((2, 2), np.nan),
    np.array(["a", "b", "c"]),
    np.array([["a"]]),
    np.bytes_(b'{"format": "attnviz", "format_version": "1.0", "queries": [], "keys": []}'),
    np.float64(3),
    np.zeros((0, 3)),
    np.array([True]),
]
NAMES = ["weights", "document", "visible", "tokens", "queries", "layer_0", "arr_1", "key_vectors"]


@QUIET
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(range(len(ARRAYS))), max_size=4))
def test_any_members_are_read_or_complained_about(chosen):
    own = find_format("npz").render(make_map())
    with np.load(io.BytesIO(own)) as archive:
        members = {name: npy(archive[name]) for name in archive.files}
    members |= {name: npy(ARRAYS[place]) for name, place in chosen.items()}
    only_complaints(npz((f"{name}.npy", data) for name, data in members.items()))
