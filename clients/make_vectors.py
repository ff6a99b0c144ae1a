"""Write clients/vectors/reads.json: stores row by row, what every reader in process must answer from them, and of whom
it must tell the sidecar.

    python clients/make_vectors.py

Nothing in it depends on time or chance; tests/unit/test_reader_vectors.py holds the committed file to it, and
Foreword's own reader to the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from foreword import frames, keys
from foreword.budget import cut
from foreword.defaults import default_foreword, default_profile
from foreword.store import databases as db
from foreword.store.codec import FLAG_DEFAULT, FLAG_REFRESH_ON_OPEN, encode, pack_flags
from foreword.store.profile_writer import foreword_body, text_etag
from foreword.tokens import TOKENIZER, count_tokens
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.erasure_pb2 import Erasure
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import Foreword, ForewordCut, ForewordPart, Profile, Segment
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from foreword.v1.refresh_pb2 import RefreshState

FILE = Path(__file__).parent / "vectors" / "reads.json"
COMPUTED_MS = 1_700_000_000_000
STALE_MS = COMPUTED_MS + 1000
EXPIRED_MS = COMPUTED_MS + 2000

Rows = dict[bytes, dict[bytes, bytes]]
Case = dict[str, Any]
Telling = dict[str, Any]

# Users of the store `sound` of whom an event was accepted, beside others that have rows without one.
KNOWN = (
    ("ada", "acme"),
    ("begun", "acme"),
    ("dormant", ""),
    ("few", ""),
    ("flipped", ""),
    ("former", ""),
    ("former-dormant", ""),
    ("gone", ""),
    ("leaver", "acme"),
)


def header(database: bytes, key: bytes, body: bytes, *, revision: int = 7, flags: int | None = None) -> bytes:
    """Return a row with the times of all rows here."""
    usual = pack_flags(segment=Segment.SEGMENT_ACTIVE, refresh_on_open=False, is_default=False)
    return encode(
        database,
        key,
        body,
        flags=usual if flags is None else flags,
        segment=Segment.SEGMENT_ACTIVE,
        revision=revision,
        computed_at_ms=COMPUTED_MS,
        stale_after_ms=STALE_MS,
        expired_after_ms=EXPIRED_MS,
    )


def of_format_1(row: bytes) -> bytes:
    """Return a row as format 1 has it, whose checksum says nothing of the place."""
    from google_crc32c import extend, value

    front = b"\1" + row[1:4]
    checksum: int = extend(value(front), row[8:])
    return front + checksum.to_bytes(4, "little") + row[8:]


def framed(frame: str, *texts: str, beginning: str = "") -> Foreword:
    """Return a text of a frame and parts, the first of which may end behind `beginning`."""
    parts = [ForewordPart(kind="counts", text=text, token_count=count_tokens(text) + 1) for text in texts]
    end, tokens = len(frame.encode()), count_tokens(frame)
    cuts = []
    if beginning:
        cuts.append(
            ForewordCut(
                byte_end=end + 1 + len(beginning.encode()), token_count=tokens + count_tokens(beginning) + 1
            )
        )
    for part in parts:
        end, tokens = end + 1 + len(part.text.encode()), tokens + part.token_count
        cuts.append(ForewordCut(byte_end=end, token_count=tokens))
    text = "\n".join([frame, *texts])
    return Foreword(text=text, token_count=tokens, tokenizer=TOKENIZER, cuts=cuts, parts=parts)


LONG = framed(
    frames.QUOTING,
    'Reads "Ünïcode", short pieces, and long ones about databases.',
    "Wants short answers, code first; skips listings of jobs, and all that is written about blockchains.",
    "Writes Python.",
    "Lately on the scheduler, on its tests, and on a store that is read while it is written; less on all else.",
    beginning='Reads "Ünïcode", short pieces',
)
GENERAL = framed(frames.GENERAL, "Many here turn to databases and to tests.", "Lately also releases.")
OLDER = Foreword(
    text="One é.\nTwo.\n",
    token_count=9,
    tokenizer=TOKENIZER,
    cuts=[ForewordCut(byte_end=8, token_count=5), ForewordCut(byte_end=13, token_count=9)],
)


class Store:
    """Rows of both environments, as a scheduler and a sidecar would have left them."""

    def __init__(self, schema: int = 2) -> None:
        self.profiles: Rows = {name: {} for name in db.PROFILE_DATABASES}
        self.activity: Rows = {name: {} for name in db.ACTIVITY_DATABASES}
        for rows in (self.profiles, self.activity):
            rows[db.META][b"schema_version"] = keys.u64(schema)
            rows[db.META][b"environment_id"] = bytes(16)
            rows[db.META][b"databases"] = b"\n".join(sorted(rows))

    def put(
        self, user_id: str, namespace: str, text: Foreword, *, flags: int | None = None, revision: int = 7
    ) -> bytes:
        """Put a user's rows; return the user key."""
        key = keys.user_key(user_id, namespace)
        profile = Profile(user_id=user_id, namespace=namespace, revision=revision, foreword=text)
        profile.computed_at.FromMilliseconds(COMPUTED_MS)
        profile.is_default = bool((flags or 0) & FLAG_DEFAULT)
        body = GetProfileResponse(profile=profile).SerializeToString(deterministic=True)
        self.profiles[db.PROFILES][key] = header(db.PROFILES, key, body, flags=flags, revision=revision)
        body = foreword_body(text, profile, revision)
        self.profiles[db.FOREWORDS][key] = header(db.FOREWORDS, key, body, flags=flags, revision=revision)
        state = RefreshState(revision=revision).SerializeToString(deterministic=True)
        self.profiles[db.REFRESH_STATES][key] = state
        return key

    def put_default(self, namespace: str | None, text: Foreword) -> None:
        """Put what strangers are served, in a namespace or, with None, wherever none is set."""
        profile = default_profile()
        profile.foreword.CopyFrom(text)
        bodies = (
            GetProfileResponse(profile=profile).SerializeToString(deterministic=True),
            foreword_body(text, profile, 0),
        )
        if namespace is None:
            database, names = db.META, (db.META_DEFAULT_PROFILE, db.META_DEFAULT_FOREWORD)
        else:
            prefix = keys.namespace_prefix(namespace)
            database, names = db.DEFAULTS, (prefix + db.DEFAULT_PROFILE, prefix + db.DEFAULT_FOREWORD)
        for name, body in zip(names, bodies, strict=True):
            self.profiles[database][name] = header(database, name, body, flags=FLAG_DEFAULT, revision=0)

    def erase(self, key: bytes) -> None:
        """Ask for an erasure of a user, with nothing removed yet."""
        erasure = Erasure(erase_id=bytes(16), requested_ms=COMPUTED_MS, trigger_seq=1)
        self.activity[db.CONTROLS][key] = erasure.SerializeToString(deterministic=True)

    def know(self, user_id: str, namespace: str = "") -> None:
        """Have accepted an event of a user."""
        activity = UserActivity(
            first_seen_ms=COMPUTED_MS, last_seen_ms=COMPUTED_MS, last_seq=1, event_count=1
        )
        row = activity.SerializeToString(deterministic=True)
        self.activity[db.USERS][keys.user_key(user_id, namespace)] = row

    def as_json(self) -> dict[str, Any]:
        """Return the rows by environment, database and key, in hexadecimal."""
        return {
            environment: {
                name.decode(): {key.hex(): row.hex() for key, row in sorted(rows[name].items())}
                for name in sorted(rows)
            }
            for environment, rows in (("profiles.lmdb", self.profiles), ("activity.lmdb", self.activity))
        }


