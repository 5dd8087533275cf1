"""Names and sentences keep to the field's terms: no private verbs, no participles as names."""

import ast
import re
from pathlib import Path

from tests.docs import DOCUMENTS
from tests.docs.catalogue import CATALOGUE
from tests.layers import ROOT, parse

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
    for line, text in sentences(parse(source)):
        for match in PRIVATE.finditer(text):
            yield f"line {line}: {match[0]!r}"


def participles(source):
    """Definitions whose name is a bare participle."""
    for line, name in definitions(parse(source)):
        if name.strip("_").lower() in PARTICIPLES:
            yield f"line {line}: {name}"


def private_names(source):
    """Names of tests with private words."""
    for line, name in definitions(parse(source)):
        if name.startswith("test_") and PRIVATE_NAMES.search(name):
            yield f"line {line}: {name}"


def relative_name(path):
    return str(path.relative_to(ROOT.parent))


def violations_in(paths, find):
    """What a function finds in the text of each file, by file."""
    found = {relative_name(path): list(find(path.read_text())) for path in paths}
    return {name: lines for name, lines in found.items() if lines}


def test_sentences_use_the_terms_of_the_field():
    assert len(PYTHON) > 300
    assert violations_in(PYTHON, private_words) == {}


def test_no_name_is_a_bare_participle():
    assert violations_in(PYTHON, participles) == {}
    stems = {path.stem for path in PYTHON}
    assert stems & PARTICIPLES == set()
    assert {stem for stem in stems if stem.endswith("ing")} <= ING


def test_pages_and_documents_use_the_terms_of_the_field():
    assert TEXTS
    assert violations_in(TEXTS, PRIVATE.findall) == {}


def test_names_of_tests_use_the_terms_of_the_field():
    assert len(TESTS) > 100
    assert violations_in(TESTS, private_names) == {}


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
