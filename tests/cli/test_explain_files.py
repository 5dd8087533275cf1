"""`explain -o`: Markdown, LaTeX, HTML and JSON of the same steps, complete or absent."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from attnviz.core.variants import VARIANTS
from attnviz.render.reports.explanation_files import WRITERS
from attnviz.render.reports.latex_formula import math, text
from tests.cli.runner import run

HOSTILE = "The c|t`$x_1 <b>&amp;\\end{document} %#{}~^ \u202e\x1b[0m 猫"
WORDS = ("-t", "whitespace", "-v", "local-p", "--dim", "4", "--cell", "2,1")
EXTENSIONS = [suffix.removeprefix(".") for suffix in WRITERS]


def write(tmp_path, extension, *words, text="The cat sat"):
    path = tmp_path / f"steps.{extension}"
    result = run("explain", text, *WORDS, *words, "-o", str(path))
    assert (result.status, result.out) == (0, ""), result.err
    return path.read_text(encoding="utf-8")


def numbers_of_text(*words):
    """Every number that the terminal prints in the arithmetic of the weight."""
    out = run("explain", "The cat sat", *WORDS, *words, width=80).out
    section = out[out.index("\nweight of query") :]
    return set(re.findall(r"-?\d+\.\d{2,}", section))


@pytest.mark.parametrize("extension", ["html", "md", "tex"])
def test_files_hold_every_number_of_the_text(extension, tmp_path):
    content = write(tmp_path, extension)
    assert all(number in content for number in numbers_of_text())
    assert "untrained weights (seed 0)" in content
    assert write(tmp_path, extension, "--precision", "5") != content


def test_json_is_the_document_of_standard_output(tmp_path):
    path = tmp_path / "steps.json"
    words = ("explain", "The cat sat", *WORDS)
    assert run(*words, "-o", str(path)).status == 0
    assert path.read_text() == run(*words, "--json").out
    assert json.loads(path.read_text())["format"] == "attnviz-explanation"


class Page(HTMLParser):
    """Collects elements, and refuses those left open."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not {name for name, _ in attributes} & {"src", "href", "onclick", "onload"}
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_offline_well_formed_and_keeps_markup_of_tokens_as_text(tmp_path):
    content = write(tmp_path, "html", text=HOSTILE)
    page = Page()
    page.feed(content)
    assert page.open == [] and not page.tags & {"script", "b", "img", "link", "iframe"}
    assert "default-src 'none'" in content and "://" not in content
    assert "<b>&amp;\\end{document}" in page.text and "\x1b" not in content
    assert "\u202e" not in content and "猫" in page.text


def test_markdown_tables_have_as_many_cells_as_columns(tmp_path):
    content = write(tmp_path, "md", text=HOSTILE)
    tables = re.findall(r"(?:^\|.*\n)+", content, flags=re.MULTILINE)
    assert len(tables) > 8
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert "\x1b" not in content and "\\<b\\>" in content


@pytest.mark.parametrize("row", list(VARIANTS.values()), ids=lambda row: row.name)
def test_latex_is_balanced_and_knows_its_commands(row, tmp_path):
    text = HOSTILE if row.name == "local-p" else "a b"
    context = ("-c", "c d") if row.context == "required" else ()
    path = tmp_path / "steps.tex"
    cell = ("--cell", "0,0")
    result = run("explain", text, *context, "-v", row.name, *cell, "-o", str(path))
    assert result.status == 0, result.err
    content = path.read_text(encoding="utf-8")
    bare = re.sub(r"\\[\\{}$&#_%|]", "", re.sub(r"^%.*\n", "", content))
    assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
    assert content.count(r"\begin{bmatrix}") == content.count(r"\end{bmatrix}") > 0
    assert content.count(r"\end{document}") == 1 and content.endswith("\\end{document}\n")
    for formula in re.findall(r"(?<!\\)\$(.*?)(?<!\\)\$", content):
        beyond = set(re.sub(r"\\text\{.*?\}", "", formula)) - set(map(chr, range(128)))
        assert not beyond, formula
        assert not re.search(r"([_^])\{[^{}]*\}\1\{", formula), f"two indices in a row: {formula}"
    for body in re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", content, flags=re.DOTALL):
        lines = body.split("\\\\")
        assert max(map(len, lines)) < 160 and len(lines) <= 32, "wider or higher than a page"


AWKWARD = "A_b & 50% #1 $x$ ^ ~ \\\\ {é} -- \"q\" `t` [x] <y> | a''b,, k₂"
ESCAPED = (
    r"A\_b \& 50\% \#1 \$x\$ \textasciicircum{} \textasciitilde{}",
    r"\textbackslash{}\textbackslash{} \{é\}",
    r"-\mbox{}- {\ttfamily\char34}q{\ttfamily\char34} \textasciigrave{}t\textasciigrave{} {[}x]",
    r"\textless{}y\textgreater{} \textbar{} a'\mbox{}'b,\mbox{}, k$_{2}$",
)


