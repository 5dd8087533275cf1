"""Arguments of compose and tunables of one name: each error names the other way to set it."""

from __future__ import annotations

from inspect import signature

import pytest

from attnviz.core.compose.compose import OVERRIDES, compose
from attnviz.core.tunables import tunable_values
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError


def test_the_overrides_are_the_arguments_of_compose():
    assert [*signature(compose).parameters][1:-1] == OVERRIDES


@pytest.mark.parametrize("name", OVERRIDES)
def test_an_override_is_no_tunable_of_a_mechanism_without_one(name):
    variant = VARIANTS["scaled-dot"]
    with pytest.raises(MisuseError, match=f"'{name}'; {name} is set by {name}$"):
        compose(variant, tunables={name: 1})


@pytest.mark.parametrize("row", [row for row in VARIANTS.values() if row.mixer], ids=str)
def test_an_override_of_scores_is_refused_by_a_mechanism_without_scores(row):
    own = "temperature" in tunable_values(row.slots)
    hint = "; its own temperature is a tunable: `--set temperature=VALUE`, in Python tunables="
    end = hint + "{'temperature': VALUE}" if own else ""
    with pytest.raises(MisuseError) as error:
        compose(row, temperature=0.5)
    assert str(error.value).endswith(f"; temperature does not apply to it{end}")
    if own:
        tuned = compose(row, tunables={"temperature": 0.5})
        assert tunable_values(tuned.slots)["temperature"] == 0.5


def test_all_overrides_that_do_not_apply_are_named():
    with pytest.raises(MisuseError, match="scores; score and alibi and softcap do not apply"):
        compose("linformer", score="cosine", bias="alibi", softcap=3.0)
