"""What a row simplifies, or could not confirm, is stated wherever the row is described."""

import json
import re

import pytest

import attnviz
from attnviz.core.variants import VARIANTS
from tests.cli.runner import run
from tests.docs.catalogue import catalogue

STATED = [row for row in VARIANTS.values() if row.simplified or row.unconfirmed]

# Parts whose docstrings call something missing, by the rows that use them.
MUST_BE_STATED = (
    "lsh", "routing", "mamba-2", "rwkv", "gla", "delta", "gated-delta", "kda", "path", "retention",
    "stick-breaking", "shaw", "sandwich", "collaborative", "forward", "gmm", "ntm", "inverted",
    "luna", "nystrom", "rectified", "adaptive-span",
)  # fmt: skip
UNCONFIRMED = (
    "constrained-softmax", "constrained-sparsemax", "milk", "graves", "ntm", "gmm",
    "local-p", "swan",
)  # fmt: skip


def test_known_simplifications_and_unconfirmed_rows_are_stated():
    assert set(MUST_BE_STATED) <= {row.name for row in VARIANTS.values() if row.simplified}
    assert {row.name for row in VARIANTS.values() if row.unconfirmed} == set(UNCONFIRMED)


@pytest.fixture(scope="module")
def document():
    """The catalogue as Markdown."""
    return catalogue()


@pytest.mark.parametrize("row", STATED, ids=lambda row: row.name)
def test_a_statement_is_a_short_line_that_is_shown(row, document):
    shown = re.sub(r"\s+", " ", run("variants", row.name, width=200).out)
    for kind in ("simplified", "unconfirmed"):
        text = getattr(row, kind)
        assert (f"{kind}: {text}" in shown) == bool(text)
        assert (f"- `{row.name}` {kind}: " in document) == bool(text)
        assert len(text) <= 100 and not text.endswith(".")


def test_statements_are_in_the_json_of_the_catalogue():
    rows = {row["name"]: row for row in json.loads(run("variants", "--json").out)}
    for row in VARIANTS.values():
        stated = rows[row.name]
        assert (stated["simplified"], stated["unconfirmed"]) == (row.simplified, row.unconfirmed)


def test_the_metadata_of_a_map_state_what_is_simplified():
    assert "short convolutions" in attnviz.look("a b", variant="kda").meta["simplified"]
    assert "simplified" not in attnviz.look("a b", variant="scaled-dot").meta
