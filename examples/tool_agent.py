"""An agent that picks its tools by what this user took before. Needs `foreword up` to learn, and no key.

Without a sidecar it goes through its tools in the order in which they stand here, as it would have without Foreword.
"""

from collections.abc import Callable
from typing import Any

from foreword.client import Foreword

# What the agent can do, as it would tell a model. What cannot be taken back is never tried for the sake of learning.
TOOLS: list[dict[str, Any]] = [
    {
        "id": "refactor-and-explain",
        "topics": ["refactoring"],
        "attributes": {"length": "verbose"},
        "text": "Restructure the module and explain each step.",
    },
    {
        "id": "smallest-fix",
        "topics": ["fixes"],
        "attributes": {"length": "concise"},
        "text": "Change as few lines as will do, and say so in one sentence.",
    },
    {"id": "write-a-test", "topics": ["tests"], "attributes": {"length": "concise"}},
    {"id": "delete-the-branch", "topics": ["git"], "irreversible": True},
]

client = Foreword("127.0.0.1:7464", timeout_seconds=2)


def run(tool: dict[str, Any], request: str) -> str:
    """Stand in for the tool; yours calls a model, a program, a service."""
    return f"{tool['id']} for {request!r}"


def serve(user: str, request: str, domain: str, takes: Callable[[dict[str, Any]], bool]) -> list[str]:
    """Run tools until the user takes what one made; return their names. These lines are all there is to it."""
    ranking = client.rank(user, TOOLS, context={"domain": domain}, text=request)
    ran = []
    for tool in ranking:
        if tool.get("irreversible"):
            continue  # an agent asks before it does such a thing; this one has nobody to ask
        run(tool, request)
        ran.append(tool["id"])
        taken = takes(tool)
        client.feedback(ranking.decision_id, action_id=tool["id"], accepted=taken)
        if taken:
            break
    return ran


def loop(user: str) -> None:
    """Serve a user who takes short things only; the first tool of later requests is one of those."""
    for request in (
        "the scheduler test is flaky",
        "this loop is slow",
        "the import fails",
        "rename the flag",
    ):
        ran = serve(user, request, "python", lambda tool: tool["attributes"]["length"] == "concise")
        print(f"{user}, {request}: {' then '.join(ran)}")


def first(user: str) -> str:
    """Return which of the first two tools a user would be offered, with nothing left to chance."""
    ranking = client.rank(user, TOOLS[:2], context={"domain": "python"}, explore=False)
    return f"{ranking.best['id']}{'' if ranking.is_ranked else ' (unranked)'}"


def reject_three_times(user: str, other: str) -> None:
    """Show that three rejected refactorings change what this user is offered first, and nobody else."""
    before = first(user), first(other)
    for _ in range(3):
        ranking = client.rank(user, TOOLS[:2], context={"domain": "python"})
        client.feedback(ranking.decision_id, action_id="refactor-and-explain", accepted=False)
    after = first(user), first(other)
    for name, was, now in zip((user, other), before, after, strict=True):
        print(f"{name}: first {was}, now {now}")


loop("example-agent-user")
reject_three_times("example-terse", "example-other")
