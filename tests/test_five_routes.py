"""One request by five routes: the same numbers, labels, captions, special tokens and scales.

The routes are the command itself, a saved file that is rendered, Python, the page that is read
again, and a line of a batch. Files and pages hold the whole map: what the command selects before
it writes is selected after it was read.
"""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

import attnviz
from tests.cli.runner import run

MODELS = Path(__file__).parent / "models"
BERT, GPT2 = str(MODELS / "bert"), str(MODELS / "gpt2")
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
OF_ROUTE = ("made_by", "made", "Command", "request", "guessed", "producer")  # may differ
# Of the largest weight: float32 in products of other shapes, as of two texts that run together,
# and the steps in which pages store weights.
TOLERANCES = {"batch": 1.1e-5, "page": 1 / 4000}  # numbers of a page have six digits


class Request(NamedTuple):
    """What is computed, selected and displayed: words of the command, keywords of Python."""

    make: str
    look: dict[str, Any]
    select: str = ""
    selection: Mapping[str, Any] = MappingProxyType({})
    display: str = ""
    style: Mapping[str, Any] = MappingProxyType({})
    text: str = "the cat sat on the mat"
    second: tuple[str, str] | None = None  # an option of a second text, and the text


REQUESTS = {
    "seeded": Request("-v causal --heads 2", {"variant": "causal", "heads": 2}),
    "selected heads": Request(
        "-v multihead --layers 2",
        {"variant": "multihead", "layers": 2},
        "--layer 1 --head 0,2",
        {"select_layers": "1", "select_heads": "0,2"},
        "--vmax 0.5",
        {"vmax": 0.5},
    ),
    "cross-attention, some queries": Request(
        "-v cross",
        {"variant": "cross"},
        "--queries 1-3",
        {"select_queries": "1-3"},
        "--norm log",
        {"norm": "log"},
        second=("context", "die Katze lag"),
    ),
    "masked keys, mean of heads": Request(
        "-v padding --heads 2",
        {"variant": "padding", "heads": 2},
        "--head mean",
        {"select_heads": "mean"},
        "--robust",
        {"robust": True},
    ),
    "signed": Request(
        "-v differential",
        {"variant": "differential"},
        display="--vmin -0.2 --vmax 0.2",
        style={"vmin": -0.2, "vmax": 0.2},
    ),
    "rows of any sum, some keys": Request(
        "-v sigmoid",
        {"variant": "sigmoid"},
        "--keys cat,0",
        {"select_keys": "cat,0"},
        "--palette magma",
        {"palette": "magma"},
    ),
    "pooled": Request("-v causal --pool 3", {"variant": "causal", "pool": 3}),
    "dropped special tokens": Request(
        f"-m {BERT}", {"model": BERT}, "--drop-special", {"reduce": ["special:drop"]}
    ),
    "words of a query": Request(
        f"-m {BERT}",
        {"model": BERT},
        "--reduce tokens:words",
        {"reduce": ["tokens:words"]},
        "--query cat",
        {"query": "cat"},
    ),
    "segments": Request(
        f"-m {BERT}",
        {"model": BERT},
        "--segments A,B",
        {"select_segments": "A,B"},
        second=("pair", "a dog ran"),
    ),
    "generated and predicted": Request(
        f"-m {GPT2} --generate 2 --predict 2",
        {"model": GPT2, "generate": 2, "predict": 2},
        "--layer -1",
        {"select_layers": -1},
        "--title Title",
        {"title": "Title"},
    ),
    "norms": Request(
        "-m induction --contribution norm",
        {"model": "induction", "contribution": "norm"},
        "--head 1.0",
        {"select_heads": "1.0"},
        text="red seven blue red",
    ),
    "hostile tokens": Request(
        "-v alibi -t whitespace",
        {"variant": "alibi", "tokenizer": "whitespace"},
        text="the\x1b[31m <b>&amp; </script> $x$ \u202e",
    ),
}


def write_by_command(words, stem):
    """Run a command that writes its map as JSON and as a page, in the working directory."""
    made = run(*words, "-o", f"{stem}.json", "-o", f"{stem}.html")
    assert made.status == 0, made.err
    return Path(f"{stem}.json").read_bytes(), Path(f"{stem}.html").read_text(encoding="utf-8")


