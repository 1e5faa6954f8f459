#!/usr/bin/env python3
"""Writes the golden values of EmbeddingTests from the reference implementations.

    python make_golden.py fixtures --minilm DIR --mpnet DIR [--synopses FILE]
        rewrites everything beside this script that the tests compare with:
        tiny-bert/, tiny-mpnet/   seeded two-layer models, saved by sentence-transformers, with golden embeddings
        vocabulary.txt.gz, minilm-tokenizer.json, mpnet-tokenizer.json   the two models' tokenizers
        tokens-minilm.bin, tokens-mpnet.bin, scalars-minilm.bin            digests of token ids
        synopses-minilm.f32, synopses-mpnet.f32                            projected embeddings of synopses.txt
        (--synopses: a JSONL file with "text", of whose first lines synopses.txt is drawn first)
    python make_golden.py large DIR --minilm DIR --mpnet DIR TEXTFILE...
        writes texts.bin, MODEL.ids.bin to DIR for the test `GoldenModels`; a text is a line of a TEXTFILE

Needs sentence-transformers, transformers, tokenizers, torch (CPU). Seeded: the same versions give the same files, but
for the embeddings' last bits.
"""

import argparse
import json
import os
import shutil
import struct
import gzip
from pathlib import Path

import numpy as np
import tokenizers

HERE = Path(__file__).resolve().parent
SEED = 20250611
TEXTS = 12_000
MASK = (1 << 64) - 1

# ---- The texts: GoldenTexts.swift generates the same ones, byte for byte. ----

BLOCKS = [
    (0x20, 0x7E), (0x00, 0x1F), (0x7F, 0xA0), (0xA1, 0xFF), (0x100, 0x17F), (0x180, 0x24F), (0x250, 0x2AF),
    (0x2B0, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF),
    (0x700, 0x74F), (0x780, 0x7BF), (0x7C0, 0x7FF), (0x8A0, 0x8FF), (0x900, 0x97F), (0x980, 0x9FF), (0xA00, 0xAFF),
    (0xB00, 0xBFF), (0xC00, 0xCFF), (0xD00, 0xDFF), (0xE00, 0xE7F), (0xE80, 0xEFF), (0xF00, 0xFFF), (0x1000, 0x109F),
    (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x139F), (0x13A0, 0x13FF), (0x1400, 0x167F), (0x1700, 0x17FF),
    (0x1800, 0x18AF), (0x1A00, 0x1AFF), (0x1B00, 0x1C7F), (0x1C80, 0x1DFF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x214F), (0x2150, 0x23FF), (0x2460, 0x27BF), (0x2900, 0x2BFF), (0x2C00, 0x2DFF),
    (0x2E00, 0x2FFF), (0x3000, 0x30FF), (0x3100, 0x33FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA000, 0xA4CF),
    (0xA640, 0xABFF), (0xAC00, 0xD7AF), (0xE000, 0xE0FF), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFEFF),
    (0xFF00, 0xFFFF), (0x10000, 0x103FF), (0x10400, 0x10FFF), (0x11000, 0x11FFF), (0x16A00, 0x16FFF),
    (0x1D100, 0x1D2FF), (0x1D400, 0x1D7FF), (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF), (0x20000, 0x2A6DF),
    (0x2F800, 0x2FA1F), (0xE0000, 0xE01EF),
]
NASTY = [(0x300, 0x36F), (0x00, 0x1F), (0x7F, 0x9F), (0x200B, 0x200F), (0x2028, 0x202F), (0xFFF9, 0xFFFD),
         (0x1F300, 0x1F6FF), (0xFE00, 0xFE0F), (0xE0020, 0xE007F), (0x3000, 0x3000), (0xAD, 0xAD), (0x2060, 0x206F)]
MARKS = [(0x300, 0x36F), (0x591, 0x5C7), (0x64B, 0x65F), (0x8D4, 0x8E1), (0x93C, 0x94D), (0x1B44, 0x1B44),
         (0x1BAA, 0x1BF3), (0x1DC0, 0x1DFF), (0x302A, 0x302F), (0x3099, 0x309A), (0x1D165, 0x1D172),
         (0x1D15E, 0x1D164), (0x1D1BB, 0x1D1C0), (0x20D0, 0x20F0), (0x34F, 0x34F), (0x111C0, 0x111C0)]
