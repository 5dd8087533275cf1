"""Options act or are refused: every option with every output and view, and what else it needs."""

import functools
import inspect

import pytest

from attnviz.cli.app import COMMANDS
from attnviz.cli.options import batch, files, look, shared
from attnviz.cli.options.effects import Effect, Need, Output, Request, acts_on
from attnviz.render.formats import FORMATS
from attnviz.render.views import VIEWS
from tests.cli.runner import run

TEXT = "The cat sat"
DISPLAY = {  # option: what is typed
    "view": ("--view", "lines"),
    "query": ("--query", "cat"),
    "palette": ("--palette", "magma"),
    "precision": ("--precision", "5"),
    "graphics": ("--graphics", "half"),
    "title": ("--title", "Title"),
    "annotate": ("--no-annotate",),
    "size": ("--size", "9x7"),
    "width": ("--width", "column"),
    "dpi": ("--dpi", "77"),
    "vmin": ("--vmin", "0.05"),
    "vmax": ("--vmax", "0.2"),
    "robust": ("--robust",),
    "norm": ("--norm", "sqrt"),
    "shared_scale": ("--shared-scale",),
    "highlight": ("--highlight", "cat"),
    "percent": ("--percent",),
    "columns": ("--columns", "1"),
    "math": ("--math", "--title", "$a^2$"),
    "no_title": ("--no-title",),
    "no_caption": ("--no-caption",),
    "no_colorbar": ("--no-colorbar",),
    "dark": ("--dark",),
    "no_metadata": ("--no-metadata",),
    "transparent": ("--transparent",),
    "font": ("--font", "DejaVu Serif"),
    "zoom": ("--zoom", "2"),
    "font_size": ("--font-size", "7"),
    "frames": ("--frames", "heads"),
    "frame_time": ("--frame-time", "0.5"),
    "with_qk": ("--with-qk",),
    "color": ("--color", "never"),
}
SAME_IN_EVERY_VIEW = ("title", "size", "dpi", "with_qk", "color", "view", "columns", "math")
SAME_IN_EVERY_VIEW += ("no_title", "dark", "transparent", "font", "zoom", "width", "font_size")
SAME_IN_EVERY_VIEW += ("no_metadata", "frames", "frame_time")
STATED = {("dpi", "svg"), ("dpi", "pdf")}  # acts on more cells: test_vector_cells.py
ONLY = {"pdf": ("dpi", "title", "no_metadata", "transparent")}  # what does not act as in SVG
# Formats of one kind have the same options.
KINDS = {row.kind: row.name for row in reversed(FORMATS)}
OUTPUTS = [
    (row.name, view.name)
    for row in FORMATS
    if row.name in (*KINDS.values(), "svg", "pdf")
    for view in (VIEWS if row.name in ("table", "png", "html") else VIEWS[:1])
    if view.name == "auto" or getattr(view, row.kind)  # a view of this kind of output
]


@pytest.fixture(autouse=True)
def no_provenance(monkeypatch):
    """The command, which is in the metadata of pictures, would differ with every option."""
    facts = {"Command": "attnviz"}
    monkeypatch.setattr("attnviz.api.complete_style.provenance", lambda amap, command: facts)


@functools.cache
def show(name, view, words=()):
    options = () if "--color" in words or name != "table" else ("--color", "always")
    view_words = () if view == "auto" else ("--view", view)
    dots = ("--dpi", "60") if name == "png" and "--dpi" not in words else ()  # less to compress
    environ = {"FORCE_COLOR": "1"} if "--color" in words else {}
    return run(TEXT, "-v", "causal", "-f", name, *view_words, *options, *dots, *words, **environ)


@pytest.mark.parametrize("option", DISPLAY)
@pytest.mark.parametrize(("name", "view"), OUTPUTS)
def test_a_display_option_acts_or_is_refused(option, name, view):
    if (view != "auto" and option in SAME_IN_EVERY_VIEW) or option not in ONLY.get(name, DISPLAY):
        return
    done = show(name, view, DISPLAY[option])
    if done.status == 2:
        flags = ["--" + option.replace("_", "-"), *DISPLAY[option]]
        assert done.err.startswith(tuple(f"error: {flag} has no effect " for flag in flags))
        assert done.err.count("\n") == 1
        assert done.data == b""
    elif (option, name) in STATED:
        note = "note: --dpi has no effect on this svg: its cells are shapes\n"
        assert (done.status, done.err) == (0, note.replace("svg", name))
    else:
        assert (done.status, done.err) == (0, "")
        assert done.data != show(name, view).data


