"""Looking through every row of profiles.lmdb."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

from google.protobuf.message import Message

from foreword import keys
from foreword.errors import StoreError
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.store import codec
from foreword.store import databases as db
from foreword.store.check.changes import changes
from foreword.store.check.fault import Fault, shown
from foreword.store.check.models import MODEL_CHECKS
from foreword.store.check.rows import namespace_key_fault, parsed, user_key_fault
from foreword.store.check.topics import topic_proposals
from foreword.store.profile_writer import add_to_totals, indexed_ms, text_etag
from foreword.store.snapshot import Snapshot
from foreword.store.v1.store_pb2 import (
    BackfillRow,
    ErasureReceipt,
    ModelHealth,
    PolicyInForce,
    Population,
    SchedulerProblems,
    Trends,
)
from foreword.v1.backfill_pb2 import BackfillQuestions
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.refresh_pb2 import LedgerEntry, LedgerTotals, RefreshState

FOREWORD_TOKENS_MAX = 200
# What stands beside a row of `defaults`.
_DEFAULT_PAIRS = {db.DEFAULT_PROFILE: db.DEFAULT_FOREWORD, db.DEFAULT_FOREWORD: db.DEFAULT_PROFILE}


def check_profiles(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with the rows of profiles.lmdb."""
    for check in PROFILE_CHECKS.values():
        yield from check(snapshot)


def _row_fault(database: bytes, key: bytes, row: bytes) -> str:
    try:
        header = codec.decode_header(row)
    except StoreError as exc:
        return exc.message
    if not codec.is_intact(database, key, row):
        return "the checksum fails"
    if header.reserved:
        return f"the reserved byte holds {header.reserved}"
    if header.stale_after_ms > header.expired_after_ms:
        return "it expires before it is stale"
    return ""


# -- profiles and what hangs on them --------------------------------------------------------------------


def _profiles(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_REVISION)
    for key, row in snapshot.rows(db.PROFILES):
        for what in _profile_faults(snapshot, key, row, newest):
            yield Fault("profiles.profiles", shown(key), what)


def _profile_faults(snapshot: Snapshot, key: bytes, row: bytes, newest: int) -> Iterator[str]:
    fault = user_key_fault(key) or _row_fault(db.PROFILES, key, row)
    if fault:
        yield fault
        return
    yield from _body_faults(key, row, newest)
    yield from _companion_faults(snapshot, key, row)


def _body_faults(user: bytes, row: bytes, newest: int) -> Iterator[str]:
    header = codec.decode_header(row)
    body = row[codec.HEADER_BYTES :]
    response = parsed(GetProfileResponse, body)
    if response is None or not response.HasField("profile"):
        yield "the body holds no profile"
        return
    profile = response.profile
    if response.freshness:
        yield "a freshness is stored, which belongs to the moment of reading"
    if profile.ByteSize() > codec.PROFILE_BYTES_MAX:
        yield f"the profile has {profile.ByteSize()} bytes; at most {codec.PROFILE_BYTES_MAX} are allowed"
    if profile.revision != header.revision:
        yield f"the header has revision {header.revision}, the profile {profile.revision}"
    if not 1 <= header.revision <= newest:
        yield f"revision {header.revision} lies outside 1 to {newest}, the highest given"
    if profile.is_default != header.is_default:
        yield "header and profile disagree on whether it is a default profile"
    if (profile.user_id, profile.namespace) != keys.split_user_key(user):
        yield f"the profile is of user {quoted(profile.user_id)} in namespace {quoted(profile.namespace)}"


def _companion_faults(snapshot: Snapshot, user: bytes, row: bytes) -> Iterator[str]:
    header = codec.decode_header(row)
    if snapshot.get(db.FOREWORDS, user) is None:
        yield "it has no foreword"
    revision = snapshot.get(db.REVISIONS, user + keys.u64(header.revision))
    if revision is None:
        yield f"its revision {header.revision} is not among the revisions"
    elif revision[codec.HEADER_BYTES :] != row[codec.HEADER_BYTES :]:
        yield f"it differs from revision {header.revision}, which it is"
    stored = snapshot.get(db.REFRESH_STATES, user)
    if stored is None:
        yield "it has no refresh state, so it would never be refreshed"
        return
    state = parsed(RefreshState, stored)
    if state is not None and state.revision != header.revision:
        yield f"its refresh state has revision {state.revision}, the profile {header.revision}"


def _forewords(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.FOREWORDS):
        for what in _foreword_faults(snapshot.get(db.PROFILES, key), key, row):
            yield Fault("profiles.forewords", shown(key), what)


def _foreword_faults(profile_row: bytes | None, key: bytes, row: bytes) -> Iterator[str]:
    fault = user_key_fault(key) or _row_fault(db.FOREWORDS, key, row)
    if fault:
        yield fault
        return
    if profile_row is None:
        yield "it belongs to no profile"
    elif profile_row[8 : codec.HEADER_BYTES] != row[8 : codec.HEADER_BYTES] or profile_row[1] != row[1]:
        yield "its header differs from the profile's"
    yield from _text_faults(row)


