"""Layers, heads and memory are checked before anything runs, in every function that takes them."""

import json
import tracemalloc
from functools import partial

import numpy as np
import pytest

import attnviz
from attnviz.api.look import check_look
from attnviz.errors import MisuseError
from attnviz.sources import memory
from attnviz.sources.model import run_model
from attnviz.sources.model.checkpoint import Checkpoint
from attnviz.sources.seeded import run_seeded
from attnviz.sources.seeded.layers import SeededLayers
from tests.cli.runner import run
from tests.conftest import make_map

MODEL = "tests/models/gpt2"  # 2 layers of 4 heads, as the untrained one
UNTRAINED = {"layers": 2, "heads": 4}
FUNCTIONS = {
    "look": partial(attnviz.look, variant="multihead", **UNTRAINED),
    "look, pooled": partial(attnviz.look, variant="multihead", pool=2, **UNTRAINED),
    "check_look": partial(check_look, variant="multihead", **UNTRAINED),
    "compare": partial(attnviz.compare, variants=["multihead", "causal", "hard"], **UNTRAINED),
    "look, model": partial(attnviz.look, model=MODEL),
    "compare, model": partial(attnviz.compare, model=MODEL, variants=["hard", "linear"]),
}
INVALID = {
    "empty list": ([], "is an empty list; leave it out for all"),
    "empty set": (set(), "is an empty list; leave it out for all"),
    "empty array": (np.zeros(0, dtype=int), "is an empty list; leave it out for all"),
    "too high": ([0, 7], "there is no (layer|head) 7; there are 0 to [13]"),
    "too low": ([-5], "there is no (layer|head) -5; there are 0 to [13]"),
    "fraction": ([0.5], "0.5 is not a whole number"),
    "truth value": ([True], "True is not a whole number"),
    "text": ("first", "'first' must be a list such as 0,2-5"),
}


def test_the_only_layer_and_the_only_head_are_named():
    for selection in ({"select_layers": [3]}, {"select_heads": [3]}):
        with pytest.raises(MisuseError, match=r"there is no (layer|head) 3; the only one is 0$"):
            attnviz.look("the cat sat", variant="causal", **selection)


@pytest.fixture
def nothing_runs(monkeypatch):
    monkeypatch.setattr(SeededLayers, "run", None)
    monkeypatch.setattr(Checkpoint, "run", None)


@pytest.mark.parametrize("parameter", ["select_layers", "select_heads"])
@pytest.mark.parametrize("invalid", INVALID)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_invalid_selection_is_refused_before_anything_runs(
    function, invalid, parameter, nothing_runs
):
    selection, message = INVALID[invalid]
    with pytest.raises(MisuseError, match=message) as caught:
        FUNCTIONS[function]("the cat sat", **{parameter: selection})
    assert parameter in str(caught.value) or "there is no" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "check_look"])
def test_a_valid_selection_is_what_is_shown(function):
    for kind in (list, tuple, np.array):
        amap = FUNCTIONS[function]("the cat sat", select_layers=kind([1]), select_heads=kind([2]))
        assert amap.layers == (1,)
        assert amap.meta["comparison"][0]["head"] == 2 if amap.names else amap.heads == (2,)


@pytest.mark.parametrize("index", [[], 1.5, True, "first", -9, 4, [0, 1], "mean"])
@pytest.mark.parametrize("parameter", ["layer", "head"])
def test_explain_refuses_what_is_no_index(parameter, index, nothing_runs):
    message = f"there is no {parameter} |select_{parameter}s|about a single head"
    with pytest.raises(MisuseError, match=message):
        attnviz.explain("the cat sat", **{parameter: index})


@pytest.mark.parametrize("option", ["--layer", "--head"])
@pytest.mark.parametrize(
    "command", [("show",), ("compare", "-v", "hard", "-v", "dot"), ("heads",)], ids=" ".join
)
def test_an_empty_option_is_refused(command, option):
    result = run(command[0], "the cat", *command[1:], option, "")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"error: {option} '' must be a list such as 0,2-5")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--queries", "--keys", "--contribution", "--reduce"])
@pytest.mark.parametrize("command", ["show", "heads"])
def test_an_empty_token_list_or_name_is_refused(command, option):
    result = run(command, "the cat", option, "")
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.startswith(f"error: {option} ''") or "unknown contribution ''" in result.err


@pytest.mark.parametrize(("option", "kind"), [("--format", "format"), ("--palette", "palette")])
def test_an_empty_name_is_refused(option, kind):
    result = run("the cat", "-v", "causal", option, "")
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.startswith(f"error: unknown {kind} ''")


