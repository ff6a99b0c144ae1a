"""Cores that many users share, and answers from them: what they say, and where that is from."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.answer_text import (
    core_freshness_text,
    cost_rows,
    cost_text,
    found_text,
    origin_text,
    profile_text,
    style_text,
    words_text,
)
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import Sidecar, attempt
from foreword.cli.ui.words import enum_text
from foreword.errors import FieldError, ForewordError
from foreword.naming import quoted
from foreword.v1.answer_service_pb2 import GetCoreResponse
from foreword.v1.core_pb2 import Core, SectionKind

_PAGE_CORES = 50
_AUDITED = 20
_ID = re.compile(r"[0-9a-f]{32}")


class AnswerPages:
    """The pages of cores and answers.

    Args:
        sidecar: Where they are asked for.
        render: Makes pages.
    """

    def __init__(self, sidecar: Sidecar, render: Renderer) -> None:
        self._sidecar = sidecar
        self._render = render

    def routes(self) -> list[Route]:
        """Return where they are."""
        return [Route("/cores", self.show), Route("/core", self.core), Route("/answer", self.answer)]

    def show(self, request: Request) -> Response:
        """Return the list of cores, and near questions that were met."""
        token, errors = request.query_params.get("after", ""), list[ForewordError]()
        client = self._sidecar.client()
        page = attempt(lambda: client.list_cores(page_size=_PAGE_CORES, page_token=token), errors)
        if errors and isinstance(errors[0], FieldError):
            raise errors[0]
        audited = attempt(lambda: client.audit_answers(_AUDITED), errors)
        return self._render.page(
            request,
            "cores",
            cores=[
                (core, core_freshness_text(core.freshness), origin_text(core.origin)) for core in page.cores
            ]
            if page
            else [],
            next_token=page.next_page_token if page else "",
            is_first=not token,
            audited=audited.hits if audited else [],
            errors=errors[:1],
        )

    def core(self, request: Request) -> Response:
        """Return one core, by its id or a question that it answers."""
        name = request.query_params.get("name", "").strip()
        namespace = request.query_params.get("namespace", "")
        asked: dict[str, Any] = {"core_id": name} if _ID.fullmatch(name) else {"question": name}
        found = self._sidecar.client().get_core(**asked, namespace=namespace)
        if not found.HasField("core"):
            return self._missing(request, "No such core", f"No core answers {quoted(name)}.")
        return self._render.page(request, "core", **_core(found))

    def answer(self, request: Request) -> Response:
        """Return why an answer was what it was."""
        answer_id = request.query_params.get("id", "").strip()
        found = self._sidecar.client().explain_answer(answer_id)
        if not found.HasField("explanation"):
            text = f"No answer {quoted(answer_id)} is known, or no longer: tiering.explained_max says how many are."
            return self._missing(request, "No such answer", text)
        why = found.explanation
        used = [
            section for section_id in why.done.section_ids for section in why.core.sections
            if section.section_id == section_id
        ]  # fmt: skip
        return self._render.page(
            request,
            "answer",
            why=why,
            found=found_text(why.found),
            words=words_text(why.done),
            style=f"of {profile_text(why.done)}: {style_text(why.done.style)}",
            cost=cost_text(why.done),
            costs=list(cost_rows(why.done)),
            used=used,
            origin=origin_text(why.core.origin),
        )

    def _missing(self, request: Request, title: str, text: str) -> Response:
        back = ("/cores", "All cores")
        return self._render.page(request, "missing", status_code=404, title=title, text=text, back=back)


def _core(found: GetCoreResponse) -> dict[str, Any]:
    core: Core = found.core
    return {
        "core": core,
        "found": found_text(found.found),
        "freshness": core_freshness_text(found.found.freshness),
        "origin": origin_text(core.origin),
        "kinds": [enum_text(SectionKind.Name(section.kind), "SECTION_KIND_") for section in core.sections],
        "aliases": found.aliases,
    }
