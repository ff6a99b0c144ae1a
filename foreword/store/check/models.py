"""Looking through the rows of profiles.lmdb that concern language models."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from foreword import keys
from foreword.store import databases as db
from foreword.store.check.fault import Fault, shown
from foreword.store.check.rows import parsed, user_key_fault
from foreword.store.snapshot import Snapshot
from foreword.store.v1.store_pb2 import ModelBatch
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelSpend, ModelState

_CALL_ID_BYTES_MAX = 64


def _states(snapshot: Snapshot) -> Iterator[Fault]:
    for user, row in snapshot.rows(db.MODEL_STATES):
        state = parsed(ModelState, row)
        fault = user_key_fault(user) or _state_fault(snapshot, user, state)
        if fault:
            yield Fault("profiles.model_states", shown(user), fault)


def _state_fault(snapshot: Snapshot, user: bytes, state: ModelState | None) -> str:
    if state is None:
        return "it cannot be parsed"
    if state.due_ms and snapshot.get(db.MODEL_DUE, _due_key(state, user)) is None:
        return f"due at {state.due_ms} ms, but not in the index"
    if state.batch and state.due_ms:
        return f"due at {state.due_ms} ms, though it waits for batch {state.batch}"
    if state.batch:
        item = parsed(ModelItem, snapshot.get(db.MODEL_ITEMS, _item_key(state)) or b"")
        if item is None or item.user_key != user:
            return f"it waits for question {state.batch_item} of batch {state.batch}, which is not its own"
    return ""


def _due(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.MODEL_DUE):
        user = key[9:]
        fault = user_key_fault(user) if len(key) > 9 else "the key is too short"
        if not fault:
            state = parsed(ModelState, snapshot.get(db.MODEL_STATES, user) or b"")
            if state is None or _due_key(state, user) != key:
                fault = f"due at {keys.read_u64(key, 1)} ms, but the user's state does not say so"
            elif row:
                fault = f"the row holds {len(row)} bytes; it should be empty"
        if fault:
            yield Fault("profiles.model_due", shown(user), fault)


def _open(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.MODEL_OPEN):
        call = parsed(ModelCall, row)
        fault = _call_fault(call)
        if call is not None and call.call_id != key:
            fault = "the call has another id"
        if fault:
            yield Fault("profiles.model_open", key.hex(), fault)


def _calls(snapshot: Snapshot) -> Iterator[Fault]:
    counted = snapshot.counter(db.META_MODEL_CALL_SEQ)
    kept = cost = 0
    for key, row in snapshot.rows(db.MODEL_CALLS):
        call = parsed(ModelCall, row)
        fault = _call_fault(call)
        if len(key) != 8 or not 1 <= keys.read_u64(key) <= counted:
            fault = f"the key is no number from 1 to {counted}, the calls counted"
        if fault:
            yield Fault("profiles.model_calls", key.hex(), fault)
        elif call is not None:
            kept += 1
            cost += call.cost_pico_usd
    yield from _sums(snapshot, counted, cost)


def _sums(snapshot: Snapshot, counted: int, cost: int) -> Iterator[Fault]:
    """Compare with the sums of all calls, which are at least those of the calls that are kept."""
    rows = [parsed(ModelSpend, row) for _, row in snapshot.rows(db.MODEL_SPEND)]
    spends = [spend for spend in rows if spend is not None]
    calls = sum(spend.calls for spend in spends)
    if calls != counted:
        yield Fault("profiles.model_spend", "", f"it sums {calls} calls; {counted} were counted")
    spent = sum(spend.cost_pico_usd for spend in spends)
    if spent < cost:
        yield Fault("profiles.model_spend", "", f"it sums {spent} pico-USD; the calls kept alone make {cost}")


def _call_fault(call: ModelCall | None) -> str:
    if call is None:
        return "it cannot be parsed"
    if not 1 <= len(call.call_id) <= _CALL_ID_BYTES_MAX:
        return f"its id has {len(call.call_id)} bytes, not 1 to {_CALL_ID_BYTES_MAX}"
    if call.cost_pico_usd < 0:
        return f"it costs {call.cost_pico_usd} pico-USD"
    # Of an erased user, nothing but the cost stays.
    return user_key_fault(call.user_key) if call.user_key else ""


def _spend(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.MODEL_SPEND):
        spend = parsed(ModelSpend, row)
        if spend is None:
            yield Fault("profiles.model_spend", key.hex(), "it cannot be parsed")
        elif len(key) < 8 or keys.read_u32(key) != spend.day:
            yield Fault(
                "profiles.model_spend", key.hex(), f"it is of day {spend.day}, which the key does not say"
            )


def _batches(snapshot: Snapshot) -> Iterator[Fault]:
    counted = snapshot.counter(db.META_MODEL_BATCH_SEQ)
    for key, row in snapshot.rows(db.MODEL_BATCHES):
        fault = "" if parsed(ModelBatch, row) is not None else "it cannot be parsed"
        if len(key) != 8 or not 1 <= keys.read_u64(key) <= counted:
            fault = f"the key is no number from 1 to {counted}, the batches counted"
        if fault:
            yield Fault("profiles.model_batches", key.hex(), fault)


def _items(snapshot: Snapshot) -> Iterator[Fault]:
    for key, row in snapshot.rows(db.MODEL_ITEMS):
        item = parsed(ModelItem, row)
        fault = "it cannot be parsed" if item is None else ""
        if len(key) != 12:
            fault = f"the key has {len(key)} bytes, not the 12 of a batch and a place"
        elif snapshot.get(db.MODEL_BATCHES, key[:8]) is None:
            fault = f"batch {keys.read_u64(key)} is not under way"
        elif item is not None and item.user_key:
            fault = user_key_fault(item.user_key)
        if fault:
            yield Fault("profiles.model_items", key.hex(), fault)


def _due_key(state: ModelState, user: bytes) -> bytes:
    return keys.u8(state.mode) + keys.u64(state.due_ms) + user


def _item_key(state: ModelState) -> bytes:
    return keys.u64(state.batch) + keys.u32(state.batch_item)


# Each is content with a part of its database's rows: what it compares with is looked up.
MODEL_CHECKS: dict[bytes, Callable[[Snapshot], Iterator[Fault]]] = {
    db.MODEL_STATES: _states,
    db.MODEL_DUE: _due,
    db.MODEL_OPEN: _open,
    db.MODEL_CALLS: _calls,
    db.MODEL_SPEND: _spend,
    db.MODEL_BATCHES: _batches,
    db.MODEL_ITEMS: _items,
}
