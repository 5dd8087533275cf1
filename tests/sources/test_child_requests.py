"""The scripts of the limited processes, run in this one: limits, requests, answers, the end.

A child process has no environment, no site packages and little memory, and is killed at its end;
here its script runs with a replacement of the module `resource`, so that nothing limits the tests.
"""

import json
import runpy
import sys
import time
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from attnviz.sources.tokenizing import child_worker, template_worker
from tests.sources.documents import bert_document

CONTENT = json.dumps(bert_document()).encode()
MEMORY = 3 << 30
INFINITE = -1


@pytest.fixture
def limits(monkeypatch):
    """What the scripts limit: [(kind, limits)], from a module in the place of `resource`."""
    fake, changes = ModuleType("resource"), []
    fake.RLIM_INFINITY = INFINITE
    fake.RLIMIT_CORE, fake.RLIMIT_AS, fake.RLIMIT_CPU = "core", "memory", "time"
    fake.getrlimit = lambda kind: (INFINITE, INFINITE)
    fake.setrlimit = lambda kind, both: changes.append((kind, both))
    monkeypatch.setitem(sys.modules, "resource", fake)
    return changes


@pytest.fixture
def answers_to(monkeypatch, capsys, limits):
    """A function that runs a script on the bytes of its input and returns its answers."""

    def run(worker, data):
        script = str(Path(worker.__file__))
        monkeypatch.setattr(sys, "argv", [script, "no folder", str(MEMORY)])
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(data)))
        monkeypatch.delitem(sys.modules, "child_worker", raising=False)
        runpy.run_path(script, run_name="__main__")
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def lines_of(*requests):
    return b"".join(json.dumps(request).encode() + b"\n" for request in requests)


def tokenizer_input(content, *requests):
    return b"%d\n%b" % (len(content), content) + lines_of(*requests)


def test_a_tokenizer_answers_each_line_and_goes_on_after_an_error(answers_to):
    requests = ({"texts": ["the cat"]}, {"texts": []}, {"texts": ["sat"], "x": 1}, {"texts": "a"})
    first, *answers = answers_to(child_worker, tokenizer_input(CONTENT, *requests))
    assert first == {"result": None}
    columns = dict(zip(child_worker.COLUMNS, answers[0]["result"], strict=True))
    assert columns["ids"] == [1, 3, 4, 2]
    assert [[*answer] for answer in answers] == [["result"], ["error"], ["error"], ["result"]]
    assert "unexpected keyword argument 'x'" in answers[2]["error"]


def test_a_file_that_is_no_tokenizer_ends_the_process(answers_to):
    (answer,) = answers_to(child_worker, tokenizer_input(b"{}", {"texts": ["the cat"]}))
    assert [*answer] == ["error"] and len(answer["error"]) <= 300


def test_a_panic_of_the_library_is_a_crash_and_an_interrupt_ends(monkeypatch, answers_to, capsys):
    class Panic(BaseException):
        """What Rust code raises: no Exception."""

    ends = iter([Panic("no\n  luck"), KeyboardInterrupt, Panic("never")])

    class Library:
        def encode(self, *texts, add_special_tokens):
            raise next(ends)

    monkeypatch.setattr(child_worker, "load_library", lambda content: Library())
    data = tokenizer_input(b"", *[{"texts": ["a"]}] * 3)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(data)))
    child_worker.run_requests(MEMORY)
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers == [{"result": None}, {"error": "crashed: no luck"}]


def template_request(template, *conversations, **variables):
    return {"template": template, "variables": variables, "conversations": [*conversations]}


WHOLE, EARLY = {"messages": ["a", "b"]}, {"messages": ["a"]}
REFUSING = (
    "{% if messages | length < 2 %}{{ raise_exception('early') }}{% endif %}{{ messages[1] }}"
)
TEMPLATES = [  # template, answer to the conversations WHOLE and EARLY
    ("{{ x }}{{ messages | tojson }}", {"texts": ['y["a", "b"]', 'y["a"]'], "has_date": False}),
    ("{{ x | tojson(indent=1) }}é", {"texts": ['"y"é'] * 2, "has_date": False}),
    (REFUSING, {"texts": ["b", None], "has_date": False}),
    ("{{ strftime_now('%%') }}", {"texts": ["%", "%"], "has_date": True}),
    ("{% generation %}a {{ x }}{% endgeneration %}.", {"texts": ["a y."] * 2, "has_date": False}),
    ("{% for m in messages %}{{ m }}{% break %}{% endfor %}", {"texts": ["a"] * 2}),
    ("{{ raise_exception('not  for\n cats') }}", "not for cats"),
    ("{% if %}", "Expected an expression, got 'end of statement block'"),
    ("{{ 'x' * 10 ** 15 }}", "too much memory"),
    ("{% for i in range(9) %}{{ ('x' * 10 ** 6) }}{% endfor %}", "it makes a prompt of 9,000,000"),
    ("{{ raise_exception('y' * 999) }}", "y" * 300),
    ("{{ raise_exception('') }}", "TemplateError"),
]


def test_templates_are_rendered_one_request_a_line(answers_to):
    requests = [template_request(template, WHOLE, EARLY, x="y") for template, _ in TEMPLATES]
    answers = answers_to(template_worker, lines_of(*requests))
    assert len(answers) == len(TEMPLATES)
    for (template, expected), answer in zip(TEMPLATES, answers, strict=True):
        if isinstance(expected, str):
            assert answer["error"].startswith(expected) and len(answer["error"]) <= 300, template
        else:
            assert answer["result"] == {"has_date": False} | expected, template


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_template_has_no_answer(monkeypatch, limits, capsys, end):
    def interrupt(request):
        raise end

    monkeypatch.setattr(template_worker, "render_all", interrupt)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(lines_of({}, {}))))
    template_worker.run_requests(MEMORY)
    assert capsys.readouterr().out == "" and sys.stdin.buffer.read() == lines_of({})


@pytest.mark.parametrize(
    ("worker", "data", "n_request"),
    [(child_worker, tokenizer_input(CONTENT, {}, {}), 3), (template_worker, lines_of({}, {}), 2)],
    ids=["tokenizer", "template"],
)
def test_the_time_limit_is_renewed_before_each_request(
    worker, data, n_request, answers_to, limits
):
    assert len(answers_to(worker, data)) == n_request
    kinds = ("core", "memory", "time")
    assert [kind for kind, _ in limits] == [*kinds] * (len(limits) // 3)
    assert len(limits) // 3 > n_request  # before the first one too, and before the end
    both = dict(limits)
    assert (both["core"], both["memory"]) == ((0, INFINITE), (MEMORY, INFINITE))
    allowed = time.process_time() + child_worker.CPU_SECONDS
    assert allowed - 2 <= both["time"][0] <= allowed


def test_a_lower_limit_of_the_system_is_kept(monkeypatch, limits):
    monkeypatch.setattr(sys.modules["resource"], "getrlimit", lambda kind: (5, 7))
    child_worker.limit_process(MEMORY)
    assert dict(limits) == {"core": (0, 7), "memory": (7, 7), "time": (7, 7)}


def test_a_system_without_these_limits_has_none(monkeypatch, limits):
    def refuse(kind, both):
        if kind == "memory":
            raise ValueError("macOS")
        limits.append(kind)

    monkeypatch.setattr(sys.modules["resource"], "setrlimit", refuse)
    child_worker.limit_process(MEMORY)
    assert limits == ["core", "time"]
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows: ImportError
    child_worker.limit_process(MEMORY)
    assert limits == ["core", "time"]
