"""Names and sentences keep to the field's terms: no private verbs, no participles as names."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs import DOCUMENTS
from tests.docs.catalogue import CATALOGUE
from tests.layers import ROOT

PYTHON = sorted(ROOT.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("test_*.py"))
PAGE = ROOT / "render/page"  # the built script has names that the bundler chose
SCRIPTS = sorted([*PAGE.glob("script/*.js"), *PAGE.glob("*.html"), *PAGE.glob("*.css")])
TEXTS = [*SCRIPTS, *DOCUMENTS, CATALOGUE]
PRIVATE = re.compile(
    r"\b(nobody|somebody|someone|so many|so-manieth|looks? (?:at|back|ahead|widely|sharply|softly)"
    r"|looked at|who asks|who answers|vouch\w*|wish(?:es|ed)?|told|tells|to nobody|foretells?"
    r"|what (?:each|every|a|an|the) \w+ gives|may look|is asked|asks for"
    r"|takes home|to be heard)\b",
    re.IGNORECASE,
)
# Words of the name of a test.
PRIVATE_NAMES = re.compile(
    r"_(nobody|somebody|someone|who|whoever|told|tells?|said|says?|ask(?:s|ed)?|wish(?:es|ed)?"
    r"|looks|bites?|twin)(?=_|$)"
)
PARTICIPLES = frozenset(
    [
        "asked",
        "called",
        "chosen",
        "counted",
        "cut",
        "drawn",
        "fetched",
        "found",
        "given",
        "held",
        "joined",
        "kept",
        "known",
        "laid",
        "lifted",
        "listed",
        "looked",
        "made",
        "named",
        "opened",
        "packed",
        "placed",
        "plugged",
        "read_",
        "reached",
        "said",
        "seen",
        "sent",
        "shown",
        "spent",
        "spelled",
        "stated",
        "taken",
        "told",
        "turned",
        "unasked",
        "unkept",
        "unwatched",
        "wanted",
        "watched",
        "wished",
        "written",
    ]
)
# An -ing form that the field uses as a noun.
ING = {
    "cell_pooling",
    "embedding",
    "encoding",
    "listing",
    "ntm_addressing",
    "pooling",
    "rope_scaling",
    "scaling",
    "stick_breaking",
    "terminal_listing",
    "tokenizing",
}


def sentences(tree):
    """Every string of a file that a person may read: docstrings, messages, help. (line, text)"""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def definitions(tree):
    """Every function and class of a file, methods too. (line, name)"""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def private_words(source):
    """Sentences with private verbs, of a Python source."""
    for line, text in sentences(ast.parse(source)):
        for match in PRIVATE.finditer(text):
            yield f"line {line}: {match[0]!r}"


def participles(source):
    """Definitions whose name is a bare participle."""
    for line, name in definitions(ast.parse(source)):
        if name.strip("_").lower() in PARTICIPLES:
            yield f"line {line}: {name}"


def private_names(source):
    """Names of tests with private words."""
    for line, name in definitions(ast.parse(source)):
        if name.startswith("test_") and PRIVATE_NAMES.search(name):
            yield f"line {line}: {name}"


def relative_name(path):
    return str(path.relative_to(ROOT.parent))


@pytest.mark.parametrize("path", PYTHON, ids=relative_name)
def test_sentences_use_the_terms_of_the_field(path):
    assert list(private_words(path.read_text())) == []


@pytest.mark.parametrize("path", PYTHON, ids=relative_name)
def test_no_name_is_a_bare_participle(path):
    assert list(participles(path.read_text())) == []
    assert path.stem not in PARTICIPLES
    assert not path.stem.endswith("ing") or path.stem in ING


@pytest.mark.parametrize("path", TEXTS, ids=relative_name)
def test_pages_and_documents_use_the_terms_of_the_field(path):
    assert [match[0] for match in PRIVATE.finditer(path.read_text())] == []


def test_names_of_tests_use_the_terms_of_the_field():
    assert len(TESTS) > 100
    violations = {path.name: list(private_names(path.read_text())) for path in TESTS}
    assert {name: lines for name, lines in violations.items() if lines} == {}


def test_the_test_finds_violations():
    assert list(private_names("def test_what_nobody_attends_to(): pass"))
    assert list(private_names("def test_a_note_says():\n    pass"))
    assert not list(private_names("def test_an_option_of_look(): pass"))
    assert list(private_words('"""A share of the row may go to nobody."""'))
    assert list(private_words("def f():\n    return 'Let it write so many words first.'"))
    assert list(participles("def told(x):\n    return x"))
    assert list(participles("class Found:\n    def kept(self):\n        pass"))
    assert not list(private_words('"""Softmax with 1 added to the denominator."""'))
    assert not list(participles("def compute_weights(x):\n    return x"))
    assert Path("x/looking.py").stem.endswith("ing")
