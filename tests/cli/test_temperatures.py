"""Several temperatures side by side, and options of numbers where "auto" chooses the overview."""

import json

import numpy as np
import pytest

import attnviz
from tests.cli.runner import run

TEXT = "The cat sat"
THREE = ("--temperature", "0.5,1,2")


def joined(*words):
    return json.loads(run(*words, "--json").out)


def test_temperatures_are_small_multiples_of_the_maps_that_one_temperature_has():
    document = joined(TEXT, *THREE, "--heads", "2")
    names = [entry["name"] for entry in document["meta"]["comparison"]]
    assert names[:3] == [f"multihead:temperature={value}" for value in ("0.5", "1", "2")]
    weights = np.array(document["weights"])
    for index, value in enumerate(("0.5", "1", "2")):
        alone = joined(TEXT, "--temperature", value, "--heads", "2")
        np.testing.assert_array_equal(weights[:, index::3], np.array(alone["weights"]))
    assert document["meta"]["row_sum"] == "1" and document["meta"]["signed"] is False
    assert "−" not in run(TEXT, *THREE).out  # no differences


def test_a_temperature_keeps_all_its_digits():
    exact, other = "0.123456789", "2.5"
    document = joined(TEXT, "--temperature", f"{exact},{other}", "--heads", "1")
    names = [entry["name"] for entry in document["meta"]["comparison"]]
    assert names == [f"multihead:temperature={value}" for value in (exact, other)]
    alone = joined(TEXT, "--temperature", exact, "--heads", "1")
    assert np.array(document["weights"])[:, :1].tolist() == alone["weights"]


def test_compare_adds_the_differences_of_temperatures():
    document = joined("compare", TEXT, *THREE, "-v", "scaled-dot")
    kinds = [entry["kind"] for entry in document["meta"]["comparison"]]
    assert kinds == ["original", "changed", "changed", "difference", "difference"]
    python = attnviz.compare(
        TEXT, variants=[f"scaled-dot:temperature={value:g}" for value in (0.5, 1, 2)]
    )
    np.testing.assert_allclose(np.array(document["weights"]), python.weights, atol=1e-6)


def test_a_setting_in_the_name_is_kept():
    names = joined(TEXT, *THREE, "-v", "window:window=2")["meta"]["comparison"]
    assert names[0]["name"] == "sliding-window:window=2,temperature=0.5"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((TEXT, *THREE, "--pool", "2"), "--pool has no effect with several temperatures"),
        ((TEXT, *THREE, "--with-qk", "--json"), "--with-qk has no effect with several"),
        ((TEXT, *THREE, "--jobs", "2"), "--jobs has no effect"),
        ((TEXT, "--temperature", "1,1"), "has a value twice"),
        ((TEXT, "--temperature", "1,"), "should be a number, or several, as in 0.5,1,2"),
        (
            (TEXT, *THREE, "-v", "average"),
            "--temperature has no effect on 'average:temperature=0.5'",
        ),
        (("heads", TEXT, *THREE), "has 3 values; only `attnviz show`"),
        (("explain", TEXT, *THREE), "has 3 values; only `attnviz show`"),
        (("compare", TEXT, *THREE, "-v", "dot", "-v", "hard"), "of several mechanisms"),
    ],
)
def test_what_several_temperatures_exclude_is_refused(words, reason):
    refused = run(*words)
    assert (refused.status, refused.out) == (2, "") and reason in refused.err


@pytest.mark.parametrize("option", [("--precision", "5"), ("--annotate",)])
def test_numbers_that_the_overview_does_not_have_are_stated(option, tmp_path):
    many = (TEXT, "--layers", "5", "--heads", "4")
    for target in ((), ("-o", str(tmp_path / "x.png"))):
        assert f"note: {option[0]}: no effect in the overview of 20 heads" in run(
            *many, *option, *target
        ).err  # fmt: skip
        for shown in ((*many, "--view", "matrix"), (TEXT,)):
            assert "no effect" not in run(*shown, *option, *target).err
    assert "no effect" not in run(*many).err
