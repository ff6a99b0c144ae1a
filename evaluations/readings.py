"""What each form of sentence claims, and what of the raw counts contradicts it.

Where a word leaves room, as "turned to" and "new" do, the reading is the most generous one that a person would still
call true: what is found contradicted is false in every reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from evaluations.forms import Known, Noted, Said, form
from evaluations.named import as_named, keys_of
from evaluations.raw_counts import Act, User, count, mean
from foreword.corrections import said as said_of
from foreword.corrections import wishes_in
from foreword.v1.event_pb2 import Feedback
from scheduler.agent.labels import join

# Over some stretch up to the last act, be it short or long, a share holds that is said to hold "lately".
_STRETCHES_ACTS = (10, 20, 50)
_STRETCHES_DAYS = (7, 30, 90, 365)
_DEEPLY_ACTS_MIN, _WELL_ACTS_MIN, _SOME_ACTS_MIN = 100, 25, 8
_OFTEN_ACTS_MIN = 3
_NEARLY_ALWAYS_SHARE_MIN = 0.85
# What somebody is on now is what the newest few acts were about.
_NOW_ACTS = 16
_RECURRING_TEXTS_MIN = 2
# Who met something this often is no beginner in it, nor who met it first when half of all they did was done.
_BEGINNER_ACTS_MAX = 8
_AWAY_DAYS_MIN = 60
_MONTH_DAYS = 30.44
_DEEP = frozenset("deep expert advanced detailed in-depth".split())
_SHALLOW = frozenset("overview brief intro beginner basic shallow".split())
_ACCEPTING, _REJECTING = frozenset({"accept", "accepted"}), frozenset({"reject", "rejected"})
_DONE = frozenset("success successful succeeded ok pass passed resolved done completed true".split())
_NOT_DONE = frozenset("failure fail failed error unresolved aborted timeout false".split())
_ENDS = frozenset("outcome result finish end".split())
_COMMITS = frozenset("commit push merge pull_request code_review issue".split())
_OF_ALL = re.compile(r"(?P<part>\d+) of (?P<all>\d+)(?: (?P<events>[a-z]+))?")
_OF_NEWEST = re.compile(r"(?P<part>\d+) of the last (?P<acts>\d+) (?P<events>[a-z]+)")
_RATED = re.compile(r"rated (\d+\.\d)")
# A mean is told to one decimal; half of it, and what adding in another order changes.
_ROUNDED = 0.051
_YEAR = re.compile(r" \(\d{4}\)$")
_WORDS = re.compile(r"[^\W\d_]+")
_STEM_LETTERS = 3


@form(r"As of (?P<month>{month}), works with ⟨\d+⟩ agents(?: on (?P<topics>{list}))?\.", tells_apart=True)
def agents_lead(known: Known, said: Said) -> Iterator[str]:
    """What somebody has agents work on, as of their last act."""
    yield from not_as_of(known, said)
    yield from miscounted(known, said.names["topics"])


@form(
    r"As of (?P<month>{month}), [a-z][A-Za-z ]*?(?: on (?P<within>{list}))?"
    r"(?:(?: |: ){joint}(?P<topics>{list})| \((?P<all>\d+) (?P<events>[a-z]+)\))?\.",
    tells_apart=True,
)
def lead(known: Known, said: Said) -> Iterator[str]:
    """What the user does, as of their last act: the first topic with how often."""
    yield from not_as_of(known, said)
    if said.words["all"] and int(said.words["all"]) != len(known.user.acts):
        yield f"{len(known.user.acts)} events in all"
    yield from misnamed(known.user.acts, said.words["events"])
    yield from unsaid(known, [each.name for each in said.names["within"]])
    yield from miscounted(known, said.names["topics"])


@form(r"Turned to (?P<topics>{list})\.", tells_apart=True)
def turned_to(known: Known, said: Said) -> Iterator[str]:
    """What makes up more of the newest acts than of all."""
    yield from miscounted(known, said.names["topics"])
    for name in said.plain("topics"):
        if max(share(part, name) for part in stretches(known.user)) <= share(known.user.acts, name) < 1:
            yield f"{name}: {share(known.user.acts, name):.0%} of all events, and of no stretch lately more"


@form(r"No (?P<topics>{list}) since (?P<month>{month})(?: \((?P<note>[^()]*)\))?\.", tells_apart=True)
def no_more(known: Known, said: Said) -> Iterator[str]:
    """What the user did often and stopped doing."""
    (name,) = said.plain("topics")
    yield from miscounted(known, [Noted(name, said.words["note"])])
    acts = [act for act in known.user.acts if has(act, name)]
    if acts and month_of(acts[-1].time_ms) != said.words["month"]:
        yield f"{name}: last in {month_of(acts[-1].time_ms)}"
    if acts and month_of(known.user.acts[-1].time_ms) == said.words["month"]:
        yield f"{name}: last in the month of the last act"


@form(r"Back since (?P<month>{month}) after (?P<span>\d+) (?P<unit>months|years) away\.", tells_apart=True)
def back(known: Known, said: Said) -> Iterator[str]:
    """When the user came back last, and after how long."""
    days = sorted({act.day for act in known.user.acts})
    gaps = [(newer, newer - older) for older, newer in pairwise(days) if newer - older >= _AWAY_DAYS_MIN]
    if not gaps:
        yield f"never away for {_AWAY_DAYS_MIN} days"
        return
    since, away = gaps[-1]
    if (month := month_of(since * 86_400_000)) != said.words["month"]:
        yield f"back since {month}"
    span = away / _MONTH_DAYS / (12 if said.words["unit"] == "years" else 1)
    if abs(span - int(said.words["span"])) > 1:
        yield f"away for {away} days"


@form(r"(?:Also l|L)ately (?:rated )?{joint}(?P<items>{list})(?:, on (?P<subjects>{list}))?\.")
def now(known: Known, said: Said) -> Iterator[str]:
    """What the newest acts were about: items, and phrases that come again in the texts of several."""
    acts = known.user.newest_and_tied(_NOW_ACTS)
    for name in said.plain("items"):
        if not any(name in item_names(act) for act in acts):
            # Without items the list is of subjects: "Lately on …".
            yield from seldom_written(acts, [name])
    yield from seldom_written(acts, said.plain("subjects"))


@form(r"Lately (?:on|asks about|searches for) (?P<subjects>{list})\.")
def lately_about(known: Known, said: Said) -> Iterator[str]:
    """Phrases that come again in the newest texts."""
    yield from seldom_written(known.user.newest_and_tied(_NOW_ACTS), said.plain("subjects"))


@form(r"New to (?P<topics>{list})\.", tells_apart=True)
def new_to(known: Known, said: Said) -> Iterator[str]:
    """What the user met late and seldom."""
    acts = known.user.acts
    for name in said.plain("topics"):
        places = [place for place, act in enumerate(acts) if has(act, name)]
        if not 0 < len(places) <= _BEGINNER_ACTS_MAX:
            yield f"{name}: {len(places)} events"
        elif acts[places[0]] not in known.user.last_days(120) and 2 * places[0] < len(acts):
            yield f"{name}: first at event {places[0] + 1} of {len(acts)}"


@form(r"Knows (?:(?P<deep>{list}) deeply)?(?:, )?(?:(?P<well>{list}) well)?(?:; some (?P<some>{list}))?\.")
def knows(known: Known, said: Said) -> Iterator[str]:
    """What the user knows, by how often they worked with it."""
    yield from rarely(known, said.plain("deep"), _DEEPLY_ACTS_MIN)
    yield from rarely(known, said.plain("well"), _WELL_ACTS_MIN)
    yield from rarely(known, said.plain("some"), _SOME_ACTS_MIN)


@form(r"Works with (?P<some>{list})\.")
def works_with(known: Known, said: Said) -> Iterator[str]:
    """What the user knows some of."""
    yield from rarely(known, said.plain("some"), _SOME_ACTS_MIN)


@form(r"Has worked a little with (?P<topics>{list})\.")
def little(known: Known, said: Said) -> Iterator[str]:
    """What the user hardly knows."""
    yield from rarely(known, said.plain("topics"))
    for name in said.plain("topics"):
        if (found := times(known, name)) >= _WELL_ACTS_MIN:
            yield f"{name}: {found} events are not a little"


@form(r"Also {joint}(?P<topics>{list})\.")
def also(known: Known, said: Said) -> Iterator[str]:
    """What the user also does."""
    yield from rarely(known, said.plain("topics"))


@form(r"(?:The agent mostly uses|Often runs into) (?P<values>{list})\.")
def often(known: Known, said: Said) -> Iterator[str]:
    """What events say again and again."""
    yield from unsaid(known, said.plain("values"), _OFTEN_ACTS_MIN)


@form(r"(?P<done>\d+|None) of the agent's last (?P<runs>\d+) runs succeeded\.")
def runs(known: Known, said: Said) -> Iterator[str]:
    """How many of the newest runs got done."""
    ends = [done for done in map(_is_done, known.user.acts) if done is not None]
    number = int(said.words["runs"])
    done = 0 if said.words["done"] == "None" else int(said.words["done"])
    if number > len(ends) or sum(ends[-number:]) != done:
        yield f"{sum(ends[-number:])} of {len(ends)} runs"


@form(
    r"(?P<verb>Accepts|Rejects) (?P<part>\d+) of (?P<all>\d+) [a-z]+(?:; more in (?P<more>{list}))?"
    r"(?:; fewer in (?P<fewer>{list}))?(?:; takes (?P<longer>longer|shorter) ones \(mean length (?P<taken>\d+), "
    r"rejected ones (?P<rejected>\d+)\))?\."
)
def answering(known: Known, said: Said) -> Iterator[str]:
    """How much of what is offered the user takes, where more and where less of it, and how long that is."""
    offers = [(act, taken) for act in known.user.acts if (taken := _is_taken(act)) is not None]
    accepts = said.words["verb"] == "Accepts"
    part = sum(taken is accepts for _, taken in offers)
    if (part, len(offers)) != (int(said.words["part"]), int(said.words["all"])):
        yield f"{part} of {len(offers)}"
    for group, sign in (("more", 1), ("fewer", -1)):
        for name, note in said.names[group]:
            inside = [taken is accepts for act, taken in offers if has(act, name)]
            if note != f"{sum(inside)} of {len(inside)}":
                yield f"{name}: {sum(inside)} of {len(inside)}"
            if (sum(inside) * len(offers) - part * len(inside)) * sign <= 0:
                yield f"{name}: a share as of all, or to the other side"
    if said.words["longer"]:
        those, others = (mean(_lengths(offers, side)) or 0.0 for side in (True, False))
        told = abs(those - int(said.words["taken"])) <= 1 and abs(others - int(said.words["rejected"])) <= 1
        if not told or (those > others) != (said.words["longer"] == "longer"):
            yield f"mean lengths {those:.1f} taken and {others:.1f} rejected"


@form(
    r"Rates (?P<mean>\d+\.\d) on average(?:: (?P<topics>⟨\d+⟩ \d+\.\d(?:[,;] ⟨\d+⟩ \d+\.\d)*))?\.",
    tells_apart=True,
)
def rates(known: Known, said: Said) -> Iterator[str]:
    """The mean of all ratings, and of topics above it, then, behind a semicolon, below it."""
    overall = mean(act.rating for act in known.user.acts if act.rating is not None)
    if overall is None or abs(overall - float(said.words["mean"])) > _ROUNDED:
        yield f"mean rating {overall}"
        return
    stated = re.findall(r"⟨\d+⟩ (\d+\.\d)", said.words["topics"])
    for name, number in zip(said.plain("topics"), stated, strict=True):
        own = mean(act.rating for act in known.user.acts if act.rating is not None and has(act, name))
        if own is None or abs(own - float(number)) > _ROUNDED:
            yield f"{name}: mean rating {own}"
        elif (own - overall) * (float(number) - float(said.words["mean"])) <= 0:
            yield f"{name}: mean rating {own:.3f}, {overall:.3f} of all"


@form(r"More {joint}(?P<more>{list}) than other users\.", tells_apart=True)
def standing(known: Known, said: Said) -> Iterator[str]:
    """What the user does more of than the others, as a share of what is done."""
    user, namespace = known
    for name in said.plain("more"):
        own = share(user.acts, name)
        others = sum(namespace.others_share(user, key) for key in keys_of(name))
        if own <= others:
            yield f"{name}: {own:.1%} of the user's events, {others:.1%} of the others'"


@form(r"Skip (?P<topics>{list})\.")
def skip(known: Known, said: Said) -> Iterator[str]:
    """What the user does not want: a no that no yes came after, or most of it, all or the newest, turned down."""
    for name in said.plain("topics"):
        acts = [act for act in known.user.acts if has(act, name)]
        decisions = [act.decision for act in acts if act.decision]
        parts = [acts, *(acts[-number:] for number in _STRETCHES_ACTS)]
        if not acts:
            yield f"{name}: never met"
        elif decisions and decisions[-1] > 0:
            yield f"{name}: said yes to last"
        elif not decisions and all(2 * count(part, lambda act: act.against) < len(part) for part in parts):
            yield f"{name}: {count(acts, lambda act: act.against)} of {len(acts)} events against it"


@form(r"Wants (?P<wants>[^⟨⟩]+)\.")
def wants(known: Known, said: Said) -> Iterator[str]:
    """How the user wants answers: the newest correction that speaks of it says so."""
    newest: dict[str, str] = {}
    for act in known.user.acts:
        newest |= {wish.key: wish.value for wish in wishes_in(act.event.text)}
    if said.words["wants"] != join(said_of(newest)):
        yield f"corrections ask for {join(said_of(newest)) or 'nothing'}"


@form(r"Has corrected (?P<many>answers|an answer)(?: about (?P<topics>{list}))?\.")
def corrected(known: Known, said: Said) -> Iterator[str]:
    """That the user corrected answers."""
    wanted = 2 if said.words["many"] == "answers" else 1
    found = count(known.user.acts, lambda act: act.corrects)
    if found < wanted:
        yield f"{found} corrections"
    yield from rarely(known, said.plain("topics"))


@form(r"Prefers (?P<kinds>[a-z -]+) texts\.")
def prefers(known: Known, said: Said) -> Iterator[str]:
    """What kind of texts the user reads."""
    depths = [
        act.event.attributes["depth"].lower() for act in known.user.acts if "depth" in act.event.attributes
    ]
    for word, kinds in (("in-depth", _DEEP), ("brief overview", _SHALLOW)):
        found = sum(depth in kinds for depth in depths)
        if word in said.words["kinds"] and 2 * found < len(depths):
            yield f"{word}: {found} of {len(depths)} read"


@form(
    r"Nearly always (?:in (?:the repository )?|with )?(?:(?P<field>[^⟨⟩:]+|⟨\d+⟩): )?(?P<value>{list})\.",
    tells_apart=True,
)
def always(known: Known, said: Said) -> Iterator[str]:
    """What nearly every event has."""
    (name,) = said.plain("value")
    parts = [known.user.acts, *stretches(known.user)]
    best = max(count(part, lambda act: says(act, name)) / len(part) for part in parts)
    if best < _NEARLY_ALWAYS_SHARE_MIN:
        yield f"{name}: at most {best:.0%} of any stretch"


def not_as_of(known: Known, said: Said) -> Iterator[str]:
    """Yield a reason where the last act was in another month."""
    if (last := month_of(known.user.acts[-1].time_ms)) != said.words["month"]:
        yield f"last active in {last}"


def has(act: Act, name: str) -> bool:
    """Return whether an act has a topic of that name."""
    return not act.topics.isdisjoint(keys_of(name))


def says(act: Act, name: str) -> bool:
    """Return whether an act has an attribute of that value, or is of that item."""
    values = (act.event.item_id, *act.event.attributes.values())
    return any(as_named(value) == name for value in values)


def times(known: Known, name: str) -> int:
    """Return how many of the user's acts have a topic of that name."""
    return count(known.user.acts, lambda act: has(act, name))


