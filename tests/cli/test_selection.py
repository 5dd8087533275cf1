"""--layer and --head in every command that takes them, and in every format."""

import json

import numpy as np
import pytest

import attnviz
from attnviz.render.formats import FORMATS
from attnviz.style_options import ANIMATED
from tests.cli.runner import run
from tests.sources.reference import MODELS

TEXT = "The cat sat"
SEEDED = (TEXT, "--layers", "3")
BERT = (TEXT, "--model", str(MODELS / "bert"))


def document(*words):
    """The JSON that a command prints."""
    made = run(*words, "--json")
    assert made.status == 0, made.err
    return json.loads(made.out)


@pytest.mark.parametrize("words", [SEEDED, BERT], ids=["seeded", "model"])
@pytest.mark.parametrize(
    ("selected", "layers", "heads"),
    [
        (("--layer", "-1"), [2], [0, 1, 2, 3]),
        (("--layer=-2", "--head", "-1"), [1], [3]),
        (("--head", "2.3"), [2], [3]),
        (("--head", "1.*"), [1], [0, 1, 2, 3]),
    ],
)
def test_numbers_from_the_end_and_of_a_layer(words, selected, layers, heads):
    made = document(*words, *selected)
    assert (made["layers"], made["heads"]) == (layers, heads)
    everything = np.array(document(*words)["weights"])
    assert np.allclose(made["weights"], everything[np.ix_(layers, heads)])


@pytest.mark.parametrize("words", [SEEDED, BERT], ids=["seeded", "model"])
@pytest.mark.parametrize(
    ("selected", "of"),
    [
        (("--head", "mean"), lambda w: w.mean(1, keepdims=True)),
        (("--head", "max"), lambda w: w.max(1, keepdims=True)),
        (("--layer", "mean", "--head", "1"), lambda w: w[:, 1:2].mean(0, keepdims=True)),
        (("--layer", "2", "--head", "mean"), lambda w: w[2:].mean(1, keepdims=True)),
        (("--layer", "max", "--head", "mean"), lambda w: w.mean(1, keepdims=True).max(0)[None]),
    ],
)
def test_means_and_maxima(words, selected, of):
    made = document(*words, *selected)
    assert np.allclose(made["weights"], of(np.array(document(*words)["weights"])), atol=1e-6)
    assert made["meta"]["row_sum"] == ("any" if "max" in selected else "1")
    assert made["meta"]["reduced"].startswith(("mean of ", "max of "))


@pytest.mark.parametrize(
    "command",
    [(), ("compare", "-v", "dot", "-v", "hard"), ("heads",)],
    ids=["show", "compare", "heads"],
)
def test_every_command_states_what_is_combined(command):
    heads = () if command else ("--heads", "4")
    words = [*command[:1], TEXT, *command[1:], *heads, "--layers", "2"]
    made = run(*words, "--layer", "mean", "--head", "mean")
    assert made.status == 0, made.err
    assert "mean of" in made.out and "head 0" not in made.out


def test_files_and_differences(tmp_path):
    for seed in "01":
        run(*SEEDED, "--seed", seed, "-o", str(tmp_path / f"{seed}.json"))
    names = [str(tmp_path / f"{seed}.json") for seed in "01"]
    first, second = (attnviz.read(name).weights for name in names)
    assert np.allclose(document("render", names[0], "--head", "2.3")["weights"], first[2:, 3:])
    shown = run("render", names[0], "--layer", "-1", "--head", "max")
    assert "max of 4 heads" in shown.out
    changed = document("diff", *names, "--head", "mean")
    assert np.allclose(changed["weights"][1][0], (second - first)[1].mean(0), atol=1e-6)
    said = run("diff", *names, "--layer", "mean")
    assert "mean of 3 layers · head" in " ".join(said.out.split())


def test_an_explanation_of_a_head_as_tables_print_it():
    made = run("explain", *SEEDED, "--head", "-1.2")
    assert "layer 2, head 2" in made.out
    assert attnviz.explain(TEXT, layers=3, head="1.2").meta["layer"] == 1
    refused = run("explain", *SEEDED, "--head", "mean")
    assert refused.status == 2 and "single head" in refused.err


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_every_format_holds_a_mean(row, tmp_path):
    if row.name == "table":
        return
    out = tmp_path / f"mean{row.suffixes[0]}"
    layer = ("--layer", "0,1" if row.name in ANIMATED else "1")
    assert run(*SEEDED, "--head", "mean", *layer, "-o", str(out)).status == 0
    if row.name in ("json", "npz", "safetensors", "parquet", "html"):
        back = attnviz.read(out)
        assert back.head_name(0, 0) == "layer 1 · mean of 4 heads"
    if row.name in ("svg", "html"):
        assert "mean of 4 heads" in out.read_text()


def test_python_takes_the_same_values():
    amap = attnviz.look(TEXT, layers=3)
    assert np.array_equal(
        attnviz.look(TEXT, layers=3, select_layers=-1, select_heads="mean").weights[0, 0],
        amap.weights[2].mean(0, dtype=np.float64).astype(np.float32),
    )
    compared = attnviz.compare(TEXT, variants=["dot", "hard"], select_heads="mean", layers=2)
    assert compared.names[0] == "dot · mean of 1 head"
    with pytest.raises(attnviz.AttnvizError, match=r"select_heads='2.9'|there is no layer 2"):
        attnviz.look(TEXT, select_heads="2.9")


def test_vectors_of_a_mean_are_refused():
    refused = run(*SEEDED, "--head", "mean", "--with-qk", "--json")
    assert refused.status == 2 and "--with-qk has no effect" in refused.err


def test_pooled_maps_are_combined_too():
    made = document("a b c d", "--pool", "2", "--head", "mean")
    whole = document("a b c d", "--pool", "2")
    assert np.allclose(made["weights"][0][0], np.mean(whole["weights"][0], axis=0), atol=1e-6)
