"""The operators' page on a real socket, and somebody who looks at it and presses its buttons without a browser."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from waiting import until

from foreword.cli.settings import Settings
from foreword.cli.ui.application import make_application
from foreword.cli.ui.serving import Access, bind, hosts_of, make_server, parse_listen
from foreword.clock import Clock
from foreword.server_token import ServerToken

_SECONDS_MAX = 60


class Answer(NamedTuple):
    """What a page answered."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def text(self) -> str:
        """What can be read: without tags, on one line."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.body)).split())


@dataclass
class Visitor:
    """Asks for pages as a browser without script does."""

    port: int

    def get(self, path: str, **headers: str) -> Answer:
        """Return a page; underscores in names of headers stand for hyphens."""
        return self.ask("GET", path, b"", {name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Send a form as it is."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, urlencode(fields).encode(), kind | given)

    def press(self, page: Answer, text: str, **typed: str) -> Answer:
        """Send the form whose button says this, with what it holds and what was typed; return the page that follows."""
        forms = re.findall(r'<form [^>]*method="post" action="([^"]*)"[^>]*>(.*?)</form>', page.body, re.S)
        action, body = next((unescape(action), body) for action, body in forms if text in body)
        held = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', body)
        origin = {"origin": f"http://127.0.0.1:{self.port}", "sec_fetch_site": "same-origin"}
        answer = self.post(action, {name: unescape(value) for name, value in held} | typed, **origin)
        return self.get(answer.headers["location"]) if answer.status == 303 else answer

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return what a request is answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS_MAX)
        try:
            connection.request(method, path, body or None, dict(headers))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read().decode())
        finally:
            connection.close()


def page_settings(folder: Path, store: Path, address: str, *, more: str = "") -> Settings:
    """Return the settings of a configuration file that names a store and a sidecar."""
    file = folder / "foreword.toml"
    file.write_text(f'[store]\ndirectory = "{store}"\n\n[sidecar]\nlisten = ["{address}"]\n{more}')
    return Settings(config_file=file)


@contextmanager
def visited(
    settings: Settings, *, token: ServerToken | None = None, clock: Clock | None = None
) -> Iterator[Visitor]:
    """Serve the page in a thread, and give somebody who looks at it."""
    access = Access(parse_listen("127.0.0.1:0"), token=token)
    listening = bind(access)
    port = listening.getsockname()[1]
    application = make_application(settings, hosts=hosts_of(access, port), token=token, clock=clock)
    server = make_server(application, access, "", lambda _addresses: None)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), "the page")
        yield Visitor(port)
    finally:
        server.should_exit = True
        thread.join(_SECONDS_MAX)
        listening.close()