def _text_faults(row: bytes) -> Iterator[str]:
    response = parsed(GetForewordResponse, row[codec.HEADER_BYTES :])
    if response is None:
        yield "the body holds no foreword"
        return
    text = response.text.encode()
    if response.freshness:
        yield "a freshness is stored, which belongs to the moment of reading"
    if response.revision != codec.decode_header(row).revision:
        yield f"the text has revision {response.revision}, the header {codec.decode_header(row).revision}"
    if response.token_count > FOREWORD_TOKENS_MAX:
        yield f"it has {response.token_count} tokens; at most {FOREWORD_TOKENS_MAX} are allowed"
    if response.etag != text_etag(response.text):
        yield "its etag is not that of its text"
    if response.parts and response.text.split("\n")[1:] != [part.text for part in response.parts]:
        yield "its lines are not its parts"
    yield from _cut_faults(text, response)


def _cut_faults(text: bytes, response: GetForewordResponse) -> Iterator[str]:
    cuts = [(cut.byte_end, cut.token_count) for cut in response.cuts]
    if not cuts:
        if text:
            yield "it has no cuts"
        return
    if cuts[-1] != (len(text), response.token_count):
        yield f"its last cut is {cuts[-1]}, the whole text {(len(text), response.token_count)}"
    if any(a[0] >= b[0] or a[1] > b[1] for a, b in pairwise(cuts)):
        yield "its cuts do not ascend"
    # A byte of the form 10xxxxxx continues a character.
    if any(end < len(text) and text[end] & 0xC0 == 0x80 for end, _ in cuts):
        yield "a cut splits a character"


def _revisions(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_REVISION)
    for key, row in snapshot.rows(db.REVISIONS):
        user, number = key[:-8], key[-8:]
        fault = user_key_fault(user) if len(key) > 8 else "the key is too short"
        if not fault:
            fault = _row_fault(db.REVISIONS, key, row) or _revision_fault(
                snapshot, user, keys.read_u64(number), row, newest
            )
        if fault:
            yield Fault("profiles.revisions", f"{shown(user)} {number.hex()}", fault)


def _revision_fault(snapshot: Snapshot, user: bytes, number: int, row: bytes, newest: int) -> str:
    if codec.decode_header(row).revision != number:
        return f"the key has revision {number}, the header {codec.decode_header(row).revision}"
    profile = snapshot.get(db.PROFILES, user)
    if profile is None:
        return "it belongs to no profile"
    if len(profile) >= codec.HEADER_BYTES and codec.is_intact(db.PROFILES, user, profile):
        in_force = codec.decode_header(profile).revision
        if number > in_force:
            return f"it is newer than the profile in force, revision {in_force}"
    return next(_body_faults(user, row, newest), "")


# -- what is due ----------------------------------------------------------------------------------------


def _states(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.REFRESH_STATES):
        for what in _state_faults(snapshot, key, row):
            yield Fault("profiles.watermarks", shown(key), what)


def _state_faults(snapshot: Snapshot, key: bytes, row: bytes) -> Iterator[str]:
    state = parsed(RefreshState, row)
    fault = user_key_fault(key) or ("it cannot be parsed" if state is None else "")
    if fault or state is None:
        yield fault
        return
    if state.revision and snapshot.get(db.PROFILES, key) is None:
        yield f"it has revision {state.revision}, but there is no profile"
    if state.due_ms < 0:
        yield f"it is due at {state.due_ms} ms"
    elif indexed_ms(state) and snapshot.get(db.DUE, keys.due_key(state.due_ms, UserKey(key))) is None:
        yield f"it is due at {state.due_ms} ms, but the due index does not know"


def _due(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.DUE):
        user = key[8:]
        fault = user_key_fault(user) if len(key) > 8 else "the key is too short"
        if not fault:
            state = parsed(RefreshState, snapshot.get(db.REFRESH_STATES, user) or b"")
            if state is None or indexed_ms(state) != keys.read_u64(key):
                fault = f"due at {keys.read_u64(key)} ms, but the refresh state does not say so"
            elif row:
                fault = f"the row holds {len(row)} bytes; it should be empty"
        if fault:
            yield Fault("profiles.due", shown(user), fault)


# -- the rest -------------------------------------------------------------------------------------------


_PARSED_META: dict[bytes, type[Message]] = {
    db.META_SCHEDULER_PROBLEMS: SchedulerProblems,
    db.META_MODEL_HEALTH: ModelHealth,
    db.META_POLICY: PolicyInForce,
    db.META_BACKFILL: BackfillRow,
    db.META_BACKFILL_QUESTIONS: BackfillQuestions,
}


def _meta(snapshot: Snapshot) -> Iterator[Fault]:
    for name in (db.META_DEFAULT_PROFILE, db.META_DEFAULT_FOREWORD):
        row = snapshot.get(db.META, name)
        fault = "" if row is None else _row_fault(db.META, name, row)
        if fault:
            yield Fault("profiles.meta", name.decode(), fault)
    cursor = snapshot.get(db.META, db.META_TRIGGER_CURSOR)
    if cursor is not None and len(cursor) != 24:
        yield Fault("profiles.meta", db.META_TRIGGER_CURSOR.decode(), f"it has {len(cursor)} bytes, not 24")
    for name, kind in _PARSED_META.items():
        if parsed(kind, snapshot.get(db.META, name) or b"") is None:
            yield Fault("profiles.meta", name.decode(), "it cannot be parsed")