def profile_case(
    name: str, user_id: str, namespace: str = "", *, store: str = "sound", now_ms: int = COMPUTED_MS
) -> Case:
    """Return a read of a profile, whose answer is still to be said."""
    asked = {"user_id": user_id, "namespace": namespace}
    return {"name": name, "store": store, "call": "profile", **asked, "now_ms": now_ms}


def foreword_case(name: str, user_id: str, namespace: str = "", max_tokens: int = 200, **at: Any) -> Case:
    """Return a read of a text, whose answer is still to be said."""
    return {**profile_case(name, user_id, namespace, **at), "call": "foreword", "max_tokens": max_tokens}


def answered(case: Case, stores: dict[str, Store], freshness: Freshness) -> Case:
    """Add what the user's own rows answer."""
    rows, key = stores[case["store"]].profiles, keys.user_key(case["user_id"], case["namespace"])
    if case["call"] == "profile":
        profile = GetProfileResponse.FromString(rows[db.PROFILES][key][40:])
        profile.freshness = freshness
        return said(case, profile)
    return said(case, cut_to(case, GetForewordResponse.FromString(rows[db.FOREWORDS][key][40:]), freshness))


def by_default(case: Case, text: Foreword | None = None) -> Case:
    """Add what a stranger is answered."""
    text = default_foreword() if text is None else text
    if case["call"] == "profile":
        profile = default_profile(case["user_id"], case["namespace"])
        profile.foreword.CopyFrom(text)
        return said(case, GetProfileResponse(profile=profile, freshness=Freshness.FRESHNESS_DEFAULT))
    body = GetForewordResponse.FromString(foreword_body(text, default_profile(), 0))
    return said(case, cut_to(case, body, Freshness.FRESHNESS_DEFAULT))


