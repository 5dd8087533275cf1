"""The library's side of a tokenizer: load, encode; run as a script, in a limited process.

As a script it needs the standard library and `tokenizers` only. Its arguments are the folder of
the library and the bytes of memory that it may use, which are limited before anything is read. It
reads the content of a tokenizer.json and then texts to encode, a JSON object per line, from
standard input, and writes one JSON line for each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

CPU_SECONDS = 10  # per request, should the parent process be gone
COLUMNS = (
    "ids",
    "tokens",
    "offsets",
    "special_tokens_mask",
    "sequence_ids",
    "type_ids",
    "word_ids",
)


def load_library(content: bytes) -> Any:
    """The tokenizer of a tokenizer.json, its settings switched off."""
    from tokenizers import Tokenizer

    library = Tokenizer.from_buffer(content)
    switch_off_settings(library)
    return library


def switch_off_settings(library: Any) -> bool:
    """Switch off padding, truncation and dropout. Returns whether there was a dropout.

    Padding to a huge length would exhaust memory, truncation would drop tokens, dropout makes
    tokens random.
    """
    library.no_padding()
    library.no_truncation()
    has_dropout = bool(getattr(library.model, "dropout", None))
    if has_dropout:
        library.model.dropout = None
    return has_dropout


def encode_columns(
    library: Any, texts: Sequence[str], add_special_tokens: bool = True
) -> list[list[Any]]:
    """The columns of the encoding of a text or a pair of texts."""
    encoding = library.encode(*texts, add_special_tokens=add_special_tokens)
    return [getattr(encoding, column) for column in COLUMNS]


def limit_process(memory: int) -> None:
    """Limit memory, and the processor time of the next request, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        for kind, limit in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, int(time.process_time()) + CPU_SECONDS),
        ):
            _, hard = resource.getrlimit(kind)
            allowed = [n for n in (limit, hard) if n != resource.RLIM_INFINITY]
            with suppress(OSError, ValueError):  # macOS has no limit of address space
                resource.setrlimit(kind, (min(allowed), hard))


def run_requests(memory: int) -> None:
    """Serve the requests of standard input until it ends, with this much memory."""
    limit_process(memory)
    size = int(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read(size)
    library: Any = None
    while True:
        limit_process(memory)
        try:
            if library is None:
                library, result = load_library(content), None
            else:
                line = sys.stdin.buffer.readline()
                if not line:
                    return
                result = encode_columns(library, **json.loads(line))
            answer: dict[str, Any] = {"result": result}
        except (KeyboardInterrupt, SystemExit):
            return
        except BaseException as error:  # a panic of the library is not an Exception
            crash = "" if isinstance(error, Exception) else "crashed: "
            answer = {"error": crash + " ".join(str(error).split())[:300]}
        print(json.dumps(answer), flush=True)
        if library is None:
            return


if __name__ == "__main__":
    sys.path.append(sys.argv[1])  # the folder of the tokenizers package
    run_requests(int(sys.argv[2]))
