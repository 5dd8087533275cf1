"""What others write by hand, to be measured against."""

import numpy as np

# What any tool of this kind has to import before it can do anything: a parser that parsed,
# arrays, tables, tokenizers.
IMPORTS = """
import typer, numpy, tokenizers, rich.console, rich.table
app = typer.Typer()
@app.command()
def show(text: str, variant: str = "multihead"):
    pass
app(["x"], standalone_mode=False)
"""

# What a person writes who knows matplotlib; with the numbers on the cells, or without.
MATPLOTLIB = """
import sys, numpy, matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot
weights = numpy.random.default_rng(0).random((8, 12, 12))
figure, places = pyplot.subplots(2, 4, figsize=(13, 7), dpi=150)
for head, axes in enumerate(places.flat):
    shown = axes.imshow(weights[head], vmin=0, vmax=1)
    axes.set_title(f"head {head}")
    axes.set_xticks(range(12), [f"token{i}" for i in range(12)], rotation=90)
    axes.set_yticks(range(12), [f"token{i}" for i in range(12)])
    for q, k in numpy.ndindex(12, 12) if "numbers" in sys.argv else ():
        axes.text(k, q, f"{weights[head, q, k]:.2f}", ha="center", va="center", size=6)
figure.colorbar(shown, ax=places)
figure.savefig(sys.argv[1])
"""

# One head of forty tokens without numbers, in seaborn.
SEABORN = """
import sys, numpy, matplotlib
matplotlib.use("Agg")
import seaborn
from matplotlib import pyplot
words = [f"word{i}" for i in range(40)]
weights = numpy.random.default_rng(0).random((40, 40))
figure, axes = pyplot.subplots(figsize=(10, 9), dpi=150)
seaborn.heatmap(weights, xticklabels=words, yticklabels=words, vmin=0, ax=axes)
figure.savefig(sys.argv[1])
"""


def weights_by_hand(query, key, value):
    """The floor: two matrix products, exp, and writing the map."""

    def run():
        logits = query @ key.swapaxes(-1, -2)
        np.exp(logits, out=logits)
        return logits @ value

    return run