def share(acts: Sequence[Act], name: str) -> float:
    """Return the share of acts that have a topic."""
    return count(acts, lambda act: has(act, name)) / len(acts)


def stretches(user: User) -> Iterator[Sequence[Act]]:
    """Yield what may be meant by "lately": the newest acts, by number and by days before the last one."""
    yield from (user.newest(number) for number in _STRETCHES_ACTS)
    yield from (user.last_days(days) for days in _STRETCHES_DAYS)


def rarely(known: Known, names: Sequence[str], at_least: int = 1) -> Iterator[str]:
    """Yield a reason for each topic that fewer acts than that have."""
    for name in names:
        if (found := times(known, name)) < at_least:
            yield f"{name}: {found} of {len(known.user.acts)} events"


def unsaid(known: Known, names: Sequence[str], at_least: int = 1) -> Iterator[str]:
    """Yield a reason for each value that fewer acts than that have."""
    for name in names:
        found = sum(says(act, name) for act in known.user.acts)
        if found < at_least:
            yield f"{name}: said by {found} of {len(known.user.acts)} events"


def miscounted(known: Known, names: Sequence[Noted]) -> Iterator[str]:
    """Yield a reason for each topic that no act has, or whose note says something else than there is.

    Where one name stands for two topics, as "documentation" does, a count may be of either or of both.
    """
    for name, note in names:
        readings = [keys_of(name), *(frozenset({key}) for key in keys_of(name))]
        having = [[act for act in known.user.acts if not act.topics.isdisjoint(keys)] for keys in readings]
        if not having[0]:
            yield f"{name}: 0 of {len(known.user.acts)} events"
        for part in filter(None, note.split(", ")):
            reasons = [list(_misnoted(known, part, acts)) for acts in having if acts]
            if all(reasons):
                yield f"{name}: {reasons[0][0]}"
        if note.startswith("new, ") and not any(f"{len(acts)} of the last" in note for acts in having):
            yield f"{name}: {len(having[0])} events in all"


