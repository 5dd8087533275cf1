"""Run a script or a module as `python` would: arguments, `__main__`, path, signals, status."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from attnviz.errors import AttnvizWarning, CouldNotError

INTERRUPTED = 130
THIS_FILE = __file__


def run_program(script: str | None, module: str | None, args: Sequence[str]) -> int:
    """The exit status of a script, or of a module as with `python -m`.

    Raises CouldNotError for a script or module that cannot be read.
    """
    main, code, name = load_module(module) if module else load_script(str(script))
    with as_main(main, [name, *args], path_entry(script)):
        try:
            exec(code, main.__dict__)
        except SystemExit as end:
            return exit_status(end)
        except KeyboardInterrupt as error:
            print_traceback(error)
            return INTERRUPTED
        except BaseException as error:
            print_traceback(error)
            return 1
    return 0


def load_script(path: str) -> tuple[ModuleType, CodeType, str]:
    """The main module of a script, its code and its name; a folder has a __main__.py."""
    file = Path(path) / "__main__.py" if Path(path).is_dir() else Path(path)
    file = file.absolute()
    try:
        code = compile(file.read_bytes(), str(file), "exec")
    except OSError as error:
        raise CouldNotError(f"cannot run {path!r}: {error.strerror}") from None
    except (SyntaxError, ValueError) as error:  # before Python 3.11.4, NUL was a ValueError
        line = getattr(error, "lineno", None)  # None for a file that holds NUL
        where = "" if line is None else f"line {line}: "
        reason = getattr(error, "msg", error)
        raise CouldNotError(f"cannot run {path!r}: {where}{reason}") from None
    main = ModuleType("__main__")
    main.__file__ = str(file)
    main.__dict__["__spec__"] = None
    main.__dict__["__builtins__"] = __builtins__
    return main, code, path


def load_module(name: str) -> tuple[ModuleType, CodeType, str]:
    """The main module of a module, its code and the path of its file."""
    import importlib.util

    sys.path.insert(0, "")  # so that modules of this folder are found
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
        code = spec.loader.get_code(spec.name) if spec and spec.loader else None  # type: ignore[attr-defined]
    except (ImportError, ValueError, SyntaxError) as error:
        raise CouldNotError(f"cannot run module {name!r}: {error}") from None
    finally:
        sys.path.remove("")
    if spec is None or code is None:
        raise CouldNotError(f"cannot run module {name!r}: there is no such module to run")
    main = ModuleType("__main__")
    main.__dict__.update(
        __file__=spec.origin,
        __spec__=spec,
        __package__=spec.parent,
        __loader__=spec.loader,
        __builtins__=__builtins__,
    )
    return main, code, str(spec.origin)


def path_entry(script: str | None) -> str:
    """The first entry of sys.path: the folder of a script; of a module, the current folder."""
    if script is None:
        return str(Path.cwd())
    path = Path(script)
    return str(path if path.is_dir() else path.resolve().parent)


@contextmanager
def as_main(main: ModuleType, argv: list[str], entry: str) -> Iterator[None]:
    """Within this context, the process is that of the program.

    Standard output, warnings, Ctrl-C and garbage collection are those of Python, not of attnviz.
    """
    is_main_thread = threading.current_thread() is threading.main_thread()
    before = sys.argv[:], sys.path[:], gc.get_threshold()
    sys.argv[:], sys.path[:1] = argv, [entry]
    sys.modules["__main__"] = main  # stays: functions that run at exit need it
    gc.set_threshold(700, 10, 10)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler) if is_main_thread else None
    try:
        with ExitStack() as stack:
            stack.enter_context(redirect_stdout(sys.__stdout__))
            stack.enter_context(warnings.catch_warnings())
            note = warnings.showwarning

            def show(message: Any, category: Any, filename: str, lineno: int, *_: Any) -> None:
                if issubclass(category, AttnvizWarning):
                    note(message, category, filename, lineno)
                elif sys.stderr is not None:
                    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))

            warnings.showwarning = show  # type: ignore[assignment]
            yield
    finally:
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        sys.argv[:], sys.path[:] = before[:2]
        gc.set_threshold(*before[2])


def exit_status(end: SystemExit) -> int:
    """The status of a program that called sys.exit; a text is printed, as Python does."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code
    print(end.code, file=sys.stderr)
    return 1


def print_traceback(error: BaseException) -> None:
    """The traceback of a program, without the frames of attnviz that run it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == THIS_FILE:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)
