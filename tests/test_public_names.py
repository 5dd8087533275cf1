"""The public names and signatures. They may grow; they do not change."""

import doctest
import importlib
import inspect
import subprocess
import sys

import pytest

import attnviz
from attnviz.cli.app import COMMANDS

NAMES = [
    "VARIANTS",
    "AttentionMap",
    "AttnvizError",
    "AttnvizWarning",
    "GuessWarning",
    "Token",
    "add_effects",
    "agreement",
    "attend",
    "check",
    "compare",
    "compare_maps",
    "corpus_effects",
    "corpus_stats",
    "diff",
    "effect",
    "expert_choices",
    "explain",
    "figure",
    "formats",
    "head_stats",
    "heads",
    "load",
    "look",
    "look_many",
    "mask",
    "mean_outputs",
    "measure",
    "models",
    "plot",
    "read",
    "read_each",
    "reduce",
    "schema",
    "show",
    "tokens",
    "watch",
    "write",
]


def test_the_public_names():
    assert sorted(attnviz.__all__) == sorted(NAMES)
    for name in NAMES:
        assert getattr(attnviz, name) is not None
    assert set(NAMES) < set(dir(attnviz))


def test_a_name_that_is_not_there():
    try:
        attnviz.lok  # noqa: B018
    except AttributeError as error:
        assert "lok" in str(error)
    else:
        raise AssertionError("a wrong name was found")


def test_signatures():
    assert list(inspect.signature(attnviz.attend).parameters) == [
        "query",
        "key",
        "value",
        "variant",
        "mask",
        "bias",
        "scale",
        "softcap",
        "is_causal",
        "learned",
        "seed",
        "tunables",
    ]
    assert list(inspect.signature(attnviz.look).parameters)[:2] == ["text", "context"]
    assert list(inspect.signature(attnviz.read).parameters) == [
        "source",
        "tokens",
        "axes",
        "which",
        "attention_mask",
        "mask",
        "softmax",
        "trim_padding",
        "document_end",
        "layout",
        "key_times",
    ]
    assert list(inspect.signature(attnviz.write).parameters)[:3] == ["amap", "target", "format"]


def test_signatures_of_the_functions_for_commands():
    assert list(inspect.signature(attnviz.check).parameters) == [
        "amap",
        "causal",
        "window",
        "mask",
        "row_sum",
        "signed",
        "tolerance",
    ]
    assert list(inspect.signature(attnviz.compare).parameters) == [
        "text",
        "context",
        "variants",
        "other_text",
        "differences",
        "select_layers",
        "select_heads",
        "select_segments",
        "options",
    ]
    limits = ["max_js", "max_row_js", "max_abs", "rtol", "atol"]
    assert list(inspect.signature(attnviz.diff).parameters) == [
        "before",
        "after",
        "names",
        *limits,
    ]
    assert list(inspect.signature(attnviz.explain).parameters) == [
        "text",
        "context",
        "layer",
        "head",
        "cell",
        "tokens",
        "axes",
        "which",
        "attention_mask",
        "options",
    ]
    assert list(inspect.signature(attnviz.head_stats).parameters) == ["amap", "sort"]
    assert list(inspect.signature(attnviz.corpus_stats).parameters) == ["maps", "sort"]
    assert list(inspect.signature(attnviz.reduce).parameters) == ["amap", "steps"]
    assert list(inspect.signature(attnviz.measure).parameters) == ["amap", "names"]
    assert list(inspect.signature(attnviz.agreement).parameters) == ["amap", "at_most"]


def test_functions_for_commands_return_their_stated_type():
    before = attnviz.look("The cat sat", variant="scaled-dot")
    after = attnviz.look("The cat sat", variant="causal")
    assert attnviz.check(after, causal=True).violations == []
    assert attnviz.check(before, causal=True).violations[0].rule == "forbidden"
    assert attnviz.diff(before, after).changes[0].divergence > 0
    assert [stats["head"] for stats in attnviz.head_stats(before)] == [0]
    assert attnviz.explain("The cat sat", cell=("cat", "sat")).cell is not None
    kinds = attnviz.compare("The cat sat", variants=["dot", "hard"]).meta["comparison"]
    assert [entry["kind"] for entry in kinds] == ["original", "changed", "difference"]


WITHOUT_EXAMPLE = {  # they display, need files or another program
    "expert_choices", "figure", "plot", "show", "watch",
}  # fmt: skip
MODULES = sorted(
    {attnviz._HOME[name] for name in NAMES if name[0].islower() and name not in WITHOUT_EXAMPLE}
)


@pytest.mark.parametrize("module", [*MODULES, "attnviz.core.variants"])
def test_examples_of_the_functions(module):
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted and not results.failed


def test_the_methods_of_a_map():
    amap = attnviz.look("the cat saw the cat", variant="causal", layers=2, heads=2)
    for method, function in (
        (amap.rollout(), attnviz.reduce(amap, "layers:rollout")),
        (amap.rollout(0.25), attnviz.reduce(amap, "layers:rollout=0.25")),
        (amap.flow(residual=0.25), attnviz.reduce(amap, "layers:flow=0.25")),
        (amap.words(), attnviz.reduce(amap, "tokens:words")),
        (amap.reduce("heads:max"), attnviz.reduce(amap, "heads:max")),
    ):
        assert method.weights.tolist() == function.weights.tolist()
        assert method.meta == function.meta
    assert amap.measure("entropy")["entropy"].shape == (2, 2)
    with pytest.raises(attnviz.AttnvizError, match="residual weight from 0 to below 1"):
        amap.rollout(1.0)
    for name in ("rollout", "flow", "words", "reduce", "measure"):
        assert inspect.getdoc(getattr(attnviz.AttentionMap, name))


def test_the_documented_path_of_bertviz_calls_still_works():
    from attnviz import familiar
    from attnviz.api import compat

    for name in ("head_view", "model_view", "attention_patterns"):
        assert getattr(familiar, name) is getattr(compat, name)


def test_look_is_the_function_however_it_is_imported():
    code = (
        "import attnviz.api.look, attnviz; from attnviz import look; "
        "assert callable(look) and callable(attnviz.look)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("attnviz.core.mask", "attnviz.core.masks", ("Mask", "Causal", "Window", "Full")),
        ("attnviz.core.bias", "attnviz.core.biases", ("Bias", "Alibi", "SoftCap")),
        ("attnviz.core.normalize", "attnviz.core.normalizers", ("Softmax", "Hard")),
        ("attnviz.familiar", "attnviz.api.compat", ("head_view", "attention_patterns")),
    ],
)
def test_old_import_paths_of_plug_ins_still_work(old, new, names):
    for name in names:
        assert getattr(importlib.import_module(old), name) is getattr(
            importlib.import_module(new), name
        )


OTHER_NAMES = {"show": "look", "render": "read", "variants": "VARIANTS"}  # and write, show


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_a_function(command):
    name = OTHER_NAMES.get(command, command)
    assert name in attnviz.__all__
    assert inspect.getdoc(getattr(attnviz, name))


@pytest.mark.parametrize("name", [name for name in NAMES if name[0].islower()])
def test_every_function_states_what_it_takes_returns_and_raises(name):
    doc = inspect.getdoc(getattr(attnviz, name))
    assert doc[0].isupper()
    assert "Args:" in doc or not inspect.signature(getattr(attnviz, name)).parameters
    assert ">>>" in doc or name in WITHOUT_EXAMPLE
