"""Start-up: a command imports only what it uses."""

import ast
import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest

from attnviz.core.registry import SLOTS
from tests.sources.documents import bert_document
from tests.sources.reference import MODELS

NEVER = ("matplotlib", "pandas", "PIL", "huggingface_hub", "IPython", "jsonschema", "gguf")
QUICK = ("pydantic",)  # that typer imports for values other than plain text and numbers

UNREQUESTED = (  # by a table of one short sentence
    "api.reduce",
    "core.engine.contributions",
    "core.engine.pooled_collector",
    "core.link",
    "core.registry",
    "core.words",
    "measures.check",
    "measures.rules",
    "measures.table",
    "sources.tokenizing.tokenizer_json",
)

LOADED = """
import sys
sys.argv = ["attnviz", *{words!r}]
try:
    import attnviz.__main__
    {before}
    attnviz.__main__.main()
except SystemExit as end:
    assert not end.code, end.code
print("\\n" + " ".join(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*words, before="pass"):
    """Which modules a command leaves loaded."""
    code = LOADED.format(words=list(words), before=before)
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(made.stderr.splitlines()[-1].split())


def excess(modules, *unwanted):
    return sorted(m for m in modules if m.split(".")[0] in unwanted or m in unwanted)


def test_version_imports_no_heavy_library():
    wanted_not = ("typer", "rich", "numpy", "tokenizers", "dataclasses", *NEVER)
    assert excess(loaded("--version"), *wanted_not) == []


def test_help_imports_no_numpy():
    assert excess(loaded("--help"), "numpy", "tokenizers", *NEVER) == []


def test_the_default_command_loads_one_family_and_no_pictures():
    modules = loaded("The cat sat on the mat")
    assert excess(modules, *NEVER, *QUICK) == []
    families = [m for m in modules if m.startswith("attnviz.core.variants.")]
    assert families == ["attnviz.core.variants.basics"]
    slots = tuple(f"attnviz.core.{folder}." for folder in SLOTS.values())
    parts = [m for m in modules if m.startswith(slots)]
    assert parts == ["attnviz.core.heads.grouped_query"]  # every head layout repeats KV heads
    assert excess(modules, *(f"attnviz.{name}" for name in UNREQUESTED)) == []
    assert excess(modules, "gzip", "csv") == []


def compiled_at_import(source):
    """The dataclasses and patterns that a module compiles when it is imported."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            decorators = [ast.unparse(one).partition("(")[0] for one in node.decorator_list]
            yield from [node.name] * decorators.count("dataclass")
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("re.compile("):
            yield ast.unparse(node.targets[0])


def test_the_default_command_compiles_few_methods_and_no_patterns():
    """A dataclass costs 1 ms, a pattern up to 1: records share methods, `re` keeps patterns."""
    names = [m for m in loaded("The cat sat on the mat") if m.startswith("attnviz.")]
    assert len(names) > 100
    found = {
        f"{name.removeprefix('attnviz.')}: {what}"
        for name in names
        for what in compiled_at_import(inspect.getsource(import_module(name)))
    }
    assert found == {"core.tokens: Token"}  # long texts have many: they are made in half the time


@pytest.mark.parametrize(
    "source", ["@dataclass(frozen=True)\nclass A:\n    b: int", "A = re.compile('b')"]
)
def test_that_test_can_fail(source):
    assert [*compiled_at_import(source)] == ["A"]


def test_json_needs_no_tables():
    modules = loaded("The cat sat on the mat", "--json", "--heads", "2", "--seed", "-3")
    assert excess(modules, "rich.table", *NEVER, *QUICK) == []


def test_a_plain_tokenizer_needs_no_child_process(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(bert_document()))
    modules = loaded("the cat sat", "--tokenizer", str(path))
    assert "attnviz.sources.tokenizing.tokenizer_json" in modules
    assert "attnviz.sources.tokenizing.child_process" not in modules


def test_a_model_folder_needs_nothing_of_gguf_files():
    modules = loaded("models", str(MODELS / "bert"))
    assert excess(modules, "gguf") == []
    assert [m for m in modules if m.startswith("attnviz.sources.checkpoint.gguf")] == []


@pytest.mark.parametrize("module", ["matplotlib", "PIL", "gguf", "pydantic"])
def test_the_test_can_fail(module):
    modules = loaded("--version", before=f"import {module}")
    assert excess(modules, *NEVER, *QUICK)