SEPARATORS = ["", " ", "\u00a0", "\t", "\u200b", "-", "\u3000", "\n", ",", "\r\n", "\u2028", "'"]
SPECIALS = ["[SEP]", "[CLS]", "[PAD]", "[UNK]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<UNK>", "[sep]",
            "<MASK>", "[unused7]", "[SE", "P]", "<s", "##ing", "< unk >", "<u\u0301nk>", "</s", "[[SEP]]", " <mask>"]
LETTERS = "abcdefghijklmnopqrstuvwxyzéñöß漢字한글αβжш0123'"


class Random:
    """SplitMix64, as in the library's Kernels."""

    def __init__(self, state):
        self.state = state & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        word = self.state
        word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & MASK
        word = ((word ^ word >> 27) * 0x94D049BB133111EB) & MASK
        return word ^ word >> 31

    def below(self, bound):
        return (self.next() >> 32) * bound >> 32

    def scalar(self, ranges):
        first, last = ranges[self.below(len(ranges))]
        return first + self.below(last - first + 1)


def golden_text(index, samples):
    """Text number `index` as bytes, not always UTF-8."""
    random = Random(SEED + index * 0x2545F4914F6CDD1D)

    def sample():
        return samples[random.below(len(samples))]

    def fragment():
        line = sample()
        start = random.below(len(line))
        return line[start:start + 1 + random.below(40)]

    kind = index % 10
    text = []
    if index == 0:
        return b""
    if kind == 0:
        text = sample()
    elif kind == 1:
        for _ in range(2 + random.below(4)):
            text = text + fragment()
            text = text + [ord(c) for c in SEPARATORS[random.below(len(SEPARATORS))]]
    elif kind == 2:
        ranges = [BLOCKS[random.below(len(BLOCKS))] for _ in range(1 + random.below(3))]
        for _ in range(1 + random.below(60)):
            text.append(random.scalar(ranges))
            if random.below(6) == 0:
                text.append(0x20)
    elif kind == 3:
        text = list(sample())
        for _ in range(1 + random.below(8)):
            text.insert(random.below(len(text) + 1), random.scalar(NASTY))
    elif kind == 4:
        data = bytearray("".join(map(chr, sample())).encode())
        for _ in range(1 + random.below(6)):
            data[random.below(len(data))] = random.below(256)
        start = random.below(4)
        return bytes(data[start:len(data) - random.below(4)])
    elif kind == 5:
        for _ in range(1 + random.below(4)):
            length = 80 + random.below(41)
            count = 1 + random.below(len(LETTERS))
            text += [ord(LETTERS[random.below(count)]) for _ in range(length)] + [0x20]
    elif kind == 6:
        for _ in range(1 + random.below(6)):
            if random.below(2) == 0:
                text = text + fragment()
            else:
                text = text + [ord(c) for c in SPECIALS[random.below(len(SPECIALS))]]
            if random.below(2) == 0:
                text = text + [0x20]
    elif kind == 7:
        for _ in range(1 + random.below(10)):
            text.append(random.scalar(BLOCKS))
            for _ in range(random.below(6)):
                text.append(random.scalar(MARKS))
    elif kind == 8:
        for _ in range(1 + random.below(30)):
            text.append(random.scalar([(0, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0, 0x10FFFF)]))
        text = [c for c in text if not 0xD800 <= c < 0xE000]
    elif index % 1000 == 9:
        line = sample()
        while len(text) < 10_000:
            text = text + line
    else:
        text = [random.below(128) for _ in range(1 + random.below(80))]
    return "".join(map(chr, text)).encode()


def samples():
    return [[ord(c) for c in line] for line in (HERE / "samples.txt").read_text("utf-8").split("\n")[:-1]]


# ---- Token ids. ----


def digest(ids):
    """FNV-1a (64 bits) over the ids as 4 bytes each, folded to 32 bits."""
    value = 0xCBF29CE484222325
    for byte in np.asarray(ids, "<i4").tobytes():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return (value ^ value >> 32) & 0xFFFFFFFF


