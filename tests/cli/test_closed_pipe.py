"""The reader of standard output leaves early (`| head`): the status is that of the results."""

import io

import pytest

from attnviz.cli.environment import Environment
from attnviz.cli.main import run as run_words
from tests.cli.runner import run


class ClosedPipe(io.BytesIO):
    """Standard output whose reader leaves after `n_write` writes that end a line."""

    def __init__(self, n_write):
        super().__init__()
        self.n_write = n_write

    def write(self, data):
        if self.n_write == 0:
            raise BrokenPipeError
        self.n_write -= data.endswith(b"\n")
        return super().write(data)


def run_into_closed_pipe(n_write, *words, stdin=b""):
    env = Environment(
        io.BytesIO(stdin), ClosedPipe(n_write), io.BytesIO(), {}, stdin_is_piped=bool(stdin)
    )
    return run_words(list(words), env)


def write_maps(path, second):
    """Two maps in one file, the second with other weights."""
    valid = run("a b", "--json", "-v", "average").out
    assert "[0.5,0.5]" in valid
    path.write_text(valid + valid.replace("[0.5,0.5]", second))
    return str(path)


@pytest.mark.parametrize("form", [("-f", "jsonl"), ()], ids=str)
def test_an_invalid_line_is_a_failure_although_the_pipe_is_closed(form):
    lines = b"fine\n\xff\n" + b"fine\n" * 3
    for n_write in range(5):
        n_failed_before = n_write >= 1  # line 2 was read and reported, or could not be
        assert run_into_closed_pipe(n_write, *form, stdin=lines) == int(n_failed_before)
    assert run_into_closed_pipe(1, *form, stdin=b"fine\n" * 4) == 0


def test_the_status_of_check_is_of_all_maps(tmp_path):
    two_maps = write_maps(tmp_path / "maps.jsonl", "[0.9,0.9]")
    assert [run_into_closed_pipe(n, "check", two_maps) for n in range(3)] == [4, 4, 4]
    assert run_into_closed_pipe(0, "check", "-", stdin=run("a b", "--json").data) == 0


def test_the_status_of_diff_is_of_all_maps(tmp_path):
    same = write_maps(tmp_path / "same.jsonl", "[0.5,0.5]")
    other = write_maps(tmp_path / "other.jsonl", "[0.9,0.1]")
    words = ("diff", same, other, "--max-js", "0.001")
    assert [run_into_closed_pipe(n, *words) for n in range(3)] == [4, 4, 4]
    assert run_into_closed_pipe(0, "diff", same, same, "--max-js", "0.001") == 0
