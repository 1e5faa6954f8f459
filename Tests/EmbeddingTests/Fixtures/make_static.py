#!/usr/bin/env python3
"""Writes static-*/ and static.json: small tables as model2vec saves them, and what it makes of some texts.

    python -m venv V && V/bin/pip install model2vec==0.10.0 && V/bin/python make_static.py
"""
import json
import shutil
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from model2vec.quantization import DType, quantize_embeddings
from tokenizers import Tokenizer

HERE = Path(__file__).parent
TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "hello, world!",
    "Unbelievable café — it IS a big, big world…",
    "",
    "Ω ≈ ψ",
    "the Ω end",
    "[CLS] fox [SEP] [UNK] dog [MASK]",
    "[cls]fox[SEP]dog<s>",
    "北京 is big",
    "\tword\u00a0word\u3000word\r\nend\u0000of line\u0301",
    "a-b_c/d:e;f(g)[h]<i>'j'\"k\"",
    "jumping " * 40,
    "foxes\u0301 Ünbelievable ﬁn ½ ②",
    "x" * 101 + " dog",
]


def main() -> None:
    tokenizer = Tokenizer.from_file(str(HERE / "tiny-bert/tokenizer.json"))
    count = tokenizer.get_vocab_size()
    random = np.random.default_rng(7)
    vectors = random.normal(size=(count, 20)).astype(np.float32)
    models = {
        "static-float16": StaticModel(vectors.astype(np.float16), tokenizer, normalize=True),
        "static-int8": StaticModel(quantize_embeddings(vectors, DType.Int8), tokenizer, normalize=False, max_length=None),
        "static-mapped": StaticModel(
            vectors[:25],
            tokenizer,
            normalize=True,
            max_length=6,
            weights=random.uniform(0.1, 2, size=count).astype(np.float64),
            token_mapping=random.integers(0, 25, size=count).astype(np.int64),
        ),
    }
    golden = {"texts": TEXTS}
    for name, model in models.items():
        shutil.rmtree(HERE / name, ignore_errors=True)
        model.save_pretrained(HERE / name)
        (HERE / name / "README.md").unlink()
        rows = StaticModel.from_pretrained(HERE / name).encode(TEXTS, use_multiprocessing=False)
        golden[name] = [[float(f"{value:.7g}") for value in row] for row in rows.astype(np.float64)]
    (HERE / "static.json").write_text(json.dumps(golden, ensure_ascii=True) + "\n")


main()
