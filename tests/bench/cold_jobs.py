"""Programs from their start to their end."""

from tests.bench.measure import Job, process, program
from tests.bench.other_programs import PYTHON, temporary
from tests.bench.references import IMPORTS, MATPLOTLIB, SEABORN

SENTENCE = "The cat sat on the mat"
TWELVE = "The quick brown fox did not jump over the dog on mats"
FORTY = " ".join(f"word{i}" for i in range(40))
PICTURE = temporary(".png")
PART = "from attnviz.core.registry import find_part; find_part('normalize', 'stick-breaking')"
FILE = "import attnviz.core.registry, attnviz.core.normalizers.stick_breaking"
ROWS = "from attnviz.core.variants import find_variant"
ROW = f"{ROWS}; find_variant('cosine')"

COLD = (
    Job(
        'attnviz "…", a table, cold',
        "the imports alone",
        program(SENTENCE),
        process("-c", IMPORTS),
        1.15,
    ),
    Job(
        "attnviz --version, cold",
        "python -c pass",
        program("--version"),
        process("-c", "pass"),
        1.5,
        21,
    ),
    Job(
        "8 heads × 12 tokens as PNG, cold",
        "bare matplotlib, the same size",
        program(TWELVE, "--heads", "8", "-o", PICTURE, "--no-annotate"),
        process("-c", MATPLOTLIB, PICTURE),
        1.3,
        7,
    ),
    Job(
        "the same with a number on each cell, cold",
        "bare matplotlib with them",
        program(TWELVE, "--heads", "8", "-o", PICTURE),
        process("-c", MATPLOTLIB, PICTURE, "numbers"),
        1.3,
        7,
    ),
    Job(
        "one head of 40 tokens with numbers as PNG, cold",
        "seaborn, without numbers",
        program(FORTY, "--head", "0", "--annotate", "-o", PICTURE),
        process("-c", SEABORN, PICTURE, python=str(PYTHON)),
        0.7,
        7,
        rival=True,
    ),
    Job(
        "the first use of a late part, cold",
        "the import of its file",
        process("-c", PART),
        process("-c", FILE),
        1.1,
        11,
    ),
    Job(
        "the first use of a late row of the catalogue, cold",
        "the import of the catalogue",
        process("-c", ROW),
        process("-c", ROWS),
        1.1,
        11,
    ),
    Job(
        'attnviz "…", a table, cold',
        "python -c 'import numpy'",
        program(SENTENCE),
        process("-c", "import numpy"),
        1.6,
    ),
)
