"""watch where PyTorch is not installed: one clear line."""

import importlib.util

import pytest

import attnviz


@pytest.fixture(autouse=True)
def no_torch(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "torch" else find_spec(name, *more),
    )


def test_one_line_in_python():
    with pytest.raises(attnviz.AttnvizError) as caught:
        attnviz.watch()
    assert str(caught.value) == (
        "watch needs the torch package, which the program to be watched uses: pip install torch"
    )
