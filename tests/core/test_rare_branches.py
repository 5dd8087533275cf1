"""What few calls reach in core: refusals, defaults and metadata that only some maps have."""

from types import SimpleNamespace

import numpy as np
import pytest

from attnviz.core.comparison import without_divergence
from attnviz.core.compose.interventions import Interventions
from attnviz.core.effects import is_lens
from attnviz.core.engine.attention import original_index
from attnviz.core.engine.blocks import reachable_keys
from attnviz.core.engine.contributions import check_contribution
from attnviz.core.heads.differential_v2 import DifferentialV2
from attnviz.core.part import coerce, format_value
from attnviz.core.progress import listen_to_progress, report_progress
from attnviz.core.token_reduction import merge_words
from attnviz.core.token_selection import select_queries_and_keys
from attnviz.core.tunables import resolve_tunable_aliases
from attnviz.core.variants import find_variant, plugins
from attnviz.core.words import joins_characters
from attnviz.errors import AttnvizWarning, MisuseError, ShapeError, UnknownNameError
from tests.conftest import make_map
