"""Citations of papers: arXiv ids, or a name and a year."""

from __future__ import annotations

import re


def publication_year(paper: str) -> int | None:
    """The year of the first citation: of its arXiv id, else the first year that is written out.

    >>> publication_year("1706.03762"), publication_year("Watson, 1964"), publication_year("")
    (2017, 1964, None)
    """
    if arxiv := re.match(r"(\d\d)\d\d\.\d{4,5}\b", paper):
        return 2000 + int(arxiv[1])
    written = re.search(r"\b(?:19|20)\d\d\b", paper)
    return int(written[0]) if written else None
