"""Languages of translation models: sources, decoder inputs and generation as in transformers."""

import json
import shutil

import pytest

import attnviz
from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.sources.model.checkpoint import open_checkpoint
from attnviz.sources.model.languages import LANGUAGE_TOKEN, find_languages
from attnviz.sources.tokenizing.language_codes import M2M100, MBART50, NLLB
from tests.languages.settings import CONFIG, FOLDER, MODELS
from tests.sources.reference import MODELS as TINY

TABLE = json.loads((FOLDER / "references.json").read_text())
ROWS = [(name, row) for name, rows in TABLE.items() for row in rows]
ROW_IDS = ["-".join((name, *row["case"][:2])) for name, row in ROWS]


def model_folder(parent, name, **generation):
    folder = shutil.copytree(MODELS[name], parent / name)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | CONFIG))
    shutil.copy(FOLDER / name / "tokenizer.json", folder)
    if generation:
        settings = {"eos_token_id": 2, "decoder_start_token_id": 2} | generation
        (folder / "generation_config.json").write_text(json.dumps(settings))
    return folder


def ids_of(folder, tokens):
    to_id = {token.piece: n for n, token in enumerate_vocabulary(folder)}
    return [to_id[token.piece] for token in tokens]


def enumerate_vocabulary(folder):
    return enumerate(open_checkpoint(str(folder)).tokens_of_ids(range(100)).tokens)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=ROW_IDS)
def test_source_and_target_are_those_of_transformers(name, row, tmp_path):
    folder = model_folder(tmp_path, name)
    source, target, text, translation = row["case"]
    languages = {"source_lang": source, "target_lang": target}
    amap = attnviz.look(text, model=str(folder), target=translation, **languages)
    assert ids_of(folder, amap.keys) == row["source"]
    if name != "nllb-legacy":  # its labels have no language, though its models generate one
        without_end = row["decoder"][:-1] if row["decoder"][-1] == 2 else row["decoder"]
        assert ids_of(folder, amap.queries) == without_end
    is_control = [t.piece == "</s>" or bool(LANGUAGE_TOKEN.fullmatch(t.piece)) for t in amap.keys]
    assert [token.special for token in amap.keys] == is_control


@pytest.mark.parametrize(("name", "row"), ROWS, ids=ROW_IDS)
def test_generation_begins_with_the_language(name, row, tmp_path):
    folder = model_folder(tmp_path, name)
    source, target, text, _ = row["case"]
    languages = {"source_lang": source, "target_lang": target}
    amap = attnviz.look(text, model=str(folder), generate=6, **languages)
    wanted = row["generated"][:-1] if row["generated"][-1] == 2 else row["generated"]
    assert ids_of(folder, amap.queries) == wanted


@pytest.mark.parametrize("name", MODELS)
def test_the_language_changes_the_weights(name, tmp_path):
    folder = model_folder(tmp_path, name)
    first, second = (row["case"] for row in TABLE[name])
    maps = [
        attnviz.look(
            first[2],
            model=str(folder),
            target=first[3],
            source_lang=source,
            target_lang=target,
        )
        for source, target in ((first[0], first[1]), (second[0], first[1]), (first[0], second[1]))
    ]
    assert not (maps[0].weights == maps[1].weights).all()
    assert not (maps[0].weights == maps[2].weights).all()


def test_the_language_of_the_generation_settings(tmp_path):
    folder = model_folder(tmp_path, "nllb", forced_bos_token_id=18)
    stated = attnviz.look("a cat", model=str(folder), target="a")
    assert [token.piece for token in stated.queries][:2] == ["</s>", "fra_Latn"]
    other = attnviz.look("a cat", model=str(folder), target="a", target_lang="zho_Hant")
    assert other.queries[1].piece == "zho_Hant"
    folder = model_folder(tmp_path, "mbart", decoder_start_token_id=24)
    started = attnviz.look("a cat", model=str(folder), target="le chat")
    assert [token.piece for token in started.queries] == ["fr_XX", "▁le", "▁chat"]


def test_without_any_language_a_target_is_refused_and_generation_noted(tmp_path):
    folder = str(model_folder(tmp_path, "nllb"))
    with pytest.raises(MisuseError, match=r"target of .* needs its language: target_lang eng_Lat"):
        attnviz.look("a cat", model=folder, target="a")
    with pytest.warns(AttnvizWarning, match="chooses the language of its translation"):
        attnviz.look("a cat", model=folder, generate=2)


def test_an_unknown_language_gets_near_ones(tmp_path):
    folder = str(model_folder(tmp_path, "nllb"))
    for side in ("source_lang", "target_lang"):
        with pytest.raises(UnknownNameError, match="fra_Latn") as caught:
            attnviz.look("a cat", model=folder, **{side: "fr"})
        assert side in str(caught.value)


@pytest.mark.parametrize("folder", ["gpt2", "bert", "t5", "marian", "bart"])
@pytest.mark.parametrize("side", ["source_lang", "target_lang"])
def test_other_models_take_no_language(folder, side):
    with pytest.raises(MisuseError, match=f"{side} has no effect on .* NLLB, mBART and M2M100"):
        attnviz.look("the cat", model=str(TINY / folder), **{side: "en"})


def test_a_target_language_needs_a_decoder(tmp_path):
    folder = str(model_folder(tmp_path, "nllb"))
    with pytest.raises(MisuseError, match="target_lang needs decoder or cross attention"):
        attnviz.look("a cat", model=folder, attention="encoder", target_lang="fra_Latn")


@pytest.fixture
def marian(tmp_path):
    """The tiny Marian with two target languages."""
    from tokenizers import Tokenizer

    folder = shutil.copytree(TINY / "marian", tmp_path / "marian")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens([">>deu<<", ">>fra<<"])
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)


def test_marian_begins_its_text_with_the_language(marian):
    with pytest.raises(MisuseError, match="begins with the target language, as in '>>fra<< the"):
        attnviz.look("the cat", model=marian, target="the", target_lang="fra")
    with pytest.warns(
        AttnvizWarning, match="into 2 languages; begin the text .* '>>deu<< the cat"
    ):
        attnviz.look("the cat", model=marian, target="the")
    amap = attnviz.look(">>fra<< the cat", model=marian, target="the")
    assert amap.keys[0].piece == ">>fra<<"


def test_every_known_code_is_recognized():
    codes = [*NLLB, *MBART50, *(f"__{code}__" for code in M2M100)]
    assert [code for code in codes if not LANGUAGE_TOKEN.fullmatch(code)] == []
    assert not LANGUAGE_TOKEN.fullmatch("<mask>")


def test_codes_of_m2m100_are_typed_without_underscores(tmp_path):
    from tokenizers import Tokenizer

    folder = shutil.copytree(TINY / "m2m_100", tmp_path / "m2m")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(["__en__", "__fr__"])
    tokenizer.save(str(folder / "tokenizer.json"))
    assert find_languages(open_checkpoint(str(folder))) == {"en": "__en__", "fr": "__fr__"}
    options = {"source_lang": "en", "target_lang": "__fr__", "target": "the"}
    amap = attnviz.look("the cat", model=str(folder), **options)
    assert [token.piece for token in amap.keys] == ["__en__", "<s>", "the", "cat", "</s>"]
    assert amap.queries[1].piece == "__fr__"
