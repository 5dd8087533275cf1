"""The generated parts of the documents: what the program prints, and tables of its catalogue.

Between `<!-- NAME -->` and `<!-- end -->` stands the output of BLOCKS[NAME]. `make docs` writes
them anew; a test compares them.
"""

import json
import re
from collections import Counter
from contextlib import chdir
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from attnviz.core.variants import CLASSICS, VARIANTS, find_variant
from attnviz.render.formats import FORMATS
from attnviz.sources.families import FAMILIES
from tests.checkpoints import smollm2
from tests.checkpoints.checksums import MODELS
from tests.checkpoints.minilm import folder
from tests.cli.runner import run

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "attnviz" / "README.md"
BENCH = ROOT / "tests" / "bench" / "README.md"
SECURITY = ROOT / "SECURITY.md"
DOCUMENTS = (README, ARCHITECTURE, BENCH, SECURITY)
LAST = ROOT / "tests" / "bench" / "last.json"
IMAGES = Path(__file__).parent / "images"
SENTENCE = "The cat sat on the mat"
TIRED = "The animal did not cross the street because it was too tired"
BLOCK = re.compile(r"(<!-- (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def terminal(*words, last=None):
    """A command and what it prints, or the last lines of that, at 80 columns."""
    shown = " ".join(f'"{w}"' if " " in w else w for w in words)
    lines = [line.rstrip() for line in run(*words).out.rstrip().splitlines()]
    lines = lines if last is None else ["…", *lines[-last:]]
    return "\n".join(["```console", f"$ attnviz {shown}", *lines, "```", ""])


def classics():
    """The mechanisms that a course begins with, as a table."""
    lines = ["| name | mechanism | formula | paper |", "|---|---|---|---|"]
    for row in map(find_variant, CLASSICS):
        formula = row.formula.replace("|", "\\|")
        lines.append(f"| `{row.name}` | {row.summary} | {formula} | {row.paper or '–'} |")
    return "\n".join(lines) + "\n"


def counted():
    """The number of mechanisms, group by group."""
    groups = Counter(row.group for row in VARIANTS.values())
    listed = " · ".join(f"{group} {n}" for group, n in groups.most_common())
    return f"**{groups.total()} mechanisms**: {listed}.\n"


def link_models(place):
    """Let a folder hold the models that the examples name."""
    (place / "minilm").symlink_to(folder())
    (place / "smollm2.gguf").symlink_to(smollm2.path())
    for name in ("gpt2", "marian"):
        (place / name).symlink_to(MODELS / name)


def heads():
    """The head table of one layer of a pretrained model."""
    with TemporaryDirectory() as place, chdir(place):
        link_models(Path(place))
        return terminal("heads", TIRED, "--model", "minilm", "--layer", "3")


def families():
    """The model families that run, kind by kind."""
    kinds = groupby(FAMILIES, lambda family: family.kind)
    listed = "; ".join(
        f"{kind}s: {', '.join(family.name for family in rows)}" for kind, rows in kinds
    )
    return f"**{len(FAMILIES)} families**. {listed[0].upper()}{listed[1:]}.\n"


def formats():
    """The extensions of all formats."""
    suffixes = (" ".join(f"`{suffix}`" for suffix in row.suffixes) for row in FORMATS)
    listed = " · ".join(filter(None, suffixes))
    return f"**{len(FORMATS)} formats**: tables in the terminal and {listed}.\n"


def speed():
    """The table of the last `make bench` that was committed."""
    lines = ["| job | reference | ratio | middle half | at most |", "|---|---|---|---|---|"]
    for row in json.loads(LAST.read_text()):
        mark = "" if row["ratio"] <= row["most"] else " !"
        spread = f"{row['low']:.2f}–{row['high']:.2f}"
        cells = (row["job"], row["against"], f"{row['ratio']:.2f}{mark}", spread)
        lines.append(f"| {' | '.join(cells)} | {row['most']:.2f} |")
    return "\n".join(lines) + "\n"


BLOCKS = {
    "table": lambda: terminal(SENTENCE, "-v", "causal"),
    "cell": lambda: terminal(
        "explain", "The cat sat", "--dim", "4", "--heads", "1", "--cell", "cat,sat", last=30
    ),
    "heads": heads,
    "families": families,
    "counted": counted,
    "classics": classics,
    "formats": formats,
    "speed": speed,
}


def generated(text):
    """The same text with every block as the program writes it now."""
    return BLOCK.sub(lambda match: match[1] + BLOCKS[match["name"]]() + match[3], text)
