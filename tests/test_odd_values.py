"""Every argument of every public function, with values of every other type: done, or refused.

A refusal is one line that names no option of the command line.
"""

import inspect
import io
from collections.abc import Iterator

import numpy as np
import pytest

import attnviz
from attnviz.api.head_effects import HeadEffects
from attnviz.errors import AttnvizError, GrammarError
from attnviz.sources.options import Options
from attnviz.style_options import StyleOptions

AMAP = attnviz.look("The cat sat", variant="causal", heads=2, layers=2)
ODD = (
    *(None, True, -1, 7, 1.5, float("nan"), 1j, "x", "", b"x", object()),
    *([], [1], ["a", None], (1, 2), {}, {"a": 1}, slice(0, 2)),
    *(np.eye(2), np.array(["a"]), AMAP),
)
TEXT, ONE = "The cat", np.eye(2)
EFFECTS = HeadEffects(
    text="The cat sat",
    values={"KL": np.zeros((2, 2))},
    prediction=None,
    token=None,
    replacement="zero",
    no_direct=None,
    meta={},
)
CALLS = {  # the least that a call needs
    "add_effects": {"amap": AMAP, "effects": EFFECTS},
    "agreement": {"amap": AMAP},
    "attend": {"query": ONE, "key": ONE},
    "check": {"amap": AMAP},
    "compare_maps": {"maps": {"a": AMAP, "b": AMAP}},
    "compare": {"text": TEXT, "variants": ["dot", "hard"]},
    "corpus_effects": {"effects": []},
    "corpus_stats": {"maps": [AMAP]},
    "diff": {"before": AMAP, "after": AMAP},
    "effect": {"text": TEXT},  # without a model: what is checked before it
    "expert_choices": {"text": TEXT, "model": "induction"},
    "explain": {"text": TEXT},
    "figure": {"amap": AMAP},
    "heads": {"amap": AMAP},
    "load": {"source": ONE},
    "look": {"text": TEXT},
    "look_many": {"texts": [TEXT]},
    "mask": {"expression": "causal", "size": 3},
    "mean_outputs": {"texts": [TEXT]},
    "measure": {"amap": AMAP},
    "models": {"model": "induction"},
    "plot": {"amap": AMAP},
    "read": {"source": ONE},
    "read_each": {"source": b"id,query_token,key_token,weight\nx,a,a,1\n"},
    "reduce": {"amap": AMAP},
    "tokens": {"text": TEXT},
    "write": {"amap": AMAP, "target": None, "format": "csv"},
}
METHODS = (
    "sel",
    "isel",
    "select",
    "mean",
    "max",
    "top",
    "to_frame",
    "rollout",
    "flow",
    "allclose",
)
WITHOUT_ARGUMENTS = {"formats", "schema"}
OTHER = {"show", "head_stats", "watch"}  # prints; is `heads`; needs PyTorch


def arguments(function):
    """The arguments of a function, by name, and whether they are positional only."""
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:
            yield parameter.name, parameter.kind is parameter.VAR_POSITIONAL


def refusals(function, given, name, is_positional):
    """The results of odd values for an argument: None, or an error that is no clear line."""
    for value in ODD:
        if name == "target" and isinstance(value, str | bytes):
            continue  # a path
        target = {"target": io.BytesIO()} if given.get("target", 0) is None else {}
        try:
            if is_positional:
                result = function(*given.values(), value)
            else:
                result = function(**{**given, **target, name: value})
            if isinstance(result, Iterator):
                list(result)
        except AttnvizError as error:
            line = str(error).partition("\n")[0] if isinstance(error, GrammarError) else str(error)
            if "--" in line or "\n" in line or not line:  # a grammar error points at its place
                yield name, value, str(error)
        except Exception as error:
            yield name, value, repr(error)


def test_every_function_is_walked():
    functions = {name for name in attnviz.__all__ if name[0].islower()}
    assert functions == CALLS.keys() | WITHOUT_ARGUMENTS | OTHER


@pytest.mark.usefixtures("offline")  # text in place of a model names one of the Hub
@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
@pytest.mark.parametrize("name", CALLS)
def test_odd_values_of_functions(name):
    function = getattr(attnviz, name)
    found = [
        refusal
        for argument, is_positional in arguments(function)
        for refusal in refusals(function, CALLS[name], argument, is_positional)
    ]
    assert found == []


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
@pytest.mark.parametrize("name", METHODS)
def test_odd_values_of_methods(name):
    method = getattr(AMAP, name)
    given = {"other": AMAP} if name == "allclose" else {}
    found = [
        refusal
        for argument, is_positional in arguments(method)
        for refusal in refusals(method, given, argument, is_positional)
    ]
    assert found == []


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
def test_odd_values_of_options():
    found = [
        refusal
        for name in Options.__annotations__
        if name not in ("model", "adapter")  # names of files
        for refusal in refusals(attnviz.look, CALLS["look"], name, False)
    ]
    assert found == []


def test_odd_values_of_display_options():
    found = [
        refusal
        for name in StyleOptions.__annotations__
        for refusal in refusals(attnviz.write, {**CALLS["write"], "format": "tex"}, name, False)
    ]
    assert found == []


def test_the_walk_finds_other_errors():
    def careless(text):
        return text.strip()

    def wordy(text):
        raise attnviz.AttnvizError("see `attnviz --help`" if text is None else "two\nlines")

    for function in (careless, wordy):
        assert len(list(refusals(function, {}, "text", False))) > 10


def test_read_each_refuses_other_keywords():
    with pytest.raises(AttnvizError, match="Did you mean 'softmax'"):
        list(attnviz.read_each(b"id,query_token,key_token,weight\nx,a,a,1\n", sofmax=True))
