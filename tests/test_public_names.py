"""What users import, and what it takes. These may grow; they do not change."""

import inspect
import subprocess
import sys

import attnviz

NAMES = ["VARIANTS", "AttentionMap", "AttnvizError", "Token", "attend", "look", "read", "write"]


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
    ]
    assert list(inspect.signature(attnviz.write).parameters)[:3] == ["amap", "target", "format"]


def test_look_is_the_function_however_it_is_imported():
    code = (
        "import attnviz.api.look, attnviz; from attnviz import look; "
        "assert callable(look) and callable(attnviz.look)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
