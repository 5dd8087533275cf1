"""Samples of the attention weights of a checkpoint, for a table of many small results."""

import numpy as np

IDS = [5, 17, 9, 31, 17, 22, 40, 8, 55, 61, 7, 12]
TARGET_IDS = [0, 14, 33, 9, 21, 6]
N_SAMPLE = 12


def with_change(config, key, value):
    """A config with another value of a key; "text_config.key" is one inside of an object."""
    outer, _, inner = key.rpartition(".")
    return {**config, **({outer: {**config[outer], inner: value}} if outer else {key: value})}


def sample_weights(layers):
    """Weights spread evenly over the flattened map, and their mean square.

    Shapes: [[H, N, M], …] → [13]
    """
    flat = np.concatenate([np.ravel(layer) for layer in layers]).astype(np.float64)
    indices = np.linspace(0.31, 0.98, N_SAMPLE) * (flat.size - 1)
    samples = [*flat[indices.astype(int)], np.mean(flat**2)]
    return [round(float(sample), 7) for sample in samples]