def _misnoted(known: Known, note: str, having: Sequence[Act]) -> Iterator[str]:
    """Yield why one thing that is noted of a topic is not so, given the acts that have the topic."""
    acts = known.user.acts
    if match := _OF_ALL.fullmatch(note):
        if (int(match["part"]), int(match["all"])) != (len(having), len(acts)):
            yield f"{len(having)} of {len(acts)} events"
        yield from misnamed(acts, match["events"])
    elif match := _OF_NEWEST.fullmatch(note):
        least, most = of_newest(acts, int(match["acts"]), having)
        if not least <= int(match["part"]) <= most:
            yield f"{least} to {most} of the last {match['acts']}"
        yield from misnamed(acts, match["events"])
    elif match := _RATED.fullmatch(note):
        own = mean(act.rating for act in having if act.rating is not None)
        if own is None or abs(own - float(match[1])) > _ROUNDED:
            yield f"mean rating {own}"
    elif note != "new":
        yield f"({note}) is not understood"


def misnamed(acts: Sequence[Act], events: str | None) -> Iterator[str]:
    """Yield a reason where acts are called something that not all of them are."""
    if events == "commits" and not all(_verb(act) in _COMMITS for act in acts):
        yield "not all are commits"
    if events == "ratings" and not all(act.rating is not None for act in acts):
        yield "not all are ratings"


