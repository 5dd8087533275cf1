"""Train the shipped model `translator`: sentences of a small grammar, from English to French.

    python -m tests.training.train_translator

Marian's architecture with one layer on each side. Its cross-attention is trained to be an
alignment as well: a French word attends to the English word that it translates (guided alignment,
arXiv 1607.01628, an option of Marian). One sentence in ten is held out.

Needs torch and transformers. The same versions on the same machine give the same file.
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import MarianConfig, MarianMTModel

from tests.training.grammar import Sentence, draw_sentence, list_words
from tests.training.optimization import minimize

FOLDER = Path(__file__).parents[2] / "attnviz" / "sources" / "shipped_models" / "translator"
SPECIAL = ("<pad>", "</s>", "<unk>")
PAD, END, UNKNOWN = range(3)
IDS = {word: index for index, word in enumerate([*SPECIAL, *list_words()])}
N_STEP, BATCH, HELD_OUT, N_EVALUATED = 4000, 96, 10, 200
SEED, HELD_OUT_SEED = 0, 1
ALIGNMENT_WEIGHT = 0.1


def build_tokenizer() -> Tokenizer:
    """Words in lower case, without punctuation; the end token after them."""
    tokenizer = Tokenizer(models.WordLevel(IDS, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(r"[^\w\s<>/]"), ""), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", END)]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def build_model() -> MarianMTModel:
    """The untrained model."""
    config = MarianConfig(
        vocab_size=len(IDS),
        decoder_vocab_size=len(IDS),
        d_model=64,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=1,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_position_embeddings=64,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=PAD,
        forced_eos_token_id=None,
        bos_token_id=None,
        scale_embedding=True,
        activation_function="relu",
        dropout=0.0,
        num_beams=1,
        attn_implementation="eager",
    )
    return MarianMTModel(config)


def is_held_out(sentence: Sentence) -> bool:
    """Whether a sentence is for the evaluation: one in ten, by its words."""
    return sum(IDS[word] * i for i, word in enumerate(sentence.english, 1)) % HELD_OUT == 0


def sample(draw: random.Random, n: int, *, held_out: bool) -> list[Sentence]:
    """Sentences for training, or for the evaluation."""
    sentences: list[Sentence] = []
    while len(sentences) < n:
        drawn = draw_sentence(draw)
        if is_held_out(drawn) == held_out:
            sentences.append(drawn)
    return sentences


def encode(sentences: list[list[str]]) -> torch.Tensor:
    """Token ids with the end token, padded on the right.    -> [n, token]"""
    rows = [[*(IDS[word] for word in words), END] for words in sentences]
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])


def french_words(sentence: Sentence) -> list[str]:
    """The words of the translation."""
    return [word.french for word in sentence.french]


def train() -> MarianMTModel:
    """The trained model."""
    torch.manual_seed(SEED)
    draw = random.Random(SEED)
    model = build_model()

    def compute_loss() -> torch.Tensor:
        batch = sample(draw, BATCH, held_out=False)
        source = encode([sentence.english for sentence in batch])
        target = encode([french_words(sentence) for sentence in batch])
        labels = target.masked_fill(target == PAD, -100)
        output = model(
            input_ids=source,
            attention_mask=source != PAD,
            labels=labels,
            output_attentions=True,
        )
        weights = output.cross_attentions[0].mean(1)
        return output.loss + ALIGNMENT_WEIGHT * alignment_loss(weights, batch)

    minimize(model, compute_loss, N_STEP)
    return model


def alignment_loss(weights: torch.Tensor, sentences: list[Sentence]) -> torch.Tensor:
    """The mean of −log of the weight of each French word on its origin, and of end on end.

    Shapes: [n, query, key] -> []
    """
    losses = []
    for row, sentence in zip(weights, sentences, strict=True):
        origins = [*find_origins(sentence), len(sentence.english)]
        losses.append(-row[range(len(origins)), origins].clamp_min(1e-6).log())
    return torch.cat(losses).mean()


def find_origins(sentence: Sentence) -> list[int]:
    """The position of the English word that each French word translates.

    A word that occurs twice is found in the order of the phrases.
    """
    taken: set[int] = set()
    origins = []
    for _, english in sentence.french:
        places = [i for i, word in enumerate(sentence.english) if word == english]
        free = [i for i in places if i not in taken] or places
        origins.append(free[0])
        taken.add(free[0])
    return origins


def evaluate(model: MarianMTModel) -> tuple[float, float]:
    """The shares of held-out sentences that are right, and of words attending to their origin."""
    batch = sample(random.Random(HELD_OUT_SEED), N_EVALUATED, held_out=True)
    n_right = n_word = n_aligned = 0
    for sentence in batch:
        source, target = encode([sentence.english]), encode([french_words(sentence)])
        shifted = torch.cat([torch.tensor([[PAD]]), target[:, :-1]], dim=1)
        with torch.no_grad():
            output = model(input_ids=source, decoder_input_ids=shifted, output_attentions=True)
        n_right += int((output.logits.argmax(-1) == target).all())
        n_word += len(sentence.french)
        keys = output.cross_attentions[0][0].mean(0).argmax(-1).tolist()
        n_aligned += sum(k == o for k, o in zip(keys, find_origins(sentence), strict=False))
    return n_right / len(batch), n_aligned / n_word


if __name__ == "__main__":
    torch.set_num_threads(1)
    trained = train()
    print("held-out sentences right: {:.3f}, words aligned: {:.3f}".format(*evaluate(trained)))
    trained.to(torch.float16).save_pretrained(FOLDER)
    build_tokenizer().save(str(FOLDER / "tokenizer.json"))
