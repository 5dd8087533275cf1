"""Measures of maps of which some keys were selected: those of the text, or undefined."""

import json

import pytest

import attnviz
from attnviz.core.subset import key_positions
from tests.cli.runner import run

TEXT = "a b c a b c"
OPTIONS = {"variant": "causal", "seed": 3}


def measures(**selection):
    return attnviz.measure(attnviz.look(TEXT, **OPTIONS, **selection))


def test_keys_with_gaps_have_no_distances():
    undefined = {"distance", "previous token", "self", "duplicate token", "induction"}
    assert undefined <= measures().keys()
    gaps = attnviz.look(TEXT, **OPTIONS, select_queries=[0, 3], select_keys=[0, 3])
    assert key_positions(gaps) == [0, 3] and not undefined & attnviz.measure(gaps).keys()


def test_the_first_of_the_selected_keys_is_not_the_first_token():
    later = attnviz.look(TEXT, **OPTIONS, select_queries="1-5", select_keys="1-5")
    assert key_positions(later) == [1, 2, 3, 4, 5]
    values, whole = attnviz.measure(later), attnviz.look(TEXT, **OPTIONS)
    assert not {"first token", "sink", "induction"} & values.keys()
    weights = whole.weights[0, 0]
    previous = sum(weights[i, i - 1] for i in range(2, 6)) / 4
    assert values["previous token"][0, 0] == pytest.approx(previous)
    first = attnviz.look(TEXT, **OPTIONS, select_keys="0-2")
    assert "first token" in attnviz.measure(first)


def test_a_selection_keeps_its_positions_in_a_file_and_when_selected_again(tmp_path):
    path, again = str(tmp_path / "some.json"), str(tmp_path / "fewer.json")
    assert run(TEXT, "-v", "causal", "--queries", "1-5", "--keys", "1-5", "-o", path).status == 0
    assert run("render", path, "--keys", "1-2", "-o", again).status == 0
    for file, expected in ((path, [1, 2, 3, 4, 5]), (again, [2, 3])):
        assert json.loads((tmp_path / file).read_text())["meta"]["key_positions"] == expected
        for steps in ((), ("--drop-special",), ("--reduce", "tokens:words")):
            made = run("heads", file, *steps, "--json")
            assert made.status == 0, made.err
            assert "first token" not in json.loads(made.out)["heads"][0]["measures"]


@pytest.mark.parametrize("value", [3, [1], "x", [0, 1.5, 2, 3, 4, 5], None])
def test_positions_of_a_file_that_do_not_fit_do_not_count(value):
    amap = attnviz.look(TEXT, **OPTIONS)
    strange = type(amap)(
        amap.queries, amap.keys, amap.weights, amap.visible, meta={"key_positions": value}
    )
    assert key_positions(strange) == list(range(6))
    assert attnviz.measure(strange).keys() == attnviz.measure(amap).keys()