def of_newest(acts: Sequence[Act], number: int, having: Sequence[Act]) -> tuple[int, int]:
    """Return how many of the newest acts are among some: at least and at most, for acts of one moment tie."""
    edge_ms = acts[-number].time_ms if number <= len(acts) else acts[0].time_ms
    newer, found = (count(those, lambda act: act.time_ms > edge_ms) for those in (acts, having))
    tied, having_tied = (count(those, lambda act: act.time_ms == edge_ms) for those in (acts, having))
    room = min(number - newer, tied)
    return found + max(0, having_tied - (tied - room)), found + min(room, having_tied)


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
        if found < _RECURRING_TEXTS_MIN:
            yield f"{phrase}: in {found} texts of the newest {len(acts)} events"


def month_of(time_ms: int) -> str:
    """Return a month as a text names it."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%B %Y")


def _loosely(phrase: str) -> str:
    words = _WORDS.findall(phrase)
    return r"[^\W\d_]*[\W_]+".join(re.escape(word[: max(_STEM_LETTERS, len(word) - 3)]) for word in words)


def _verb(act: Act) -> str:
    return act.event.type.rpartition(".")[2].lower()


def _is_taken(act: Act) -> bool | None:
    """Return whether an act takes what was offered; None when it is about no offer."""
    feedback = act.event.feedback
    if feedback == Feedback.FEEDBACK_ACCEPT or (not feedback and _verb(act) in _ACCEPTING):
        return True
    if feedback == Feedback.FEEDBACK_REJECT or (not feedback and _verb(act) in _REJECTING):
        return False
    return None


def _is_done(act: Act) -> bool | None:
    """Return whether an act says that a run of an agent ended well; None when it says nothing of an end."""
    if _verb(act) not in _ENDS:
        return None
    for field in ("outcome", "status", "result"):
        word = act.event.attributes.get(field, "").lower()
        if word in _DONE or word in _NOT_DONE:
            return word in _DONE
    if act.event.feedback in (Feedback.FEEDBACK_LIKE, Feedback.FEEDBACK_ACCEPT):
        return True
    if act.event.feedback in (Feedback.FEEDBACK_DISLIKE, Feedback.FEEDBACK_REJECT):
        return False
    return act.event.value >= 0.5 if act.event.HasField("value") else None


def _lengths(offers: Sequence[tuple[Act, bool]], taken: bool) -> Iterator[float]:
    for act, is_taken in offers:
        length = act.event.attributes.get("length", "")
        if is_taken is taken and length.replace(".", "", 1).isdecimal():
            yield float(length)
