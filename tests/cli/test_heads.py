"""attnviz heads: tables, data formats and figures; of sentences, corpora and files."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics

import numpy as np
import pytest

import attnviz
from attnviz.cli.options.heads import FIGURE
from attnviz.cli.output.head_reports import WRITERS
from attnviz.measures.table import MEASURES, find_measure
from tests.cli.runner import run

TEXT = "the cat saw the cat"
WORDS = ("-v", "causal", "--heads", "2", "--layers", "2")
LINES = "the cat sat\nthe cat saw the cat\na dog ran and the dog sat\n"


def document(*words, **options):
    made = run("heads", *words, "--json", **options)
    assert made.status == 0, made.err
    return json.loads(made.out)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(LINES)
    return str(path)


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_json_has_all_measures_of_the_python_function():
    made = document(TEXT, *WORDS)
    amap = attnviz.look(TEXT, variant="causal", heads=2, layers=2)
    assert made["heads"] == json.loads(json.dumps(attnviz.head_stats(amap)))
    values = attnviz.measure(amap)
    assert made["heads"][3]["measures"].keys() == values.keys()
    assert len(made["profile_bins"]) == len(made["heads"][0]["profile"]) == 7
    assert sum(made["heads"][0]["profile"]) == pytest.approx(1.0)


def test_a_planted_induction_head_is_first_among_144(tmp_path):
    """A sequence of five words, three times; random causal heads, and one that repeats it."""
    rng, path = np.random.default_rng(3), str(tmp_path / "w.npz")
    weights = np.tril(rng.random((12, 12, 15, 15)) ** 4)
    weights[7, 4, 5:] = np.eye(15)[np.arange(5, 15) - 4]
    np.savez(path, attention=weights / weights.sum(-1, keepdims=True))
    words = path, "--tokens", " ".join("abcde" * 3)
    ranked = document(*words, "--sort", "induction")["heads"]
    scores = [head["measures"]["induction"] for head in ranked]
    assert (ranked[0]["layer"], ranked[0]["head"], ranked[0]["pattern"]) == (7, 4, "induction")
    assert len(scores) == 144 and scores[0] == 1.0 and scores[1] < 0.5
    (first,) = document(*words, "--sort", "induction", "--top", "1")["heads"]
    amap = attnviz.read(path, tokens=[*"abcde" * 3])
    assert first == ranked[0] == json.loads(json.dumps(attnviz.head_stats(amap, "induction")[0]))


@pytest.mark.parametrize("name", WRITERS)
def test_every_format(name, tmp_path):
    path = tmp_path / f"heads.{name}"
    made = run("heads", TEXT, *WORDS, "-f", name, "-o", str(path))
    assert (made.status, made.err, made.out) == (0, "", "")
    assert path.stat().st_size > 200


def test_csv_has_a_row_per_head_and_a_column_per_measure():
    rows = rows_of(run("heads", TEXT, *WORDS, "-f", "csv").data)
    values = attnviz.measure(attnviz.look(TEXT, variant="causal", heads=2, layers=2))
    assert [(row["layer"], row["head"]) for row in rows] == [
        ("0", "0"), ("0", "1"), ("1", "0"), ("1", "1"),
    ]  # fmt: skip
    for name, value in values.items():
        written = [float(row[name]) if row[name] else np.nan for row in rows]
        np.testing.assert_allclose(written, value.ravel(), rtol=1e-8)


def test_parquet_has_the_columns_of_csv():
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(run("heads", TEXT, *WORDS, "-f", "parquet").data))
    rows = rows_of(run("heads", TEXT, *WORDS, "-f", "csv").data)
    assert table.column_names == [*rows[0]]
    assert table["entropy"].to_pylist() == pytest.approx([float(r["entropy"]) for r in rows])
    assert table["layer"].to_pylist() == [0, 0, 1, 1]


def test_requested_measures_and_top_heads():
    words = (*WORDS, "--measure", "induction,effective-keys", "--sort", "induction", "--top", "2")
    made = document(TEXT, *words)
    scores = [head["measures"]["induction"] for head in made["heads"]]
    every = attnviz.measure(attnviz.look(TEXT, variant="causal", heads=2, layers=2), "induction")[
        "induction"
    ]
    assert scores == sorted(every.ravel(), reverse=True)[:2]
    assert [*made["heads"][0]["measures"]] == ["induction", "effective keys"]
    table = run("heads", TEXT, *words, width=200).out
    for name in ("induction", "effective keys"):
        legend = find_measure(name).legend
        assert f"{name}: {legend}" in table and made["measures"][name] == legend
    assert "head  induction  effective keys" in table and "layers 0 to 1" not in table


def test_the_table_has_measures_by_layer():
    out = run("heads", TEXT, *WORDS).out
    assert "mean over heads, layers 0 to 1" in out and "\nentropy   " in out
    plain = run("heads", TEXT, *WORDS, encoding="ascii").out
    assert plain.isascii() and "\\u" not in plain


def test_a_pattern_below_a_sink_has_a_column(tmp_path):
    """Weight 0.9 on the first token, 0.1 on the previous one."""
    weights = np.zeros((1, 1, 6, 6))
    for i in range(6):
        weights[0, 0, i, 0] += 0.9
        weights[0, 0, i, max(i - 1, 0)] += 0.1
    np.savez(tmp_path / "w.npz", weights=weights)
    made = run(
        "heads", str(tmp_path / "w.npz"), "--tokens", "a b c d e f", "--axes", "lhqk", width=120
    )
    assert made.status == 0, made.err
    assert "without sink" in made.out and "previous token 1.00" in made.out
    assert "first token" in made.out


def test_a_corpus_has_mean_spread_and_count(corpus):
    made = document("-i", corpus, *WORDS)
    maps = [attnviz.look(line, variant="causal", heads=2, layers=2) for line in LINES.splitlines()]
    assert made["maps"] == 3
    by_map = [attnviz.measure(amap) for amap in maps]
    for head in made["heads"]:
        at = head["layer"], head["head"]
        for name, mean in head["measures"].items():
            values = [float(value[name][at]) for value in by_map if name in value]
            values = [value for value in values if not np.isnan(value)]
            assert head["count"][name] == len(values)
            if values:
                assert mean == pytest.approx(statistics.mean(values))
            if len(values) > 1:
                spread = head["spread"][name]
                assert spread == pytest.approx(statistics.stdev(values), abs=1e-9)
    assert made["heads"] == json.loads(json.dumps(attnviz.corpus_stats(iter(maps))))
    assert 0 < made["heads"][0]["count"]["induction"] < 3


def test_a_corpus_in_two_processes_is_the_same(corpus):
    words = ("heads", "-i", corpus, *WORDS, "-f", "csv")
    assert run(*words, "--jobs", "2").data == run(*words).data


def test_a_mean_is_no_json_lines(corpus, tmp_path):
    path = tmp_path / "lines.jsonl"
    made = run("heads", "-i", corpus, *WORDS, "-o", str(path))
    assert (made.status, made.err.count("\n")) == (2, 1) and not path.exists()
    stated = "the mean over several texts is one JSON document, not JSON Lines: -o "
    lines = f"attnviz heads - -f jsonl < {corpus}"
    assert made.err == f"error: {stated}{path.with_suffix('.json')}; a line per text: {lines}\n"
    assert "one JSON document, not JSON Lines: -f json" in run(
        "heads", "-i", corpus, *WORDS, "-f", "jsonl"
    ).err  # fmt: skip
    each = run("heads", "-", *WORDS, "-f", "jsonl", stdin=LINES)
    texts = [json.loads(line)["text"] for line in each.out.splitlines()]
    assert texts == LINES.splitlines()
    one = run("heads", TEXT, *WORDS, "-f", "jsonl")
    assert (one.status, one.out.count("\n")) == (0, 1)


def test_a_corpus_as_a_table(corpus):
    out = run("heads", "-i", corpus, *WORDS).out
    assert "mean ± standard deviation over 3 maps, or over those where it is defined" in out
    assert " ± " in out.splitlines()[4]


def test_an_invalid_line_is_reported_and_left_out(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "the cat"}\n{"text": 3}\n{"text": "a dog ran"}\n')
    made = run("heads", "-i", str(path), *WORDS, "--json")
    assert made.status == 1 and made.err.startswith("error: line 2: missing key 'text'")
    assert json.loads(made.out)["maps"] == 2
    stopped = run("heads", "-i", str(path), *WORDS, "--json", "--fail-fast")
    assert stopped.status == 1 and json.loads(stopped.out)["maps"] == 1
    path.write_text('{"text": 3}\n')
    assert run("heads", "-i", str(path), *WORDS).status == 3


def test_several_files_are_a_corpus(tmp_path):
    paths = []
    for number, line in enumerate(LINES.splitlines()):
        paths.append(str(tmp_path / f"{number}.npz"))
        assert run(line, *WORDS, "-o", paths[-1]).status == 0
    together = document(*paths)
    (tmp_path / "corpus.txt").write_text(LINES)
    expected = document("-i", str(tmp_path / "corpus.txt"), *WORDS)
    for ours, theirs in zip(together["heads"], expected["heads"], strict=True):
        assert ours["measures"] == pytest.approx(theirs["measures"], nan_ok=True)
    alone = document(paths[1])
    assert "maps" not in alone and alone["text"] == LINES.splitlines()[1]


def test_maps_with_other_heads_are_refused(tmp_path):
    for number, n_head in enumerate(("2", "4")):
        assert run("the cat", "--heads", n_head, "-o", str(tmp_path / f"{number}.npz")).status == 0
    made = run("heads", str(tmp_path / "0.npz"), str(tmp_path / "1.npz"))
    assert made.status == 2 and "different heads: 2 in the first one, 4 in another" in made.err


def test_clusters(tmp_path):
    words = ("--clusters", "1", *WORDS)
    assert [head["cluster"] for head in document(TEXT, *words)["heads"]] == [0, 0, 0, 0]
    apart = document(TEXT, "--clusters", "0", *WORDS)
    assert [head["cluster"] for head in apart["heads"]] == [0, 1, 2, 3]
    assert "cluster" in run("heads", TEXT, *words).out
    (tmp_path / "c.txt").write_text(LINES)
    made = run("heads", "-i", str(tmp_path / "c.txt"), *words)
    assert made.status == 2 and made.err.startswith("error: --clusters needs a single map")
    made = run("heads", TEXT, *WORDS, "--clusters", "1.5")
    assert made.status == 2 and made.err == "error: --clusters 1.5 should be from 0 to 1 bits\n"


def test_clusters_of_a_corpus_are_refused_before_it_is_measured(corpus, monkeypatch):
    monkeypatch.setattr("attnviz.cli.batch.head_corpus.measure_corpus", lambda *_: 1 / 0)
    made = run("heads", "-i", corpus, "--clusters", "0.2")
    assert made.status == 2 and made.err.startswith("error: --clusters needs a single map")


def test_figures_show_requested_measures_in_their_range():
    from attnviz.api.head_report import ReportOptions, map_report
    from attnviz.render.figure.head_measures import draw_measures
    from attnviz.render.style import Style
    from tests.render.pictures import cell_texts

    amap = attnviz.look(TEXT, variant="causal", heads=2, layers=3)
    report = map_report(amap, ReportOptions(names=["self", "distance"]))
    panels = draw_measures(report, Style()).axes
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == ["self", "", "distance (tokens)", ""]
    self_weight = attnviz.measure(amap, "self")["self"]
    (numbers,) = cell_texts(panels[0])
    assert [cell.text for cell in numbers.texts] == [
        f"{value:.2f}" for value in self_weight.ravel()
    ]
    line = panels[1].lines[0]
    np.testing.assert_allclose(line.get_xdata(), self_weight.mean(1))
    assert panels[0].images[0].get_array().shape == (3, 2, 3)


OF_FIGURES = {  # option: what is typed
    "palette": ("--palette", "magma"),
    "title": ("--title", "$a^2$"),
    "annotate": ("--no-annotate",),
    "precision": ("--precision", "3"),
    "size": ("--size", "7x5"),
    "width": ("--width", "page"),
    "zoom": ("--zoom", "2"),
    "font": ("--font", "DejaVu Serif"),
    "font_size": ("--font-size", "7"),
    "dark": ("--dark",),
    "transparent": ("--transparent",),
    "no_title": ("--no-title",),
    "no_metadata": ("--no-metadata",),
    "math": ("--title", "$a^2$", "--math"),
    "columns": ("--columns", "1"),
    "highlight": ("--highlight", "1.0"),
}


def test_options_of_figures_act():
    def made(*words, format="svg"):
        done = run("heads", "a b", *words, "--layers", "2", "--measure", "self,sink", "-f", format)
        assert done.status == 0, done.err
        body = re.sub(rb"<(desc|dc:description).*?</", b"", done.data, flags=re.DOTALL)
        return body if words != ("--no-metadata",) else done.data

    plain = made()
    assert {*OF_FIGURES, "dpi"} == {*FIGURE.options}
    assert [name for name, words in OF_FIGURES.items() if made(*words) == plain] == []
    assert made(*OF_FIGURES["math"]) != made(*OF_FIGURES["title"])
    assert made("--dpi", "50", format="png") != made(format="png")
    assert made(format="jpg")[:3] == b"\xff\xd8\xff"
    assert b"attnviz heads" not in run("heads", "a b", "--no-metadata", "-f", "svg").data


@pytest.mark.parametrize("size", ["4x3", "8x4.5", "3x6"])
def test_figures_of_heads_clip_nothing_at_any_size(size):
    from attnviz.api.head_report import ReportOptions, map_report
    from attnviz.render.figure.head_measures import draw_measures
    from attnviz.render.style import Style
    from tests.render.pictures import texts
    from tests.render.test_figure_boxes import clipped, overlaps

    report = map_report(
        attnviz.look(TEXT, layers=3, heads=8), ReportOptions(names=["self", "sink"])
    )
    figure = draw_measures(report, Style(size=tuple(map(float, size.split("x")))))
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    assert clipped(figure, boxes) + overlaps(boxes, boxes) == []


REFUSED = [
    (("a b", "-o", "x.png", "--highlight", "7.7"), "--highlight '7.7' is no head of this figure"),
    (("a b", "-o", "x.png", "--size", "1x1"), "the smallest that works is --size"),
    (("a b", "-o", "x.html"), "heads cannot be written as html; choose from: table, csv"),
    (("a b", "-o", "{n}.csv"), "heads are written to one file"),
    (("a b", "-o", "x.png", "--sort", "entropy"), "--sort has no effect on png"),
    (("a b", "-f", "csv", "--dpi", "90"), "--dpi has no effect on csv"),
    (("a b", "--tokens", "x"), "--tokens has no effect on sentences"),
    (("a b", "--jobs", "2"), "--jobs has no effect without --input"),
    (("a b", "--measure", "entropi"), "unknown measure 'entropi'. Did you mean 'entropy'"),
    (("a b", "--measure", "self,diagonal"), "has a measure twice"),
    (("a b", "--measure", "A-to-B"), "'A to B' is not defined for this map"),
    (("a b", "--sort", "induction"), "no head of this map has a value of 'induction'"),
    (("a b", "--sort", "entropi"), "unknown order 'entropi'. Did you mean 'entropy'"),
    (("a b", "--top", "0"), "--top 0 must be at least 1"),
    (("README.md", "--seed", "1"), "--seed has no effect on attention from files"),
    (("README.md", "-i", "x"), "--input has no effect on attention from files"),
]


@pytest.mark.parametrize(("words", "reason"), REFUSED, ids=str)
def test_what_cannot_be_is_refused_in_one_line(words, reason):
    made = run("heads", *words)
    assert made.status == 2 and reason in made.err and made.err.count("\n") == 1
    assert made.data == b""


def test_ranges_hold_the_values_of_norms_and_of_signed_weights(tmp_path):
    bert = ("-m", "tests/models/bert", "--contribution", "layer-norm")
    for words, name, expected in ((bert, "self", "0 or more"), (WORDS, "self", "0 to 1")):
        made = run("heads", TEXT, *words, "--measure", name)
        assert made.status == 0 and f"; {expected}" in " ".join(made.out.split())
        assert run("heads", TEXT, *words, "--measure", name, "-f", "png").status == 0
    signed = run("heads", TEXT, "-v", "differential", "--measure", "first token")
    assert "; -1 to 1; " in " ".join(signed.out.split())


@pytest.mark.parametrize("word", ["no.npz", "maps/No.JSON", "tests/"])
def test_a_path_without_a_file_is_no_sentence(word):
    for words in ((word,), (word, "also-no.npz")):
        made = run("heads", *words)
        assert (made.status, made.data) == (1, b"")
        assert made.err == f"error: cannot read {word!r}: there is no file of this name\n"


def test_a_word_that_names_a_folder_is_a_sentence():
    for word in ("tests", "and/or", "the file no.npz", ".npz is a format"):
        assert run("heads", word).status == 0


def test_several_sentences_have_no_common_csv():
    made = run("heads", "-f", "csv", stdin="a b\nc d\n")
    assert made.status == 2 and "give them as --input for their mean" in made.err


def test_the_pair_of_a_model_has_mass_between_its_segments():
    made = document("the cat", "--model", "tests/models/bert", "--pair", "a dog")
    for head in made["heads"]:
        assert 0 < head["measures"]["A to B"] < 1 and 0 < head["measures"]["B to A"] < 1


def test_names_of_measures_are_completed():
    from attnviz.cli.options.completion import measure_names, order_names

    assert len(list(measure_names())) == len(MEASURES) == len(list(order_names())) - 2
    assert "previous-token-without-sink" in measure_names()


def test_heads_are_sorted_by_the_weight_of_a_link(tmp_path):
    text = "The cat sat on the mat"
    made = run(
        "heads", text, "--layers", "2", "--queries", "sat", "--keys", "cat", "--sort", "link"
    )
    weights = [
        float(line.rsplit(" ", 1)[1]) for line in made.out.splitlines() if "sat → cat" in line
    ]
    assert len(weights) == 8 and weights == sorted(weights, reverse=True)
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("The cat\nA dog sat\n")
    refused = run("heads", "-i", str(corpus), "--sort", "link")
    assert refused.status == 2 and "--sort link has no effect" in refused.err


@pytest.mark.parametrize("command", ["heads", "effect"])
def test_the_help_names_the_formats_that_there_are(command):
    text = " ".join(run(command, "--help").out.replace("│", " ").split())
    stated = re.search(r"Output format: ([a-z, ]+)\.", text)
    pages = ["html"] if command == "effect" else []
    assert stated and re.split(r", | or ", stated[1]) == [*WRITERS, *pages]
    assert "Output format: table, png, svg" in " ".join(run("show", "--help").out.split())