def _defaults(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.DEFAULTS):
        for what in _default_faults(snapshot, key, row):
            yield Fault("profiles.defaults", key.hex(), what)


def _default_faults(snapshot: Snapshot, key: bytes, row: bytes) -> Iterator[str]:
    prefix, kind = key[:-1], key[-1:]
    fault = namespace_key_fault(prefix)
    if kind not in _DEFAULT_PAIRS:
        fault = fault or f"the key ends in {kind.hex()}, not in 00 or 01"
    fault = fault or _row_fault(db.DEFAULTS, key, row)
    if fault:
        yield fault
    elif snapshot.get(db.DEFAULTS, prefix + _DEFAULT_PAIRS[kind]) is None:
        yield "of profile and foreword only one is there"
    elif kind == db.DEFAULT_FOREWORD:
        yield from _text_faults(row)
    else:
        response = parsed(GetProfileResponse, row[codec.HEADER_BYTES :])
        if response is None or not response.profile.is_default or response.profile.user_id:
            yield "the body is no default profile"


def _trends(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.TRENDS):
        trends = parsed(Trends, row)
        fault = namespace_key_fault(key) or ("it cannot be parsed" if trends is None else "")
        if not fault and trends is not None and any(each.user_count == 0 for each in trends.trends):
            fault = "a trend rests on nobody"
        if fault:
            yield Fault("profiles.trends", key.hex(), fault)


def _ledger(snapshot: Snapshot) -> Iterator[Fault]:
    newest = snapshot.counter(db.META_REVISION)
    attempts = snapshot.counter(db.META_LEDGER_SEQ)
    kept = LedgerTotals()
    for key, row in snapshot.rows(db.LEDGER):
        entry = parsed(LedgerEntry, row)
        fault = _ledger_fault(key, entry, attempts, newest)
        if fault:
            yield Fault("profiles.ledger", key.hex(), fault)
        elif entry is not None:
            add_to_totals(kept, entry)
    totals = parsed(LedgerTotals, snapshot.get(db.META, db.META_LEDGER_TOTALS) or b"")
    yield from _totals(totals, kept, attempts)


def _ledger_fault(key: bytes, entry: LedgerEntry | None, attempts: int, newest: int) -> str:
    if len(key) != 8:
        return "the key is not 8 bytes"
    if not 1 <= keys.read_u64(key) <= attempts:
        return f"entry {keys.read_u64(key)} lies outside 1 to {attempts}, the attempts counted"
    if entry is None:
        return "it cannot be parsed"
    if entry.revision > newest:
        return f"it wrote revision {entry.revision}, above {newest}, the highest given"
    return user_key_fault(entry.user_key)


def _totals(totals: LedgerTotals | None, kept: LedgerTotals, attempts: int) -> Iterator[Fault]:
    if totals is None:
        yield Fault("profiles.meta", "ledger_totals", "it cannot be parsed")
        return
    if totals.attempts != attempts:
        what = f"it sums {totals.attempts} attempts; {attempts} were counted"
        yield Fault("profiles.meta", "ledger_totals", what)
    for field in LedgerTotals.DESCRIPTOR.fields:
        summed, found = getattr(totals, field.name), getattr(kept, field.name)
        if summed < found:
            what = f"{field.name} is {summed}; the entries kept alone make {found}"
            yield Fault("profiles.meta", "ledger_totals", what)


def _population(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.POPULATION):
        population = parsed(Population, row)
        if population is None:
            yield Fault("profiles.population", key.hex(), "it cannot be parsed")
        elif not all(math.isfinite(weight) for weight in _weights(population)):
            yield Fault("profiles.population", key.hex(), "a weight is not a finite number")


def _weights(population: Population) -> Iterator[float]:
    yield population.total_weight
    yield from population.length_weights
    for topic in population.topics:
        yield topic.weight
        yield topic.negative_weight


def _erasures(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.ERASURES):
        if len(key) != 16:
            yield Fault("profiles.erasures", key.hex(), f"the id has {len(key)} bytes, not 16")
        if parsed(ErasureReceipt, row) is None:
            yield Fault("profiles.erasures", key.hex(), "it cannot be parsed")


# Each is content with a part of its database's rows: what it compares with is looked up.
PROFILE_CHECKS: dict[bytes, Callable[[Snapshot], Iterator[Fault]]] = {
    db.META: _meta,
    db.PROFILES: _profiles,
    db.FOREWORDS: _forewords,
    db.REVISIONS: _revisions,
    db.REFRESH_STATES: _states,
    db.DUE: _due,
    db.LEDGER: _ledger,
    db.POPULATION: _population,
    db.ERASURES: _erasures,
    db.TOPIC_PROPOSALS: topic_proposals,
    db.DEFAULTS: _defaults,
    db.TRENDS: _trends,
    db.CHANGES: changes,
    **MODEL_CHECKS,
}
