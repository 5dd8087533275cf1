"""attnviz render: files of other programs in every view and format; our own round-trip."""

import json
from pathlib import Path

import numpy as np
import pytest

import attnviz
from attnviz.render.formats import FORMATS
from attnviz.render.views import VIEWS
from attnviz.sources.external.readers import READERS
from attnviz.style_options import ANIMATED
from tests.cli.runner import run

FIXTURES = Path(__file__).parent.parent / "sources" / "external" / "fixtures"
MODELS = Path(__file__).parent.parent / "models"
FOREIGN = sorted(path for path in FIXTURES.iterdir() if path.is_file())
SENTENCE = "The cat sat on the mat"
LINES = "The cat sat\nHe saw it\n"

OWN = [
    ("show", SENTENCE),
    ("show", SENTENCE, "-v", "causal"),
    ("show", SENTENCE, "-v", "differential", "--layers", "2"),
    ("show", SENTENCE, "-v", "local-p", "--precision", "3"),
    ("show", "naïve \x1b[31m 中文 </script> 👩‍👩‍👧", "-t", "characters"),
    ("show", "The cat sat", "-c", "Le chat est assis", "-v", "cross", "--head", "0"),
    ("compare", SENTENCE, "-v", "softmax", "-v", "hard", "--heads", "2", "--layers", "2"),
    ("mask", "causal & window(2)", SENTENCE),
]


@pytest.mark.parametrize("words", OWN, ids=lambda words: " ".join(words)[:50])
def test_render_of_json_is_the_identity(words):
    made = run(*words, "--json")
    assert made.status == 0
    again = run("render", "-", "--json", stdin=made.data)
    assert (again.status, again.err) == (0, "")
    assert again.data == made.data


def test_render_of_json_lines_is_the_identity():
    made = run("-f", "jsonl", stdin=LINES)
    assert run("render", "-", "-f", "jsonl", stdin=made.data).data == made.data
    second = run("render", "-", "--which", "1", "--json", stdin=made.data)
    assert second.data == made.data.splitlines(keepends=True)[1]


def test_many_documents_need_many_pictures(tmp_path):
    made = run("-f", "jsonl", stdin=LINES)
    refused = run("render", "-", "-o", str(tmp_path / "x.svg"), stdin=made.data)
    assert refused.status == 2 and "x-{n}.svg" in refused.err
    assert run("render", "-", "-o", str(tmp_path / "x{n}.svg"), stdin=made.data).status == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x1.svg", "x2.svg"]


def test_a_broken_line_is_named():
    made = run("-f", "jsonl", stdin=LINES).data
    broken = run("render", "-", "--json", stdin=made.replace(b'"1.0"', b'"7.0"')[: len(made)])
    assert broken.status == 3 and "line 1: the document has format_version 7.0" in broken.err


@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
@pytest.mark.parametrize("words", OWN, ids=lambda words: " ".join(words)[:50])
def test_a_map_reads_back_equal_from_every_format(words, ending, tmp_path):
    paths = [str(tmp_path / f"x{end}") for end in (".json", ending)]
    assert run(*words, "-o", paths[0], "-o", paths[1]).status == 0
    assert run("render", paths[1], "--json").data == Path(paths[0]).read_bytes() or "3" in words


def test_a_page_of_the_same_run_agrees_within_its_steps(tmp_path):
    paths = [str(tmp_path / f"x{end}") for end in (".json", ".npz", ".html")]
    assert run(SENTENCE, "-v", "causal", *(w for path in paths for w in ("-o", path))).status == 0
    document, arrays, page = (attnviz.read(path) for path in paths)
    assert (document.weights == arrays.weights).all()
    assert np.allclose(document.weights, page.weights, atol=2e-5)
    assert (document.masked == page.masked).all() and document.queries == page.queries


def test_names_of_heads_are_preserved(tmp_path):
    for ending in (".json", ".npz", ".safetensors"):
        path = tmp_path / f"x{ending}"
        assert run("compare", "a b", "-v", "softmax", "-v", "hard", "-o", str(path)).status == 0
        names = attnviz.read(path).names
        assert names[:2] == ("scaled-dot · head 0", "hard · head 0") and "JS" in names[2]
    assert "hard − scaled-dot" in run("render", str(tmp_path / "x.npz")).out


