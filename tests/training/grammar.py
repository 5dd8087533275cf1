"""A small grammar of English sentences and their French translations, aligned word by word.

French adjectives follow their noun, articles agree with it, and a negation takes two words, so
that the alignment has crossings.
"""

from __future__ import annotations

import random
from typing import NamedTuple

NOUNS = {  # English: French, gender
    "cat": ("chat", "m"), "dog": ("chien", "m"), "fish": ("poisson", "m"),
    "horse": ("cheval", "m"), "boy": ("garçon", "m"), "book": ("livre", "m"),
    "bread": ("pain", "m"), "garden": ("jardin", "m"), "mouse": ("souris", "f"),
    "girl": ("fille", "f"), "woman": ("femme", "f"), "house": ("maison", "f"),
    "table": ("table", "f"), "door": ("porte", "f"), "apple": ("pomme", "f"),
    "flower": ("fleur", "f"),
}  # fmt: skip
ADJECTIVES = {  # English: French, masculine and feminine
    "black": ("noir", "noire"), "white": ("blanc", "blanche"), "green": ("vert", "verte"),
    "red": ("rouge", "rouge"), "tired": ("fatigué", "fatiguée"), "happy": ("content", "contente"),
}  # fmt: skip
VERBS = {  # English, third person: infinitive, French
    "sees": ("see", "voit"), "wants": ("want", "veut"), "takes": ("take", "prend"),
    "finds": ("find", "trouve"), "paints": ("paint", "peint"), "follows": ("follow", "suit"),
}  # fmt: skip
ARTICLES = {"the": {"m": "le", "f": "la"}, "a": {"m": "un", "f": "une"}}
PREPOSITIONS = {"in": "dans", "on": "sur", "with": "avec", "behind": "derrière"}
ADJECTIVE, NEGATION, PLACE = 0.6, 0.3, 0.4  # probabilities


class Word(NamedTuple):
    """A French word and the English word that it translates."""

    french: str
    english: str


class Sentence(NamedTuple):
    """An English sentence and its translation."""

    english: list[str]
    french: list[Word]


def draw_sentence(draw: random.Random) -> Sentence:
    """A random sentence: subject, verb, object, perhaps a place."""
    subject, object_ = draw_noun_phrase(draw), draw_noun_phrase(draw)
    verb = draw.choice([*VERBS])
    infinitive, french = VERBS[verb]
    if draw.random() < NEGATION:
        middle = [Word("ne", "not"), Word(french, infinitive), Word("pas", "not")]
        spoken = ["does", "not", infinitive]
    else:
        middle, spoken = [Word(french, verb)], [verb]
    words = [*subject, *middle, *object_]
    english = [*in_english(subject), *spoken, *in_english(object_)]
    if draw.random() < PLACE:
        preposition, place = draw.choice([*PREPOSITIONS]), draw_noun_phrase(draw)
        words += [Word(PREPOSITIONS[preposition], preposition), *place]
        english += [preposition, *in_english(place)]
    return Sentence(english, words)


def draw_noun_phrase(draw: random.Random) -> list[Word]:
    """Article, noun, perhaps an adjective, in the French order."""
    article, noun = draw.choice([*ARTICLES]), draw.choice([*NOUNS])
    french, gender = NOUNS[noun]
    words = [Word(ARTICLES[article][gender], article), Word(french, noun)]
    if draw.random() < ADJECTIVE:
        adjective = draw.choice([*ADJECTIVES])
        words.append(Word(ADJECTIVES[adjective][gender == "f"], adjective))
    return words


def in_english(phrase: list[Word]) -> list[str]:
    """The English words of a noun phrase, in their order."""
    article, noun, *adjectives = (word.english for word in phrase)
    return [article, *adjectives, noun]


def list_words() -> list[str]:
    """All words of both languages."""
    english = [*ARTICLES, *NOUNS, *ADJECTIVES, *VERBS, *PREPOSITIONS, "does", "not"]
    english += [infinitive for infinitive, _ in VERBS.values()]
    french = [article for forms in ARTICLES.values() for article in forms.values()]
    french += [noun for noun, _ in NOUNS.values()] + [verb for _, verb in VERBS.values()]
    french += [form for forms in ADJECTIVES.values() for form in forms]
    return list(dict.fromkeys([*english, *french, *PREPOSITIONS.values(), "ne", "pas"]))
