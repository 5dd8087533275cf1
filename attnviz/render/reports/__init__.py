"""Reports other than maps: catalogue, models, formats, head statistics, tokens, explanations."""
