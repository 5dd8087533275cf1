"""Programs that `attnviz watch` runs: exit statuses, messages, and what is restored after them."""

import gc
import signal
import sys
import threading
import warnings

import pytest

from attnviz.cli.program import run_program as module
from attnviz.cli.program.run_program import exit_status, run_program
from attnviz.errors import AttnvizWarning, CouldNotError


@pytest.fixture(autouse=True)
def same_main(monkeypatch):
    """The main module of the tests comes back: a program replaces it for good."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def warnings_are_no_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


@pytest.fixture
def script(tmp_path):
    """A function that writes a script and returns its path."""

    def write(text, name="program.py"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


ENDS = [
    ("pass", 0, ""),
    ("import sys; sys.exit()", 0, ""),
    ("raise SystemExit(7)", 7, ""),
    ("raise SystemExit('no data')", 1, "no data\n"),
    ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ("1 / 0", 1, "ZeroDivisionError"),
    ("import warnings; warnings.warn('old')", 0, "UserWarning: old"),
]


@pytest.mark.parametrize(("text", "status", "message"), ENDS)
def test_the_status_and_the_message_are_those_of_python(text, status, message, script, capsys):
    assert run_program(script(text), None, []) == status
    err = capsys.readouterr().err
    assert (message in err) if message else not err
    assert module.THIS_FILE not in err


def test_warnings_of_attnviz_stay_notes(script):
    notes = []
    text = "import warnings; from attnviz.errors import AttnvizWarning as W; warnings.warn('x', W)"
    warnings.showwarning = lambda message, category, *_: notes.append((str(message), category))
    assert run_program(script(text), None, []) == 0
    assert notes == [("x", AttnvizWarning)]


def test_a_process_without_standard_streams_runs_programs_too(script, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "__stdout__", None)
    assert run_program(script("import warnings; warnings.warn('unheard')"), None, []) == 0


def test_arguments_paths_and_the_handler_of_interrupts_are_restored(script):
    before = sys.argv[:], sys.path[:], gc.get_threshold(), signal.getsignal(signal.SIGINT)
    path = script(
        "import sys, gc, signal\n"
        "assert sys.argv[1:] == ['--epochs', '1'] and gc.get_threshold()[0] == 700\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    assert run_program(path, None, ["--epochs", "1"]) == 0
    after = sys.argv, sys.path, gc.get_threshold(), signal.getsignal(signal.SIGINT)
    assert after == before


def test_a_program_in_another_thread_keeps_the_handler_of_interrupts(script):
    path, statuses = script("import signal; signal.getsignal(signal.SIGINT)"), []
    handler = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: statuses.append(run_program(path, None, [])))
    thread.start()
    thread.join()
    assert statuses == [0] and signal.getsignal(signal.SIGINT) is handler


def test_a_folder_and_a_package_run_their_main(tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "__main__.py").write_text("raise SystemExit(5)")
    monkeypatch.chdir(tmp_path)
    assert run_program("package", None, []) == run_program(None, "package", []) == 5
    assert "" not in sys.path


REFUSED = [
    ({"script": "none.py"}, r"cannot run 'none\.py': No such file"),
    ({"script": "null.py"}, r"cannot run 'null\.py': source code string cannot contain null"),
    ({"script": "syntax.py"}, r"cannot run 'syntax\.py': line 2: "),
    ({"module": "no_such_module_at_all"}, "there is no such module to run"),
    ({"module": "no_such_package.module"}, "cannot run module 'no_such_package.module'"),
    ({"module": "syntax"}, "cannot run module 'syntax'"),
]


@pytest.mark.parametrize(("names", "message"), REFUSED, ids=str)
def test_what_cannot_be_run_is_named(names, message, tmp_path, monkeypatch):
    (tmp_path / "null.py").write_bytes(b"a\0")
    (tmp_path / "syntax.py").write_text("\n(")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CouldNotError, match=message):
        run_program(names.get("script"), names.get("module"), [])


def test_a_status_that_is_no_number_is_printed(capsys):
    assert [exit_status(SystemExit(code)) for code in (None, 3, True, "a", [1])] == [0, 3, 1, 1, 1]
    assert capsys.readouterr().err == "a\n[1]\n"
