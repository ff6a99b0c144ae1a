"""What the runtime of a coding assistant tells Foreword, and what it puts into the next prompt. Needs `foreword up`."""

import time
from pathlib import PurePath

from foreword.client import Foreword
from foreword.v1.event_pb2 import Feedback

INSTRUCTIONS = "You are a coding assistant. Change as little as the task needs."
LANGUAGES = {".py": "python", ".go": "go", ".sql": "sql", ".ts": "typescript"}

# Never raises: a sidecar that is down costs the foreword, never an answer.
client = Foreword("127.0.0.1:7464", timeout_seconds=0.5)


class Session:
    """One conversation of a developer with the assistant, in one repository."""

    def __init__(self, user_id: str, session_id: str, repo: str) -> None:
        self._user_id, self._session_id, self._repo = user_id, session_id, repo
        self._events = 0

    def system(self) -> str:
        """Return the system prompt. Asked for once a session, so that it keeps its bytes and its place in the cache."""
        foreword = client.text(self._user_id, max_tokens=150)
        return "\n\n".join(part for part in (INSTRUCTIONS, foreword) if part)

    def request(self, text: str, paths: list[str]) -> None:
        """The developer asked for something, with some files open."""
        self._record("agent.request", paths, text=text)

    def tool_call(self, tool: str, paths: list[str]) -> None:
        """The assistant used a tool on some files."""
        self._record("agent.tool_call", paths, tool=tool)

    def outcome(self, paths: list[str], *, accepted: bool) -> None:
        """The developer kept a change, or threw it away."""
        self._record(
            "agent.outcome",
            paths,
            feedback=Feedback.FEEDBACK_ACCEPT if accepted else Feedback.FEEDBACK_REJECT,
        )

    def correction(self, text: str) -> None:
        """The developer said how answers should be."""
        self._record("correction", [], text=text, feedback=Feedback.FEEDBACK_CORRECTION)

    def end(self) -> None:
        """The conversation is over: what is known of a new user is written anew within a second."""
        self._record("session.end", [])

    def _record(
        self,
        kind: str,
        paths: list[str],
        *,
        text: str | None = None,
        tool: str | None = None,
        feedback: Feedback | None = None,
    ) -> None:
        self._events += 1
        client.record(
            # An id of your own makes it safe to send an event again.
            event_id=f"{self._session_id}-{self._events}",
            user_id=self._user_id,
            session_id=self._session_id,
            type=kind,
            topics=topics_of(paths),
            text=text,
            feedback=feedback,
            attributes={"repo": self._repo} | ({"tool": tool} if tool else {}),
        )


def topics_of(paths: list[str]) -> list[str]:
    """Return what some files are about: their language, and the part of the repository they stand in.

    Topics make the profile. Names of a project's own are fine; whole sentences are not shown.
    """
    files = [PurePath(path) for path in paths]
    languages = {LANGUAGES[file.suffix] for file in files if file.suffix in LANGUAGES}
    return sorted(languages | {file.parts[0] for file in files if len(file.parts) > 1})


session = Session("example-dev", "monday", "shop-api")
for task, files in [
    ("why is this fixture slow", ["tests/conftest.py"]),
    ("test the refunds", ["tests/test_refunds.py", "payments/refunds.py"]),
    ("refund in two steps", ["payments/refunds.py", "payments/refunds.sql"]),
    ("parametrize these", ["tests/test_refunds.py"]),
]:
    session.request(task, files)
    session.tool_call("edit", files)
    session.outcome(files, accepted=True)
session.correction("Short answers please, code first.")
session.end()

# Only so that the example has something to show: a runtime does not wait.
deadline = time.monotonic() + 10
while not client.text("example-dev") and time.monotonic() < deadline:
    time.sleep(0.05)
print(Session("example-dev", "tuesday", "shop-api").system())