def test_names_that_do_not_fit_are_refused():
    made = json.loads(run("compare", "a b", "-v", "softmax", "-v", "hard", "--json").out)
    for names in (["a"], "abc", [1, 2, 3]):
        broken = json.dumps(made | {"names": names})
        assert run("render", "-", "--json", stdin=broken).status == 3


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.name)
def test_files_of_other_programs_are_shown(path):
    made = run("render", str(path))
    assert made.status == 0, made.err
    assert "rows = queries" in made.out and "\x1b" not in made.out


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_in_every_format(row, tmp_path):
    fixture = str(FIXTURES / "bertviz_head.html")
    if row.name == "table":
        assert run("render", fixture, "--layer", "0", "-f", "table").status == 0
        return
    out = tmp_path / f"x{row.suffixes[0]}"
    head = () if row.name in ANIMATED else ("--head", "0")
    assert run("render", fixture, "--layer", "0", *head, "-o", str(out)).status == 0
    assert out.stat().st_size > 100


@pytest.mark.parametrize("view", ["auto", *(view.name for view in VIEWS if view.terminal)])
def test_in_every_view(view):
    fixture = str(FIXTURES / "bertviz_head.html")
    made = run("render", fixture, "--view", view, "--layer", "0", "--head", "0")
    assert made.status == 0 and ("sat" in made.out or view == "overview")


def test_a_selection_keeps_the_original_numbers():
    fixture = str(FIXTURES / "hf_forward.npy")
    made = json.loads(run("render", fixture, "--layer", "1", "--head", "2", "--json").out)
    assert (made["layers"], made["heads"]) == ([1], [2])
    refused = run("render", fixture, "--head", "9")
    assert refused.status == 2 and "there is no head 9" in refused.err


@pytest.fixture
def bare(tmp_path):
    """An array without tokens, and one with their numbers."""
    weights = np.full((2, 3, 3), 1 / 3)
    np.save(tmp_path / "w.npy", weights)
    np.savez(tmp_path / "w.npz", attentions=weights[None], input_ids=[[2, 9, 3]])
    return tmp_path


def labels(made):
    assert made.status == 0, made.err
    told = json.loads(made.out)
    return [[token["label"] for token in told[side]] for side in ("queries", "keys")]


def test_guesses_are_noted(bare):
    made = run("render", str(bare / "w.npy"), "--json")
    assert labels(made) == [["0", "1", "2"]] * 2
    assert ": no tokens given; showing positions" in made.err
    assert "interpreting shape (2, 3, 3) as [head, query, key]" in made.err
    assert run("render", str(bare / "w.npy"), "--tokens", "a b c", "--axes", "hqk").err == ""


def test_tokens_can_be_read_from_a_text_or_a_file(bare):
    for name, text in {
        "lines.txt": "a\nb\nc\n",
        "words.txt": "a b c\n",
        "l.json": '["a","b","c"]',
    }.items():
        (bare / name).write_text(text)
        assert (
            labels(run("render", str(bare / "w.npy"), "--json", "--tokens", str(bare / name)))
            == [["a", "b", "c"]] * 2
        )
    words = ("render", str(bare / "w.npy"), "--json")
    assert labels(run(*words, "--tokens", "a b c")) == [["a", "b", "c"]] * 2
    assert labels(run(*words, "--tokens", "abc", "-t", "characters")) == [["a", "b", "c"]] * 2
    two = run(*words, "--query-tokens", "a b c", "--key-tokens", "Ġd e </w>f")
    assert labels(two)[0] == ["a", "b", "c"] and labels(two)[1][0] == "d"


def test_a_vocabulary_makes_tokens_of_numbers(bare):
    vocabulary = str(MODELS / "bert" / "tokenizer.json")
    made = labels(run("render", str(bare / "w.npz"), "--json", "--tokens", vocabulary))
    assert made[0] == made[1] and made[0][0].startswith("[") and made[0] != ["0", "1", "2"]
    refused = run("render", str(bare / "w.npy"), "--tokens", vocabulary)
    assert (
        refused.status == 3
        and "a tokenizer.json needs input_ids, and the source has none" in refused.err
    )