def test_compare_selects_layers_and_heads_on_the_command_line():
    words = ("compare", "the cat", "-v", "multihead", "-v", "causal", "--layers", "2", "--json")
    document = json.loads(run(*words, "--heads", "2", "--layer", "1", "--head", "1").out)
    assert document["layers"] == [1]
    assert [entry["head"] for entry in document["meta"]["comparison"]] == [1, 1, 1]
    refused = run(*words, "--heads", "2", "--layer", "2")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == "error: there is no layer 2; there are 0 to 1\n"


@pytest.mark.parametrize("parameter", ["layers", "heads"])
def test_a_map_keeps_at_least_one_layer_and_head(parameter):
    with pytest.raises(MisuseError, match=f"select_{parameter} is empty"):
        make_map().select(**{parameter: []})
    with pytest.raises(MisuseError, match="no layer or no head"):
        make_map(**{f"n_{parameter[:-1]}": 0})


@pytest.mark.parametrize(
    ("variants", "options", "message"),
    [
        (["scaled-dot", "multihead"], {}, r"different numbers of heads \(1 and 4\)"),
        (["causal", "length"], {}, r"different numbers of queries \(3 and 1\)"),
        (["multihead", "dot"], {"select_heads": [2]}, "there is no head 2; the only one is 0"),
        (["hard", "hard"], {"model": MODEL}, "duplicate mechanism: hard"),
        (["hard", "hard"], {}, "duplicate mechanism: hard"),
        ("hard", {}, "variants='hard' should be a list of names"),
    ],
)
def test_mechanisms_that_cannot_be_compared_are_refused_before_they_run(
    variants, options, message, nothing_runs
):
    with pytest.raises(MisuseError, match=message):
        attnviz.compare("the cat sat", variants=variants, **options)


@pytest.mark.parametrize("options", [UNTRAINED, {"model": MODEL}], ids=["untrained", "model"])
def test_the_memory_of_all_mechanisms_together_is_checked(options, monkeypatch, nothing_runs):
    counted = []
    for module in (run_seeded, run_model):
        monkeypatch.setattr(
            module, "check_memory", lambda need, *_, **__: counted.append(need.maps)
        )
    for n_mechanism in (2, 3):
        names = ["hard", "linear", "multihead"][: n_mechanism - ("model" in options)]
        with pytest.raises(TypeError, match="not callable"):  # what runs the layers is gone
            attnviz.compare("the cat sat", variants=names, **options)
    two, three = counted[0], counted[-1]
    assert counted == [two] * 2 + [three] * 3
    assert 2 * three == 3 * two > 0


def measured_and_estimated(function, monkeypatch) -> tuple[int, int]:
    """The largest number of bytes in use during a call, and the bytes estimated before."""
    expected = []
    monkeypatch.setattr(
        run_seeded, "check_memory", lambda need, *_, **__: expected.append(need.total)
    )
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1], expected[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("variant", ["multihead", "causal", "top-k"])
@pytest.mark.parametrize("n_mechanism", [1, 3])
def test_the_estimate_is_not_below_the_measured_peak(n_mechanism, variant, monkeypatch):
    text, options = " ".join(f"w{i}" for i in range(250)), {"heads": 8, "dim": 8}
    if n_mechanism == 1:
        function = partial(attnviz.look, text, variant=variant, pool=0, **options)
    else:
        names = [variant, "scaled-dot", "softmax-one", "top-k", "hard"]
        names = list(dict.fromkeys(names))[:n_mechanism]
        function = partial(attnviz.compare, text, variants=names, **options)
    function()  # imports
    measured, estimated = measured_and_estimated(function, monkeypatch)
    # Softmax of a dot product is computed within the map, but large scores need three arrays
    # more. Arrays of all processors are counted, where OMP_NUM_THREADS may allow one thread.
    assert measured < estimated < (5 if n_mechanism == 1 else 3) * measured


def test_the_bytes_of_the_weights_alone_are_below_the_peak(monkeypatch):
    monkeypatch.setattr(memory, "BYTES_PER_WEIGHT", 3)
    text = " ".join(f"w{i}" for i in range(250))
    names = ["multihead", "scaled-dot", "hard"]
    function = partial(attnviz.compare, text, variants=names, heads=8, dim=8)
    measured, estimated = measured_and_estimated(function, monkeypatch)
    assert measured > estimated
