"""The Messages API: one question, one answer."""

from __future__ import annotations

import asyncio

from aiohttp import web

from foreword.model_server.answer import Answer
from foreword.model_server.core import Core
from foreword.model_server.delivery import ASKED, EVENTS, body_of, send
from foreword.model_server.guard import read_body
from foreword.model_server.message_events import message_events
from foreword.model_server.messages_request import read_messages_request
from foreword.model_server.question import Question


class MessageRoutes:
    """`POST /v1/messages` and `POST /v1/messages/count_tokens`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Answer a question."""
        body = await request.read()
        self._core.requests.add(request.path, body)
        question = read_messages_request(read_body(body))
        answer = await think(self._core, request, question)
        headers = self._core.limit.headers(self._core.clock.now_ms())
        if question.is_streamed:
            return await send(request, message_events(answer), content_type=EVENTS, headers=headers)
        return await send(request, [body_of(answer.as_message())], headers=headers)

    async def count_tokens(self, request: web.Request) -> web.StreamResponse:
        """Say how many tokens a prompt has."""
        question = read_messages_request(read_body(await request.read()), needs_max_tokens=False)
        return await send(
            request, [body_of({"input_tokens": sum(block.tokens for block in question.blocks)})]
        )


async def think(core: Core, request: web.Request, question: Question) -> Answer:
    """Return an answer after as long as the model thinks."""
    answer = core.answer(question, request[ASKED], "standard")
    now_ms = core.clock.now_ms()
    core.limit.spend("input-tokens", answer.usage.prompt_tokens, now_ms)
    core.limit.spend("output-tokens", answer.usage.output_tokens, now_ms)
    await asyncio.sleep(core.options.latency_seconds)
    return answer
