"""Markdown and LaTeX: one table per head, rows = queries, columns = keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from attnviz.core.arrays import BoolArray, largest_magnitude
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.core.tokens import Tokens
from attnviz.record import Record
from attnviz.render.prediction_texts import PredictionList, prediction_lists
from attnviz.render.provenance import untrained_note
from attnviz.render.row_remainder import Remainder
from attnviz.render.safe_text import CARETS, escape_text, escape_token
from attnviz.render.segment_roles import roles_note
from attnviz.render.style import SEPARATOR, Style, heading_of_text

AXES = "rows = queries, columns = keys"
MASKED = "·"
LATEX_END = b"\\hline\n\\end{tabular}\n\\end{table}\n\n"
Escape = Callable[[str], str]

# Whatever Markdown, HTML in it, or an automatic link could take for its own.
MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~&$^@]|:(?=\S)")
LATEX = {
    **CARETS,
    **{char: f"\\{char}" for char in "{}$&#_%"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}"},
    **{"[": "{[}", "*": "{*}", "−": "$-$", "–": r"\textendash{}"},  # \\[ and \\* are commands
    **{"·": r"$\cdot$", "→": r"$\rightarrow$", "∅": r"$\emptyset$", "Σ": r"$\Sigma$"},
    **{"␣": r"\textvisiblespace{}", "⏎": r"$\hookleftarrow$", "…": r"\ldots{}", "×": r"$\times$"},
    **{"√": r"$\surd$", "≤": r"$\leq$", "≥": r"$\geq$", "␡": r"\textasciicircum{}?"},
    '"': r"{\ttfamily\char34}",  # elsewhere a closing quotation mark
}
LIGATURE = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,|$)")  # a dash, quotation marks
LATEX.update({sign: f"\\textasciicircum{{}}{LATEX.get(c[1], c[1])}" for sign, c in CARETS.items()})


def markdown(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """Tables of GitHub Flavored Markdown below a heading."""
    texts = TableTexts.of(amap, style, escape_markdown)
    yield f"## {texts.title}\n\n".encode()
    for note in filter(None, (texts.subtitle, texts.legend)):
        yield f"{note}\n\n".encode()
    header = ["query", *texts.keys]
    rule = ["---", *["---:"] * len(texts.keys)]
    for caption, rows in texts.heads():
        yield f"{caption}\n\n".encode()
        for cells in chain([header, rule], ([name, *cells] for name, cells in rows)):
            yield f"| {' | '.join(cells)} |\n".encode()
        yield b"\n"
    for predicted in texts.predictions():
        yield f"{predicted.heading}\n\n| token | probability |\n| --- | ---: |\n".encode()
        for row in predicted.rows:
            yield f"| {' | '.join(row)} |\n".encode()
        yield b"\n"


def latex(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """Tables of LaTeX without packages, each with a caption."""
    texts = TableTexts.of(amap, style, escape_latex)
    notes = [note[:1].upper() + note[1:] for note in (texts.subtitle, texts.legend)]
    for caption, rows in texts.heads():
        sentences = ". ".join(filter(None, [f"{texts.title}, {caption}", *notes]))
        header = " & ".join(["query", *texts.keys])
        yield latex_start(sentences, header, f"l*{{{len(texts.keys)}}}{{r}}")
        for name, cells in rows:
            yield f"{name} & {' & '.join(cells)} \\\\\n".encode()
        yield LATEX_END
    for predicted in texts.predictions():
        sentences = ". ".join([texts.title, predicted.heading[:1].upper() + predicted.heading[1:]])
        yield latex_start(sentences, "token & probability", "lr")
        for row in predicted.rows:
            yield f"{' & '.join(row)} \\\\\n".encode()
        yield LATEX_END


def latex_start(caption: str, header: str, columns: str) -> bytes:
    """The beginning of a table, up to its first row."""
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{caption}.}}",
            f"\\begin{{tabular}}{{{columns}}}",
            r"\hline",
            f"{header} \\\\",
            "\\hline\n",
        ]
    ).encode()


def escape_markdown(text: str) -> str:
    """Printable text that Markdown shows as it is.

    >>> escape_markdown("a|b_c <s>")
    'a\\\\|b\\\\_c \\\\<s\\\\>'
    """
    return MARKDOWN.sub(r"\\\g<0>", text)


def escape_latex(text: str) -> str:
    """Printable text that LaTeX sets as it is; other scripts need XeLaTeX or LuaLaTeX.

    >>> escape_latex("50% of [CLS]")
    '50\\\\% of {[}CLS]'
    """
    escaped = "".join(LATEX.get(char, char) for char in text)
    return LIGATURE.sub(r"\\mbox{}", escaped)


class TableTexts(Record, eq=False):
    """The escaped texts of the tables of a map; `keys` ends with the mark of the remainder."""

    amap: AttentionMap
    style: Style
    escape: Escape
    title: str
    subtitle: str
    legend: str
    keys: tuple[str, ...]
    remainder: Remainder | None

    @classmethod
    def of(cls, amap: AttentionMap, style: Style, escape: Escape) -> TableTexts:
        """The texts of a map, escaped for a format."""
        remainder = Remainder.of(amap)
        heading = heading_of_text(amap, style)
        masked = f"{MASKED} masked" if amap.masked is not None else ""
        allowed, rest = "1 allowed" if amap.is_mask else "", remainder.meaning if remainder else ""
        keys = [*label_texts(amap.keys, escape), *([escape(remainder.mark)] if remainder else [])]
        return cls(
            amap=amap,
            style=style,
            escape=escape,
            title=escape(
                escape_text(SEPARATOR.join(filter(None, (style.title or amap.title, heading))))
            ),
            subtitle=escape(escape_text(SEPARATOR.join(filter(None, notes_of(amap))))),
            legend=escape(", ".join(filter(None, [AXES, allowed, masked, rest]))),
            keys=tuple(keys),
            remainder=remainder,
        )

    def heads(self) -> Iterator[tuple[str, Iterator[tuple[str, list[str]]]]]:
        """The caption of each head, and its rows: the query and its cells."""
        amap = self.amap
        for at in np.ndindex(amap.n_layer, amap.n_head):
            name = escape_text(amap.head_name(*at))
            caption = self.style.captions.get((amap.layers[at[0]], amap.heads[at[1]]), "")
            text = self.escape(f"{name}: {caption}" if caption else name)
            yield text, self.rows((at[0], at[1]))

    def rows(self, at: tuple[int, int]) -> Iterator[tuple[str, list[str]]]:
        """The label of each query and its cells.    [query, key] of one head -> rows"""
        weights, masked = self.amap.weights[at], self.masked
        form = self.number_format
        compared = compared_heads(self.amap)
        if compared and compared[at[1]].kind == "difference":
            form = f"+{form}"
        for q, query in enumerate(label_texts(self.amap.queries, self.escape)):
            cells = [format_number(weight, form) for weight in weights[q].tolist()]
            if masked is not None:
                for k in np.flatnonzero(masked[at][q]):
                    cells[k] = MASKED
            if self.remainder is not None:
                cells.append(format_number(float(self.remainder.values[at][q]), form))
            yield query, [self.escape(cell) for cell in cells]

    def predictions(self) -> Iterator[PredictionList]:
        """The predicted tokens, escaped."""
        for each in prediction_lists(self.amap, self.style.precision):
            rows = tuple((self.escape(label), self.escape(number)) for label, number in each.rows)
            yield PredictionList(self.escape(each.heading), rows)

    @cached_property
    def masked(self) -> BoolArray | None:
        """The masked pairs; None where there are none.    -> [layer, head, query, key]"""
        return self.amap.masked

    @cached_property
    def number_format(self) -> str:
        """Two or three decimals, or scientific for tiny and huge weights."""
        if self.amap.is_mask:
            return ".0f"
        if self.style.percent:
            return f".{self.style.precision or 0}%"
        if self.style.precision is not None:
            return f".{self.style.precision}f"
        high = largest_magnitude(self.amap.weights)
        if high < 0.01 or high >= 1e4:
            return ".1e"
        return f".{2 if high >= 0.1 else 3}f"


def notes_of(amap: AttentionMap) -> tuple[str, ...]:
    """What a mask allows, how texts were aligned, untrained weights, and how it was reduced."""
    meta = amap.meta
    return (
        str(meta.get("algebra", "")) if amap.is_mask else "",
        str(meta.get("alignment", "")),
        untrained_note(amap) or "",
        roles_note(amap),
        *(str(meta.get(name, "")) for name in ("pooled", "reduced")),
    )


def format_number(number: float, form: str) -> str:
    """A number as text: "0" for an exact zero; no −0.00."""
    text = "0" if number == 0 else format(number, form)
    return text.lstrip("+-") if float(text.rstrip("%")) == 0 else text.replace("-", "−")


def label_texts(tokens: Tokens, escape: Escape) -> Sequence[str]:
    """The printable, escaped labels of tokens."""
    return [escape(escape_token(token.label)) for token in tokens]
