"""The import path of the BertViz and CircuitsVis calls, which are in attnviz.api.compat."""

from attnviz.api.compat import attention_patterns, head_view, model_view

__all__ = ["attention_patterns", "head_view", "model_view"]
