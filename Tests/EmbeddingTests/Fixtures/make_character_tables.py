#!/usr/bin/env python3
"""Writes the character tables of BERT's text normalisation, Sources/CKernels/ck_bert_characters.c.

The tables are what the Hugging Face `tokenizers` package does with each of the 1,112,064 Unicode scalars, found by
asking it, because its Unicode tables are of several versions and none of them is that of any other library.

    python make_character_tables.py > ../../../Sources/CKernels/ck_bert_characters.c

Needs `tokenizers` (the version goes into the file's first line). Deterministic.
"""

import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)


def bert(**options):
    names = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
    return normalizers.BertNormalizer(**{name: options.get(name, False) for name in names}).normalize_str


clean, spread = bert(clean_text=True), bert(handle_chinese_chars=True)
strip, lower = bert(strip_accents=True), bert(lowercase=True)
nfd = normalizers.NFD().normalize_str
split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def ranges(scalars):
    """[first, last] pairs that cover the rising list."""
    result = []
    for c in scalars:
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return [bound for pair in result for bound in pair]


def combining_class(c):
    """The canonical combining class as the package has it: 0 where its tables are older than the scalar."""
    value = unicodedata.combining(chr(c))
    if value == 0:
        return 0
    for other, other_class in ((0x334, 1), (0x302A, 218), (0x345, 240)):
        if value < other_class and nfd("a" + chr(other) + chr(c)) == "a" + chr(c) + chr(other):
            return value
        if value > other_class and nfd("a" + chr(c) + chr(other)) == "a" + chr(other) + chr(c):
            return value
    return 0


dropped, spaces, chinese, marks, barriers, punctuation, blanks = [], [], [], [], [], [], []
decompositions, lowercase, ordered = [], [], []
for c in SCALARS:
    s = chr(c)
    cleaned, stripped, lowered, pieces = clean(s), strip(s), lower(s), split("a" + s + "b")
    if cleaned == "":
        dropped.append(c)
    elif cleaned != s:
        assert cleaned == " "
        spaces.append(c)
    elif c == 0x20:
        spaces.append(c)
    if spread(s) != s:
        assert spread(s) == " " + s + " "
        chinese.append(c)
    if stripped == "":
        (marks if nfd(s) != s or combining_class(c) else barriers).append(c)
    elif stripped != s and c not in HANGUL:
        decompositions.append([c, len(stripped)] + [ord(x) for x in stripped])
    elif c not in HANGUL and combining_class(c):
        assert lowered == s and cleaned == s
        ordered += [c, combining_class(c)]
    if c in HANGUL:
        assert stripped == unicodedata.normalize("NFD", s)
    if lowered != s:
        lowercase.append([c, len(lowered)] + [ord(x) for x in lowered])
    if len(pieces) == 3:
        punctuation.append(c)
    elif len(pieces) == 2:
        blanks.append(c)
    else:
        assert len(pieces) == 1

flat = lambda rows: [number for row in rows for number in row]
tables = [
    ("dropped", "removed by clean_text: ranges", ranges(dropped)),
    ("spaces", "made a space by clean_text: ranges", ranges(spaces)),
    ("chinese", "set apart by handle_chinese_chars: ranges", ranges(chinese)),
    ("marks", "removed by strip_accents: ranges", ranges(marks)),
    ("barriers", "removed by strip_accents, and of combining class 0, so marks don't move across: ranges",
     ranges(barriers)),
    ("ordered", "kept by strip_accents and moved by canonical ordering: scalar, combining class", ordered),
    ("decompositions", "replaced by strip_accents: scalar, count, replacements", flat(decompositions)),
    ("lowercase", "replaced by lowercase: scalar, count, replacements", flat(lowercase)),
    ("punctuation", "a word of its own: ranges", ranges(punctuation)),
    ("blanks", "between words: ranges", ranges(blanks)),
]
print(f"/* Made by make_character_tables.py from tokenizers {tokenizers.__version__}; not edited by hand. */")
print('#include "ck_bert_characters.h"\n')
for name, comment, numbers in tables:
    print(f"/* {comment} */\nstatic const uint32_t {name}[] = {{")
    line = ""
    for number in numbers:
        text = (str(number) if number < 10 else f"0x{number:x}") + ","
        if len(line) + len(text) > 119:
            print(line)
            line = ""
        line += text
    print(line + "\n};\n")
print("ck_table ck_bert_characters(ck_bert_table which) {\n    switch (which) {")
for name, _, _ in tables:
    print(f"    case CK_BERT_{name.upper()}: return (ck_table){{{name}, sizeof {name} / sizeof *{name}}};")
print("    }\n    return (ck_table){0, 0};\n}")
