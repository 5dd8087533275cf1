"""Memory that a process may use: limits of control groups, as containers set them."""

import pytest

from attnviz.sources import memory
from attnviz.sources.memory import cgroup_limit, machine_memory


@pytest.fixture
def system(tmp_path):
    """A function that writes /proc/self/cgroup and limits, and returns the root folder."""

    def write(cgroup, limits):
        for name, content in {"proc/self/cgroup": cgroup, **limits}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


TOP = "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("cgroup", "limits", "expected"),
    [
        ("0::/a/b\n", {f"{TOP}/a/b/memory.max": "4000\n", f"{TOP}/a/memory.max": "max\n"}, 4000),
        ("0::/a/b\n", {f"{TOP}/a/b/memory.max": "4000\n", f"{TOP}/a/memory.max": "3000\n"}, 3000),
        ("0::/\n", {f"{TOP}/memory.max": "5000\n"}, 5000),  # its own namespace
        ("0::/../outside\n", {f"{TOP}/memory.max": "5000\n"}, 5000),
        (
            "5:cpu,memory:/x\n4:pids:/y\n",
            {f"{TOP}/memory/x/memory.limit_in_bytes": "7000\n"},
            7000,
        ),
        ("5:memory:/gone\n", {f"{TOP}/memory/memory.limit_in_bytes": "8000\n"}, 8000),
        ("0::/a\n", {f"{TOP}/a/memory.max": "max\n"}, None),
        ("4:pids:/y\n", {f"{TOP}/memory.max": "5000\n"}, None),
        ("nonsense\n\n", {}, None),
        ("0::/a\n", {f"{TOP}/a/memory.max": "many\n"}, None),
    ],
)
def test_the_lowest_limit_of_the_groups_counts(system, cgroup, limits, expected):
    assert cgroup_limit(system(cgroup, limits)) == expected


def test_a_system_without_control_groups_has_no_limit(tmp_path):
    assert cgroup_limit(tmp_path) is None


def test_a_limit_lowers_the_memory_of_the_machine(monkeypatch):
    whole = machine_memory()
    memory.cgroup_limit_at.cache_clear()
    monkeypatch.setattr(memory, "cgroup_limit", lambda: 123_456_789)
    assert machine_memory() == 123_456_789 < whole
    memory.cgroup_limit_at.cache_clear()


def test_limits_of_control_groups_are_read_again_after_a_second(monkeypatch):
    limits = iter((3_000_000, 2_000_000))
    monkeypatch.setattr(memory, "cgroup_limit", lambda: next(limits))
    monkeypatch.setattr(memory, "monotonic", iter((1e9 + 0.1, 1e9 + 0.9, 1e9 + 1.1)).__next__)
    assert [machine_memory() for _ in range(3)] == [3_000_000, 3_000_000, 2_000_000]
    memory.cgroup_limit_at.cache_clear()
