"""Mean ablation, and mean effects over the texts of a corpus."""

from __future__ import annotations

import csv
import io
import json
import pickle

import numpy as np
import pytest

from attnviz import corpus_effects, effect, look, mean_outputs
from attnviz.api.corpus_effects import EffectStatistics
from attnviz.core.engine.collectors import run_layer
from attnviz.errors import MisuseError, UnknownParameterError
from attnviz.sources.forward_pass import build_forward_pass
from tests.cli.runner import run
from tests.sources.reference import MODELS
from tests.test_effect import TEXT, log_probabilities, options_of

CORPUS = ["the dog ran", "a cat", "the mat was on the dog"]
OTHER = "bert"  # a model with another number of heads than "induction"
REPEATED = "apple river seven clock apple river seven"
KINDS = [
    ("gpt2", "self"),
    ("llama", "self"),
    ("bert", "self"),
    ("t5", "cross"),
    ("bart", "decoder"),
]


def run_with(options, text, change=lambda layer, output: output):
    """The hidden states of a run that changes the outputs of heads of the layers analyzed."""
    forward = build_forward_pass(text, None, **options)
    layers = iter(range(99))

    def attend(call):
        output = run_layer(call.variant, call.inputs, call.value)
        return change(next(layers), output) if call.kind == forward.kind else output

    return forward, forward.model.run(forward.encoding, attend, target=forward.target)


def mean_by_hand(options):
    """The mean output of each head over all tokens of the corpus.    -> [layer][head, d]"""
    outputs = {}

    def keep(layer, output):
        outputs.setdefault(layer, []).append(output)
        return output

    for text in CORPUS:
        run_with(options, text, keep)
    return {layer: np.concatenate(parts, 1).mean(1) for layer, parts in outputs.items()}


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_a_head_is_replaced_by_its_mean_output_over_the_corpus(folder, kind):
    options = options_of(folder, kind)
    means = mean_outputs(CORPUS, **options)
    expected = mean_by_hand(options)
    for layer, mean in enumerate(means.layers):
        assert np.abs(mean - expected[layer]).max() < 1e-5
    effects = effect(TEXT, replace=means, **options)
    assert (effects.replacement, effects.n_text) == ("mean", 3)

    def ablate(layer, output):
        if layer == 0:
            output = output.copy()
            output[1] = expected[0][1]
        return output

    forward, plain = run_with(options, TEXT)
    _, ablated = run_with(options, TEXT, ablate)
    if "KL" in effects.values:
        _, p = log_probabilities(forward, plain[-1])
        _, q = log_probabilities(forward, ablated[-1])
        kl = (np.exp(p) * (p - q)).sum() / np.log(2)
        assert effects.values["KL"][0, 1] == pytest.approx(kl, abs=1e-5)
    else:
        a, b = (x.astype(np.float64).mean(0) for x in (plain, ablated))
        distance = 1 - a @ b / np.sqrt((a @ a) * (b @ b))
        assert effects.values["cosine distance"][0, 1] == pytest.approx(distance, abs=1e-5)


def test_mean_outputs_are_pickled_and_are_those_of_one_model():
    means = pickle.loads(pickle.dumps(mean_outputs(CORPUS, model="induction")))
    tokens = [len(look(text, model="induction").queries) for text in CORPUS]
    assert (means.n_text, means.n_token) == (3, sum(tokens))
    with pytest.raises(MisuseError, match="mean outputs are those of another model"):
        effect("the cat", replace=means, model=str(MODELS / OTHER))


def test_mean_ablation_needs_mean_outputs():
    with pytest.raises(MisuseError, match=r"attnviz\.mean_outputs"):
        effect("the cat", replace="mean", model="induction")


@pytest.mark.parametrize("texts", [[], "the cat"])
def test_mean_outputs_need_texts(texts):
    with pytest.raises(MisuseError, match=r"at least one text|several texts, got one"):
        mean_outputs(texts, model="induction")


