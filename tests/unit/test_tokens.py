"""Counting tokens: never below a real tokenizer, and not wastefully above."""

from __future__ import annotations

import pytest

from foreword.tokens import count_tokens

# The newest Claude tokenizer made 1.81 times as many tokens as o200k of the same profile, and 1.453 times as many as
# Claude 3 to 4.6's; a token of one byte cannot become two.
O200K_RATIO = 1.81

# Text, o200k tokens, how many of those are a single byte, tokens of the Claude 2 tokenizer. Counted in November 2026
# with bpe-openai 0.1.4 (o200k_base) and anthropic-tokenizer 0.1.0.
SAMPLES: list[tuple[str, int, int, int]] = [
    ("", 0, 0, 0),
    ("typo", 2, 0, 2),
    ("Crime, Horror", 3, 1, 5),
    ("Film-Noir", 3, 0, 4),
    ("About this user (background from past activity; may be outdated)", 13, 2, 13),
    (
        (
            "About this user (background from past activity; may be outda"
            "ted)\n"
            "Backend engineer, this month mostly in the scheduler and its"
            " tests; moving work queues from Celery to Postgres.\n"
            "Knows Python deeply, SQL well; new to frontend.\n"
            "Now: cutting test time, preparing a release.\n"
            "Wants short answers, code first. Skip blockchain and job lis"
            "tings."
        ),
        72,
        11,
        75,
    ),
    (
        (
            "Developer on celery, lately mostly in t/unit, celery/utils a"
            "nd the celery package.\n"
            "Knows Python deeply.\n"
            "Also edits the repository root, configuration files and docu"
            "mentation."
        ),
        33,
        4,
        38,
    ),
    (
        (
            "Watches films, lately mostly Comedy, Action and Adventure.\n"
            "Rates Animation, Musical and Children above average, Horror "
            "and Thriller below."
        ),
        26,
        6,
        30,
    ),
    (
        (
            "The quick brown fox jumps over the lazy dog while seventeen "
            "other animals are watching from the hill."
        ),
        19,
        1,
        19,
    ),
    ("def count_tokens(text: str) -> int:\n    return sum(len(word) for word in text.split())", 22, 3, 27),
    ("pydantic_ai_slim/pydantic_ai, docs/getting-started, .github/workflows, t/smoke", 26, 5, 28),
    ("git-8afde39c6335927f dev_6505cc6654 9c091ae1dfcb5234", 28, 13, 27),
    ("lyxkbaxv sieca cwpxe mfofyf bugoupp jzcmqpvaprng ixqw", 26, 6, 25),
    ("ARuy YzmPo wnD RwisJpH qJbOSDvFLS MPDLXtb jHusgrzk", 28, 9, 28),
    ("hebu vude locu wosidupe suturu fovadace tumu mahet", 20, 2, 21),
    ("onst ercoco stoner stcococo coancoleon isisououin", 19, 2, 20),
    ("NKCGOEWR MPWITHNOH UIGVPMAIQ JKGSUN CD FKJZ UGYUC", 22, 3, 25),
    ("2026-11-21T08:30:00Z 3.14159 1,000,000 0xdeadbeef 127.0.0.1", 38, 24, 33),
    ("!!! ??? ... --- === /// {{}} [[]] <<>> ;;; :::", 15, 1, 17),
    ("                tabs\tand\n\n\nnewlines", 6, 0, 7),
    ("\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3067\u3059", 7, 0, 9),
    (
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u0447\u0442\u043e \u043d\u043e\u0432\u043e\u0433\u043e",
        5,
        1,
        8,
    ),
    ("\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", 5, 0, 15),
    ("\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", 4, 0, 10),
    ("\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f389\U0001f525", 14, 5, 19),
    (
        ("\u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u03ba\u03b5\u03af\u03bc\u03b5\u03bd\u03b1"),
        6,
        0,
        20,
    ),
    ("\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22", 2, 0, 11),
    ("Gr\xf6\xdfenwahnsinnige Stra\xdfenbahnfahrer", 10, 0, 15),
    ("na\xefve caf\xe9 d\xe9j\xe0 vu", 6, 0, 6),
    ("antidisestablishmentarianism counterrevolutionaries electroencephalography", 14, 0, 14),
    ("Szczebrzeszyn Ouagadougou Llanfairpwllgwyngyll Kyrgyzstan", 20, 2, 26),
]

EXAMPLE = SAMPLES[5][0]


@pytest.mark.parametrize(("text", "o200k", "single", "claude_2"), SAMPLES)
def test_count_is_at_least_the_newest_tokenizers(text: str, o200k: int, single: int, claude_2: int) -> None:
    """No sample counts less than o200k times the measured ratio, nor less than the older Claude tokenizer."""
    newest = (o200k - single) * O200K_RATIO + single
    # No byte-level tokenizer makes more tokens than bytes.
    assert count_tokens(text) >= min(newest, len(text.encode()))
    # The oldest tokenizer spells out some scripts byte by byte after normalising them.
    assert count_tokens(text) >= min(claude_2, len(text.encode()))


def test_a_foreword_of_200_tokens_holds_real_content() -> None:
    """The contract's example fits with room to spare, and plain prose of 360 bytes fits into 200 tokens."""
    assert count_tokens(EXAMPLE) <= 180
    assert 200 / count_tokens(EXAMPLE) * len(EXAMPLE.encode()) >= 360


def test_prose_counts_no_less_than_its_bytes_over_2_2() -> None:
    """The ratio for prose is a floor for every text."""
    for text, *_ in SAMPLES:
        assert count_tokens(text) >= len(text.encode()) / 2.2


def test_random_letters_count_about_a_token_a_byte() -> None:
    """Strings that no vocabulary holds are not counted as words."""
    text = "xqzkvwjp bvxzqkt jwpqzxv"
    assert count_tokens(text) >= 0.9 * len(text)


def test_text_that_grows_when_normalised_counts_by_its_grown_size() -> None:
    """A single ligature that stands for a sentence counts as that sentence."""
    assert count_tokens("\ufdfa") >= 18


def test_lone_surrogates_do_not_stop_the_count() -> None:
    """Broken text counts like any other."""
    assert count_tokens("a\ud800b") >= 3


def test_an_empty_text_has_no_tokens() -> None:
    """Nothing counts nothing."""
    assert count_tokens("") == 0


def test_a_longer_text_never_counts_less() -> None:
    """Cut points ascend, since adding a line adds tokens."""
    counts = [
        count_tokens(EXAMPLE[:end]) for end in range(0, len(EXAMPLE), 7) if EXAMPLE[end - 1 : end] == " "
    ]
    assert counts == sorted(counts)
