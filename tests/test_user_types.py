"""A user's program under mypy --strict: right uses have their types, wrong ones are errors.

`make check` reads this file. Each `type: ignore` names the error that must be there: mypy refuses
one without an error. The tests run the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import attnviz
from attnviz import AttentionMap, AttnvizError, AttnvizWarning, Token

Floats = NDArray[np.floating[Any]]
TEXT = "The cat sat"


def test_functions() -> None:
    amap = attnviz.look(TEXT, variant="causal", heads=2, layers=2, seed=1, temperature=0.5)
    assert_type(amap, AttentionMap)
    assert_type(attnviz.look([*amap.query_labels], tunables=None), AttentionMap)
    assert_type(attnviz.look(TEXT, variant=attnviz.VARIANTS["causal"]), AttentionMap)
    for each in attnviz.look_many([TEXT, "a dog"], select_heads=0, pool=0):
        assert_type(each, AttentionMap)
    result = attnviz.attend(amap[0, 0], amap[0, 1], is_causal=True, mask="window(2)", scale=1.0)
    assert_type(result.weights, Floats)
    assert_type(result.output, Floats | None)
    assert_type(attnviz.read(np.eye(2), ["a", "b"]), AttentionMap)
    assert_type(attnviz.compare(TEXT, variants=["dot", "hard"], dim=16), AttentionMap)
    assert_type(attnviz.diff(amap, amap).amap, AttentionMap)
    assert attnviz.check(amap, causal=True).violations == []
    assert_type(attnviz.heads(amap, sort="entropy"), list[dict[str, Any]])
    assert_type(attnviz.measure(amap, "entropy"), dict[str, Floats])
    assert_type(attnviz.reduce(amap, "heads:mean"), AttentionMap)
    assert_type(attnviz.mask("causal", size=3), AttentionMap)
    assert_type(attnviz.tokens(TEXT), tuple[Token, ...])
    assert_type(attnviz.models(), list[dict[str, Any]])
    assert_type(attnviz.models("induction"), dict[str, Any])
    assert attnviz.explain(TEXT, cell=("cat", "The"), seed=3).cell is not None
    assert len(attnviz.effect(TEXT, model="induction", token=None).ranked()) == 8
    assert issubclass(AttnvizWarning, UserWarning)


def test_methods(tmp_path: Path) -> None:
    amap = attnviz.look(TEXT, variant="causal", heads=2, layers=2)
    assert_type(amap.shape, tuple[int, int, int, int])
    assert_type(amap.sel(layer=1, head=[0, 1], query="cat", key="0-1"), AttentionMap)
    assert_type(amap.isel(layer=-1, query=slice(1, 3), key=np.array([0, 2])), AttentionMap)
    assert_type(amap.mean("head", "layer"), AttentionMap)
    assert_type(amap - amap, AttentionMap)
    assert_type(amap.entropy(), Floats)
    assert_type(amap.top(3)[0].query_token, str)
    assert_type(amap.equals(amap), bool)
    assert_type(amap.allclose(amap, atol=1e-6), bool)
    assert_type(amap.to_numpy(), Floats)
    assert_type(amap.to_dict(), dict[str, Any])
    assert_type(amap.query_labels, tuple[str, ...])
    assert_type(amap.figure(view="matrix", size=(6, 5), palette="Greys"), Figure)
    assert_type(amap.plot(Figure().subplots(), layer=0, head=1, annotate=False), Axes)
    assert_type([head for head in amap], list[AttentionMap])  # noqa: C416
    amap.save(tmp_path / "map.npz")
    attnviz.write(amap, tmp_path / "map.png", title="T", dpi=80)
    assert_type(attnviz.load(tmp_path / "map.npz"), AttentionMap)
    assert isinstance(attnviz.VARIANTS, Mapping)
    assert len(amap.to_frame()) == amap.size


def test_wrong_uses(tmp_path: Path) -> None:
    """What a type checker finds is refused at run time too."""
    amap = attnviz.look(TEXT, variant="causal", heads=2)
    with pytest.raises(AttnvizError):
        attnviz.look(TEXT, varient="causal")  # type: ignore[call-arg]
    with pytest.raises(AttnvizError):
        attnviz.look(TEXT, seed="x")  # type: ignore[arg-type]
    with pytest.raises(AttnvizError):
        attnviz.look(3)  # type: ignore[arg-type]
    with pytest.raises(AttnvizError):
        list(attnviz.look_many([TEXT], head=0))  # type: ignore[call-arg]
    with pytest.raises(AttnvizError):
        attnviz.compare(TEXT, variants=["dot", "hard"], sede=1)  # type: ignore[call-arg]
    with pytest.raises(AttnvizError):
        attnviz.write(amap, tmp_path / "x.svg", cmap="viridis")  # type: ignore[call-arg]
    with pytest.raises(AttnvizError):
        amap.save(tmp_path / "x.svg", dpi="x")  # type: ignore[arg-type]
    with pytest.raises(AttnvizError):
        amap.figure(size=5)  # type: ignore[arg-type]
    with pytest.raises(AttnvizError):
        amap.plot(Figure().subplots(), head=0, view="text")
    with pytest.raises(AttnvizError):
        amap.mean("query")  # type: ignore[arg-type]
    with pytest.raises(AttnvizError):
        amap.isel(layer="mean")  # type: ignore[arg-type]
    with pytest.raises(AttnvizError):
        amap[0]  # type: ignore[index]
    with pytest.raises(TypeError):
        amap - 3  # type: ignore[operator]
    with pytest.raises(AttnvizError):
        attnviz.attend(np.eye(2), np.eye(2), mask=3)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
