"""The forms of sentences that texts are made of, each with what must hold of the raw counts for it to be true.

A form is a pattern over a sentence whose names are masked; a group of it that holds marks is a list of names. Where a
word leaves room, as "mostly" and "lately" do, the reading is the most generous one that a person would still call true:
what is counted as contradicted here is false in every reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from evaluations.named import as_named, keys_of
from evaluations.raw_counts import Act, Namespace, User, count, mean
from foreword.corrections import said, wishes_in


class Known(NamedTuple):
    """What a sentence is held against: a user, and the namespace with all its users, at the time of the text."""

    user: User
    namespace: Namespace


class Said(NamedTuple):
    """What a sentence says: its names by the group of the pattern they stand in, and the other groups' words."""

    names: dict[str, list[str]]
    words: dict[str, str]


Check = Callable[[Known, Said], Iterator[str]]


class Form(NamedTuple):
    """A form of sentence.

    Attributes:
        pattern: Over the masked sentence, whole.
        check: Yields what in the raw counts contradicts it.
        compares: It sets the user beside others, or beside themselves at another time: then it says something also of
            what everybody does.
    """

    pattern: re.Pattern[str]
    check: Check
    compares: bool


FORMS: list[Form] = []
_NAME = r"(?:the )?⟨\d+⟩(?: package)?"
_LIST = rf"{_NAME}(?:(?:, | and ){_NAME})*"
_JOINT = r"(?:in |about |for |on )?"
_ACT = (
    "(?:Developer|Rates things|Reads(?: books)?|Shops|Plays (?:media|games)|Works with an AI agent|Searches|Active"
    "|Watches (?:films|series|videos)|Listens to (?:music|podcasts))"
)

# "Mostly" is half of what a user did over some stretch up to the last act, be it short or long.
_MOSTLY_SHARE_MIN = 0.5
_STRETCHES_ACTS = (10, 20, 50)
_STRETCHES_DAYS = (7, 30, 90, 365)
_NAMED_ACTS_MIN = 2
# What somebody is on now is what the newest few acts were about.
_NOW_ACTS = 16
_YEAR = re.compile(r" \(\d{4}\)$")
_WORDS = re.compile(r"[^\W\d_]+")
_STEM_LETTERS = 3
_DEEPLY_ACTS_MIN, _WELL_ACTS_MIN, _SOME_ACTS_MIN = 100, 25, 8
_OFTEN_ACTS_MIN = 3
_NEARLY_ALWAYS_SHARE_MIN = 0.85
_DEEP = frozenset("deep expert advanced detailed in-depth".split())
_SHALLOW = frozenset("overview brief intro beginner basic shallow".split())


def form(pattern: str, *, compares: bool = False) -> Callable[[Check], Check]:
    """Register a form; its pattern may have `{list}` for names, `{joint}` for a word that joins them, and `{act}`."""
    whole = re.compile(pattern.replace("{list}", _LIST).replace("{joint}", _JOINT).replace("{act}", _ACT))

    def register(check: Check) -> Check:
        FORMS.append(Form(whole, check, compares))
        return check

    return register


def has(act: Act, name: str) -> bool:
    """Return whether an act has a topic of that name."""
    return not act.topics.isdisjoint(keys_of(name))


def says(act: Act, name: str) -> bool:
    """Return whether an act has an attribute of that value, or is of that item."""
    values = (act.event.item_id, *act.event.attributes.values())
    return any(as_named(value) == name for value in values)


def has_any(names: Sequence[str]) -> Callable[[Act], bool]:
    """Return the test whether an act has one of several topics."""
    keys = frozenset().union(*map(keys_of, names))
    return lambda act: not act.topics.isdisjoint(keys)


def times(known: Known, name: str) -> int:
    """Return how many of the user's acts have a topic."""
    return sum(known.user.topics[key] for key in keys_of(name))


def share(acts: Sequence[Act], name: str) -> float:
    """Return the share of acts that have a topic."""
    return count(acts, lambda act: has(act, name)) / len(acts)


def rarely(known: Known, names: Sequence[str], at_least: int = _NAMED_ACTS_MIN) -> Iterator[str]:
    """Yield a reason for each topic that fewer acts than that have."""
    for name in names:
        if (found := times(known, name)) < at_least:
            yield f"{name}: {found} of {len(known.user.acts)} events"


def rarely_says(known: Known, names: Sequence[str], at_least: int = _OFTEN_ACTS_MIN) -> Iterator[str]:
    """Yield a reason for each value that fewer acts than that have."""
    for name in names:
        found = sum(says(act, name) for act in known.user.acts)
        if found < at_least:
            yield f"{name}: said by {found} of {len(known.user.acts)} events"


def item_names(act: Act) -> set[str]:
    """Return what a text may call the item of an act: all of it, its last part or last two, its folder, no year."""
    item = _YEAR.sub("", act.event.item_id)
    folder, _, last = item.rpartition("/")
    return {as_named(word) for word in (item, last, folder, f"{folder.rpartition('/')[2]}/{last}") if word}


