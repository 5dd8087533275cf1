"""Overview: what `attnviz` and `attnviz --help` print, one screen of 24 lines at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

OVERVIEW = """\
Usage: attnviz TEXT [OPTIONS]
       attnviz COMMAND [ARGS]

Visualize attention weights in the terminal, as images, or as data.

  attnviz "The cat sat on the mat"                 untrained weights, as tables
  attnviz "The cat sat on the mat" -v scaled-dot   another attention mechanism
  attnviz "The cat sat on the mat" -o heads.png    image (svg, html, csv, npz …)
  attnviz "The cat sat" -m ./model --layer 3       a pretrained model
  attnviz explain "The cat sat" --cell cat,sat     one weight, step by step

Commands (attnviz COMMAND --help)
  show explain compare heads       compute attention and show it (default: show)
  render diff check watch          attention of files; of a PyTorch program
  effect mask tokens               ablate heads; a mask; the tokens of a text
  variants models formats schema   lists of mechanisms, models, file formats

Main options (all: attnviz show --help)
  -v, --variant NAME  mechanism          -o, --output FILE  write a file
  -m, --model MODEL   pretrained model   -f, --format NAME  table, json, csv …
  --pair TEXT         second sentence    -i, --input FILE   a sentence per line
  --layer, --head N   layers and heads   --view NAME        matrix, lines, text
  --version, --debug  version; traceback
"""


def is_overview_request(words: Sequence[str], stdin_is_piped: bool) -> bool:
    """Whether these arguments ask for the overview: none of them, or --help first."""
    if not words:
        return not stdin_is_piped
    return words[0] in ("--help", "-h") or list(words) == ["help"]


def replace_common_words(words: Sequence[str], commands: Sequence[str]) -> list[str]:
    """The arguments that `help COMMAND`, `version` and `list`, alone, stand for."""
    match words:
        case ["help", command] if command in commands:
            return [command, "--help"]
        case ["version"]:
            return ["--version"]
        case ["list"]:
            return ["variants"]
        case _:
            return list(words)
