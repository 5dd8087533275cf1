"""Files that are recognized but not read, and what to do with them."""

from __future__ import annotations

import re

# The signature of each, and a sentence with the next step.
REFUSALS = (
    (rb"\A(?:\xef\xbb\xbf)?\s*\Z", "the file is empty"),
    (
        rb"\APK\x03\x04.{26}(?:\[Content_Types\]\.xml|docProps/|_rels/|xl/"
        rb"|mimetypeapplication/vnd\.oasis)",
        "a workbook of a spreadsheet program is not read; save the sheet as CSV, e.g. "
        "pandas.read_excel(file, index_col=0).to_csv('attention.csv')",
    ),
    (
        rb"\A\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls) is not read; save the sheet as CSV",
    ),
    (
        rb"\AMATLAB 7\.3|\A\x89HDF\r\n\x1a\n|\A.{512}\x89HDF\r\n\x1a\n",
        "HDF5 (.h5, .keras, MATLAB 7.3) is not read; save arrays, e.g. with h5py: "
        "numpy.savez('attention.npz', attention=file['NAME'][:])",
    ),
    (
        rb"\AMATLAB 5\.0 MAT-file",
        "a MATLAB file is not read; save arrays, e.g. numpy.savez('attention.npz', "
        "attention=scipy.io.loadmat(file)['NAME'])",
    ),
    (
        rb"\AARROW1|\A\xff\xff\xff\xff.{3}\x00",
        "Arrow and Feather files are not read; save Parquet: "
        "pandas.read_feather(file).to_parquet('attention.parquet')",
    ),
    (rb"\AORC", "an ORC file is not read; save Parquet or CSV"),
    (rb"\AGGUF", "a GGUF file holds a model, not attention: attnviz TEXT --model FILE"),
    (
        rb"\A(?:\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|%PDF-|%!PS|<\?xml[^>]{0,200}>\s*"
        rb"(?:<!DOCTYPE svg|<svg)|\{\s*\"\$schema\":\s*\"[^\"]{0,200}/vega)",
        "a picture holds no weights; render the file that it was drawn from",
    ),
    (
        rb"\A(?:#{1,2} [^\n]{1,2000}\n\n(?:untrained weights |rows = |\|)|\\begin\{table|"
        rb"\\documentclass|% (?:Compile|Software: attnviz|\\usepackage))",
        "a report in Markdown or LaTeX is not read; render the file that it was made from",
    ),
)
# HTML whose attention no reader recognizes.
NO_PAGE = re.compile(rb"\A\s*(?:<!doctype html|<html)", re.IGNORECASE)
COMPILED = tuple((re.compile(signature, re.DOTALL), advice) for signature, advice in REFUSALS)


def find_refusal(data: bytes) -> str | None:
    """Why these bytes are not read, if they are of a known kind of file."""
    return next((advice for pattern, advice in COMPILED if pattern.match(data)), None)
