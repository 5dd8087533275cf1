"""Files are written completely or not at all: links, modes, pipes, failures in the middle."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from attnviz.api.atomic_file import (
    TEMPORARY,
    GrowingFile,
    partial_path,
    remove_stale_files,
    write_file,
)
from attnviz.api.write import write
from attnviz.errors import AttnvizError, CouldNotError
from tests.conftest import make_map

OLD, NEW = b"old bytes", b"new bytes\n" * 1000
FULL = OSError(errno.ENOSPC, "No space left on device")


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


def contents(folder):
    """The bytes of every file of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(params=[0o022, 0o077, 0o002, 0o000], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def existing(tmp_path):
    path = tmp_path / "map.json"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def test_a_new_file_has_the_mode_of_the_umask(tmp_path, umask):
    path = tmp_path / "new.json"
    write_file(path, NEW)
    assert contents(tmp_path) == {"new.json": NEW}
    assert mode_of(path) == 0o666 & ~umask
    assert os.umask(umask) == umask  # as it was


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o444, 0o666, 0o755], ids=oct)
def test_an_existing_file_keeps_its_mode(existing, mode):
    existing.chmod(mode)
    write_file(str(existing), NEW)
    assert contents(existing.parent) == {"map.json": NEW}
    assert mode_of(existing) == mode


@pytest.mark.parametrize("n_link", [1, 3])
def test_a_link_is_followed_to_its_file(tmp_path, existing, n_link):
    target = existing
    for i in range(n_link):
        folder = tmp_path / f"links{i}"
        folder.mkdir()
        link = folder / "link.json"
        link.symlink_to(os.path.relpath(target, folder))
        target = link
    write_file(target, NEW)
    assert existing.read_bytes() == NEW and mode_of(existing) == 0o640
    assert not existing.is_symlink()
    for i in range(n_link):
        (entry,) = (tmp_path / f"links{i}").iterdir()  # nothing beside the link
        assert entry.is_symlink() and entry.read_bytes() == NEW


def test_a_link_whose_file_does_not_exist_creates_it(tmp_path):
    link, target = tmp_path / "link.json", tmp_path / "target.json"
    link.symlink_to(target)
    write_file(link, NEW)
    assert link.is_symlink() and not target.is_symlink()
    assert target.read_bytes() == NEW