def tokenizer_of(folder):
    tokenizer = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encode(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.encode_batch([t.decode("utf-8", "replace") for t in texts])]


def write_tokens(folders):
    lines = samples()
    texts = [golden_text(index, lines) for index in range(TEXTS)]
    for name, folder in folders.items():
        ids = encode(tokenizer_of(folder), texts)
        (HERE / f"tokens-{name}.bin").write_bytes(struct.pack(f"<{TEXTS}I", *map(digest, ids)))
    # Every scalar, between letters and alone, 256 in a text; one digest for 16 texts.
    tokenizer = tokenizer_of(folders["minilm"])
    digests = []
    for first in range(0, 0x110000, 4096):
        ids = []
        for page in range(first, first + 4096, 256):
            scalars = [c for c in range(page, page + 256) if not 0xD800 <= c < 0xE000]
            text = "".join(f"x{chr(c)}y {chr(c)} " for c in scalars)
            ids += encode(tokenizer, [text.encode()])[0]
        digests.append(digest(ids))
    (HERE / "scalars-minilm.bin").write_bytes(struct.pack(f"<{len(digests)}I", *digests))


def write_tokenizers(folders):
    vocabulary = (Path(folders["minilm"]) / "vocab.txt").read_bytes()
    (HERE / "vocabulary.txt.gz").write_bytes(gzip.compress(vocabulary, 9, mtime=0))
    for name, folder in folders.items():
        data = json.loads((Path(folder) / "tokenizer.json").read_text("utf-8"))
        pieces = sorted(data["model"]["vocab"], key=data["model"]["vocab"].get)
        expected = vocabulary.decode().split("\n")[:-1]
        if name == "mpnet":
            expected = ["<s>", "<pad>", "</s>", "<unk>"] + expected + ["<mask>"]
        assert pieces == expected
        data["model"]["vocab"] = "VOCABULARY"
        text = json.dumps(data, ensure_ascii=False, indent=1)
        (HERE / f"{name}-tokenizer.json").write_text(text + "\n", "utf-8")


# ---- Tiny models. ----

TINY_TEXTS = [
    "", " ", "a", "Hello, world!", "The quick brown fox", "the QUICK brown fox", "unbelievable", "naïve café", "北京 is big",
    "[SEP] x", "a <pad> b <mask> c", "<unk>", "qqqq zzzz", "x" * 101, "1234567890", "a b c d e f g h i j k l m n o p",
    "hello hello hello hello hello hello hello hello hello hello hello hello hello hello hello hello hello hello hello",
    "the end.", "brown", "fox fox", "\u0000\u200b", "e\u0301", "Σίσυφος", "it's", "…", "a-b_c/d", "\t\n ", "word " * 200,
    "jumps over the lazy dog", "!",
]


def tiny_vocabulary(first, last):
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = "the quick brown fox jump over lazy dog hello world end word it is big un ##believable ##able ##s ##ing ca ##fe"
    pieces = first + list(".,!?'\"-_/:;()[]<>北京…") + list(letters) + ["##" + c for c in letters]
    pieces += [w for w in words.split() if w not in pieces]
    return pieces + last


