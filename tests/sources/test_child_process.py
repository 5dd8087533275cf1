"""The limited process of a tokenizer: its limits, and its state after errors and in threads."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import child_process, child_worker
from attnviz.sources.tokenizing.child_process import ChildTokenizer, start_process, stop_process
from attnviz.sources.tokenizing.tokenizer_json import parse_tokenizer
from tests.sources.documents import bert_document

CONTENT = json.dumps(bert_document()).encode()
IDS = [1, 3, 4, 2]


@pytest.fixture
def child():
    made = ChildTokenizer(CONTENT)
    yield made
    made.stop()


def test_each_request_after_a_failed_load_gives_the_error_of_the_load():
    child = ChildTokenizer(b'{"model": 1}')
    messages = set()
    for _ in range(2):
        with pytest.raises(InvalidInputError) as caught:
            child.encode(["the cat"])
        messages.add(str(caught.value))
        assert child.process is None
    assert len(messages) == 1 and "Cannot instantiate Tokenizer" in messages.pop()


def test_an_interrupted_request_leaves_no_answer_for_the_next_one(child, monkeypatch):
    child.encode(["sat"])

    def interrupt(thread, timeout):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Thread, "join", interrupt)
        with pytest.raises(KeyboardInterrupt):
            child.encode(["sat sat sat"])
    assert child.encode(["the cat"])[0] == IDS


def test_threads_share_one_process(monkeypatch):
    """Each thread asks for the process at the same time."""
    started, barrier = [], Barrier(4, timeout=20)
    tokenizer = parse_tokenizer(CONTENT, "a tokenizer")

    class SlowChild(ChildTokenizer):
        def __init__(self, content):
            started.append(content)
            for _ in range(10_000):  # other threads run meanwhile
                pass
            super().__init__(content)

    def ask(_):
        barrier.wait()
        return tokenizer.child

    monkeypatch.setattr(child_process, "ChildTokenizer", SlowChild)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            children = set(pool.map(ask, range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert len(children) == len(started) == 1


def test_memory_is_limited_before_anything_is_read():
    """A content larger than the limit: the process ends without an answer."""
    command = [sys.executable, "-I", "-S", child_worker.__file__, ".", str(200 << 20)]
    size = 400 << 20
    done = subprocess.run(command, input=b"%d\n" % size, capture_output=True, check=False)
    assert done.returncode != 0 and done.stdout == b"", done.stderr[-300:]


def test_the_process_gets_the_limit(monkeypatch):
    monkeypatch.setattr(child_process, "MEMORY_LIMIT", 1 << 30)
    process = start_process()
    try:
        assert process.args[-1] == str(1 << 30)
    finally:
        stop_process(process)