def cut_to(case: Case, response: GetForewordResponse, freshness: Freshness) -> GetForewordResponse:
    """Return a text within the budget of its case."""
    response.freshness = freshness
    if case["max_tokens"] and response.token_count > case["max_tokens"]:
        cut(response, case["max_tokens"])
        response.etag = text_etag(response.text)
    return response


def said(case: Case, response: GetProfileResponse | GetForewordResponse) -> Case:
    """Add an answer: the whole message, and beside it what a person looks for."""
    shown: Case = {"freshness": Freshness.Name(response.freshness)}
    if isinstance(response, GetForewordResponse):
        shown |= {"text": response.text, "token_count": response.token_count, "revision": response.revision}
    else:
        shown |= {"user_id": response.profile.user_id, "revision": response.profile.revision}
    return {**case, **shown, "response": response.SerializeToString(deterministic=True).hex()}


def refused(case: Case, reason: str, field: str = "") -> Case:
    """Add why a read is refused."""
    return {**case, "reason": reason, **({"field": field} if field else {})}


def make_stores() -> dict[str, Store]:
    """Return all stores by name."""
    sound, bare, newer, older, lost = Store(), Store(), Store(schema=3), Store(schema=1), Store()
    restored = Store()
    sound.put_default(None, default_foreword())
    sound.put_default("acme", GENERAL)
    sound.put_default("torn", GENERAL)
    torn = keys.namespace_prefix("torn") + db.DEFAULT_FOREWORD
    sound.profiles[db.DEFAULTS][torn] = flipped(sound.profiles[db.DEFAULTS][torn])
    sound.put("ada", "acme", LONG)
    sound.put("ada", "", OLDER, revision=8)
    sound.put("ü" * 128, "n" * 64, OLDER)
    sound.put("few", "", GENERAL, flags=FLAG_DEFAULT)
    sound.put("dormant", "", OLDER, flags=FLAG_REFRESH_ON_OPEN)
    sound.put("made-up", "", OLDER, flags=FLAG_REFRESH_ON_OPEN)
    sound.erase(sound.put("leaver", "acme", LONG))
    sound.erase(keys.user_key("unseen"))
    sound.profiles[db.REFRESH_STATES][keys.user_key("waiting")] = RefreshState(due_ms=1).SerializeToString()
    put_format_1(sound)
    put_damaged(sound)
    for user_id, namespace in KNOWN:
        sound.know(user_id, namespace)
    restored.put("ada", "", OLDER, revision=9)
    restored.put("leaver", "acme", LONG)
    for store in (newer, older, bare):
        store.put("ada", "acme", LONG)
    del lost.profiles[db.FOREWORDS]
    return {
        "sound": sound,
        "bare": bare,
        "newer": newer,
        "older": older,
        "lost": lost,
        "cut": bare,
        "short": bare,
        "restored": restored,
        "restoring": bare,
    }


def put_format_1(store: Store) -> None:
    """Put rows of the former format: two sound ones, one whose profile is another's, one whose profile is newer."""
    profiles, forewords = store.profiles[db.PROFILES], store.profiles[db.FOREWORDS]
    for user_id in ("former", "former-dormant", "former-moved", "former-newer"):
        flags = FLAG_REFRESH_ON_OPEN if user_id == "former-dormant" else None
        key = store.put(user_id, "", OLDER, flags=flags)
        profiles[key], forewords[key] = of_format_1(profiles[key]), of_format_1(forewords[key])
    profiles[keys.user_key("former-moved")] = profiles[keys.user_key("former")]
    newer = store.put("former-newer", "", OLDER, revision=9)
    store.put("former-newer", "", OLDER, revision=9)
    forewords[newer] = forewords[keys.user_key("former")]


def put_damaged(store: Store) -> None:
    """Put rows that must not be served, each under the name of what is wrong with it."""
    profiles, forewords = store.profiles[db.PROFILES], store.profiles[db.FOREWORDS]
    for user_id in (
        "flipped",
        "short",
        "unknown-format",
        "moved",
        "swapped",
        "no-profile",
        "no-foreword",
        "gone",
    ):
        store.put(user_id, "", OLDER)
    ada = profiles[keys.user_key("ada", "acme")]
    damages: dict[str, Callable[[bytes], bytes]] = {
        "flipped": flipped,
        "short": lambda row: row[:39],
        "unknown-format": lambda row: b"\3" + row[1:],
        "moved": lambda _: ada,
    }
    for user_id, damage in damages.items():
        key = keys.user_key(user_id)
        profiles[key], forewords[key] = damage(profiles[key]), damage(forewords[key])
    key = keys.user_key("swapped")
    profiles[key], forewords[key] = forewords[key], profiles[key]
    del profiles[keys.user_key("no-profile")]
    del forewords[keys.user_key("no-foreword")]
    del profiles[keys.user_key("gone")], forewords[keys.user_key("gone")]


