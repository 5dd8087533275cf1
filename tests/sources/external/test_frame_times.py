"""Keys that are frames of audio have times as labels."""

from __future__ import annotations

import re

import numpy as np
import pytest

from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external import read
from tests.cli.runner import run

WORDS = [f"w{n}" for n in range(22)]
WIDE = np.full((1, 1, 22, 1500), 1 / 1500, np.float32)


def labels(tokens):
    return [token.label for token in tokens]


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [
        ({"cross_attentions": WIDE}, {"key_times": 0.02}, "29.98s"),
        ({"cross_attentions": WIDE, "key_times": 0.02}, {}, "29.98s"),
        ({"cross_attentions": WIDE, "key_times": np.float32(0.02)}, {"key_times": 1}, "1499s"),
        ({"cross_attentions": WIDE, "frame_times": np.arange(1500) / 8}, {}, "187.375s"),
        ({"cross_attentions": WIDE}, {"key_times": 0.00025}, "0.37475s"),
        ({"cross_attentions": WIDE, "frame_times": np.arange(1500) / 1e6}, {}, "0.001499s"),
    ],
)
def test_frames_are_labelled_with_their_times(source, options, expected):
    positions = [str(n) for n in range(22)]
    for tokens, queries in ((WORDS, WORDS), (None, positions), ((WORDS, None), WORDS)):
        made = read(source, tokens, axes="bhqk", **options)
        assert labels(made.keys)[-1] == expected
        assert labels(made.keys)[0].rstrip("0.s") == ""
        assert labels(made.queries) == queries
        assert len({*labels(made.keys)}) == len(made.keys)


@pytest.mark.parametrize(
    ("source", "tokens", "options", "error", "message"),
    [
        (np.eye(3), None, {"key_times": 0.0}, MisuseError, "should be the seconds between"),
        (np.eye(3), None, {"key_times": 1e-9}, MisuseError, "from 1e-06 to 1e\\+06, such as"),
        (np.eye(3), None, {"key_times": 10**400}, MisuseError, "should be the seconds between"),
        (np.eye(3), (None, list("abc")), {"key_times": 1.0}, MisuseError, "on keys with tokens"),
        ({"a": np.eye(3), "key_times": [0.0, 1.0]}, None, {}, InvalidInputError, "2 times for 3"),
        ({"a": np.eye(3), "key_times": [np.nan]}, None, {}, InvalidInputError, "of each key"),
        ({"a": np.eye(3), "key_times": [[1, 2], [3]]}, None, {}, InvalidInputError, "ragged"),
    ],
)
def test_times_that_do_not_fit_are_refused(source, tokens, options, error, message):
    with pytest.raises(error, match=message):
        read(source, tokens, **options)


def test_words_on_frames_are_a_readable_strip(tmp_path):
    path = tmp_path / "whisper.npz"
    np.savez(path, cross_attentions=WIDE[0, 0], decoder_tokens=WORDS)
    picture = run("render", str(path), "--key-times", "0.02", "-f", "svg")
    texts = re.findall(r">([^<>]+)</text>", picture.out)
    assert set(WORDS) <= set(texts)
    times = [float(text[:-1]) for text in texts if re.fullmatch(r"\d+\.\d\ds", text)]
    assert len(times) > 10 and times == sorted(times)
    table = run("render", str(path), "--key-times", "0.02").out
    assert re.search(r"\|0 0\.00s +\|\d+ \d+\.\d\ds", table)
