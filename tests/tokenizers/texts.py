"""Texts that tokenizers disagree on: spaces, accents, scripts, emoji, controls, special tokens."""

from __future__ import annotations

PLAIN = (
    "The cat sat on the mat.",
    " leading, double  and trailing spaces ",
    "line one\nline two\n\n\tend\r\n",
    "naïve café résumé, Ångström",
    "e\u0301 combining n\u0303",
    "ＦＵＬＬ ①½ ﬁ …",
    "日本語のテキスト, 你好，世界！",
    "한국어 텍스트 ไทย हिन्दी",
    "العربية Русский ΟΔΥΣΣΕΥΣ İstanbul",
    "😀 👩‍👩‍👧 👍🏽 🇩🇪 ❤️",
    "zero\u200bwidth nb\u00a0space soft\u00adhyphen \ufeff",
    "bell\x07 del\x7f \u202eoverride\u202c \ufffd",
    "a" * 20 + " " + "ab" * 10 + " " + "-" * 12,
    "supercalifragilisticexpialidocious" * 3,
    "don't DON'T we'll it's ``quoted'' «so»",
    "3.14 1,000 9,9, 10% $5.99 2024-01-31",
    "def f(x):\n    return x**2  # ok",
    "user@example.org C++ snake_case CamelCase x²",
    "text▁with▁marks",
    "the animal did not cross the street because it was too tired",
    "MKTAYIAKQR LAGV",
)
SPECIAL = (
    *("<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[MASK]", "<extra_id_0>"),
    *("<|endoftext|>", "en_XX", "<bos>", "<start_of_turn>"),
)
TEXTS = (
    *PLAIN,
    *(f"the {token} cat" for token in SPECIAL),
    *(f"{token}a b{token}" for token in SPECIAL[:6:2]),
)
PAIR = (PLAIN[0], PLAIN[3])
