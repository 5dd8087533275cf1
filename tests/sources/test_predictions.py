"""Predictions: logits as transformers computes them, top tokens, mask tokens, and refusals."""

import json
import shutil

import numpy as np
import pytest

import attnviz
from attnviz.core.predictions import is_predictions, select_predictions
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.families import FAMILIES
from attnviz.sources.model import logits as logits_module
from attnviz.sources.model import predictions as predictions_module
from attnviz.sources.model.logits import compute_logits
from attnviz.sources.model.predictions import top_logits
from tests.checkpoints.inputs import SHORT, TARGET
from tests.checkpoints.settings import CHECKPOINTS, LOGIT_SETTINGS
from tests.sources.reference import MODELS, attend_unrecorded, encoding_of_ids, open_model

FOLDERS = [path.parent.name for path in sorted(MODELS.glob("*/logits.npz"))]
FAMILY_OF = {name: CHECKPOINTS[name][0] for name in FOLDERS}


def hidden_states(checkpoint, file):
    target = encoding_of_ids(file["target"]) if "target" in file else None
    hidden = checkpoint.run(encoding_of_ids(file["ids"]), attend_unrecorded, target=target)
    return checkpoint.stack_for("self" if target is None else "decoder"), hidden


@pytest.mark.parametrize("folder", FOLDERS)
def test_logits_are_those_of_transformers(folder):
    with np.load(MODELS / folder / "logits.npz") as file:
        names = [name for name, (base, _) in LOGIT_SETTINGS.items() if base == folder]
        for name in ("logits", *names):
            checkpoint = open_model(folder)
            checkpoint.config.values.update(LOGIT_SETTINGS[name][1] if name in names else {})
            logits = compute_logits(checkpoint, *hidden_states(checkpoint, file))
            assert np.abs(logits - file[name]).max() <= 1e-5 * max(1, np.abs(file[name]).max())


def test_other_settings_give_other_logits():
    """The twin: without following its setting, a reference would not be met."""
    for name, (folder, _) in LOGIT_SETTINGS.items():
        with np.load(MODELS / folder / "logits.npz") as file:
            assert np.abs(file[name] - file["logits"]).max() > 0.05, name


def test_every_family_with_an_output_head_has_reference_logits():
    with_head = {f.name for f in FAMILIES if f.kind != "encoder" or f.masked_lm_head is not None}
    assert with_head <= set(FAMILY_OF.values())


@pytest.mark.parametrize("chunk", [7, 100])
def test_the_top_tokens_are_those_of_all_logits(chunk, monkeypatch):
    monkeypatch.setattr(logits_module, "LOGITS_CHUNK", chunk)
    checkpoint = open_model("bert")
    with np.load(MODELS / "bert" / "logits.npz") as file:
        _, hidden = hidden_states(checkpoint, file)
        wanted = file["logits"].astype(np.float64)
    ids, values, total = top_logits(checkpoint, "self", hidden, 5)
    assert np.array_equal(ids, np.argsort(-wanted, axis=-1)[:, :5])
    assert np.abs(values - np.take_along_axis(wanted, ids, -1)).max() < 1e-4
    assert np.abs(total - np.log(np.exp(wanted).sum(-1))).max() < 1e-4


@pytest.mark.parametrize("block", [2, 512])
def test_a_decoder_predicts_after_each_token(block, monkeypatch):
    monkeypatch.setattr(predictions_module, "BLOCK", block)
    amap = attnviz.look(SHORT, model=str(MODELS / "llama"), predict=4, select_layers=0)
    with np.load(MODELS / "llama" / "logits.npz") as file:
        wanted = file["logits"].astype(np.float64)
    wanted = np.exp(wanted) / np.exp(wanted).sum(-1, keepdims=True)
    predictions = amap.meta["predictions"]
    assert predictions["of"] == "next token" and is_predictions(
        json.loads(json.dumps(predictions))
    )
    assert [row["position"] for row in predictions["positions"]] == list(range(len(amap.queries)))
    assert [row["token"] for row in predictions["positions"]] == [t.label for t in amap.queries]
    for row, probabilities in zip(predictions["positions"], wanted, strict=True):
        best = np.argsort(-probabilities)[:4]
        assert [token["id"] for token in row["top"]] == best.tolist()
        found = [token["probability"] for token in row["top"]]
        assert np.abs(found - probabilities[best]).max() < 1e-5


def test_an_encoder_decoder_predicts_after_its_target():
    amap = attnviz.look(SHORT, model=str(MODELS / "t5"), target=TARGET, predict=1)
    with np.load(MODELS / "t5" / "logits.npz") as file:
        wanted = file["logits"].argmax(-1).tolist()
    rows = amap.meta["predictions"]["positions"]
    assert [row["top"][0]["id"] for row in rows[: len(wanted)]] == wanted
    generated = attnviz.look(SHORT, model=str(MODELS / "t5"), generate=2, predict=1)
    first, second, _ = generated.meta["predictions"]["positions"]
    assert [first["top"][0]["piece"], second["top"][0]["piece"]] == [
        token.piece for token in generated.queries[1:]
    ]


