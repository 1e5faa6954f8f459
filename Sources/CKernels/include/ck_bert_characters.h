#pragma once
#include <stddef.h>
#include <stdint.h>

/// What BERT's text normalisation does with a Unicode scalar: tables taken from the Hugging Face `tokenizers` package.
typedef enum {
    CK_BERT_DROPPED,        /* removed by clean_text: first and last of each range */
    CK_BERT_SPACES,         /* made a space by clean_text: ranges */
    CK_BERT_CHINESE,        /* set apart by handle_chinese_chars: ranges */
    CK_BERT_MARKS,          /* removed by strip_accents: ranges */
    CK_BERT_BARRIERS,       /* removed by strip_accents, combining class 0: ranges */
    CK_BERT_ORDERED,        /* kept by strip_accents, moved by canonical ordering: scalar, combining class */
    CK_BERT_DECOMPOSITIONS, /* replaced by strip_accents: scalar, count, replacements; Hangul syllables are left out */
    CK_BERT_LOWERCASE,      /* replaced by lowercase: scalar, count, replacements */
    CK_BERT_PUNCTUATION,    /* a word of its own: ranges */
    CK_BERT_BLANKS          /* between words: ranges */
} ck_bert_table;

typedef struct {
    const uint32_t *numbers;
    size_t count;
} ck_table;

/// One of the tables; it lives as long as the process.
ck_table ck_bert_characters(ck_bert_table which);
