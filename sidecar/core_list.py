"""Pages of the cores that are stored."""

from __future__ import annotations

from foreword.keys import NAMESPACE_BYTES_MAX, read_u64, u64
from foreword.text_size import check_text
from foreword.v1.answer_service_pb2 import CoreEntry, ListCoresRequest, ListCoresResponse
from foreword.v1.core_pb2 import Core
from sidecar.pages import no_token, page_size, page_token, read_place
from tiering.cache import Cache
from tiering.cores import core_id_of
from tiering.finding import Finding

# Looked at for one page, some 20 microseconds each; a namespace that few are of is answered with those found so far.
LOOKED_AT_MAX = 10_000
# Two numbers of changes.
_PLACE_BYTES = 16


def list_cores(request: ListCoresRequest, cache: Cache, finding: Finding) -> ListCoresResponse:
    """Return one page. Blocks.

    Raises:
        FieldError: A field is out of range, or the token is none of a request for the same namespace.
        CacheError: The cache cannot be read.
    """
    check_text("namespace", request.namespace, NAMESPACE_BYTES_MAX)
    size, namespace = (
        page_size(request.page_size),
        request.namespace if request.HasField("namespace") else None,
    )
    page, listed = ListCoresResponse(), set[str]()
    for looks, (core, place) in enumerate(cache.cores.newest(_read_place(request)), 1):
        is_asked_for = core is not None and namespace in (None, core.namespace) and core.core_id not in listed
        if core is not None and is_asked_for:
            listed.add(core.core_id)
            page.cores.append(_entry(core, cache, finding))
        if len(page.cores) == size or looks == LOOKED_AT_MAX:
            page.next_page_token = page_token(request, b"".join(map(u64, place)))
            break
    return page


def _entry(core: Core, cache: Cache, finding: Finding) -> CoreEntry:
    return CoreEntry(
        core_id=core.core_id,
        namespace=core.namespace,
        locale=core.locale,
        question=core.question,
        tags=core.tags,
        origin=core.origin,
        model=core.revisions.model,
        created_at=core.created_at,
        freshness=finding.freshness(core),
        served_count=cache.accounts.served_count(core_id_of(core)),
        section_count=len(core.sections),
        caveat_count=len(core.caveats),
        source_count=len(core.sources),
        cost_micro_usd=core.cost_micro_usd,
    )


def _read_place(request: ListCoresRequest) -> tuple[int, int] | None:
    place = read_place(request)
    if not place:
        return None
    if len(place) != _PLACE_BYTES:
        raise no_token()
    return read_u64(place), read_u64(place, _PLACE_BYTES // 2)
