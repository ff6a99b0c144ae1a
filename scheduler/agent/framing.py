"""The words that a statement may be made of beside the words of the events: closed lists, each with what it claims."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.agent.stems import stem

VERSION_NUMBER = "#.#"
"""Stands among the words of an event for a number of several parts, such as 5.3.0."""


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


# They claim nothing of their own: grammar, being busy with something, and nouns for any thing at all.
FREE = frozenset(
    """
    a an the this that these those its their own other others same such as of in on at to into onto for from by with
    without within between among across over under through throughout around about against after before during while
    until since when where which who whose whom how what why and or but nor so than then too also both either
    there it they is are was be been being has have had having do does can could may might will would

    work works working worked focus focuses focusing focused concentrates concentrating deals dealing handles handling
    handle spends spending time effort cares caring pays attention looks looking after takes taking part contributes
    contributing contribute contributor involved active busy engaged concerned responsible carries carrying goes going
    does doing makes making make lets letting let allows allowing helps helping help keeps keeping keep kept maintains
    maintaining maintain maintained runs running uses using use used follows following follow builds building build
    develops developing develop writes writing write prepares preparing prepare plans planning plan aims aiming aim
    tries trying try starts starting start begins beginning begin continues continuing continue brings bringing bring
    gets getting ensures ensuring ensure provides providing provide covers covering cover includes including include
    based related various several many some more most less few any each whole one two three first second single

    thing things part parts piece pieces area areas kind kinds sort sorts way ways side sides aspect aspects detail
    details side project projects codebase code program programs software system systems tool tools tooling set sets
    topic topics subject subjects field fields matter matters case cases task tasks step steps line lines place places
    point points logic behavior behaviour handling usage use uses internals setup structure content contents check
    checks checking process flow up out date together well-known apart back down off toward towards like via per

    new newer latest old older small minor precise careful consistent clear different specific general core

    developer developers engineer engineers maintainer maintainers contributors author authors reader readers user users
    customer customers player players listener viewer people team community
    """.split()
)
"""In small letters, each form by itself."""

# What a word of a statement says was done or dealt with, and the words of an event that show it. A word shows itself.
_SHOWN_BY: Mapping[str, str] = {
    "add adds adding added introduce introduces introducing implement implements implementing create creates creating"
    " extend extends extending integrate integrates integrating": (
        "add introduce implement create new support feature extend integrate integration allow enable initial wrap"
        " write provide insert register"
    ),
    "support supports supporting supported enable enables enabling compatible compatibility": (
        "support add compatible compatibility compat allow enable work"
    ),
    "remove removes removing removed removal drop drops dropping delete deletes deleting deprecate deprecates"
    " deprecating deprecated retire retires retiring": (
        "remove removal drop delete deprecate clean cleanup unneeded unused legacy obsolete strip disable retire"
    ),
    "fix fixes fixing fixed repair repairs repairing correct corrects correcting resolve resolves resolving debug"
    " debugs debugging solve solves solving bug bugs": (
        "fix bug bugfix close repair correct resolve debug handle prevent avoid restore regression mismatch flake flaky"
        " deflake hotfix solve wrong broken break"
    ),
    "reliable reliability robust robustness stable stability stabilize stabilizes stabilizing harden hardens hardening"
    " safe safety": (
        "reliable robust stable stabilize flake flaky deflake fix preserve ensure safe safety harden prevent error"
        " correct atomic race"
    ),
    "improve improves improving improvement improvements enhance enhances enhancing refine refines refining polish"
    " polishes polishing better": (
        "improve improvement better enhance refine polish refactor simplify clear clean robust rewrite modernize tidy"
        " boost speed provide fix"
    ),
    "refactor refactors refactoring restructure restructures restructuring rework reworks reworking rewrite rewrites"
    " rewriting simplify simplifies simplifying modernize modernizes modernizing reorganize reorganizes reorganizing"
    " clean cleans cleaning cleanup tidy tidies tidying": (
        "refactor restructure rework rewrite simplify clean cleanup modernize reorganize reorder extract rename tidy"
        " move split dedupe migrate consolidate"
    ),
    "update updates updating updated upgrade upgrades upgrading bump bumps bumping": (
        "update upgrade bump latest uprev version pin new refresh sync"
    ),
    "move moves moving migrate migrates migrating migration migrations port ports porting switch switches switching"
    " replace replaces replacing convert converts converting transition transitions transitioning": (
        "move migrate migration port switch replace convert transition instead swap use adopt"
    ),
    "rename renames renaming": "rename name becomes alias",
    "tune tunes tuning adjust adjusts adjusting": (
        "tune adjust increase decrease tweak timing limit threshold delay interval default set"
    ),
    "reduce reduces reducing cut cuts cutting shorten shortens shortening": (
        "reduce cut shorten less fewer drop remove limit minimize skip speed"
    ),
    "test tests testing tested": "test testing pytest unittest coverage tox nox flake flaky deflake mock e2e",
    "flaky flake flakes": "flake flaky deflake intermittent",
    "document documents documenting documentation docs doc guide guides readme": (
        "document documentation docs doc readme guide docstring tutorial faq mention explain explanation rst md"
    ),
    "changelog changelogs notes note": "changelog changes notes note whatsnew history releases",
    "release releases releasing released publish publishes publishing ship ships shipping": (
        "release version bump changelog publish rc whatsnew pypi upload tag bumpversion"
    ),
    "version versions versioning": f"version release bump pin rc pypi bumpversion {VERSION_NUMBER}",
    "dependency dependencies requirement requirements package packages packaging": (
        "dependency dependencies deps dep requirement requirements pin unpin bump renovate dependabot package packaging"
        " setuptools pyproject vendor lock"
    ),
    "workflow workflows ci pipeline pipelines automation automate automates automating": (
        "ci workflow workflows action actions automation automate pipeline travis jenkins tox nox prow hook script"
    ),
    "type types typing typed annotation annotations annotate annotates annotating": (
        "type types typing annotation annotate mypy pyright basedpyright hint hints"
    ),
    "lint lints linting linter linters format formats formatting style": (
        "lint linter linters ruff flake8 isort black format formatting style pyupgrade pylint"
    ),
    "performance perform fast faster speed speeds optimize optimizes optimizing optimise optimises optimising"
    " optimization optimizations efficient efficiency": (
        "performance perf fast speed optimize optimise optimization slow cache boost efficient latency memory"
    ),
    "configure configures configuring configuration configurations setting settings config": (
        "configure configuration config setting settings option options cfg conf toml yaml yml json5 ini json"
    ),
    "error errors failure failures exception exceptions fail fails failing": (
        "error fail failure exception crash raise flake flaky warning bug"
    ),
    "command commands cli interface": "command cli terminal bin shell console interface",
    "retrieve retrieves retrieving retrieval fetch fetches fetching get load loads loading": (
        "retrieve retrieval retriever get fetch load read query"
    ),
    "log logs logging": "log logs logging logger logfile loglevel",
    "read reads reading article articles": "read article bookmark highlight book blog newsletter",
    "buy buys buying purchase purchases purchasing order orders ordering shop shops shopping": (
        "purchase order buy cart checkout wishlist shop"
    ),
    "compare compares comparing": "compare comparison versus vs",
    "watch watches watching film films movie movies video videos series": (
        "watch view movie film video series episode tv stream"
    ),
    "listen listens listening music song songs": "listen play music song track album artist podcast",
    "play plays playing game games": "play game match level",
    "rate rates rating ratings review reviews reviewing": "rate rating review score stars grade",
    "search searches searching query queries": "search query find lookup",
    "ask asks asking question questions request requests": "ask question request message prompt help how",
    "answer answers reply replies response responses": "answer reply response explain explanation show",
    "short shorter brief concise": "short shorter brief briefly concise terse tldr",
    "agent agents": "agent",
}


# Plain nouns of many fields. Each shows itself alone; here they only save the quotation marks of a name.
_NOUNS = """
    access account accounts app application applications apps art backend backends backup batch batches budget
    button cache caches camera cameras chart charts client clients clothes column columns connection connections
    container containers course courses cycling dashboard dashboards data database databases default defaults
    definition deployment deployments design drawing endpoint endpoints event events example examples export
    exports feature features file files folder folders football form forms frontend furniture garden gardening
    grammar hiking history image images import imports ingestion integration integrations job jobs kitchen
    language languages laptop laptops lesson lessons libraries library memory message messages metadata metric
    metrics middleware model models module modules music network news notebook notebooks novel novels page pages
    parser parsers patch patches permission permissions phone phones photography plot plots plugin plugins
    poetry price prices process processes provider providers queue queues recipe recipes report reports retries
    retry row rows running sandbox schedule scheduler schedules schema schemas science script scripts security
    server servers session sessions shoes sport sports statistic statistics storage store stores stream
    streaming streams table tables template templates thread threads timeout timeouts timer timers token tokens
    transaction transactions travel trip trips vector vectors view views weather worker workers
