"""Cores of three questions, for tests of what is made of them."""

from __future__ import annotations

from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core, CoreCaveat, CoreExample, CoreSection, CoreSource, SectionKind
from foreword.v1.profile_pb2 import Depth, Length

EXPLANATION = SectionKind.SECTION_KIND_EXPLANATION
STEPS = SectionKind.SECTION_KIND_STEPS
REFERENCE = SectionKind.SECTION_KIND_REFERENCE
BACKGROUND = SectionKind.SECTION_KIND_BACKGROUND
TROUBLESHOOTING = SectionKind.SECTION_KIND_TROUBLESHOOTING


def styled(
    depth: str = "standard",
    tone: str = "neutral",
    length: str = "medium",
    *,
    domains: tuple[str, ...] = (),
    emphasis: tuple[str, ...] = (),
    locale: str = "en",
) -> AppliedStyle:
    """Return a style from plain words."""
    return AppliedStyle(
        depth=Depth.Value(f"DEPTH_{depth.upper()}"),
        tone=tone,
        length=Length.Value(f"LENGTH_{length.upper()}"),
        example_domains=domains,
        emphasis=emphasis,
        locale=locale,
    )


BEGINNER = styled("overview", "friendly", "short", domains=("python",))
EXPERT = styled("deep", "direct", "long", domains=("java", "sql"), emphasis=("limits",))
UNKNOWN = styled()

RETRIES = Core(
    core_id="0123456789abcdef0123456789abcdef",
    locale="en",
    question="How do I retry failed calls?",
    lead_short="Retry with exponential backoff, and only calls that failed with 429 or a 5xx status.",
    lead_standard="Retry with exponential backoff, and only calls that failed with 429 or a 5xx status. Other errors "
    "come back the same however often a call is sent.",
    sections=[
        CoreSection(
            section_id="how",
            kind=STEPS,
            title="Set up retries",
            tags=["retries", "setup"],
            overview="Wait 1 second after the first failure, twice as long after each further one, and stop after 5 "
            "attempts.",
            standard="1. Read the status of the answer.\n2. On 429, wait as long as `Retry-After` says.\n3. On a 5xx "
            "status, wait 1 second, then twice as long each time.\n4. Stop after 5 attempts.",
            deep="1. Read the status of the answer.\n2. On 429, wait as long as `Retry-After` says; the header is in "
            "seconds.\n3. On a 5xx status, wait 1 second, then twice as long each time, plus a random part of up to "
            "250 ms.\n4. Stop after 5 attempts, and hand the last error to the caller.\n5. Send the same "
            "`Idempotency-Key` each time.",
        ),
        CoreSection(
            section_id="why",
            kind=EXPLANATION,
            title="Why backoff",
            tags=["reliability"],
            overview="Clients that retry at once keep a server down that is about to recover.",
            standard="Clients that retry at once keep a server down that is about to recover. Doubling the wait "
            "spreads them out.",
            deep="Clients that retry at once keep a server down that is about to recover. Doubling the wait spreads "
            "them out, and the random part keeps clients apart that failed at the same moment.",
        ),
        CoreSection(
            section_id="limits",
            kind=REFERENCE,
            title="Limits",
            tags=["rate limits"],
            overview="A key may send 100 calls a second.",
            standard="A key may send 100 calls a second. A project may send 1,000.",
            deep="| who | calls a second | burst |\n|---|---|---|\n| a key | 100 | 200 |\n"
            "| a project | 1,000 | 1,500 |",
        ),
        CoreSection(
            section_id="history",
            kind=BACKGROUND,
            title="What changed",
            tags=["history"],
            overview="Until version 2.3 the server answered 503 instead of 429.",
            standard="Until version 2.3 the server answered 503 instead of 429, and clients could not tell a limit "
            "from a failure.",
        ),
        CoreSection(
            section_id="still-failing",
            kind=TROUBLESHOOTING,
            title="If calls still fail",
            tags=["errors"],
            standard="Look at the status page. If it shows no incident, send the request id to support.",
        ),
    ],
    caveats=[
        CoreCaveat(
            caveat_id="charges",
            text="Never retry a payment without an `Idempotency-Key`: it may be charged twice.",
        ),
    ],
    examples=[
        CoreExample(
            domain="java", text='```java\nRetry retry = Retry.of("calls", RetryConfig.ofDefaults());\n```'
        ),
        CoreExample(
            domain="python",
            text="```python\nfor attempt in Retrying(stop=stop_after_attempt(5)):\n    ...\n```",
        ),
        CoreExample(
            domain="sql",
            text="Mark the row before the call and clear it after, so that a second worker skips it.",
        ),
    ],
    sources=[
        CoreSource(title="API errors", uri="https://example.com/docs/errors"),
        CoreSource(title="Idempotency", uri="docs/idempotency.md"),
    ],
    tags=["api"],
)

RESET = Core(
    core_id="1123456789abcdef0123456789abcdef",
    locale="en",
    question="How do I reset my password?",
    lead_short="Choose Forgot password on the sign-in page, and follow the link that is mailed to you.",
    sections=[
        CoreSection(
            section_id="steps",
            kind=STEPS,
            overview="1. Choose **Forgot password** on the sign-in page.\n2. Open the link in the mail.\n"
            "3. Enter the new password twice.",
        ),
        CoreSection(
            section_id="after",
            kind=EXPLANATION,
            tags=["sessions"],
            overview="You stay signed in on this device. All others are signed out.",
        ),
        CoreSection(
            section_id="leaning",
            kind=EXPLANATION,
            tags=["security"],
            overview="This takes effect within 5 minutes.",
        ),
        CoreSection(
            section_id="no-mail",
            kind=TROUBLESHOOTING,
            title="No mail arrives?",
            tags=["mail"],
            overview="Look into the spam folder. The sender is no-reply@example.com.",
        ),
    ],
    caveats=[
        CoreCaveat(caveat_id="expiry", text="The link works for 30 minutes."),
        CoreCaveat(caveat_id="sso", text="Passwords of accounts with single sign-on cannot be reset here."),
    ],
    examples=[CoreExample(domain="", text="A good password is four words that do not belong together.")],
)

LOESCHEN = Core(
    core_id="2123456789abcdef0123456789abcdef",
    locale="de-AT",
    question="Wie lösche ich ein Projekt?",
    lead_short="Öffnen Sie die Einstellungen des Projekts und wählen Sie Löschen.",
    sections=[
        CoreSection(
            section_id="schritte",
            kind=STEPS,
            standard="1. Öffnen Sie das Projekt.\n2. Wählen Sie Einstellungen, dann Löschen.\n"
            "3. Geben Sie den Namen ein.",
        ),
        CoreSection(
            section_id="frist",
            kind=EXPLANATION,
            title="Frist",
            standard="Ein gelöschtes Projekt lässt sich 14 Tage lang wiederherstellen.",
        ),
    ],
    caveats=[CoreCaveat(caveat_id="endgueltig", text="Nach 14 Tagen ist nichts mehr da.")],
)

CORES = (RETRIES, RESET, LOESCHEN)