def seldom_written(acts: Sequence[Act], phrases: Sequence[str]) -> Iterator[str]:
    """Yield a reason for each phrase whose words stand together in fewer than two texts; endings may differ."""
    for phrase in phrases:
        # A name that is ours stands for words that people write in other ways: "APIs" for "api".
        pattern = re.compile("|".join(map(_loosely, {phrase.casefold(), *keys_of(phrase)})))
        found = sum(pattern.search(act.event.text.casefold()) is not None for act in acts)
        if found < _NAMED_ACTS_MIN:
            yield f"{phrase}: in {found} texts of the newest {len(acts)} events"


def _loosely(phrase: str) -> str:
    words = _WORDS.findall(phrase)
    return r"[^\W\d_]*[\W_]+".join(re.escape(word[: max(_STEM_LETTERS, len(word) - 3)]) for word in words)


def stretches(user: User) -> Iterator[Sequence[Act]]:
    """Yield what may be meant by "lately": the newest acts, by number and by days before the last one."""
    yield from (user.newest(number) for number in _STRETCHES_ACTS)
    yield from (user.last_days(days) for days in _STRETCHES_DAYS)


def not_mostly(known: Known, names: Sequence[str], *, lately: bool) -> Iterator[str]:
    """Yield why names do not make up most of what was done; nothing when they do over some stretch."""
    choices = [known.user.acts, *stretches(known.user)] if not lately else list(stretches(known.user))
    carried = has_any(names)
    best = max(count(acts, carried) / max(1, count(acts, lambda act: bool(act.topics))) for acts in choices)
    if best < _MOSTLY_SHARE_MIN:
        yield f"at most {best:.0%} of any stretch is {', '.join(names)}"
    for name in names:
        if lately and not any(share(acts, name) for acts in choices):
            yield f"{name}: not in the last year of activity"


@form(
    r"{act}(?: on (?P<repos>{list}))?, (?P<lately>lately )?mostly {joint}(?P<topics>{list})"
    r"(?:, in (?P<languages>{list}))?\."
)
def lead(known: Known, said: Said) -> Iterator[str]:
    """What the user mostly does."""
    yield from rarely(known, [*said.names["topics"], *said.names["languages"]])
    yield from rarely_says(known, said.names["repos"])
    yield from not_mostly(known, said.names["topics"], lately=bool(said.words["lately"]))


@form(r"{act}(?: on (?P<repos>{list}))?(?:, without a clear focus yet)?\.")
def bare_lead(known: Known, said: Said) -> Iterator[str]:
    """What the user does, without what."""
    yield from rarely_says(known, said.names["repos"])


@form(r"(?:Also l|L)ately {joint}(?P<items>{list})(?:, on (?P<subjects>{list}))?\.")
def now(known: Known, said: Said) -> Iterator[str]:
    """What the newest acts were about: items, and phrases that come again in the texts of several."""
    acts = known.user.newest(_NOW_ACTS)
    for name in said.names["items"]:
        if not any(name in item_names(act) for act in acts):
            # Without items the list is of subjects: "Lately on …".
            yield from seldom_written(acts, [name])
    yield from seldom_written(acts, said.names["subjects"])


@form(r"Knows (?:(?P<deep>{list}) deeply)?(?:, )?(?:(?P<well>{list}) well)?(?:; some (?P<some>{list}))?\.")
def knows(known: Known, said: Said) -> Iterator[str]:
    """What the user knows, by how often they worked with it."""
    yield from rarely(known, said.names["deep"], _DEEPLY_ACTS_MIN)
    yield from rarely(known, said.names["well"], _WELL_ACTS_MIN)
    yield from rarely(known, said.names["some"], _SOME_ACTS_MIN)


@form(r"Works with (?P<some>{list})\.")
def works_with(known: Known, said: Said) -> Iterator[str]:
    """What the user knows some of."""
    yield from rarely(known, said.names["some"], _SOME_ACTS_MIN)


@form(r"Has worked a little with (?P<topics>{list})\.")
def little(known: Known, said: Said) -> Iterator[str]:
    """What the user hardly knows."""
    yield from rarely(known, said.names["topics"], 1)
    for name in said.names["topics"]:
        if (found := times(known, name)) >= _WELL_ACTS_MIN:
            yield f"{name}: {found} events are not a little"


@form(r"(?:Also edits|Also|Sometimes) {joint}(?P<topics>{list})\.")
def named(known: Known, said: Said) -> Iterator[str]:
    """What the user also does."""
    yield from rarely(known, said.names["topics"])


@form(r"(?:The agent mostly uses|Often runs into|Domain:) (?P<values>{list})\.")
def often(known: Known, said: Said) -> Iterator[str]:
    """What events say again and again."""
    yield from rarely_says(known, said.names["values"])


