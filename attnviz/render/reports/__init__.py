"""Reports that are not maps: catalogue, models, formats, heads, tokens, explanations."""
