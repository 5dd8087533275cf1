"""Parts by name: found in the file that quotes the name, without importing the others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from attnviz.core.registry import SLOTS, find_part, parts_for, quoting_parts
from attnviz.errors import UnknownNameError
from attnviz.lookup import find_by_name, names_of

NAMES = [(slot, name) for slot in SLOTS for part in parts_for(slot) for name in names_of(part)]
OTHERS = ["attnviz.core.normalizers.sinkhorn", "attnviz.core.normalizers.stepwise"]


@pytest.mark.parametrize(("slot", "name"), NAMES)
def test_the_search_by_source_finds_the_part_that_the_whole_table_has(slot, name):
    expected = find_by_name(parts_for(slot), name, slot)
    assert find_part(slot, name) is find_part(slot, f" {name.upper()}") is expected
    assert expected in quoting_parts(slot, name)


def test_an_unknown_part_is_searched_for_in_the_whole_table():
    assert list(quoting_parts("normalize", "stick-braking")) == []
    with pytest.raises(UnknownNameError, match="Did you mean 'stick-breaking'"):
        find_part("normalize", "stick-braking")


def modules_after(call):
    code = f"import sys; from attnviz.core.registry import *; {call}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_first_part_of_a_late_file_imports_no_other_files():
    loaded = modules_after("find_part('normalize', 'stick-breaking')")
    assert not set(OTHERS) & set(loaded)
    assert set(OTHERS) <= set(modules_after("list(parts_for('normalize'))"))  # the check bites