def test_masks_and_padding_of_a_file_can_be_given(bare):
    words = ("render", str(bare / "w.npy"), "--axes", "hqk", "--json", "--tokens", "a b")
    made = run(*words, "--attention-mask", "1 1 0")
    assert labels(made)[0] == ["a", "b", "[PAD]"]
    for name, text in {"m.txt": "1 1 0\n", "m.json": "[1, 1, 0]"}.items():
        (bare / name).write_text(text)
        flags = ("--attention-mask", str(bare / name), "--trim-padding")
        assert labels(run(*words, *flags))[1] == ["a", "b"]
    np.save(bare / "m.npy", [True, True, False])
    assert labels(run(*words, "--attention-mask", str(bare / "m.npy")))[0][2] == "[PAD]"
    masked = run("render", str(bare / "w.npy"), "--axes", "hqk", "--mask", "causal")
    assert "causal excludes 6 pairs with weights up to 0.333" in masked.err


def test_files_of_tokens_are_named_in_messages(bare):
    words = ("render", str(bare / "w.npy"), "--axes", "hqk", "--json", "--tokens")
    (bare / "object.json").write_text('{"tokens": ["a", "b", "c"]}')
    assert labels(run(*words, str(bare / "object.json")))[0] == ["a", "b", "c"]
    (bare / "crlf.txt").write_bytes(b"a\r\nb\r\nc\r\n")
    assert labels(run(*words, str(bare / "crlf.txt")))[0] == ["a", "b", "c"]
    (bare / "latin.txt").write_bytes(b"caf\xe9\nb\nc\n")
    made = run(*words, str(bare / "latin.txt"))
    assert made.status == 3 and "'latin.txt': byte 3 is not UTF-8" in made.err
    missing = run(*words, "missing.txt")
    assert missing.status == 1 and "'missing.txt': there is no such file" in missing.err
    (bare / "other.json").write_text('{"a": 1}')
    other = run(*words, str(bare / "other.json"))
    assert other.status == 3 and 'it should be a JSON list of tokens, or {"tokens"' in other.err


def test_the_tokenizer_of_a_folder_decodes_ids(bare):
    folder = str(MODELS / "bert")
    words = ("render", str(bare / "w.npz"), "--json", "--tokens")
    assert labels(run(*words, folder)) == labels(run(*words, f"{folder}/tokenizer.json"))


def test_alignments_are_shown_with_the_lines_of_a_corpus(tmp_path):
    files = {
        "a.align": "\n0-0\n0-1 1-0\n",
        "src": "x\nla\nla casa\n",
        "tgt": "y\nthe\nhouse the\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    sides = ("--query-tokens", str(tmp_path / "tgt"), "--key-tokens", str(tmp_path / "src"))
    words = ("render", str(tmp_path / "a.align"), "--json", *sides)
    assert labels(run(*words, "--which", "2")) == [["house", "the"], ["la", "casa"]]
    first = run(*words)
    assert labels(first) == [["the"], ["la"]]
    assert "showing line 1 of 3" in first.err


MISUSE = [
    (("--attention-mask", "1 x 1"), 3, "should be 0 and 1"),
    (("--attention-mask", "1 1"), 3, "its shape (2,) does not fit"),
    (("--mask", "causl"), 2, "Did you mean"),
    (("--softmax",), 2, "--softmax has no effect on weights"),
    (("--tokens", "a b"), 3, "2 tokens for 3 positions"),
    (("--query-tokens", "a b"), 3, "2 tokens for 3 positions of the query axis"),
    (("--tokens", "a b c", "--key-tokens", "a"), 2, "give --tokens for both sides"),
    (("--axes", "qk"), 2, "--axes 'qk' does not fit"),
    (("--which", "5"), 2, "there is no batch item 5"),
    (("--view", "matrx"), 2, "Did you mean 'matrix'"),
]


@pytest.mark.parametrize(("words", "status", "says"), MISUSE, ids=lambda x: str(x)[:40])
def test_misuse_is_one_line(words, status, says, bare):
    made = run("render", str(bare / "w.npy"), *words)
    assert (made.status, made.out) == (status, "")
    assert says in made.err


def test_input_without_attention_is_status_3(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"nothing")
    made = run("render", str(path))
    assert made.status == 3 and "'x.bin': unrecognized format" in made.err
    assert run("render", str(tmp_path / "none")).status == 1


def test_formats_are_listed_both_ways():
    said = run("formats").out
    told = json.loads(run("formats", "--json").out)
    for title, rows in (("writes", FORMATS), ("reads", READERS)):
        assert [row["name"] for row in told[title]] == [row.name for row in rows]
        assert title in said and all(row.name in said and row.summary[:9] in said for row in rows)
