"""The table of what is measured."""

from tests.bench.cold_jobs import COLD
from tests.bench.corpus_jobs import CORPORA
from tests.bench.layer_jobs import LAYERS
from tests.bench.model_jobs import MODELS
from tests.bench.page_jobs import PAGES

JOBS = (*COLD, *LAYERS, *MODELS, *CORPORA, *PAGES)