@pytest.fixture
def masked_bert(tmp_path):
    """The tiny BERT, whose word "mat" is its mask token."""
    folder = shutil.copytree(MODELS / "bert", tmp_path / "bert")
    (folder / "tokenizer_config.json").write_text(json.dumps({"mask_token": "mat"}))
    return folder


def test_an_encoder_fills_each_mask_token(masked_bert):
    amap = attnviz.look("the mat sat on the mat", model=str(masked_bert), predict=3)
    predictions = amap.meta["predictions"]
    assert predictions["of"] == "masked token"
    assert [row["position"] for row in predictions["positions"]] == [2, 6]
    checkpoint = open_model("bert")
    text = checkpoint.encode("the mat sat on the mat")
    hidden = checkpoint.run(text, attend_unrecorded)
    logits = compute_logits(checkpoint, checkpoint.stacks["encoder"], hidden)
    for row in predictions["positions"]:
        best = np.argsort(-logits[row["position"]])[:3]
        assert [token["id"] for token in row["top"]] == best.tolist()


def test_an_intervention_changes_the_predictions():
    model = str(MODELS / "gpt2")
    plain, changed = (
        attnviz.look(SHORT, model=model, predict=1, select_layers=0, **options)
        for options in ({}, {"ablate": "1.*"})
    )
    assert np.array_equal(plain.weights, changed.weights)
    assert plain.meta["predictions"] != changed.meta["predictions"]


def test_predictions_of_a_segment_have_the_positions_of_its_queries():
    model = str(MODELS / "gpt2")
    amap = attnviz.look("the cat", model=model, generate=3, predict=1, select_segments="B,A")
    rows = amap.meta["predictions"]["positions"]
    assert [row["position"] for row in rows] == list(range(len(amap.queries)))
    assert [row["token"] for row in rows] == [t.label for t in amap.queries]
    whole = {"of": "next token", "positions": [{"position": n} for n in range(4)]}
    assert select_predictions(whole, [3, 1])["positions"] == [{"position": 1}, {"position": 0}]


def test_of_a_long_text_the_last_token_only_is_predicted(monkeypatch):
    monkeypatch.setattr(predictions_module, "MAX_POSITIONS", 3)
    amap = attnviz.look(SHORT, model=str(MODELS / "gpt2"), predict=1)
    rows = amap.meta["predictions"]["positions"]
    assert [row["position"] for row in rows] == [len(amap.queries) - 1]


REFUSED = [  # folder, options, message
    ("gpt2", {"predict": 0}, "predict=0 should be from 1 to 100"),
    ("gpt2", {"predict": 101}, "predict=101 should be from 1 to 100"),
    ("t5", {"predict": 2, "attention": "encoder"}, "needs decoder or cross attention"),
    ("bert", {"predict": 2}, "the tokenizer of .* has none"),
    ("camembert", {"predict": 2}, r"no masked-LM head .*AutoModelForMaskedLM"),
    ("distilbert", {"predict": 2}, r"no masked-LM head .*AutoModelForMaskedLM"),
]


@pytest.mark.parametrize(("folder", "options", "message"), REFUSED, ids=str)
def test_refused(folder, options, message):
    with pytest.raises((MisuseError, InvalidInputError), match=message):
        attnviz.look(SHORT, model=str(MODELS / folder), **options)


def test_a_text_without_mask_token_is_refused(masked_bert):
    with pytest.raises(MisuseError, match="write mat for the token to predict"):
        attnviz.look("the cat", model=str(masked_bert), predict=2)


def test_explain_refuses_it():
    with pytest.raises(MisuseError, match="predict has no effect on explain"):
        attnviz.explain(SHORT, model=str(MODELS / "gpt2"), predict=2)


def test_a_comparison_has_those_of_each_map():
    model = str(MODELS / "gpt2")
    options = {"model": model, "predict": 3, "select_layers": 0}
    amap = attnviz.compare(SHORT, ablate="1.*", **options)
    by_map = amap.meta["predictions_by_map"]
    assert list(by_map) == ["original", "layer 1 ablated"] and "predictions" not in amap.meta
    assert by_map["original"] == attnviz.look(SHORT, **options).meta["predictions"]
    changed = attnviz.look(SHORT, ablate="1.*", **options).meta["predictions"]
    assert by_map["layer 1 ablated"] == changed != by_map["original"]
    texts = attnviz.compare("the cat sat", other_text="the dog sat", **options)
    assert list(texts.meta["predictions_by_map"]) == ["the cat sat", "the dog sat"]


def test_a_difference_has_none():
    model = str(MODELS / "gpt2")
    maps = [attnviz.look(SHORT, model=model, predict=1, ablate=ablate) for ablate in (None, "0.1")]
    meta = attnviz.diff(*maps).amap.meta
    assert "predictions" not in meta and "predictions" not in meta["difference_from"]
