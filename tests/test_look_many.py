"""look_many: texts that share a forward pass have the maps of texts that run alone."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from attnviz import look, look_many
from attnviz.api import look_many as module
from attnviz.api.pending_map import prepare_map
from attnviz.cli.batch.job import Job
from attnviz.errors import MisuseError, NumbersError, UnknownParameterError
from attnviz.sources.model import packed_run
from tests.cli.runner import run
from tests.sources.reference import FOLDERS, MODELS, open_model

TEXTS = ["the cat sat", "a dog ran on the mat", "cat", "the mat was where the cat sat"]
EQUAL = ["mat the sat", *TEXTS[:3], "sat the cat", "dog", "cat sat the"]  # of few lengths
ROUNDING = 5e-6


def kinds_of(folder):
    """Options of each kind of attention that needs no target."""
    kind = next(iter(open_model(folder).attentions))
    return {} if kind == "self" else {"attention": kind}


def same(ours, alone):
    """Whether two maps are equal but for rounding."""
    assert (ours.queries, ours.keys, ours.layers, ours.heads) == (
        alone.queries, alone.keys, alone.layers, alone.heads
    )  # fmt: skip
    assert ours.meta == alone.meta and ours.text == alone.text
    assert np.array_equal(ours.visible, alone.visible)
    for vectors, others in (
        (ours.query_vectors, alone.query_vectors),
        (ours.key_vectors, alone.key_vectors),
    ):
        assert (vectors is None) == (others is None)
        assert vectors is None or np.allclose(vectors, others, atol=1e-4)
    return np.abs(ours.weights - alone.weights).max() < ROUNDING


@pytest.fixture
def n_packed(monkeypatch):
    """The numbers of texts in packed runs."""
    numbers, run_packed = [], packed_run.run_packed

    def count(texts, last_layer=None):
        numbers.append(len(texts))
        run_packed(texts, last_layer)

    monkeypatch.setattr(packed_run, "run_packed", count)
    return numbers


@pytest.fixture
def n_batched(monkeypatch):
    """The numbers of texts of one length in each layer that was computed for them at once."""
    numbers, attend_batch = [], packed_run.attend_batch

    def count(call, variant, collectors, out):
        numbers.append(len(collectors))
        attend_batch(call, variant, collectors, out)

    monkeypatch.setattr(packed_run, "attend_batch", count)
    return numbers


@pytest.mark.parametrize("folder", FOLDERS)
def test_maps_of_every_family_are_those_of_each_text_alone(folder, n_packed):
    options = {"model": str(MODELS / folder), **kinds_of(folder)}
    for ours, text in zip(look_many(EQUAL, **options), EQUAL, strict=True):
        assert same(ours, look(text, **options))
    forward = prepare_map((), EQUAL[0], **options).forward
    assert n_packed == ([len(EQUAL)] if packed_run.can_pack(forward) else [])


def test_texts_of_one_length_are_computed_at_once_in_many_families(n_batched):
    n_family = 0
    for folder in FOLDERS:
        n_batched.clear()
        maps = look_many(EQUAL, model=str(MODELS / folder), **kinds_of(folder))
        lengths = Counter(len(amap.queries) for amap in maps)
        n_family += bool(n_batched)
        assert {*n_batched} in ({n for n in lengths.values() if n > 1}, set())
    assert n_family > 0.3 * len(FOLDERS)


def test_most_families_are_packed():
    forwards = (
        prepare_map((), "the cat", model=str(MODELS / folder), **kinds_of(folder)).forward
        for folder in FOLDERS
    )
    assert sum(map(packed_run.can_pack, forwards)) > 0.5 * len(FOLDERS)


@pytest.mark.parametrize(
    "options",
    [
        {"select_layers": 0},
        {"select_heads": "1.2", "with_vectors": True},
        {"reduce": ["layers:rollout"]},
        {"pool": 2},
        {"predict": 2},
        {"ablate": "0.1"},
        {"select_layers": "mean", "select_keys": "0-1"},
    ],
    ids=str,
)
def test_options_act_as_on_each_text_alone(options, n_packed, n_batched):
    texts = [text for text in EQUAL if " " in text]
    for ours, text in zip(look_many(texts, model="induction", **options), texts, strict=True):
        alone = look(text, model="induction", **options)
        predicted = [amap.meta.pop("predictions", None) for amap in mutable(ours, alone)]
        if "predict" in options:
            rows = [p["positions"][-1]["top"] for p in predicted]
            assert [t["id"] for t in rows[0]] == [t["id"] for t in rows[1]]
            assert np.allclose(
                [t["probability"] for t in rows[0]], [t["probability"] for t in rows[1]], atol=1e-5
            )
        else:
            assert same(ours, alone)
    assert n_packed == [len(texts)] and bool(n_batched) == ("pool" not in options)


def mutable(*amaps):
    """The maps, whose metadata can be changed."""
    return [type("M", (), {"meta": dict(amap.meta)}) for amap in amaps]


def test_contributions_and_untrained_weights_run_alone(n_packed):
    for options in ({"model": "induction", "contribution": "norm"}, {"variant": "causal"}):
        for ours, text in zip(look_many(TEXTS, **options), TEXTS, strict=True):
            assert same(ours, look(text, **options))
    assert n_packed == []


def test_runs_are_limited_in_texts_states_and_weights(n_packed, monkeypatch):
    monkeypatch.setattr(module, "GROUP", 3)
    list(look_many(TEXTS, model="induction"))
    assert n_packed == [3]
    n_packed.clear()
    monkeypatch.setattr(module, "PACKED_NUMBERS", 96 * 12)  # dimensions × tokens
    assert [len(amap.queries) for amap in look_many(TEXTS, model="induction")] == [4, 6, 1, 8]
    assert n_packed == [3]
    n_packed.clear()
    monkeypatch.setattr(module, "PACKED_WEIGHTS", 8 * 20)
    list(look_many(TEXTS, model="induction"))
    assert n_packed == []


def test_texts_are_read_as_maps_are_taken():
    read = []

    def texts():
        for n in range(100):
            read.append(n)
            yield "the cat"

    maps = look_many(texts(), model="induction")
    assert read == []
    next(maps)
    assert len(read) == module.GROUP + 1


def test_a_text_that_overflows_comes_after_the_maps_before_it(monkeypatch):
    def overflow(text):
        if "dog" in text.forward.encoding.tokens[-1].label:
            raise NumbersError("overflow")

    run_packed, attend = packed_run.run_packed, module.PendingMap.run
    monkeypatch.setattr(
        packed_run,
        "run_packed",
        lambda texts, last: [*map(overflow, texts), run_packed(texts, last)],
    )
    monkeypatch.setattr(module.PendingMap, "run", lambda self: [overflow(self), attend(self)])
    maps = look_many(["the cat", "cat", "a dog", "cat"], model="induction")
    assert [next(maps).text for _ in range(2)] == ["the cat", "cat"]
    with pytest.raises(NumbersError, match="overflow"):
        next(maps)


def test_a_text_that_is_refused_comes_after_the_maps_before_it():
    maps = look_many(["the cat", "a dog", "", "cat"], model="induction")
    assert [next(maps).text for _ in range(2)] == ["the cat", "a dog"]
    with pytest.raises(MisuseError):
        next(maps)


@pytest.mark.parametrize("texts", ["the cat", None, 3])
def test_one_text_is_refused(texts):
    with pytest.raises(UnknownParameterError, match="texts"):
        look_many(texts, model="induction")


N = module.GROUP
LINES = [f"the cat sat on mat {n}" for n in range(2 * N + 6)]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join([*LINES[:40], "", *LINES[40:]]))
    return path


def test_results_of_a_file_do_not_depend_on_processes(corpus, tmp_path, n_packed):
    files = [tmp_path / f"{n}.jsonl" for n in (1, 2)]
    for file, jobs in zip(files, "12", strict=True):
        made = run("-i", str(corpus), "-m", "induction", "-o", str(file), "--jobs", jobs)
        assert made.status == 0, made.err
    assert n_packed == [N, N, 6]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_resumed_run_has_the_same_bytes(corpus, tmp_path, n_packed):
    path = tmp_path / "maps.jsonl"
    words = ("-i", str(corpus), "-m", "induction", "-o", str(path), "--resume")
    assert run(*words).status == 0
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[: N + 8]))
    n_packed.clear()
    assert run(*words).status == 0
    assert path.read_bytes() == whole
    assert n_packed == [N, 6]  # the second group again as a whole


def test_lines_of_a_pipe_run_alone(corpus, n_packed):
    made = run("-m", "induction", "-f", "jsonl", stdin=corpus.read_text())
    assert made.status == 0 and n_packed == []
    made = run("-i", str(corpus), "-m", "induction", "-f", "jsonl")
    assert n_packed == [N, N, 6] and len(made.out.splitlines()) == len(LINES)


def test_an_invalid_line_does_not_stop_its_group(tmp_path, n_packed):
    path = tmp_path / "x.jsonl"
    rows = [{"text": "the cat"}, {"text": ""}, {"txt": 1}, {"text": "a dog"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    made = run("-i", str(path), "-m", "induction", "-f", "jsonl")
    records = [json.loads(line) for line in made.out.splitlines()]
    assert made.status == 1 and ["error" in record for record in records] == [0, 1, 1, 0]
    assert n_packed == [2]


def test_where_a_shared_run_fails_each_sentence_has_its_own_error(corpus, monkeypatch):
    def fail(texts, last_layer=None):
        raise NumbersError("overflow")

    monkeypatch.setattr(packed_run, "run_packed", fail)
    made = run("-i", str(corpus), "-m", "induction", "-f", "jsonl")
    assert made.status == 0 and len(made.out.splitlines()) == len(LINES)


def test_heads_of_a_file_share_runs(corpus, n_packed):
    made = run("heads", "-i", str(corpus), "-m", "induction", "-f", "csv")
    assert made.status == 0 and n_packed == [N, N, 6]


@pytest.mark.parametrize("step", ["prepare", "finish"])
def test_too_little_memory_is_the_error_of_one_sentence(corpus, monkeypatch, step):
    method = getattr(Job, step)

    def fail(job, sentence, *arguments):
        if sentence.text == LINES[3]:
            raise MemoryError
        return method(job, sentence, *arguments)

    monkeypatch.setattr(Job, step, fail)
    made = run("-i", str(corpus), "-m", "induction", "-f", "jsonl")
    assert made.status == 1
    errors = [line for line in made.out.splitlines() if "error" in json.loads(line)]
    assert errors == ['{"line":4,"error":"not enough memory for this sentence"}']
    assert len(made.out.splitlines()) == len(LINES)
