"""Chat completions, as Ollama, vLLM and llama.cpp speak them."""

from __future__ import annotations

from aiohttp import web

from foreword.model_server.chat_request import read_chat_request
from foreword.model_server.core import Core
from foreword.model_server.delivery import body_of, send
from foreword.model_server.guard import read_body
from foreword.model_server.message_routes import think


class ChatRoutes:
    """`POST /v1/chat/completions`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Answer a question."""
        body = await request.read()
        self._core.requests.add(request.path, body)
        question = read_chat_request(read_body(body))
        answer = await think(self._core, request, question)
        return await send(request, [body_of(answer.as_completion(self._core.clock.now_ms() // 1000))])