"""


NOUNS = frozenset(_NOUNS.split())


def _families() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for words, shown_by in _SHOWN_BY.items():
        for word in words.split():
            found[word] = _stems(shown_by) | {stem(word)}
    for word in NOUNS - FREE:
        found.setdefault(word, frozenset({stem(word)}))
    return MappingProxyType(found)


SHOWN_BY = _families()
"""By word in small letters: the stems in an event that show it."""

ACTS = frozenset(
    word
    for words in _SHOWN_BY
    if words.split()[0]
    in "add support remove fix improve refactor update move rename tune reduce reliable buy compare retrieve".split()
    for word in words.split()
)
"""Words that say what was done, rather than to what."""

NEGATIVE = frozenset(
    """not no never dislikes dislike disliking hates hate hating avoids avoid avoiding stopped stops stopping quit quits
    quitting abandoned abandons abandoning refuses refuse refusing rejects reject rejecting lacks lack lacking struggles
    struggle struggling skips skipping ignores unwilling unhappy tired frustrated left leaves leaving""".split()
)
"""They say that the user turned away: shown by acts against, or by what the user said."""
ATTITUDES = frozenset(
    """likes like liking loves love loving enjoys enjoy enjoying prefers prefer preferring wants want wanting wishes
    wish favors favours favor favour interested interest interests curious hopes hope hoping values appreciates fond fan
    excited passionate keen""".split()
)
"""They say what the user thinks of something: shown by a word or feedback of theirs, or by doing it often."""
UNIVERSAL = frozenset(
    """always only all every everything everyone exclusively entirely completely fully solely anything none nothing
    purely constantly""".split()
)
"""They leave no exception."""
MOSTLY = frozenset("mostly mainly primarily largely predominantly chiefly".split())
OFTEN = frozenset("often frequently frequent regularly regular repeatedly usually commonly".split())
DEEPLY = frozenset(
    """expert experts expertise deeply deep master masters mastery mastered advanced senior specialist authority leading
    leads lead guru extensive extensively thorough thoroughly""".split()
)
WELL = frozenset(
    """well experienced experience skilled strong strongly solid proficient fluent good confident knows know
    knowledge""".split()
)
SOME = frozenset("familiar understands understanding".split())
NEW_TO = "new to"
NEWLY = frozenset("learning learns learn beginner novice unfamiliar newcomer inexperienced".split()) | {
    NEW_TO
}
"""Words for knowing something, by how much of it they claim."""

_PREPOSITIONS = frozenset(
    """a an the of on at to into onto for from by with without within between among across over under through about
    against after before during while until since per via""".split()
)
_ARTICLES = frozenset("a an the".split())


def is_broken(first: str, second: str) -> bool:
    """Return whether two words in a row are no English: what joins a thing to the sentence, without the thing."""
    return first in _PREPOSITIONS and (
        second in ("and", "or", "but", "") or (second in _PREPOSITIONS and second not in _ARTICLES)
    )


OPENINGS = frozenset(
    """interested familiar new active mostly mainly often regularly frequently responsible expert experienced proficient
    fluent developer engineer maintainer beginner concerned busy fond curious skilled""".split()
)
"""With what a statement may begin beside a verb in the third person."""


def is_ours(word: str) -> bool:
    """Return whether a word in small letters is one of these lists'."""
    return any(word in words for words in _ALL)


_ALL = (
    FREE,
    SHOWN_BY,
    NEGATIVE,
    ATTITUDES,
    UNIVERSAL,
    MOSTLY,
    OFTEN,
    DEEPLY,
    WELL,
    SOME,
    NEWLY,
)
