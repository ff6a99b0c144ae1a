"""Names of the databases inside the two environments."""

from __future__ import annotations

META = b"meta"

# profiles.lmdb, written by the scheduler.
PROFILES = b"profiles"
FOREWORDS = b"forewords"
REVISIONS = b"revisions"
DUE = b"due"
# Named for the watermark that was all it held; another name would part existing stores from their rows.
REFRESH_STATES = b"watermarks"
LEDGER = b"ledger"
POPULATION = b"population"
ERASURES = b"erasures"
# Which topics are proposed to mean the same. Stores made before do not have it until a scheduler opens them.
TOPIC_PROPOSALS = b"topic_proposals"
# What users without a profile are served, by namespace, and what it is made of. Likewise.
DEFAULTS = b"defaults"
TRENDS = b"trends"
# What happened to which profile, in order. Likewise.
CHANGES = b"changes"
# What concerns language models. Stores made before have none of these until a scheduler opens them.
MODEL_STATES = b"model_states"
MODEL_DUE = b"model_due"
MODEL_OPEN = b"model_open"
MODEL_CALLS = b"model_calls"
MODEL_SPEND = b"model_spend"
MODEL_BATCHES = b"model_batches"
MODEL_ITEMS = b"model_items"
MODEL_DATABASES = (
    MODEL_STATES,
    MODEL_DUE,
    MODEL_OPEN,
    MODEL_CALLS,
    MODEL_SPEND,
    MODEL_BATCHES,
    MODEL_ITEMS,
)
PROFILE_DATABASES = (
    META,
    PROFILES,
    FOREWORDS,
    REVISIONS,
    DUE,
    REFRESH_STATES,
    LEDGER,
    POPULATION,
    ERASURES,
    TOPIC_PROPOSALS,
    DEFAULTS,
    TRENDS,
    CHANGES,
    *MODEL_DATABASES,
)

# activity.lmdb, written by the sidecar.
EVENTS = b"events"
USERS = b"users"
TRIGGERS = b"triggers"
CONTROLS = b"controls"
APPLIED = b"applied"
# Events that were deleted, until the scheduler has taken them out of what it counted. Made later.
DELETED = b"deleted"
# How often profiles were read. Stores made before do not have it until a sidecar opens them.
READS = b"reads"
# Which topics operators made one, or set apart. Likewise.
TOPIC_ALIASES = b"topic_aliases"
# Counts of events past retention, and such events until they stand in a file of the archive. Likewise.
BANDS = b"bands"
TO_ARCHIVE = b"to_archive"
# What each user's parameters for ranking are, and which orders were offered. Likewise.
RANKING_BLOCKS = b"ranking_blocks"
RANKING_DECISIONS = b"ranking_decisions"
ACTIVITY_DATABASES = (
    META,
    EVENTS,
    USERS,
    TRIGGERS,
    CONTROLS,
    APPLIED,
    READS,
    TOPIC_ALIASES,
    DELETED,
    BANDS,
    TO_ARCHIVE,
    RANKING_BLOCKS,
    RANKING_DECISIONS,
)

# Made later than the environments around them; a reader does without where the writer has not made them yet.
LATER_DATABASES = (
    *MODEL_DATABASES,
    READS,
    TOPIC_PROPOSALS,
    TOPIC_ALIASES,
    DELETED,
    DEFAULTS,
    TRENDS,
    CHANGES,
    BANDS,
    TO_ARCHIVE,
    RANKING_BLOCKS,
    RANKING_DECISIONS,
)

# Rows of `meta`.
META_REVISION = b"revision"
META_CHANGES = b"changes"
META_LEDGER_SEQ = b"ledger_seq"
META_LEDGER_TOTALS = b"ledger_totals"
META_TRIGGER_CURSOR = b"trigger_cursor"
META_SCHEDULER_SEEN = b"scheduler_seen_ms"
META_SCHEDULER_PROBLEMS = b"scheduler_problems"
META_MODEL_HEALTH = b"model_health"
META_POLICY = b"policy"
META_DEFAULT_PROFILE = b"default_profile"
META_DEFAULT_FOREWORD = b"default_foreword"
# Which dataset the profiles came from, and which was in force before: a JSON list of two names.
META_DATASET = b"dataset"
# Behind which message of a watch a replica is; empty within a snapshot.
META_REPLICA = b"replica"
META_TRENDS_NIGHT = b"trends_night"
META_EVENT_SEQ = b"event_seq"
META_TRIGGER_SEQ = b"trigger_seq"
META_DELETION_SEQ = b"deletion_seq"
META_IDS_SINCE = b"ids_since_ms"
META_ARCHIVED = b"archived_events"
META_FORGOTTEN_TO = b"forgotten_to_ms"
META_MODEL_CALL_SEQ = b"model_call_seq"
META_MODEL_BATCH_SEQ = b"model_batch_seq"
META_PROBE = b"probe"
# In activity.lmdb what was asked for, in profiles.lmdb how far it is.
META_BACKFILL = b"backfill"
META_BACKFILL_QUESTIONS = b"backfill_questions"
META_PAUSES = b"pauses"
META_BREACHES = b"breaches"

# Behind the namespace in a key of `defaults`.
DEFAULT_PROFILE = b"\0"
DEFAULT_FOREWORD = b"\1"