def test_all_display_options_are_tried():
    groups = (shared.DISPLAY, shared.GENERAL)
    assert {name for group in groups for name in group} <= {*DISPLAY}


@pytest.mark.parametrize("option", DISPLAY)
def test_each_display_option_acts_somewhere(option):
    if option == "shared_scale":  # acts on several texts: tests/render/test_shared_scale.py
        return
    if option.startswith("frame"):  # acts on animations: tests/render/test_more_formats.py
        return
    if option == "columns":  # acts on several heads
        assert run(TEXT, "--columns", "1", "-f", "svg").status == 0
        return
    outputs = [
        (name, view)
        for name, view in OUTPUTS
        if view == "auto" or option not in SAME_IN_EVERY_VIEW
    ]
    assert any(show(name, view, DISPLAY[option]).status == 0 for name, view in outputs)


REFUSED = [  # what is typed; what the message says
    ((TEXT, "--jobs", "2"), "on one TEXT"),
    ((TEXT, "--fail-fast"), "on one TEXT"),
    ((TEXT, "--column", "a"), "on one TEXT"),
    ((TEXT, "--input-format", "xml"), "on one TEXT"),
    ((TEXT, "--whole"), "on one TEXT"),
    (("-i", "x.txt", "--whole", "--input-format", "csv"), "with another --input-format"),
    (("-i", "x.txt", "--column", "a", "--input-format", "lines"), "on lines"),
    ((TEXT, "--pool", "0", "--pool-by", "mean"), "with --pool 0"),
    ((TEXT, "--query", "cat", "--view", "matrix"), "in the matrix view"),
    (
        (TEXT, "-o", "x.html", "--view", "rows"),
        "on html: it has no rows view; its views are matrix,",
    ),
    ((TEXT, "--view", "arcs"), "on table: it has no arcs view; its views are matrix,"),
    ((TEXT, "-o", "x.txt", "-f", "table", "--color", "always"), "on files"),
    ((TEXT, "-o", "x.txt", "-f", "table", "--graphics", "half"), "on files"),
    ((TEXT, "--color", "never", "--palette", "magma"), "with --color never"),
    ((TEXT, "-m", "x", "-c", "a"), "with --model; use --pair or --target"),
    ((TEXT, "-m", "tests/models/bert", "--revision", "v1"), "on the local folder"),
    ((TEXT, "-m", "tests/models/bert", "--at", "0"), "without a part to override"),
    ((TEXT, "-m", "tests/models/bert", "--ablate", "2.0", "--layer", "1"), "on layer 2"),
    ((TEXT, "-m", "tests/models/bert", "-v", "hard", "--at", "2", "--layer", "0"), "on layer 2"),
    (
        (TEXT, "-m", "tests/models/t5", "--target", "a", "--generate", "2"),
        "--generate has no effect with --target",
    ),
    ((TEXT, "-m", "tests/models/gpt2", "--source-lang", "en"), "no language tokens"),
    ((TEXT, "-m", "tests/models/t5", "--target-lang", "en"), "no language tokens"),
    ((TEXT, "-m", "tests/models/gpt2", "--system", "a"), "without --chat"),
    ((TEXT, "-m", "tests/models/gpt2", "--predict", "2", "-o", "x.png"), "on png; it acts on"),
    ((TEXT, "-m", "tests/models/gpt2", "--predict", "2", "-f", "csv"), "on csv; it acts on"),
    ((TEXT, "-v", "location", "--seed", "1"), "its weights do not depend on it"),
    ((TEXT, "-v", "location", "--embedding", "letters"), "its weights do not depend on it"),
    ((TEXT, "-v", "average", "--seed", "1"), "its weights do not depend on it"),
    ((TEXT, "-v", "average", "--temperature", "0.3"), "its weights do not depend on it"),
    ((TEXT, "-v", "average", "--scale", "unscaled"), "its weights do not depend on it"),
    ((TEXT, "-v", "average", "--positions", "rope"), "its weights do not depend on it"),
    ((TEXT, "-v", "length", "--dim", "8"), "its weights do not depend on it"),
    ((TEXT, "-v", "hard", "--temperature", "0.3"), "its weights do not depend on it"),
    (("compare", TEXT, "-v", "hard", "-v", "average", "--scale", "unscaled"), "do not depend"),
    (("explain", TEXT, "-v", "hard", "--temperature", "0.3"), "do not depend"),
    (("heads", TEXT, "-v", "hard", "--temperature", "0.3"), "do not depend"),
    (("heads", TEXT, "-v", "cross", "-c", "a dog", "--sort", "distance"), "no head of this map"),
    (("heads", TEXT, "--json", "--color", "always"), "on json"),
    (("explain", TEXT, "--json", "--precision", "4"), "on json"),
    (("tokens", TEXT, "--json", "--color", "always"), "on json"),
    (("mask", "causal", "--size", "4", "--tokenizer", "bpe"), "without a text"),
    (("compare", TEXT, "-v", "dot", "-v", "hard", "--size", "4x4"), "on table"),
    (("render", "x.json", "--tokenizer", "bpe"), "without --tokens"),
    (("check", "x.json", "--tokenizer", "bpe"), "without --tokens"),
    (("render", "x.json", "-f", "csv", "--palette", "gray"), "on csv"),
    (("diff", "a.json", "b.json", "--dpi", "90"), "on table"),
]