def flipped(row: bytes) -> bytes:
    """Return a row with the last bit changed."""
    return row[:-1] + bytes((row[-1] ^ 1,))


def cases(stores: dict[str, Store]) -> Iterator[Case]:
    """Yield all reads with what is to come of them."""
    yield from current_cases(stores)
    yield from budget_cases(stores)
    yield from default_cases()
    yield from damaged_cases()
    yield from store_cases(stores)
    for name, user_id, namespace, field in (
        ("empty user id", "", "", "user_id"),
        ("user id too long", "u" * 257, "", "user_id"),
        ("namespace too long", "ada", "n" * 65, "namespace"),
    ):
        yield refused(profile_case(name, user_id, namespace), "FIELD_INVALID", field)
        yield refused(foreword_case(name, user_id, namespace), "FIELD_INVALID", field)


def current_cases(stores: dict[str, Store]) -> Iterator[Case]:
    """Yield reads of sound rows at all ages."""
    ages = (
        ("fresh", COMPUTED_MS, Freshness.FRESHNESS_FRESH),
        ("fresh to the last ms", STALE_MS - 1, Freshness.FRESHNESS_FRESH),
        ("stale", STALE_MS, Freshness.FRESHNESS_STALE),
        ("stale to the last ms", EXPIRED_MS - 1, Freshness.FRESHNESS_STALE),
        ("expired", EXPIRED_MS, Freshness.FRESHNESS_EXPIRED),
    )
    for name, now_ms, freshness in ages:
        yield answered(profile_case(name, "ada", "acme", now_ms=now_ms), stores, freshness)
        yield answered(foreword_case(name, "ada", "acme", now_ms=now_ms), stores, freshness)
    for name, user_id, namespace, freshness in (
        ("the empty namespace", "ada", "", Freshness.FRESHNESS_FRESH),
        ("the longest names", "ü" * 128, "n" * 64, Freshness.FRESHNESS_FRESH),
        ("a user with too few events", "few", "", Freshness.FRESHNESS_DEFAULT),
        ("a dormant user", "dormant", "", Freshness.FRESHNESS_FRESH),
        ("a row of format 1", "former", "", Freshness.FRESHNESS_FRESH),
    ):
        yield answered(profile_case(name, user_id, namespace), stores, freshness)
        yield answered(foreword_case(name, user_id, namespace), stores, freshness)


def budget_cases(stores: dict[str, Store]) -> Iterator[Case]:
    """Yield reads of texts within budgets: each size at which something else goes in."""
    fresh = Freshness.FRESHNESS_FRESH
    for max_tokens in (
        0,
        1,
        20,
        30,
        35,
        38,
        45,
        60,
        90,
        119,
        120,
        129,
        LONG.token_count - 1,
        LONG.token_count,
    ):
        yield answered(foreword_case(f"within {max_tokens}", "ada", "acme", max_tokens), stores, fresh)
    for max_tokens in (1, 5, 8):
        yield answered(foreword_case(f"no parts, within {max_tokens}", "ada", "", max_tokens), stores, fresh)
    yield by_default(foreword_case("a general text, cut", "nobody", "acme", 30), GENERAL)
    yield by_default(foreword_case("a general text, cut short", "nobody", "acme", 12), GENERAL)


def default_cases() -> Iterator[Case]:
    """Yield reads of users who are unknown, or to be."""
    for name, user_id, namespace, text in (
        ("unknown", "nobody", "", None),
        ("unknown, in a namespace with a default of its own", "nobody", "acme", GENERAL),
        ("unknown, in a namespace whose default is damaged", "nobody", "torn", None),
        ("known to the schedule alone", "waiting", "", None),
        ("erased, not yet removed", "leaver", "acme", GENERAL),
        ("erased, never written", "unseen", "", None),
    ):
        yield by_default(profile_case(name, user_id, namespace), text)
        yield by_default(foreword_case(name, user_id, namespace), text)