@form(
    r"Rates (?:(?P<above>{list}) above average)?(?:, )?(?:(?P<below>{list}) below(?: average)?)?\.",
    compares=True,
)
def rates(known: Known, said: Said) -> Iterator[str]:
    """What the user rates higher and lower than all they rate."""
    overall = mean(act.rating for act in known.user.acts if act.rating is not None)
    for group, sign in (("above", 1), ("below", -1)):
        for name in said.names[group]:
            own = mean(act.rating for act in known.user.acts if act.rating is not None and has(act, name))
            if own is None or overall is None:
                yield f"{name}: never rated"
            elif (own - overall) * sign <= 0:
                yield f"{name}: mean rating {own:.3f}, {overall:.3f} of all"


@form(
    r"(?:(?P<is_more>More) {joint}(?P<more>{list}) than other users)?(?:, )?"
    r"(?:[Ll]ess {joint}(?P<less>{list})(?: than other users)?)?\.",
    compares=True,
)
def standing(known: Known, said: Said) -> Iterator[str]:
    """What the user does more and less than the others, as a share of what is done; nobody does most of it and less."""
    user, namespace = known
    yield from rarely(known, said.names["more"])
    for group, sign in (("more", 1), ("less", -1)):
        for name in said.names[group]:
            own = share(user.acts, name)
            others = sum(namespace.others_share(user, key) for key in keys_of(name))
            if (own - others) * sign <= 0:
                yield f"{name}: {own:.1%} of the user's events, {others:.1%} of the others'"
            most = max(namespace.most[key] for key in keys_of(name))
            if sign < 0 and times(known, name) >= most > 0:
                yield f"{name}: {most} events, more than anybody else's"


@form(r"Recently also {joint}(?P<topics>{list})\.", compares=True)
def rising(known: Known, said: Said) -> Iterator[str]:
    """What the user turned to."""
    acts = known.user.acts
    for name in said.names["topics"]:
        before = share(acts, name)
        best = max(share(part, name) for part in stretches(known.user))
        if best <= before and len(acts) > max(_STRETCHES_ACTS):
            yield f"{name}: {before:.0%} of all events, and of no stretch lately more"
    yield from rarely(known, said.names["topics"], _OFTEN_ACTS_MIN)


@form(r"Earlier more {joint}(?P<topics>{list})\.", compares=True)
def falling(known: Known, said: Said) -> Iterator[str]:
    """What the user turned from."""
    acts = known.user.acts
    for name in said.names["topics"]:
        overall = share(acts, name)
        least = min(share(part, name) for part in stretches(known.user))
        if least >= overall:
            yield f"{name}: {overall:.0%} of all events, and of no stretch lately less"


@form(r"Skip (?P<topics>{list})\.")
def skip(known: Known, said: Said) -> Iterator[str]:
    """What the user does not want: they said no to it, or turned most of it down, and the last word was no yes."""
    for name in said.names["topics"]:
        acts = [act for act in known.user.acts if has(act, name)]
        decisions = [act.decision for act in acts if act.decision]
        against = count(acts, lambda act: act.against)
        if decisions and decisions[-1] > 0:
            yield f"{name}: said yes to last"
        elif not decisions and 2 * against < len(acts):
            yield f"{name}: {against} of {len(acts)} events against it"
        elif not acts:
            yield f"{name}: never met"


@form(r"Wants (?P<wants>[^⟨⟩]+)\.")
def wants(known: Known, said_: Said) -> Iterator[str]:
    """How the user wants answers: the newest correction that speaks of it says so."""
    newest: dict[str, str] = {}
    for act in known.user.acts:
        newest |= {wish.key: wish.value for wish in wishes_in(act.event.text)}
    if said_.words["wants"] != ", ".join(said(newest)):
        yield f"corrections ask for {', '.join(said(newest)) or 'nothing'}"


@form(r"Has corrected (?P<many>answers|an answer)(?: about (?P<topics>{list}))?\.")
def corrected(known: Known, said: Said) -> Iterator[str]:
    """That the user corrected answers."""
    yield from rarely(known, said.names["topics"], 1)


@form(r"Prefers (?P<kinds>[a-z -]+) texts\.")
def prefers(known: Known, said: Said) -> Iterator[str]:
    """What kind of texts the user reads."""
    depths = [
        act.event.attributes["depth"].lower() for act in known.user.acts if "depth" in act.event.attributes
    ]
    for word, kinds in (("in-depth", _DEEP), ("brief overview", _SHALLOW)):
        if word in said.words["kinds"] and 2 * sum(depth in kinds for depth in depths) < len(depths):
            yield f"{word}: {sum(depth in kinds for depth in depths)} of {len(depths)} read"


@form(r"Nearly always (?:in (?:the repository )?|with )?(?:(?P<field>[^⟨⟩:]+|⟨\d+⟩): )?(?P<value>{list})\.")
def always(known: Known, said: Said) -> Iterator[str]:
    """What nearly every event has."""
    (name,) = said.names["value"]
    parts = [known.user.acts, *stretches(known.user)]
    best = max(count(part, lambda act: says(act, name)) / len(part) for part in parts)
    if best < _NEARLY_ALWAYS_SHARE_MIN:
        yield f"{name}: at most {best:.0%} of any stretch"
