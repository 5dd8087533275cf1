"""Markdown and LaTeX tables: every token is shown as it is, masked cells are marked."""

from __future__ import annotations

import re

import numpy as np
import pytest
from markdown_it import MarkdownIt

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.formats import find_format
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from tests.cli.runner import run
from tests.conftest import HOSTILE, make_map

SPECIAL = [
    *["a|b", "\\", "*x*", "_", "`c`", "<s>", "[CLS]", "# h", "$x^2$", "~~", "--", "---", "&lt;"],
    *[
        "100%",
        "{}",
        "http://a.b",
        "a@b.c",
        ":smile:",
        "![i](j)",
        "-",
        "1.",
        '"',
        "'",
        "''",
        ",,",
        "\\\\*",
    ],
]
LABELS = [*SPECIAL, *HOSTILE]
COMMANDS = re.compile(
    r"\\text\w+\{\}|\\ldots\{\}|\$\\\w+\$|\$-\$|\\[#$%&_{}]|\{\[\}|\{\*\}|(?<=[-',])\\mbox\{\}"
    r"|\{\\ttfamily\\char34\}"
)


def rendered(name, amap, **style):
    return find_format(name).render(amap, Style(**style)).decode()


def markdown_tables(text):
    """The cells of all tables, as a reader of the rendered page sees them."""
    tables = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and token.level == 4:
            assert {child.type for child in token.children} <= {"text", "text_special"}
            tables[-1][-1].append("".join(child.content for child in token.children))
    return tables


def latex_tables(text):
    """The cells of all tables; what is left of commands would be an unescaped character."""
    tables = []
    for body in re.findall(r"\\begin\{tabular\}\{[^\n]*\n(.*?)\\end\{tabular\}", text, re.DOTALL):
        rows = [row.strip() for row in body.replace("\\hline", "").strip().split(" \\\\\n")]
        tables.append([row.removesuffix(" \\\\").split(" & ") for row in rows])
    return tables


@pytest.mark.parametrize(
    "labels", [LABELS[i : i + 6] for i in range(0, len(LABELS), 6)], ids=ascii
)
def test_markdown_shows_every_token_as_it_is(labels):
    (table,) = markdown_tables(rendered("md", make_map(labels, n_head=1)))
    shown = [escape_token(label) for label in labels]
    assert table[0] == ["query", *shown] and [row[0] for row in table[1:]] == shown


@pytest.mark.parametrize("label", LABELS, ids=ascii)
def test_latex_leaves_no_special_character(label):
    text = rendered("tex", make_map([label, "b"], n_head=1, meta={"variant": label}))
    (table,) = latex_tables(text)
    assert [len(row) for row in table] == [3, 3, 3]
    caption = re.search(r"\\caption\{(.*)\}", text)[1]
    for cell in (table[0][1], table[1][0], caption):
        plain = COMMANDS.sub(" ", cell)
        assert not re.search(r"[\\{}$&#_%^~\[*\"]|--|''|,,", plain), plain


@pytest.mark.parametrize(("name", "read"), [("md", markdown_tables), ("tex", latex_tables)])
def test_numbers_masked_cells_and_captions(name, read):
    visible = np.tril(np.ones((3, 3), bool))
    weights = np.where(visible, 0.25, 0.0)[None, None].repeat(2, 1)
    weights[0, 1, 2] = (0.0, -0.5, 0.123456)
    words = tuple(map(Token.of, "abc"))
    amap = AttentionMap(words, words, weights, visible, heads=(3, 7), meta={"row_sum": "any"})
    text = rendered(name, amap, captions={(0, 7): "max a_b"}, title="T&T", precision=3)
    first, second = read(text)
    masked, minus, total = ("·", "−", "Σ") if name == "md" else ("$\\cdot$", "$-$", "$\\Sigma$")
    assert first[0] == ["query", "a", "b", "c", total]
    assert first[1] == ["a", "0.250", masked, masked, "0.250"]
    assert second[3] == ["c", "0", f"{minus}0.500", "0.123", f"{minus}0.377"]
    assert "T\\&T" in text and re.search(r"head 7: max a\\_b", text) and "head 3" in text
    assert ("· masked" if name == "md" else "$\\cdot$ masked") in text


@pytest.mark.parametrize(("name", "read"), [("md", markdown_tables), ("tex", latex_tables)])
def test_differences_have_signs_and_the_notes_are_stated(name, read):
    made = run("compare", "The cat sat", "-v", "dot", "-v", "hard", "-f", name)
    weights, _, changes = read(made.out)
    assert not any("+" in cell for row in weights for cell in row)
    minus = "−" if name == "md" else "$-$"
    signs = {cell.removesuffix("0.00")[:-4] for row in changes[1:] for cell in row[1:]}
    assert {"+", minus} <= signs <= {"+", minus, ""}
    assert "mean of 4 heads" in run("a b", "--head", "mean", "-f", name).out
    assert "3 of 4 pairs allowed" in run("mask", "causal", "a b", "-f", name).out


def test_several_sentences_in_one_file(tmp_path):
    out = tmp_path / "all.md"
    assert run("-f", "md", "-o", str(out), stdin="The cat\nHe saw it\n").status == 0
    text = out.read_text(encoding="utf-8")
    assert len(markdown_tables(text)) == 8 and text.count("untrained weights") == 2
    assert text.count("sentence: The cat") == text.count("sentence: He saw it") == 1
    assert run("mask", "causal", "a b", "-f", "tex").out.count("1 & 1") == 1