def fail_in(monkeypatch, step, error, observe=lambda: None):
    """Make a step of writing raise an error, after it wrote half of the data."""

    def fail(*args, **options):
        observe()
        raise error

    fdopen = os.fdopen

    def open_failing(handle, *args, **options):
        file = fdopen(handle, *args, **options)
        write_all = file.write

        class Failing:
            def __enter__(self):
                return self

            def __exit__(self, *exception):
                file.close()
                if step == "close":
                    fail()

            def write(self, data):
                if step != "write":
                    return write_all(data)
                write_all(data[: len(data) // 2])
                file.flush()
                return fail()

        return Failing()

    if step in ("write", "close"):
        monkeypatch.setattr(os, "fdopen", open_failing)
    elif step == "open":
        monkeypatch.setattr("attnviz.api.atomic_file.open_locked", fail)
    else:
        monkeypatch.setattr(Path, step, fail)
        monkeypatch.setattr(os, step, fail)


STEPS = ("open", "write", "close", "chmod", "replace")
ERRORS = (FULL, OSError(errno.EIO, "Input/output error"), MemoryError(), KeyboardInterrupt())


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "error", ERRORS, ids=lambda error: getattr(error, "strerror", type(error).__name__)
)
def test_after_a_failure_the_old_file_is_there_and_nothing_else(
    existing, monkeypatch, step, error
):
    expected = CouldNotError if isinstance(error, OSError) else type(error)
    with monkeypatch.context() as patch, pytest.raises(expected) as raised:
        fail_in(patch, step, error)
        write_file(existing, NEW)
    assert contents(existing.parent) == {"map.json": OLD}
    assert mode_of(existing) == 0o640
    if isinstance(error, OSError):
        assert str(raised.value) == f"cannot write {str(existing)!r}: {error.strerror}"


@pytest.mark.parametrize("step", STEPS)
def test_after_a_failure_there_is_no_new_file(tmp_path, monkeypatch, step):
    with monkeypatch.context() as patch, pytest.raises(CouldNotError):
        fail_in(patch, step, FULL)
        write_file(tmp_path / "new.json", NEW)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_remaining_temporary_file_is_noticed(existing, monkeypatch, step):
    with monkeypatch.context() as patch, pytest.raises(CouldNotError):
        fail_in(patch, step, FULL)
        patch.setattr(Path, "unlink", lambda path: None)
        patch.setattr(os, "unlink", lambda path: None)
        write_file(existing, NEW)
    assert len(contents(existing.parent)) == 2


def test_an_incomplete_file_is_private_and_the_old_one_remains(existing, monkeypatch):
    """A reader at any moment has the old bytes or the new ones."""
    observed = []

    def observe():
        (temporary,) = set(existing.parent.iterdir()) - {existing}
        observed.append((existing.read_bytes(), temporary.read_bytes(), mode_of(temporary)))

    with monkeypatch.context() as patch, pytest.raises(CouldNotError):
        fail_in(patch, "write", FULL, observe)
        write_file(existing, NEW)
    assert observed == [(OLD, NEW[: len(NEW) // 2], 0o600)]


def test_a_link_that_waits_at_the_temporary_name_is_not_followed(existing, monkeypatch):
    other = existing.with_name("other.txt")
    other.write_bytes(OLD)
    monkeypatch.setattr("secrets.token_hex", lambda n: "0" * 2 * n)
    existing.with_name(f".attnviz-{'0' * 16}.tmp").symlink_to(other)
    with pytest.raises(CouldNotError, match="File exists"):
        write_file(existing, NEW)
    assert other.read_bytes() == existing.read_bytes() == OLD


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_file(pipe, NEW)
    reader.join(10)
    assert received == [NEW]
    assert pipe.is_fifo() and [*tmp_path.iterdir()] == [pipe]


def test_a_device_is_written_to_and_stays_a_device():
    write_file(os.devnull, NEW)
    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_device_is_an_error():
    with pytest.raises(CouldNotError, match="'/dev/full': No space left on device"):
        write_file("/dev/full", NEW)


@pytest.mark.parametrize("through_link", [False, True])
def test_a_folder_is_refused(tmp_path, through_link):
    folder = tmp_path / "folder.json"
    folder.mkdir()
    path = folder
    if through_link:
        path = tmp_path / "link.json"
        path.symlink_to(folder)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CouldNotError, match=r"\.json': it is a folder"):
        write_file(path, NEW)
    assert sorted(tmp_path.iterdir()) == before and folder.is_dir() and not contents(folder)


def test_a_missing_folder_is_not_created(tmp_path):
    with pytest.raises(CouldNotError, match=r"absent.*No such file or directory"):
        write_file(tmp_path / "absent" / "map.json", NEW)
    assert contents(tmp_path) == {}


def test_a_file_in_place_of_a_folder_is_an_error(existing):
    with pytest.raises(CouldNotError, match="Not a directory"):
        write_file(existing / "map.json", NEW)
    assert contents(existing.parent) == {"map.json": OLD}


def test_long_names_leave_space_for_the_temporary_one(tmp_path):
    name = "n" * 250 + ".json"
    write_file(tmp_path / name, NEW)
    assert contents(tmp_path) == {name: NEW}


@pytest.mark.parametrize(
    "options",
    [{"format": "nosuch"}, {"view": "nosuch"}, {"nosuch": 1}, {"format": "table"}],
    ids=str,
)
def test_a_map_that_cannot_be_rendered_leaves_the_file(tmp_path, options):
    path = tmp_path / "map.svg"
    path.write_bytes(OLD)
    with pytest.raises(AttnvizError):
        write(make_map(), path, **options)
    assert contents(tmp_path) == {"map.svg": OLD}


def grow(path, data):
    """Write a file in the way of a batch."""
    file = GrowingFile(Path(path))
    try:
        file.append(data)
        file.commit()
    finally:
        file.close()


WRITE_FUNCTIONS = pytest.mark.parametrize("write_to", [write_file, grow])


@WRITE_FUNCTIONS
@pytest.mark.parametrize("n_link", [1, 2, 3])
def test_cyclic_links_are_refused_and_remain(tmp_path, n_link, write_to):
    links = [tmp_path / f"link{i}.json" for i in range(n_link)]
    for i, link in enumerate(links):
        link.symlink_to(links[(i + 1) % n_link])
    with pytest.raises(CouldNotError, match=r"link0.json': Too many levels of symbolic links"):
        write_to(links[0], NEW)
    assert sorted(tmp_path.iterdir()) == links and all(link.is_symlink() for link in links)


@WRITE_FUNCTIONS
@pytest.mark.parametrize("name", ["nul\0.json", "\ud800.json"], ids=ascii)
def test_a_path_that_no_system_call_takes_is_refused(tmp_path, name, write_to):
    with pytest.raises(CouldNotError, match=r"cannot write .*the path is invalid"):
        write_to(str(tmp_path / name), NEW)
    assert contents(tmp_path) == {}


@WRITE_FUNCTIONS
@pytest.mark.parametrize("length", [240, 247, 248, 254, 255])
def test_a_file_of_any_allowed_name_is_written(tmp_path, length, write_to):
    name = "é" * 20 + "n" * (length - 40)
    write_to(tmp_path / name, NEW)
    assert contents(tmp_path) == {name: NEW}


def test_partial_names_of_different_long_names_differ(tmp_path):
    names = ["n" * 250 + end for end in ("a", "b")]
    assert len({partial_path(tmp_path / name) for name in names}) == 2


@WRITE_FUNCTIONS
def test_a_full_device_is_named(write_to):
    with pytest.raises(CouldNotError) as raised:
        write_to("/dev/full", NEW)
    assert str(raised.value) == "cannot write '/dev/full': No space left on device"


@WRITE_FUNCTIONS
def test_a_device_is_no_regular_file_afterwards(write_to):
    write_to(os.devnull, NEW)
    assert Path(os.devnull).is_char_device()


@WRITE_FUNCTIONS
def test_a_folder_is_no_target(tmp_path, write_to):
    with pytest.raises(CouldNotError, match="it is a folder"):
        write_to(tmp_path, NEW)
    assert contents(tmp_path) == {}


@WRITE_FUNCTIONS
def test_a_folder_that_cannot_be_written_to_is_an_error(existing, monkeypatch, write_to):
    def refuse(*args, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch, pytest.raises(CouldNotError, match="Permission denied"):
        patch.setattr(os, "open", refuse)
        write_to(existing, NEW)
    assert contents(existing.parent) == {"map.json": OLD}


def test_files_that_killed_runs_left_are_removed_and_closed(tmp_path):
    def next_descriptor():
        with Path(os.devnull).open("rb") as file:
            return file.fileno()

    first = next_descriptor()
    for n in range(3):
        (tmp_path / f"{n}".join(TEMPORARY)).touch()
    (tmp_path / "kept").touch()
    remove_stale_files(tmp_path)
    assert [*contents(tmp_path)] == ["kept"] and next_descriptor() == first


def test_a_resumed_file_ends_where_it_was_cut(tmp_path):
    """What is appended may be shorter than the incomplete record that was cut off."""
    path = tmp_path / "all.jsonl"
    path.with_name("all.jsonl.partial").write_bytes(b"one\nan incomplete record")
    file = GrowingFile(path, resume=True)
    assert [*file.lines()] == [b"one\n", b"an incomplete record"]
    file.truncate(4)
    file.append(b"two\n")
    assert file.partial.read_bytes() == b"one\ntwo\n"  # flushed
    file.commit()
    file.close()
    assert contents(tmp_path) == {"all.jsonl": b"one\ntwo\n"}


def test_a_file_that_nothing_was_appended_to_leaves_the_earlier_one(tmp_path):
    """As where a command is refused after the file was opened."""
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"previous\n")
    GrowingFile(path).close()
    assert path.read_bytes() == b"previous\n" and [*tmp_path.iterdir()] == [path]


def test_a_resumed_file_begins_with_the_finished_one(tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"previous\n")
    file = GrowingFile(path, resume=True)
    assert [*file.lines()] == [b"previous\n"]
    file.append(b"next\n")
    file.commit()
    file.close()
    assert path.read_bytes() == b"previous\nnext\n" and [*tmp_path.iterdir()] == [path]
