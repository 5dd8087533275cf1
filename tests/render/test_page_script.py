"""The script of the page: its types, its unit tests, and that the built file is its sources'."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from attnviz.render.page.bundle import read_asset
from tests.layers import ROOT

SOURCES = ROOT / "render" / "page" / "script"
UNIT_TESTS = Path(__file__).parent / "page_script"
MARKUP = re.compile(
    r"[iI]nnerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function"
    r"|setHTML|DOMParser|createContextualFragment"
)


@pytest.fixture(scope="module")
def node():
    """Node with the packages of the script, installed by `make page-packages`."""
    program = shutil.which("node")
    reason = "the script of the page is not checked: "
    if program is None:
        reason += "Node is not installed (apt-get install nodejs npm)"
    elif not (SOURCES / "node_modules").is_dir():
        reason += "its packages are not installed (make page-packages)"
    else:
        return program
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command, cwd=SOURCES):
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_built_files_are_those_of_the_sources(node, tmp_path):
    run(node, "build.js", tmp_path)
    for name in ("page.js", "licenses.txt"):
        built = (tmp_path / name).read_text("utf-8")
        assert built == read_asset(f"built/{name}"), f"built/{name} is stale: run `make page`"


def test_the_types_of_the_sources_are_right(node):
    run(node, "node_modules/typescript/bin/tsc", "--project", ".")


def test_a_wrong_type_is_found(node, tmp_path):
    wrong = "/** @type {number} */\nexport const n = 'a';\n"
    (tmp_path / "wrong.js").write_text(wrong)
    command = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--ignoreConfig", "--lib", "es5"]
    with pytest.raises(AssertionError, match="TS2322"):
        run(node, "node_modules/typescript/bin/tsc", *command, tmp_path / "wrong.js")


def test_the_unit_tests_of_the_sources_pass(node):
    paths = sorted(UNIT_TESTS.glob("*.test.js"))
    assert paths
    imports = "".join(f"import {path.as_uri()!r};" for path in paths)
    result = run(node, "--input-type=module", "--eval", imports)  # one process: its start is slow
    n_test = sum(path.read_text("utf-8").count("\ntest(") for path in paths)
    assert int(re.search(r"^# tests (\d+)$", result, re.M)[1]) >= n_test > 100


def test_a_unit_test_that_fails_is_noticed(node, tmp_path):
    failing = "import { test } from 'node:test'; test('fails', () => { throw new Error('no'); });"
    (tmp_path / "failing.test.mjs").write_text(failing)
    imports = f"await import({(tmp_path / 'failing.test.mjs').as_uri()!r});"
    with pytest.raises(AssertionError, match="fails"):
        run(node, "--input-type=module", "--eval", imports)


def test_packages_are_pinned_and_named_without_a_host():
    lock = (SOURCES / "package-lock.json").read_text()
    assert "resolved" not in lock and "registry" not in lock
    versions = re.findall(
        r'^\t\t"[^"]+": "([^"]+)",?$', (SOURCES / "package.json").read_text(), re.M
    )
    assert [v for v in versions if not re.fullmatch(r"\d+\.\d+\.\d+", v)] == [
        "node build.js",
        "tsc --project .",
    ]


def test_sources_use_text_and_never_markup():
    paths = sorted(SOURCES.glob("*.js"))
    assert paths
    assert [path.name for path in paths if MARKUP.search(path.read_text("utf-8"))] == []


def test_markup_in_a_source_is_found():
    assert MARKUP.search("node.innerHTML = token") and MARKUP.search("dangerouslySetInnerHTML")
