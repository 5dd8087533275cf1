"""All tests: floating-point errors raise; a small map; hostile tokens; the judges' counts."""

from __future__ import annotations

import gc
import os
import random

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.figure import image_files, settings
from tests import network
from tests.judges import reference_packages

network.block_network()

HOSTILE = (
    "[red]bold[/b]",
    "a[/]b",
    ":cat:",
    "\x1b[31mESC\x1b[0m",
    "\x9b31m",
    "\x00\x07\r\n\t",
    "$\\frac{$",
    "$x$",
    "</script><!--<img src=x onerror=alert(1)>",
    "\u202eabc",
    "\u200b",
    "\u2028\u2029",
    "\ufeff",
    "=1+1",
    "-2",
    "@SUM(A1)",
    "NA",
    "null",
    'quo"te,comma\ttab',
    "中文",
    "👩‍👩‍👧‍👦",
    "🇫🇷",
    "é",
    "\u0301" * 50,
    "ﷺ",
    " ",
    "",
    "x" * 300,
    "\ud800",
    "\ufffe",
)


def pytest_collection_finish():
    """Leave the collected tests, which live until the end, out of garbage collection."""
    gc.freeze()


@pytest.fixture(autouse=True)
def floating_point_errors_raise():
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True)
def no_network():
    """A test that tries to reach another machine fails, even where its code hides the error."""
    yield
    attempts = [*network.attempts]
    network.attempts.clear()
    assert attempts == []


@pytest.fixture
def offline(monkeypatch):
    """Models of the Hugging Face Hub are read from its cache only."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def make_map(
    queries=("The", "cat", "sat"), keys=None, n_layer=1, n_head=2, **more
) -> AttentionMap:
    """A small map of positive weights whose rows sum to 1."""
    keys = queries if keys is None else keys
    shape = (n_layer, n_head, len(queries), len(keys))
    raw = 1.0 + np.arange(np.prod(shape)).reshape(shape) * 7 % 11
    weights = (raw / raw.sum(-1, keepdims=True)).astype(np.float32)
    return AttentionMap(
        queries=tuple(map(Token.of, queries)),
        keys=tuple(map(Token.of, keys)),
        weights=weights,
        **more,
    )


def pytest_collection_modifyitems(items):
    """Shuffle files, and tests within files, where ATTNVIZ_TEST_ORDER is a seed."""
    seed = os.environ.get("ATTNVIZ_TEST_ORDER")
    if seed is None:
        return
    rng = random.Random(seed)
    files = sorted({item.path for item in items})
    rng.shuffle(files)
    position = {path: i for i, path in enumerate(files)}
    rng.shuffle(items)
    items.sort(key=lambda item: position[item.path])


@pytest.fixture(autouse=True, scope="session")
def quick_fonts_of_eps():
    """EPS with outlines as fonts: matplotlib takes a second to convert a font to Type 42."""

    def encode(*arguments):
        with settings.matplotlib_settings(("ps.fonttype", 3)):  # of the fonts of EPS alone
            return image_files.encode_eps(*arguments)

    image_files.ENCODERS["eps"] = encode


def pytest_sessionfinish(session):
    """Send the judges' counts to the main process, where pytest-xdist runs this one."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["judges"] = reference_packages.get_counts()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Add the judges' counts of a process of pytest-xdist; one that crashed has none."""
    if "judges" in getattr(node, "workeroutput", ()):
        reference_packages.add_counts(node.workeroutput["judges"])


def pytest_terminal_summary(terminalreporter):
    """Print a summary of the comparisons."""
    for line in reference_packages.summary():
        terminalreporter.write_line(f"judge: {line}")