def damaged_cases() -> Iterator[Case]:
    """Yield reads that are refused for a single user's row."""
    for user_id in ("flipped", "short", "unknown-format", "moved", "swapped", "gone", "former-moved"):
        yield refused(profile_case(f"damaged: {user_id}", user_id), "STORE_CORRUPT")
        yield refused(foreword_case(f"damaged: {user_id}", user_id), "STORE_CORRUPT")
    yield refused(profile_case("damaged: no-profile", "no-profile"), "STORE_CORRUPT")
    yield refused(foreword_case("damaged: no-foreword", "no-foreword"), "STORE_CORRUPT")
    yield refused(foreword_case("damaged: former-newer", "former-newer"), "STORE_CORRUPT")


def store_cases(stores: dict[str, Store]) -> Iterator[Case]:
    """Yield reads of stores that differ as a whole."""
    for make in (profile_case, foreword_case):
        yield answered(make("schema 1", "ada", "acme", store="older"), stores, Freshness.FRESHNESS_FRESH)
        yield answered(
            make("short, and whole", "ada", "acme", store="short"), stores, Freshness.FRESHNESS_FRESH
        )
        yield by_default(make("no default is stored", "nobody", store="bare"))
        yield by_default(make("no store", "ada", "acme", store="absent"))
        yield refused(make("a newer schema", "ada", store="newer"), "STORE_VERSION")
        yield refused(make("a database is lost", "ada", store="lost"), "STORE_CORRUPT")
        yield refused(make("cut short", "ada", store="cut"), "STORE_CORRUPT")
        yield refused(make("a restore is under way", "ada", "acme", store="restoring"), "STORE_UNUSABLE")
        yield answered(
            make("restored", "leaver", "acme", store="restored"), stores, Freshness.FRESHNESS_FRESH
        )


def tellings() -> Iterator[Telling]:
    """Yield reads by one new reader, in their order, each with the datagrams that come of them in all.

    A user is told of whose row asks for a refresh, or who has none, if an event of theirs was ever accepted.
    """
    for name, user_id, namespace, is_told in (
        ("dormant", "dormant", "", True),
        ("too few events", "few", "", True),
        ("without a row", "begun", "acme", True),
        ("dormant, in a row of format 1", "former-dormant", "", True),
        ("refreshed without being read", "ada", "acme", False),
        ("in a row of format 1", "former", "", False),
        ("made up, with a row that asks", "made-up", "", False),
        ("made up, without a row", "nobody", "", False),
        ("known to the schedule alone", "waiting", "", False),
        ("erased, not yet removed", "leaver", "acme", False),
        ("damaged", "flipped", "", False),
        ("lost", "gone", "", False),
    ):
        told = [(user_id, namespace)] if is_told else []
        for read in (profile_case("", user_id, namespace), foreword_case("", user_id, namespace)):
            yield telling(f"{read['call']} {name}", [read], told)
    expired = profile_case("", "ada", "acme", now_ms=EXPIRED_MS)
    yield telling("expired, and refreshed without being read", [expired], [])
    yield telling("without a store", [profile_case("", "begun", "acme", store="absent")], [])
    reads = [
        profile_case("", "dormant"),
        foreword_case("", "dormant", max_tokens=5),
        foreword_case("", "few", now_ms=COMPUTED_MS + 400),
        profile_case("", "dormant", now_ms=COMPUTED_MS + 999),
    ]
    yield telling("once a second", reads, [("dormant", ""), ("few", "")])
    again = [profile_case("", "dormant", now_ms=COMPUTED_MS + ms) for ms in (0, 999, 1000, 1001)]
    yield telling("again after a second", again, [("dormant", "")] * 2)
    set_back = [profile_case("", "dormant", now_ms=COMPUTED_MS + ms) for ms in (0, -1, -1)]
    yield telling("at once when the clock was set back", set_back, [("dormant", "")] * 2)


def telling(name: str, reads: list[Case], told: list[tuple[str, str]]) -> Telling:
    """Return reads with the user keys that are sent to the sidecar's socket in their store's folder."""
    (store,) = {read["store"] for read in reads}
    of_a_read = [
        {key: value for key, value in read.items() if key not in ("name", "store")} for read in reads
    ]
    return {
        "name": name,
        "store": store,
        "reads": of_a_read,
        "datagrams": [keys.user_key(*user).hex() for user in told],
    }


def vectors() -> str:
    """Return the file's text."""
    stores = make_stores()
    content = {
        "brief_frames": {text: count_tokens(text) for text in (frames.BRIEF, frames.GENERAL_BRIEF)},
        "stores": {name: store.as_json() for name, store in stores.items()},
        "cases": list(cases(stores)),
        "tellings": list(tellings()),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(vectors(), "utf-8")