def test_latex_escapes_an_awkward_sentence(tmp_path):
    """pdflatex and lualatex have compiled it, and shown every sign."""
    content = write(tmp_path, "tex", text=AWKWARD)
    assert text(AWKWARD) == " ".join(ESCAPED) and all(part in content for part in ESCAPED)
    assert text("q̃ and Σ c u uᵀ") == r"$\tilde{q}$ and $\Sigma$ c u u$^{\top }$"
    assert text("a,") + ", b" == r"a,\mbox{}, b"  # two commas would be a quotation mark


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("u₂,₁ = k₁ × ξ", r"u_{2,1} = k_{1} \times  \xi "),
        ("entry 3 of left M⁺", r"\text{entry}\ 3\ \text{of left}\ M^{+}"),
        ("L⁻¹ − R₁ᵢ", r"L^{-1} - R_{1i}"),
        ("q̃₀·k̄", r"\tilde{q}_{0}\cdot \bar{k}"),
        ("2^(−8 × 1 / 4)", r"2^{(-8 \times  1 / 4)}"),
        ("s^ρ", r"s^{\rho }"),
        ("a ^ b", r"a \wedge  b"),
        ("exp((a) + (b", r"\exp ((a) + (b"),
        ("(x)^(a", r"(x)^{(a}"),
        ("W tanh(Vx₂)", r"W\ \tanh (Vx_{2})"),
        (
            "50% of {x} & #1 ~ \\ $ 猫",
            r"50\% \text{of} \{x\} \& \#1 \sim  \setminus  \$ \text{猫}",
        ),
    ],
)
def test_signs_of_formulas_as_latex(formula, latex):
    assert math(formula) == latex


REFUSED = [
    (("-o", "x.txt"), "unsupported extension '.txt'; use .html, .md, .tex, .json"),
    (("-o", "x"), "unsupported file without extension"),
    (("-o", "x.md", "--json"), "--json cannot be combined with --output"),
    (("-o", "x.md", "-o", "./x.md"), "the same file is given twice"),
    (("-o", "x.md", "--color", "always"), "--color has no effect on files"),
    (("-o", "x.json", "--precision", "2"), "--precision has no effect on json"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_misuse_is_refused(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("explain", "a b", *words)
    assert (result.status, result.out) == (2, "") and message in result.err
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    result = run("explain", "a b", "-o", str(tmp_path / "none" / "x.md"))
    assert result.status != 0 and "cannot write" in result.err and not list(tmp_path.iterdir())


@pytest.fixture
def vectors(tmp_path):
    """A file with queries, keys, a mask and weights that one row contradicts in head 1."""
    random = np.random.default_rng(3)
    query, key = (random.normal(size=(2, 3, 4)) for _ in "qk")
    added = np.where(np.tril(np.ones((3, 3))), 0, -np.inf)
    scores = query @ key.swapaxes(1, 2) / 2 + added
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    weights[1, 2] = weights[1, 2, ::-1]
    path = tmp_path / "vectors.npz"
    arrays = {"query_states": query, "key_states": key, "attn_mask": added, "attentions": weights}
    np.savez(path, **arrays, tokens=["The", "cat", "sat"])
    return str(path)


def test_a_file_with_queries_and_keys_is_explained_in_every_format(vectors, tmp_path):
    words = ("explain", vectors, "--head", "0", "--cell", "sat,cat")
    shown = run(*words)
    assert shown.status == 0 and "attn_mask masks 3 pairs" in shown.err
    assert "equal to the computed weights: the largest difference is 0 " in shown.out
    weight = re.search(r"weight +exp.* = (0\.\d+)", shown.out)[1]
    for extension in EXTENSIONS:
        path = tmp_path / f"steps.{extension}"
        assert run(*words, "-o", str(path)).status == 0
        assert weight in path.read_text() or extension == "json"
    document = json.loads(path.read_text())
    assert f"{document['cell']['lines'][-1]['value']:.3f}" == weight
    assert run(*words[:4], "--query", "sat", "--key", "cat").out == shown.out


def test_weights_in_the_file_that_differ_are_status_4(vectors, tmp_path):
    differs = run("explain", vectors, "--head", "1")
    assert differs.status == 4
    assert re.search(
        r"FAIL: weights in the source: different .* weights: up to 0\.\d+, of query sat",
        differs.err,
    )


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--query", "sat"), 2, "add --key TOKEN"),
        (("--query", "sat", "--key", "cat", "--cell", "0,0"), 2, "give either --cell"),
        (("--seed", "1"), 2, "--seed has no effect"),
        (("--context", "a"), 2, "--context has no effect"),
        (("--which", "3"), 2, "there is no batch item 3"),
        (("--heads", "3"), 2, "--heads 3 contradicts the weights of 2 heads"),
    ],
)
def test_options_of_a_file_with_queries_and_keys(vectors, words, status, message):
    done = run("explain", vectors, *words)
    assert (done.status, done.out) == (status, "")
    assert message in done.err and done.err.count("\n") == 1


def test_files_that_are_read_are_not_written_to(tmp_path):
    source, tokens = tmp_path / "vectors.json", tmp_path / "tokens.json"
    source.write_text(json.dumps({"query": [[[1.0], [2.0]]], "key": [[[1.0], [2.0]]]}))
    tokens.write_text('["a", "b"]')
    link = tmp_path / "link.json"
    link.symlink_to(source)
    before = source.read_bytes(), tokens.read_bytes()
    weights = tmp_path / "weights.npz"
    np.savez(weights, attentions=np.eye(2))
    words = ("explain", str(source), "--tokens", str(tokens))
    for command, path in (
        *((words, path) for path in (source, link, tokens)),
        (("render", str(weights), "--tokens", str(tokens)), tokens),
        (("show", "a b", "--embedding", str(source)), source),
    ):
        done = run(*command, "-o", str(path))
        assert done.status == 2 and "is also the input; write to another file" in done.err
    assert (source.read_bytes(), tokens.read_bytes()) == before


def test_a_file_with_weights_alone_is_one_line(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, attentions=np.eye(3))
    done = run("explain", str(path))
    assert (done.status, done.out, done.err.count("\n")) == (3, "", 1)
    assert "without the queries and keys" in done.err and "attnviz render FILE" in done.err
