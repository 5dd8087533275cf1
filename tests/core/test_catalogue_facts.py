"""Facts of the rows: year, reference implementation, released models, where they are known."""

import json
import re

import pytest

from attnviz.core.citation import publication_year
from attnviz.core.variants import VARIANTS
from tests.cli.runner import run
from tests.docs.catalogue import catalogue

ROWS = list(VARIANTS.values())
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
PAGE = catalogue()
STATED = [row for row in ROWS if row.reference or row.used_by]
FACTS = {row["name"]: row for row in json.loads(run("variants", "--json").out)}
TYPES = {"year": int, "reference": str, "used_by": list, "layers": list}


def test_facts_have_their_type_and_are_absent_where_they_are_unknown():
    for row in ROWS:
        require_facts(row, FACTS[row.name])


def require_facts(row, facts):
    for name, kind in TYPES.items():
        assert (name in facts) == bool(getattr(row, name)), name
        if name in facts:
            assert type(facts[name]) is kind
    assert {"formula", "paper", "row_sum", "cost", "simplified"} <= facts.keys()
    for text in (*row.used_by, *(layer.name for layer in row.layers)):
        assert text and text == text.strip() and not text.endswith(".")
    assert len(set(row.used_by)) == len(row.used_by)


@every_row
def test_the_year_is_that_of_the_paper(row):
    """An arXiv id begins with the year and the month of the paper."""
    ids = re.findall(r"\b(\d\d)(\d\d)\.\d{4,5}\b", row.paper)
    assert all(1 <= int(month) <= 12 for _, month in ids)
    if ids:
        assert FACTS[row.name]["year"] == 2000 + int(ids[0][0])
    elif row.year:
        assert str(row.year) in row.paper and 1900 < row.year < 2100
    else:
        assert not re.search(r"\d{4}", row.paper)


def test_citations_without_a_year_have_none():
    assert publication_year("Keras, Attention(score_mode='concat')") is None
    assert publication_year("Nadaraya, 1964; Watson, 1966") == 1964
    assert publication_year("2406.06484, 2102.11174") == 2024


def test_a_reference_is_a_file_of_a_repository():
    form = r"[\w.-]+/[\w.-]+: [\w./-]+\.(py|md|cu|h|cpp)"
    references = [row.reference for row in ROWS if row.reference]
    assert [text for text in references if not re.fullmatch(form, text)] == []


def test_the_page_states_the_facts():
    for row in ROWS:
        require_lines(row)


def require_lines(row):
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{row.name}` |")]
    assert line.endswith(f" | {row.year or '–'} | {row.row_sum} | {row.cost} |")
    assert (f"- `{row.name}` reference: " in PAGE) == bool(row.reference)
    assert (f"- `{row.name}` used by: {', '.join(row.used_by)}\n" in PAGE) == bool(row.used_by)


@pytest.mark.parametrize("row", STATED[::5], ids=lambda row: row.name)
def test_the_description_states_the_facts(row):
    shown = re.sub(r"\s+", " ", run("variants", row.name, width=300).out)
    assert (f"reference: {row.reference} " in shown) == bool(row.reference)
    assert (f"used by: {', '.join(row.used_by)} " in shown) == bool(row.used_by)


def test_the_best_known_rows_state_a_reference():
    assert sum(bool(row.reference) for row in ROWS) >= 100
    assert sum(bool(row.used_by) for row in ROWS) >= 50
    assert {"multihead", "rope", "alibi", "grouped-query", "latent", "mamba-2"} <= {
        row.name for row in ROWS if row.reference and row.used_by
    }
