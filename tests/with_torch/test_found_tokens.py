"""Tokens that are found: ids that a model embeds, decoded by a tokenizer of the same process."""

import pytest
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

import attnviz
from tests.with_torch.test_transformers import ARCHITECTURES

WORDS = ["the", "cat", "sat", "on", "mat", "a", "dog", "ran", "to", "house"]


@pytest.fixture
def tokenizer():
    names = ["<s>", "<pad>", "</s>", *WORDS]
    library = Tokenizer(WordLevel({name: i for i, name in enumerate(names)}, "<pad>"))
    library.pre_tokenizer = Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=library, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def labels(tokens):
    return [token.label for token in tokens]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
def test_tokens_of_one_text(tokenizer, kind):
    config = transformers.AutoConfig.for_model(kind, **ARCHITECTURES[kind])
    model = transformers.AutoModel.from_config(config).eval()
    inputs = tokenizer(["the cat sat on the mat", "a dog"], return_tensors="pt", padding=True)
    inputs.pop("token_type_ids", None)
    with attnviz.watch(items=None) as seen:
        model(**inputs)
    (amap,) = seen.maps(item=1)
    assert labels(amap.keys)[:2] == ["a", "dog"] and len(amap.keys) == 6
    assert any("decoded by" in note for note in amap.meta["guessed"])
    assert labels(seen.maps(item=0)[0].queries) == ["the", "cat", "sat", "on", "the", "mat"]
    assert labels(seen.maps(list("abcdef"))[0].queries) == list("abcdef")


@pytest.mark.filterwarnings("ignore")
def test_tokens_of_a_generation_of_two_stacks(tokenizer):
    config = transformers.AutoConfig.for_model("t5", **ARCHITECTURES["t5"])
    model = transformers.AutoModelForSeq2SeqLM.from_config(config).eval()
    with torch.no_grad():
        model.get_input_embeddings().weight[13:] = 0
    ids = tokenizer("the dog ran to a house", return_tensors="pt").input_ids
    suppressed = list(range(13, 99))
    with attnviz.watch() as seen:
        output = model.generate(
            ids, max_new_tokens=4, min_new_tokens=4, suppress_tokens=suppressed, do_sample=False
        )
    maps = {m.meta["attention"]: m for m in seen.maps()}
    expected = tokenizer.convert_ids_to_tokens(output[0, :-1])
    assert labels(maps["encoder"].keys) == ["the", "dog", "ran", "to", "a", "house"]
    assert labels(maps["cross"].keys) == ["the", "dog", "ran", "to", "a", "house"]
    assert labels(maps["cross"].queries) == labels(maps["decoder"].keys) == expected


def test_without_a_tokenizer_positions_are_shown():
    config = transformers.AutoConfig.for_model("llama", **ARCHITECTURES["llama"])
    model = transformers.AutoModel.from_config(config).eval()
    with attnviz.watch() as seen:
        model(torch.tensor([[98, 97, 96]]))
    assert labels(seen.maps()[0].keys) == ["0", "1", "2"]
