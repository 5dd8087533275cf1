"""What few runs meet: closed streams, lack of memory, damaged records, refusals of input."""

import json
import os
import signal
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import pytest

import attnviz
from attnviz.cli.batch import process_pool
from attnviz.cli.batch.batch import is_option_error, write_outcome
from attnviz.cli.batch.corpus import add_result
from attnviz.cli.batch.map_job import MapJob
from attnviz.cli.environment import is_piped, silence_stdout
from attnviz.cli.input.lines import number_lines
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.main import run as run_words
from attnviz.cli.options.completion import effect_order_names, norm_names
from attnviz.cli.options.parse import parse_indices
from attnviz.cli.output.earlier_run import EarlierRun
from attnviz.cli.output.existing_file import require_same_bytes, require_same_text
from attnviz.cli.output.progress import progress
from attnviz.cli.output.target import Target
from attnviz.core.progress import report_progress
from attnviz.errors import CouldNotError, MisuseError
from attnviz.render.formats import find_format
from tests.cli.runner import environment, run
from tests.cli.test_earlier_run import record

MODEL = "induction"
REPEATED = "apple river apple river"
REFUSED = [  # the arguments; standard input; the end of the message
    (("tokens", "a", "--context", "b"), None, "--context"),
    (("a b", "--layer", "5-2"), None, "the range 5-2 is empty or too long"),
    (("a b", "--vmax", "1e300"), None, "--vmax 1e+300 must be from"),
    (("a b", "-v", "differential", "--vmin", "0.5"), None, "--vmin 0.5 must be below 0"),
    (
        ("explain", "--output", "x.md"),
        "a b\nc d\n",
        "--output holds one sentence; the input has 2",
    ),
    (("effect", "-m", MODEL), "a b a\nc d c\n", "effect takes one sentence, standard input has"),
    (("a b", "--system", "x", "-m", MODEL), None, "--system"),
]


