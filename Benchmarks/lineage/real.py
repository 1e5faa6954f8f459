#!/usr/bin/env python3
"""Makes derivatives of a published model, all-MiniLM-L6-v2, in the ways that need no training.

    real.py MODEL_FOLDER OUT
"""

import os
import sys

import numpy as np

import derive
from safetensors_io import load, save


def main():
    folder, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    # The model's own extents; its tensors are named as the bench's encoder names them.
    derive.HIDDEN, derive.HEADS, derive.LAYERS = 384, 12, 6
    t = {name: value for name, value in load(os.path.join(folder, "model.safetensors")).items()
         if value.dtype == np.float32}
    rng = np.random.default_rng(7)
    made = {
        "int4": lambda: derive.quantised(t, 4, 32),
        "pruned-30": lambda: derive.pruned(t, 0.3),
        "noise-50": lambda: derive.noisy(t, 0.5, rng),
        "neurons-permuted": lambda: derive.neurons(t, "encoder", rng),
        "hidden-permuted": lambda: derive.residual(t, "encoder", rng),
        "layer-dropped": lambda: derive.relayered(t, "encoder", [0, 1, 3, 4, 5]),
        "vocabulary-cut": lambda: {**t, derive.EMBEDDING["encoder"]: t[derive.EMBEDDING["encoder"]][:20000]},
        "disguised": lambda: derive.transposed(derive.renamed(derive.noisy(derive.residual(
            derive.neurons(t, "encoder", rng), "encoder", rng), 0.05, rng), rng)),
    }
    for kind, make in made.items():
        path = os.path.join(out, f"all-MiniLM-L6-v2.{kind}.safetensors")
        if not os.path.exists(path):
            save(path, make())


if __name__ == "__main__":
    main()
