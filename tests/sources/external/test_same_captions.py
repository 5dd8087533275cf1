"""The same weights by a model and as a file of another program: labels and patterns agree."""

from __future__ import annotations

from pathlib import Path

import pytest

import attnviz
from attnviz.measures.patterns import best_patterns
from attnviz.sources.external.token_argument import decode_sequence, load_decoder
from attnviz.sources.external.token_lists import make_tokens
from attnviz.sources.tokenizing.tokenizer_json import load_shipped_bpe, load_tokenizer
from attnviz.sources.tokenizing.tokenizers import find_tokenizer

FOLDERS = Path(__file__).parents[2] / "models"
TEXTS = {
    "bert": ("The cat sat.", "It slept"),
    "roberta": ("The  cat", "sat"),
    "llama": ("The cat sat", None),
}


def marks(tokens):
    return [(token.special, token.segment) for token in tokens]


def patterns(amap):
    return [(head.name, pytest.approx(head.score)) for head in best_patterns(amap, 0.2)]


@pytest.mark.parametrize("form", ["tokenizer.json", "pieces"])
@pytest.mark.parametrize("name", TEXTS)
def test_special_tokens_segments_and_patterns_equal_those_of_the_model(name, form):
    file = FOLDERS / name / "tokenizer.json"
    text, pair = TEXTS[name]
    own = attnviz.look(text, pair=pair, model=str(file.parent))
    pieces = [token.piece for token in own.keys]
    source = {
        "attentions": own.weights[:, None],
        "input_ids": [[load_tokenizer(file).token_to_id(piece) for piece in pieces]],
        "token_type_ids": [[token.segment for token in own.keys]],
    }
    foreign = attnviz.read(source, load_decoder(str(file)) if form != "pieces" else pieces)
    assert marks(foreign.keys) == marks(own.keys)
    assert patterns(foreign) == patterns(own)


@pytest.mark.parametrize("text", ["The cat sat", "a  b\ncafé 🐱 我", " tab\tend \r\n", "🐱🐱é"])
def test_labels_of_a_byte_level_tokenizer_equal_its_own(text):
    own = find_tokenizer("bpe").encode(text)
    pieces = [token.piece for token in own.tokens]
    for tokens in (make_tokens(pieces), decode_sequence(load_shipped_bpe(), own.ids)):
        assert [token.label for token in tokens] == [token.label for token in own.tokens]