@pytest.mark.parametrize(("words", "stdin", "message"), REFUSED, ids=lambda case: str(case)[:50])
def test_a_request_is_refused_with_the_reason(words, stdin, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = run(*words, stdin=stdin)
    assert (made.status, made.err.count("\n")) == (2, 1) and message in made.err


def test_a_second_sentence_is_given_once():
    context = Sentence("a", "b", 1)
    assert "the line has a context of its own" in str(context.with_second("context", "c").error)
    pair = Sentence("a", None, 1, pair="b")
    with pytest.raises(MisuseError, match="the line has a pair of its own; leave out pair"):
        pair.arguments({"pair": "c"})
    assert pair.arguments({}) == (("a", None), {"pair": "b"})


@pytest.mark.parametrize("words", [(), ("--input", "-")])
def test_standard_input_that_is_closed(words):
    env = replace(environment(), stdin=None, stdin_is_piped=True)
    assert run_words([*words, "-f", "json"], env) == 1
    assert env.stderr.getvalue() == b"error: cannot read standard input: it is closed\n"


def test_blank_rows_and_invalid_rows_of_a_table():
    made = run(
        "-f", "jsonl", "--input-format", "csv", stdin='text\na b\n\n"' + "x" * 200_000 + '"\n'
    )
    assert json.loads(made.out.splitlines()[0])["text"] == "a b"
    assert made.status == 1 and "not a valid csv row: field larger" in made.out.splitlines()[1]


def test_an_invalid_line_ends_a_command_that_needs_all_of_them():
    made = run("effect", "-m", MODEL, stdin=b"\xff\n")
    assert made.status == 3 and made.err.startswith("error: line 1, byte 1 is not UTF-8")


def test_lines_are_numbered_until_the_stream_ends():
    assert list(number_lines(BytesIO(b"a\n" + b"b" * 9 + b"\nc"), cap=4)) == [
        *((1, b"a"), (2, b"bbbbbb"), (3, b"c"))
    ]


def test_tokens_as_json_have_their_ids():
    made = run("tokens", "the cat", "--json")
    document = json.loads(made.out)
    assert document["text"] == "the cat" and all("id" in row for row in document["tokens"])


def test_a_lack_of_memory_and_an_interrupt_are_one_line(monkeypatch):
    for error, message, status in (
        (MemoryError, "error: out of memory; try fewer tokens", 1),
        (KeyboardInterrupt, "interrupted", 130),
    ):

        def fail(*args, error=error):
            raise error

        monkeypatch.setattr("attnviz.cli.main.dispatch", fail)
        made = run("a b")
        assert made.status == status and made.err.startswith(message)


def test_a_computation_that_reports_its_progress_draws_a_bar_until_it_is_done(monkeypatch):
    def compute(words, env):
        for n in range(4):
            report_progress(n, 3)
        return 0

    monkeypatch.setattr("attnviz.cli.main.dispatch", compute)
    assert "3/3" in run("a b", tty=True).err
    assert run("a b").err == ""


def test_no_bar_is_drawn_on_the_terminal_that_has_the_results():
    env = environment(tty=True)
    with progress(env, [Target(find_format("jsonl"), None)], None) as tick:
        tick(3)
    assert env.stderr.getvalue() == b""


def test_the_width_is_that_of_the_terminal(monkeypatch):
    env = replace(environment(tty=True), environ={})
    monkeypatch.setattr(os, "get_terminal_size", lambda descriptor: os.terminal_size((9, 5)))
    assert env.width() == 20

    def fail(descriptor):
        raise OSError

    monkeypatch.setattr(os, "get_terminal_size", fail)
    assert (env.width(), replace(env, stdout_is_tty=False).width()) == (80, 120)


def test_a_warning_that_cannot_be_written_is_lost():
    closed = BytesIO()
    closed.close()
    for stream in (None, closed):
        replace(environment(), stderr=stream).warn("note")


def test_a_stream_without_descriptor_is_no_pipe(monkeypatch):
    assert not is_piped(BytesIO()) and not is_piped(None)

    def fail(*args):
        raise OSError

    monkeypatch.setattr(os, "open", fail)
    silence_stdout()  # there may be no null device


def test_damaged_records_of_an_earlier_run_are_refused():
    whole = record("a")
    with pytest.raises(MisuseError, match="line 1 is damaged"):
        EarlierRun("all.jsonl", {}).read([whole.replace(b'"meta":{}', b'"meta":3')])
    with pytest.raises(MisuseError, match="line 1 is damaged"):
        EarlierRun("all.jsonl", {}).read([whole.replace(b'"text":"a"', b'"text":a"')])
    earlier = EarlierRun("all.jsonl", {})
    earlier.read([whole])
    with pytest.raises(MisuseError, match="line 1 is damaged"):
        earlier.require_same_request(b"{")


def test_an_existing_file_that_cannot_be_read(tmp_path):
    for check, what in ((require_same_text, "a"), (require_same_bytes, b"a")):
        with pytest.raises(CouldNotError, match="cannot read"):
            check(str(tmp_path / "none"), what)


def test_a_joined_file_without_maps_is_not_written(tmp_path):
    made = run("-o", str(tmp_path / "all.html"), "--input", "-", stdin=b"a b\n"[:0] + b"\xff\n")
    assert made.status in (1, 3) and list(tmp_path.iterdir()) == []


def test_the_error_of_a_result_is_that_of_its_sentence():
    def exhaust(*args):
        raise MemoryError

    item = SimpleNamespace(number=1, sentence=Sentence("a", None, 1), is_missing=[True])
    outcome = SimpleNamespace(data=["x"])
    error = write_outcome([SimpleNamespace(write=exhaust)], item, outcome)
    assert str(error) == "not enough memory for this sentence"

    def refuse(result):
        raise MisuseError("other heads")

    assert str(add_result(refuse, None)) == "other heads" and add_result(print, "") is None


def test_a_fault_of_an_option_shows_with_any_sentence():
    made = run("-f", "jsonl", "--input", "-", "--variant", "cross", stdin="a b\nc d\n")
    assert (made.status, made.err.count("\n")) == (2, 1)
    assert not is_option_error(None, Sentence("a", None, 1), CouldNotError("x"), {})


def test_a_killed_worker_is_stated(monkeypatch):
    class Pool:
        """A pool of processes that ends at the first task."""

        def __init__(self, *args, **kwargs):
            self.is_open = True

        def submit(self, *args):
            raise BrokenProcessPool

        def shutdown(self, **options):
            self.is_open = False

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", Pool)
    with pytest.raises(CouldNotError, match="a worker process was killed"):
        list(process_pool.run_in_order(None, iter([[SimpleNamespace(sentence="a")]]), 2))


def test_a_worker_without_parent_watches_none(monkeypatch):
    monkeypatch.setattr(process_pool.Worker, "job", None, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    handlers = []
    monkeypatch.setattr(process_pool.signal, "signal", lambda *both: handlers.append(both))
    process_pool.init_worker("a job")
    assert process_pool.Worker.job == "a job"
    assert handlers == [(signal.SIGINT, signal.SIG_IGN)]


def test_a_job_states_what_it_makes_of_a_map():
    with pytest.raises(NotImplementedError):
        object.__new__(MapJob).finish(None, None)
    assert object.__new__(MapJob).formats == ()


def test_names_that_a_shell_completes():
    assert {"log", "linear"} <= set(norm_names())
    assert "direct-effect" in effect_order_names()


def test_options_of_the_program_are_completed_with_those_of_show(monkeypatch):
    names = {"_ATTNVIZ_COMPLETE": "complete_bash", "COMP_WORDS": "attnviz --v", "COMP_CWORD": "1"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert {"--variant", "--version"} <= set(run(**names).out.split())


def test_ctrl_c_within_a_command_has_its_status(monkeypatch):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("attnviz.sources.tokenizing.tokenizers.find_tokenizer", interrupt)
    made = run("tokens", "the cat")
    assert (made.status, made.out) == (130, "")


class Broken(BytesIO):
    """A pipe whose reader has gone."""

    def write(self, data):
        raise BrokenPipeError


@pytest.mark.parametrize(("limits", "status"), [((), 0), (("--atol", "1e-9"), 4)])
def test_a_difference_whose_reader_has_gone(limits, status, tmp_path):
    for name, variant in (("a.json", "full"), ("b.json", "causal")):
        assert run("the cat sat", "-v", variant, "-o", str(tmp_path / name)).status == 0
    env = replace(environment(), stdout=Broken())
    words = ["diff", str(tmp_path / "a.json"), str(tmp_path / "b.json"), *limits]
    made = run_words(words, env)
    assert made == status, env.stderr.getvalue()


def test_a_note_of_several_sentences_is_written_once():
    made = run("-f", "jsonl", "--pool-by", "mean", stdin="a b\nc d\n")
    assert made.status == 0 and made.err.count("the map of 2 × 2 tokens") == 1
    made = run("heads", "--input", "-", "--pool-by", "mean", "--json", stdin="a b\nc d\n")
    assert made.err.count("note: ") <= 1


def test_a_fault_of_the_options_ends_a_batch_at_its_first_sentence():
    made = run("-f", "jsonl", "--head", "9", stdin="a b\nc d\n")
    assert (made.status, made.out, made.err.count("\n")) == (2, "", 1)


def test_effects_of_a_corpus_record_the_lines_that_fail_before_any_succeeds(tmp_path):
    words = ("effect", "-m", MODEL, "--input", "-", "-o", str(tmp_path / "e.csv"))
    made = run(*words, stdin=b"\xff\na b a b\nb a b a\n")
    assert made.status == 1 and "line 1" in made.err and (tmp_path / "e.csv").exists()


def test_mean_outputs_of_a_corpus_are_part_of_the_request(tmp_path):
    (tmp_path / "c.txt").write_text("a b a\nb a b\n")
    (tmp_path / "pairs.tsv").write_text("text\tpair\na\tb\n")
    words = ("effect", "-m", MODEL, "--replace", "mean", "--input", "-", "-o", "e.csv")
    words = (*words[:-1], str(tmp_path / "e.csv"))
    made = run(*words, "--corpus", str(tmp_path / "c.txt"), stdin="a b a b\nb a b a\n")
    assert (made.status, made.err.count("error")) == (0, 0)
    made = run(*words, "--corpus", str(tmp_path / "pairs.tsv"), stdin="a b a b\n")
    assert made.status == 2 and "line 1 has a second sentence" in made.err


def test_a_context_in_a_corpus_of_effects():
    records = ({"text": "a b a", "context": "b"}, {"text": "a b a"})
    lines = "".join(json.dumps(row) + "\n" for row in records)
    words = ("effect", "-m", MODEL, "--input", "-", "--input-format", "jsonl", "--json")
    made = run(*words, stdin=lines)
    assert "a context has no effect on a pretrained model" in made.err


def test_indices_are_few():
    assert parse_indices("3,0-2,1", "--head") == (3, 0, 1, 2)
    with pytest.raises(MisuseError, match="the range 0-999999 is empty or too long"):
        parse_indices("0-999999", "--head")


def test_version_is_public():
    assert run("--version").out == f"attnviz {attnviz.__version__}\n"
