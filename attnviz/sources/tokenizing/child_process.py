"""Code of untrusted files in a process of its own, limited in memory and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing import child_worker

TIME_LIMIT = 8.0  # seconds of a request
MEMORY_LIMIT = 2 << 30  # bytes of address space
MAX_ANSWER = 1 << 28  # bytes
ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"}


class ChildWorker:
    """A child process that answers each line with a line, and starts when it is needed.

    After a request that crashes or takes too long, the next one starts another process.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, process: subprocess.Popen[bytes]) -> None:
        """Use this process, and end it with this object."""
        self.process = process
        weakref.finalize(self, stop_process, process)

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            stop_process(self.process)
        self.process = None

    def exchange(self, message: bytes, what: str) -> Any:
        """Send a message to the process and read its answer, both within TIME_LIMIT."""
        process, lines = self.process, list[bytes]()
        if process is None or process.stdin is None or process.stdout is None:
            raise InvalidInputError("its process has not started")
        thread = Thread(target=exchange_line, args=(process, message, lines), daemon=True)
        thread.start()
        try:
            thread.join(TIME_LIMIT)
        except BaseException:  # an interrupt: the next request could get this answer
            self.stop()
            raise
        is_late = thread.is_alive()
        line = b"" if is_late or not lines else lines[0]
        if not line.endswith(b"\n"):
            self.stop()
            thread.join()
            raise InvalidInputError(describe_end(process, what, is_late, line))
        answer = json.loads(line)
        if "error" in answer:
            raise InvalidInputError(answer["error"])
        return answer["result"]


class ChildTokenizer(ChildWorker):
    """The tokenizer of a tokenizer.json in a child process."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content

    def load(self) -> None:
        """Start the process and load the tokenizer in it; after an error there is no process."""
        self.start(start_process())
        try:
            self.exchange(b"%d\n%b" % (len(self.content), self.content), "its file")
        except BaseException:
            self.stop()
            raise

    def encode(self, texts: Sequence[str], *, add_special_tokens: bool = True) -> Any:
        """The columns of the encoding of a text or a pair of texts.

        Raises InvalidInputError for an error of the library, and where the process takes too
        long, needs too much memory or crashes.
        """
        request = {"texts": texts, "add_special_tokens": add_special_tokens}
        with self.lock:
            if self.process is None:
                self.load()
            return self.exchange(json.dumps(request).encode() + b"\n", "this text")


def start_process(
    script_path: str = child_worker.__file__, package: str = "tokenizers"
) -> subprocess.Popen[bytes]:
    """A process of a script that uses one package; by default a tokenizer's."""
    spec = find_spec(package)
    folder = Path(spec.origin).parents[1] if spec and spec.origin else Path()
    # Without environment and site packages: the worker imports nothing but the library.
    script = [script_path, str(folder), str(MEMORY_LIMIT)]
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", *script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
        )
    except OSError as error:
        raise InvalidInputError(f"its process cannot be started: {error}") from None


def exchange_line(process: subprocess.Popen[bytes], message: bytes, lines: list[bytes]) -> None:
    """Write a message to a process; append its answer to `lines`, nothing where it has ended."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(message)
        process.stdin.flush()
        lines.append(process.stdout.readline(MAX_ANSWER))
    except (OSError, ValueError):  # the process has ended
        return


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was not read of it
                continue


def describe_end(process: subprocess.Popen[bytes], what: str, is_late: bool, line: bytes) -> str:
    """Why a process gave no answer."""
    if is_late:
        return f"takes more than {TIME_LIMIT:g} s for {what}"
    if line:
        return f"returns more than {MAX_ANSWER:,} bytes for {what}"
    return f"needs more than {MEMORY_LIMIT >> 30} GB of memory for {what}, or crashes"