@pytest.mark.parametrize(("words", "reason"), REFUSED, ids=str)
def test_an_option_without_effect_is_refused(words, reason):
    done = run(*words)
    assert done.status == 2 and done.data == b""
    assert done.err.startswith("error: --") and " has no effect" in done.err
    assert reason in done.err and done.err.count("\n") == 1


def test_a_pooling_that_does_not_happen_is_stated():
    done = run(TEXT, "--pool-by", "mean", "-f", "csv")
    assert done.status == 0
    assert done.err == (
        "note: --pool-by has no effect: the map of 3 × 3 tokens is not pooled; "
        "pool it with a smaller --pool N\n"
    )


def test_query_implies_the_text_view():
    assert run(TEXT, "--query", "cat").out == run(TEXT, "--query", "cat", "--view", "text").out


def test_axes_of_a_source_with_named_axes_are_refused(tmp_path):
    path = tmp_path / "x.json"
    assert run(TEXT, "-o", str(path)).status == 0
    done = run("render", str(path), "--axes", "lhqk")
    assert (done.status, done.err) == (
        2,
        "error: --axes has no effect: the axes of this json source have names\n",
    )


def test_a_tokenizer_for_a_file_of_tokens_is_refused(tmp_path):
    path, tokens = tmp_path / "x.json", tmp_path / "t.txt"
    assert run(TEXT, "-o", str(path)).status == 0
    tokens.write_text("a\nb\nc\n")
    done = run("render", str(path), "--tokens", str(tokens), "--tokenizer", "bpe")
    assert done.status == 2 and "--tokenizer has no effect on the tokens in the file" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "1", "--seed", "2"),
        ("-v", "hard", "-v", "dot"),
        ("--annotate", "--no-annotate"),
        ("--json", "--json"),
        ("-i", "a", "-i", "b"),
    ],
    ids=" ".join,
)
def test_an_option_that_takes_one_value_is_refused_twice(words):
    done = run(TEXT, *words)
    assert done.status == 2 and "is given twice; it takes one value" in done.err


def test_an_extension_that_contradicts_the_format_is_refused(tmp_path):
    path = tmp_path / "x.png"
    for words in (["--json"], ["-f", "csv"]):
        done = run(TEXT, "-o", str(path), *words)
        assert done.status == 2 and "add -o - to write" in done.err and not path.exists()
    done = run(TEXT, "-o", str(path), "-o", "-", "--json")
    assert done.status == 0 and done.out.startswith('{"') and path.read_bytes()[1:4] == b"PNG"
    lines = tmp_path / "x.jsonl"
    assert run(TEXT, "-o", str(lines), "--json").status == 0  # JSON Lines hold JSON documents


def test_every_option_of_one_output_kind_only_states_its_effect():
    """The twin of the walk: what acts in some output only has an effect in the table."""
    for group in (shared.DISPLAY, shared.GENERAL, batch.BATCH):
        for name, option in group.options.items():
            assert option.effect is not None or name in ("resume",), name
    assert files.FILE_TOKENS.options["tokenizer"].effect is not None
    assert look.MECHANISM.options["variant"].effect is None


def test_the_reasons_are_of_the_first_output_that_lacks_the_option():
    effect = acts_on(Need(lambda request: False, "never"), terminal="matrix")
    table, csv = Output("terminal", "table"), Output("csv_table", "csv")
    both = Request({}, (csv, table), frozenset(["matrix"]))
    assert effect.reason_against(both) == "never"
    assert Effect(effect.views).reason_against(both) is None
    assert Effect(effect.views).reason_against(Request({}, (csv,))) == "on csv; it acts on table"


def test_the_commands_take_their_options_by_the_table():
    from importlib import import_module

    for name in COMMANDS:
        command = getattr(import_module(f"attnviz.cli.commands.{name}"), name)
        assert "options" not in inspect.signature(command).parameters