def by_python(request):
    """The map of `look`, and its page."""
    second = dict([request.second] if request.second else ())
    amap = attnviz.look(request.text, **second, **request.look, **request.selection)
    amap.save("python.json")
    amap.save("python.html", **request.style)
    return Path("python.json").read_bytes(), Path("python.html").read_text(encoding="utf-8")


def by_batch(request):
    """The first of two lines of a batch, in JSON Lines, and its page."""
    record = {"text": request.text, **dict([request.second] if request.second else ())}
    lines = f"{json.dumps(record)}\n{json.dumps(record)}\n"
    Path("in.jsonl").write_text(lines, encoding="utf-8")
    words = (*request.make.split(), *request.select.split(), *request.display.split())
    made = run("-i", "in.jsonl", *words, "-o", "all.jsonl", "-o", "batch-{n}.html")
    assert made.status == 0, made.err
    page = Path("batch-1.html").read_text(encoding="utf-8")
    return Path("all.jsonl").read_bytes().splitlines()[0], page


def facts_of(document, page):
    """The document and the data of a page, without the metadata of their route."""
    data = json.loads(DATA.search(page)[1])
    return without_route({"document": json.loads(document), "page": data})


def without_route(value):
    """JSON values without the keys of OF_ROUTE."""
    if isinstance(value, dict):
        return {k: without_route(v) for k, v in value.items() if k not in OF_ROUTE}
    return [without_route(item) for item in value] if isinstance(value, list) else value


def find_differences(one, two, tolerance=0.0, path=""):
    """Where two JSON values differ by more than a tolerance of their numbers."""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        pairs = [(f"{path}.{key}", one[key], two[key]) for key in one]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(one, two, strict=True))]
    elif type(one) is type(two) is float or {type(one), type(two)} == {int, float}:
        return [] if abs(one - two) <= tolerance else [(path, one, two)]
    else:
        return [] if one == two else [(path, one, two)]
    return [found for at, a, b in pairs for found in find_differences(a, b, tolerance, at)]


def without_codes(facts):
    """Facts without the weights as bytes of the page, which differ where a weight hardly does."""
    facts = deepcopy(facts)
    for amap in facts["page"]["maps"]:
        del amap["weights"]
    return facts


@pytest.mark.parametrize("name", REQUESTS)
def test_every_route_leads_to_the_same_map(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = REQUESTS[name]
    select, display = request.select.split(), request.display.split()
    second = (f"--{request.second[0]}", request.second[1]) if request.second else ()
    compute = (request.text, *request.make.split(), *second)
    expected = facts_of(*write_by_command((*compute, *select, *display), "model"))
    whole = run(*compute, "-o", "whole.npz", "-o", "whole.html")
    assert whole.status == 0, whole.err
    routes = {
        "render": write_by_command(("render", "whole.npz", *select, *display), "render"),
        "Python": by_python(request),
        "batch": by_batch(request),
        "page": write_by_command(("render", "whole.html", *select, *display), "page"),
    }
    largest = max(1.0, expected["page"]["largest"])
    for route, written in routes.items():
        pair, tolerance = (expected, facts_of(*written)), TOLERANCES.get(route, 0.0) * largest
        if tolerance:
            pair = tuple(map(without_codes, pair))
        assert find_differences(*pair, tolerance) == [], route


def test_differences_are_found():
    expected = {
        "document": {"weights": [[0.5, 0]]},
        "page": {"maps": [{"captions": {"0.0": "a"}}]},
    }
    for path, value in (
        (("document", "weights"), [[0.5, 0.1]]),
        (("document", "weights"), [[0.5]]),
        (("document", "label"), "b"),
        (("page", "maps"), [{"captions": {"0.0": "b"}}]),
        (("page", "maps"), []),
        (("page", "scale"), None),
    ):
        other = deepcopy(expected)
        other[path[0]][path[1]] = value
        assert find_differences(expected, other, 0.05), path
    assert find_differences(expected, deepcopy(expected)) == []
    assert find_differences({"a": [1, 0.50001]}, {"a": [1.0, 0.5]}, 1e-4) == []