def test_mean_effects_are_means_over_texts():
    texts = [REPEATED, "seven clock green seven", "paper river paper"]
    each = [effect(text, model="induction") for text in texts]
    heads = {(row["layer"], row["head"]): row for row in corpus_effects(each)}
    for name in each[0].values:
        values = np.array([one.values[name] for one in each])
        for at, row in heads.items():
            assert row["measures"][name] == pytest.approx(values[:, *at].mean())
            assert row["spread"][name] == pytest.approx(values[:, *at].std(ddof=1))
            assert row["count"][name] == 3
    first = corpus_effects(each, "direct-effect")[0]
    assert first["layer"] == 1


def test_effects_of_different_models_have_no_mean():
    statistics = EffectStatistics()
    with pytest.raises(MisuseError, match="no text was given"):
        statistics.ranked()
    statistics.add(effect("the cat", model="induction"))
    with pytest.raises(MisuseError, match="different layers or heads"):
        statistics.add(effect("the cat", model=str(MODELS / OTHER)))
    with pytest.raises(UnknownParameterError, match="HeadEffects"):
        corpus_effects(["the cat"])


@pytest.fixture
def files(tmp_path):
    (tmp_path / "corpus.txt").write_text("\n".join(CORPUS))
    (tmp_path / "texts.txt").write_text(f"{REPEATED}\nseven clock green seven\n")
    return tmp_path


def test_the_command_with_a_corpus(files):
    words = ("-m", "induction", "--replace", "mean", "--corpus", str(files / "corpus.txt"))
    made = run("effect", REPEATED, *words, "--json")
    document = json.loads(made.out)
    means = mean_outputs(CORPUS, model="induction")
    assert document["heads"] == effect(REPEATED, model="induction", replace=means).ranked()
    assert (document["replacement"], document["replacement_texts"]) == ("mean", 3)
    table = run("effect", REPEATED, *words, width=300).out
    assert "ablated heads have their mean output over 3 texts" in table
    on_terminal = run("effect", REPEATED, *words, "-o", str(files / "e.json"), tty=True)
    assert "3/3" in on_terminal.err  # the texts of the corpus
    (files / "corpus.txt").write_text(CORPUS[0])
    assert "their mean output over 1 text ·" in run("effect", REPEATED, *words, width=300).out


@pytest.mark.parametrize("jobs", [(), ("--jobs", "2")])
def test_the_command_over_a_file(files, jobs):
    words = ("-i", str(files / "texts.txt"), "-m", "induction", *jobs)
    made = run("effect", *words, "-f", "csv")
    assert (made.status, made.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(made.out)))
    texts = (files / "texts.txt").read_text().splitlines()
    expected = corpus_effects(effect(text, model="induction") for text in texts)
    for row, head in zip(rows, expected, strict=True):
        assert (int(row["layer"]), int(row["head"])) == (head["layer"], head["head"])
        for name, value in head["measures"].items():
            assert float(row[name]) == pytest.approx(value, rel=1e-7)
            assert float(row[f"{name} (spread)"]) == pytest.approx(head["spread"][name], rel=1e-7)


def test_an_invalid_line_is_left_out_and_named(files):
    lines = json.dumps({"text": "the cat the"}), json.dumps({"text": ""}), "{"
    (files / "x.jsonl").write_text("\n".join(lines))
    made = run("effect", "-i", str(files / "x.jsonl"), "-m", "induction", width=300)
    assert made.status == 1 and "predictions of 1 text " in made.out
    assert [line[:14] for line in made.err.splitlines()] == ["error: line 2:", "error: line 3:"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--replace", "mean"), "--replace mean needs --corpus FILE"),
        (("--corpus", "corpus.txt"), "--corpus has no effect without --replace mean"),
        (("--replace", "mean", "--corpus", "no.txt"), "cannot read 'no.txt'"),
        (("-i", "texts.txt", "--lens"), "--lens has no effect with --input"),
        (("--jobs", "2"), "--jobs has no effect without --input"),
    ],
)
def test_what_is_refused(files, monkeypatch, words, message):
    monkeypatch.chdir(files)
    text = () if "-i" in words else (REPEATED,)
    made = run("effect", *text, "-m", "induction", *words)
    assert made.status in (1, 2) and message in made.err and made.err.count("\n") == 1