def write_tiny(kind):
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    try:
        from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    except ImportError:
        from sentence_transformers.models import Normalize, Pooling, Transformer

    target = HERE / f"tiny-{kind}"
    raw = HERE / f"tiny-{kind}-raw"
    for folder in (target, raw):
        shutil.rmtree(folder, ignore_errors=True)
    raw.mkdir()
    torch.manual_seed(SEED)
    if kind == "bert":
        pieces = tiny_vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], [])
    else:
        pieces = tiny_vocabulary(["<s>", "<pad>", "</s>", "<unk>", "[UNK]"], ["<mask>"])
    (raw / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    sizes = dict(vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    if kind == "bert":
        tokenizer = transformers.BertTokenizer(vocab=str(raw / "vocab.txt"), do_lower_case=True)
        model = transformers.BertModel(transformers.BertConfig(max_position_embeddings=160, **sizes))
    else:
        tokenizer = transformers.MPNetTokenizer(vocab=str(raw / "vocab.txt"), do_lower_case=True)
        model = transformers.MPNetModel(transformers.MPNetConfig(
            max_position_embeddings=162, pad_token_id=1, bos_token_id=0, eos_token_id=2, **sizes))
    # Initial weights give all texts nearly one embedding and biases of 0: spread everything.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter += torch.randn_like(parameter) * 0.15
            if "relative_attention_bias" in name:
                parameter += torch.randn_like(parameter) * 2
    model.save_pretrained(raw)
    tokenizer.save_pretrained(raw)
    transformer = Transformer(str(raw))
    transformer.max_seq_length = 150
    sentence = SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode="mean"), Normalize()], device="cpu")
    sentence.save(str(target), create_model_card=False)
    shutil.rmtree(raw)
    golden = [sentence.encode(TINY_TEXTS, batch_size=7)]
    ids = sentence.tokenizer(TINY_TEXTS, truncation=True, max_length=150)["input_ids"]
    for mode in ("cls", "max"):
        plain = SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode=mode)], device="cpu")
        golden.append(plain.encode(TINY_TEXTS, batch_size=7))
    values = [[[round(float(x), 7) for x in row] for row in matrix] for matrix in golden]
    lines = ["{", '"texts": ' + json.dumps(TINY_TEXTS) + ",", '"ids": ' + json.dumps(ids) + ","]
    for name, matrix in zip(("meanNormalized", "cls", "max"), values):
        lines.append(f'"{name}": ' + json.dumps(matrix) + ("," if name != "max" else ""))
    (target / "golden.json").write_text("\n".join(lines + ["}"]) + "\n")


# ---- Real models. ----


def projection(dimension, rank=24):
    """Seeded signs [dimension × rank], drawn row by row."""
    random = Random(SEED)
    return np.array([[1.0 if random.next() >> 63 else -1.0 for _ in range(rank)] for _ in range(dimension)])


def write_synopses(folders):
    from sentence_transformers import SentenceTransformer

    texts = (HERE / "synopses.txt").read_text("utf-8").split("\n")[:-1]
    for name, folder in folders.items():
        model = SentenceTransformer(str(folder), device="cpu")
        vectors = model.encode(texts, batch_size=8).astype(np.float64)
        (vectors @ projection(vectors.shape[1])).astype("<f4").tofile(HERE / f"synopses-{name}.f32")


def draw_synopses(path):
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["text"].split("\n")[0].strip()
            if 10 < len(text) < 100:
                lines.append(text)
    random = Random(SEED)
    chosen = []
    while len(chosen) < 200:
        text = lines[random.below(len(lines))]
        if text not in chosen:
            chosen.append(text)
    (HERE / "synopses.txt").write_text("\n".join(chosen) + "\n", "utf-8")


def write_large(target, folders, files):

    target = Path(target)
    target.mkdir(parents=True, exist_ok=True)
    texts = []
    for file in files:
        texts += Path(file).read_bytes().split(b"\n")[:-1]
    with open(target / "texts.bin", "wb") as out:
        for text in texts:
            out.write(struct.pack("<I", len(text)) + text)
    for name, folder in folders.items():
        with open(target / f"{name}.ids.bin", "wb") as out:
            for ids in encode(tokenizer_of(folder), texts):
                out.write(struct.pack(f"<I{len(ids)}i", len(ids), *ids))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(dest="command", required=True)
for command in ("fixtures", "large"):
    sub = commands.add_parser(command)
    sub.add_argument("--minilm", required=True)
    sub.add_argument("--mpnet", required=True)
    if command == "fixtures":
        sub.add_argument("--synopses")
    else:
        sub.add_argument("target")
        sub.add_argument("files", nargs="+")
arguments = parser.parse_args()
os.environ["HF_HUB_OFFLINE"] = "1"
models = {"minilm": arguments.minilm, "mpnet": arguments.mpnet}
if arguments.command == "large":
    write_large(arguments.target, models, arguments.files)
else:
    if arguments.synopses:
        draw_synopses(arguments.synopses)
    write_tokenizers(models)
    write_tokens(models)
    write_tiny("bert")
    write_tiny("mpnet")
    write_synopses(models)
