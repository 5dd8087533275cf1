"""Pretrained models on the command line: overview, layers, heads, pairs, interventions, facts."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from attnviz.api.complete_style import model_defaults
from attnviz.sources.families import FAMILIES
from attnviz.sources.memory import BYTES_PER_WEIGHT
from tests.checkpoints.minilm import folder
from tests.cli.runner import run
from tests.conftest import make_map
from tests.sources.reference import FOLDERS, MODELS

MINILM = str(folder())  # trained: its heads have habits
BERT, GPT2 = str(MODELS / "bert"), str(MODELS / "gpt2")
TEXT = "the cat sat where the cat was"


def titles(made):
    return re.findall(r"layer (\d+) · head (\d+)", made.out)


def test_a_model_of_few_heads_shows_their_tokens():
    made = run(TEXT, "-m", BERT)
    assert (made.status, made.err) == (0, "")
    assert titles(made) == [(str(i), str(j)) for i in range(3) for j in range(4)]


def test_the_overview_has_a_thumbnail_of_each_head():
    made = run(TEXT, "-m", BERT, "--view", "overview")
    assert (made.status, made.err) == (0, "")
    assert "grid: layers (down) × heads (across)" in made.out
    assert re.findall(r"^layer (\d)", made.out, re.MULTILINE) == ["0", "1", "2"]
    assert not titles(made)


def test_heads_with_a_pattern_are_named_with_their_scores():
    made = run(TEXT, "-m", MINILM)
    below = made.out.split("heads by pattern: layer.head (score, 0 to 1)\n")[1]
    rows = heads(TEXT, "-m", MINILM)
    known = {}
    for row in rows:
        name, score = row["pattern"], row["score"]
        if name in ("first token", "special tokens") and row["pattern_without_sink"]:
            name = f"{row['pattern_without_sink']} without sink"
            score = row["score_without_sink"]
        if name:
            known.setdefault(name, []).append((score, row["layer"], row["head"]))
    assert "previous token without sink" in known
    edge = max(map(len, known)) + 2
    assert {line[:edge].strip() for line in below.splitlines()} - {""} == known.keys()
    assert re.search(r"^previous token +0\.2 \(1\.00\)$", below, re.MULTILINE)
    for name, entries in known.items():
        score, layer, head = max(entries, key=lambda entry: entry[0])
        assert f"{name:{edge}}{layer}.{head} ({score:.2f})" in below


def test_the_heads_of_a_selected_layer_are_side_by_side():
    made = run(TEXT, "-m", BERT, "--layer", "1", width=160)
    assert titles(made) == [("1", str(head)) for head in range(4)]
    assert made.out.count("layer 1") == 4 == made.out.splitlines()[4].count("layer 1")
    assert "0." not in made.out.split("0 [CLS]")[2]


def test_a_selected_head_is_shown_as_numbers():
    made = run(TEXT, "-m", BERT, "--layer", "1", "--head", "2")
    assert titles(made) == [("1", "2")]
    rows = [line for line in made.out.splitlines() if line.startswith("cat")]
    numbers = [float(n) for n in rows[0].split()[1:]]
    assert len(numbers) == 9 and abs(sum(numbers) - 1) < 0.05


def test_a_requested_view_is_shown():
    assert "·" not in run(TEXT, "-m", BERT, "--view", "matrix", "--layer", "0").out.split("\n")[2]
    assert "grid: layers" not in run(TEXT, "-m", BERT, "--view", "matrix").out
    assert "0." in run(TEXT, "-m", BERT, "--layer", "1", "--annotate").out.split("max weight")[0]


def test_seeded_heads_have_no_patterns():
    made = run(TEXT, "--layers", "3", "--heads", "8")
    assert "grid: layers" in made.out and "heads by pattern" not in made.out


@pytest.mark.parametrize("ending", ["png", "svg", "json", "csv", "npz", "html"])
def test_a_model_in_other_formats(ending, tmp_path):
    made = run(TEXT, "-m", BERT, "-o", str(tmp_path / f"x.{ending}"))
    assert (made.status, made.err) == (0, "")
    assert (tmp_path / f"x.{ending}").stat().st_size > 1000


def test_a_pair_has_a_line_between_its_texts():
    out = run("the cat", "-m", BERT, "--pair", "a dog", "--layer", "0", "--head", "0").out
    lines = out.splitlines()
    across = next(i for i, line in enumerate(lines) if "┼" in line)
    assert lines[across - 1].startswith("[SEP]") and lines[across + 1].startswith("a ")
    place = lines[across].index("┼")
    table = lines[6:across] + lines[across + 1 : across + 4]
    assert {line[place] for line in table} == {"│"}


def test_generated_tokens_follow_a_border():
    out = run("the cat", "-m", GPT2, "--generate", "3", "--layer", "0", "--head", "0").out
    across = next(i for i, line in enumerate(out.splitlines()) if "┼" in line)
    assert out.splitlines()[across - 1].startswith("cat")
    one_text = run("the cat", "-m", GPT2, "--layer", "0", "--head", "0").out
    assert "┼" not in one_text and "│" not in one_text


@pytest.mark.parametrize(
    ("asked", "rows", "columns"), [("A,A", 4, 4), ("A,B", 4, 3), ("b,a", 3, 4)]
)
def test_attention_from_one_text_to_the_other(asked, rows, columns):
    words = ("the cat", "-m", BERT, "--pair", "a dog", "--json")
    whole, part = (json.loads(run(*words, *more).out) for more in ((), ("--segments", asked)))
    who, whom = (slice(0, 4) if text == "A" else slice(4, 7) for text in asked.upper().split(","))
    kept = np.array(part["weights"])
    assert kept.shape[-2:] == (rows, columns)
    assert (kept == np.array(whole["weights"])[..., who, whom]).all()
    assert part["meta"]["segments"] == asked.upper().replace(",", " attends to ")
    assert part["meta"]["row_sum"] == "at most 1" and whole["meta"]["row_sum"] == "1"
    assert kept.sum(-1).max() < 1


def test_the_title_names_the_texts_of_queries_and_keys():
    words = ("the cat", "-m", BERT, "--pair", "a dog", "--layer", "0", "--head", "0")
    out = run(*words, "--segments", "A,B").out
    assert out.startswith("bert, A attends to B\n") and "∅ = weight on none of these keys" in out
    out = run("compare", *words, "-v", "hard", "--segments", "A,B").out
    assert out.startswith("bert, A attends to B, original vs. hard\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--segments", "A"), "--segments 'A' should be QUERY,KEY, as in A,B"),
        (("--segments", "A,C"), "segment C has no keys; there is A, B"),
        (("--layer", "9"), "there is no layer 9; there are 0 to 2"),
        (("--head", "4"), "there is no head 4; there are 0 to 3"),
        (("--ablate", "0.4"), "layer 0 has no head 4"),
        (("--target", "a"), "--target needs decoder or cross attention"),
        (("--attention", "cross"), "unknown attention of"),
        (("-t", "words"), "--tokenizer cannot be combined with --model"),
        (("-c", "a"), "--context has no effect with --model; use --pair or --target"),
    ],
)
def test_misuse_of_a_model_is_one_line(words, says):
    made = run("the cat", "-m", BERT, "--pair", "a dog", *words)
    assert (made.status, made.out) == (2, "")
    assert says in made.err and made.err.count("\n") == 1


def test_an_intervention_is_stated_in_every_output(tmp_path):
    picture = tmp_path / "x.svg"
    words = ("the cat", "-m", BERT, "-v", "hard", "--at", "1", "--ablate", "2.0")
    made = run(*words, "-o", "-", "-o", str(picture))
    said = "hard in layer 1; head 2.0 ablated"
    assert made.err == f"note: model modified: {said}\n"
    assert made.out.startswith(f"bert, modified: {said}\n")
    assert f"modified: {said}" in picture.read_text()
    told = run("explain", *words, "--layer", "2")
    assert said in told.err and told.out.startswith(f"bert, modified: {said}, layer 2")
    document = json.loads(run(*words, "--json").out)
    assert document["meta"]["intervention"] == said
    assert run("the cat", "-m", BERT).err == ""


def test_too_little_memory_is_refused_before_the_forward_pass(monkeypatch):
    from attnviz.sources.model import run_model as from_model
    from attnviz.sources.model.checkpoint import Checkpoint

    monkeypatch.setattr(from_model, "machine_memory", lambda: 10_000)
    run_it = Checkpoint.run
    monkeypatch.setattr(Checkpoint, "run", None)
    made = run(TEXT, "-m", BERT)
    assert made.status == 2
    assert re.search(r"9 tokens need about [\d.]+ MB .*this machine has 10.0 kB", made.err)
    monkeypatch.setattr(Checkpoint, "run", run_it)
    monkeypatch.setattr(from_model, "machine_memory", lambda: 10_000_000)
    assert run(TEXT, "-m", BERT).status == 0


def test_only_selected_heads_count_as_memory_of_maps(monkeypatch):
    from attnviz.sources.model import run_model as from_model

    counted = []
    monkeypatch.setattr(from_model, "check_memory", lambda memory, *_: counted.append(memory.maps))
    for more in ((), ("--layer", "1"), ("--layer", "1", "--head", "0,3")):
        assert run(TEXT, "-m", BERT, *more).status == 0
    assert counted == [BYTES_PER_WEIGHT * n_map * 9 * 9 for n_map in (12, 4, 2)]


def test_a_seeded_sentence_that_is_too_long_is_refused(monkeypatch):
    from attnviz.sources.seeded import run_seeded as from_seed

    monkeypatch.setattr(from_seed, "machine_memory", lambda: 1_000)
    made = run(TEXT)
    assert made.status == 2 and "7 tokens need about" in made.err


def test_models_lists_every_family():
    out = run("models", COLUMNS="200").out
    rows = json.loads(run("models", "--json").out)
    assert [row["name"] for row in rows] == [family.name for family in FAMILIES]
    for row in rows:
        columns = (row["kind"], row["name"], row["features"], row["paper"])
        assert re.search("^" + " +".join(map(re.escape, columns)), out, re.M)
    assert f"{len(rows)} families" in out


@pytest.mark.parametrize("folder", FOLDERS)
def test_models_describes_a_checkpoint(folder):
    known = json.loads(run("models", str(MODELS / folder), "--json").out)
    made = run("models", str(MODELS / folder), width=200)
    assert made.status == 0
    rows = [re.split(r"  +", line.strip(), maxsplit=1) for line in made.out.splitlines()[1:]]
    lines, texts = dict(rows), [text for _, text in rows]
    assert lines["family"].startswith(known["family"])
    assert lines["heads"].startswith(f"{known['heads']}")
    assert lines["heads"].endswith(f", head dim {known['d_head']}")
    assert ("key/value" in lines["heads"]) == (known["kv_heads"] != known["heads"])
    assert known["dtype"] in lines["parameters"]
    for group in known["attention"]:
        name = "self-attention" if group["kind"] == "self" else f"{group['kind']} self-attention"
        name = "cross-attention" if group["kind"] == "cross" else name
        assert f"{name}, {group['algebra']}" in texts


def test_models_prints_a_summary():
    assert run("models", str(MODELS / "gemma2"), width=60).out.splitlines()[1:6] == [
        line.ljust(60)
        for line in (
            "family          gemma2, decoder [2408.00118]",
            "layers          3",
            "heads           4 (key/value heads: 2), head dim 8",
            "hidden size     32",
            "vocabulary      100 tokens",
        )
    ]


@pytest.mark.parametrize(
    ("config", "status", "says"),
    [
        ({"model_type": "resnet"}, 3, "model_type 'resnet' is not supported; `attnviz mo"),
        ({"model_type": "bert", "quantization_config": {"bits": 4}}, 3, "quantized weights"),
        (None, 1, "is not a model folder (no config.json)"),
    ],
)
def test_unsupported_models_are_refused_with_the_reason(config, status, says, tmp_path):
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((MODELS / "bert/model.safetensors").read_bytes())
    made = run("models", str(tmp_path))
    assert (made.status, made.out) == (status, "")
    assert says in made.err and made.err.count("\n") == 1


def test_a_missing_tokenizer_is_reported(tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(MODELS / "bert" / name)
    made = run("models", str(tmp_path), width=100)
    assert made.status == 0 and "no text: there is no tokenizer" in made.out
    made = run(TEXT, "-m", str(tmp_path))
    assert made.status == 1 and "has no tokenizer.json" in made.err


def test_a_revision_is_of_a_model():
    made = run("models", "--revision", "main")
    assert made.status == 2 and "--revision needs a MODEL" in made.err


def heads(*words):
    return json.loads(run("heads", *words, "--json").out)["heads"]


@pytest.mark.parametrize("words", [(TEXT, "-m", BERT), (TEXT, "--layers", "2")])
def test_heads_has_a_line_for_each(words):
    rows = heads(*words)
    whole = json.loads(run(*words, "--json").out)
    assert [(r["layer"], r["head"]) for r in rows] == [
        (layer, head) for layer in whole["layers"] for head in whole["heads"]
    ]
    weights = np.array(whole["weights"])
    for row in rows:
        own, link = weights[row["layer"], row["head"]], row["strongest"]
        assert own[link["query"], link["key"]] == pytest.approx(link["weight"])
        assert whole["keys"][link["key"]]["label"] == link["key_token"]
        assert not whole["keys"][link["key"]]["special"]
        used = own[own > 0]
        bits = -(used * np.log2(used)).sum() / len(own)
        assert row["entropy"] == pytest.approx(bits, abs=1e-4)
        far = abs(np.subtract.outer(range(len(own)), range(len(own))))
        assert row["distance"] == pytest.approx((own * far).sum() / own.sum(), abs=1e-4)


@pytest.mark.parametrize("key", ["entropy", "distance"])
def test_heads_can_be_sorted(key):
    plain, by = heads(TEXT, "-m", BERT), heads(TEXT, "-m", BERT, "--sort", key)
    assert [row[key] for row in by] == sorted(row[key] for row in plain)
    assert by != plain


def test_heads_sorted_by_pattern_are_grouped_and_ranked():
    rows = heads(TEXT, "-m", MINILM, "--sort", "pattern")
    names = [row["pattern"] for row in rows]
    assert len(set(names)) > 2
    assert sum(name != other for name, other in pairwise(names)) == len(set(names)) - 1
    diffuse = [row["score"] for row in rows if row["pattern"] == "diffuse"]
    assert diffuse == sorted(diffuse, reverse=True)


def test_heads_as_a_table():
    made = run("heads", TEXT, "-m", BERT, "--layer", "2", "--head", "1-2")
    lines = made.out.splitlines()
    assert lines[1].split() == [
        "head",
        "pattern",
        "score",
        "entropy",
        "distance",
        "profile",
        "strongest",
        "link",
    ]
    assert [line.split()[0] for line in lines[2:4]] == ["2.1", "2.2"]
    assert "layer.head" in made.out


def test_two_texts_have_no_attention_distance():
    rows = heads("the cat", "-m", BERT, "--pair", "a dog", "--segments", "A,B")
    assert {row["distance"] for row in rows} == {None}
    assert "–" in run("heads", "a b", "-c", "c d", "-v", "cross").out


def test_an_unknown_order_is_refused():
    made = run("heads", TEXT, "--sort", "distnce")
    assert made.status == 2 and "unknown order 'distnce'. Did you mean 'distance'?" in made.err


@pytest.mark.parametrize(
    ("shape", "style", "expected"),
    [
        ((3, 6), {}, {"view": "overview"}),
        ((3, 6), {"view": "lines"}, {"view": "lines"}),
        ((2, 4), {}, {"view": "auto", "annotate": False}),  # few heads: with their tokens
        ((1, 12), {}, {"annotate": False}),
        ((1, 12), {"annotate": True}, {"annotate": True}),
        ((1, 12), {"precision": 3}, {"annotate": None}),
        ((6, 1), {}, {"view": "auto", "annotate": None}),
        ((1, 1), {}, {"annotate": None}),
    ],
)
def test_defaults_of_models_follow_from_the_map(shape, style, expected):
    from attnviz.render.style import Style

    amap = make_map(n_layer=shape[0], n_head=shape[1])
    of_model = replace(amap, meta={**amap.meta, "model": "m", "heads": shape[1]})
    chosen = model_defaults(Style(**style), of_model)
    assert {name: getattr(chosen, name) for name in expected} == expected
    assert model_defaults(Style(), amap) == Style()
    if shape == (1, 12):  # a selected head shows its values
        assert model_defaults(Style(), of_model.select(heads=[1])).annotate is None
        assert model_defaults(Style(), of_model.select(heads=[1, 2])).annotate is None
