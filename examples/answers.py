"""Your own inference behind cores that all users share, in words for each. Needs `foreword up`, and no key."""

from foreword.client import Foreword

QUESTION = "How do I export the invoices of a year?"
asked: list[str] = []

# With a sidecar that is down each answer costs an inference, as before, and no user notices.
client = Foreword("127.0.0.1:7464", timeout_seconds=2)


def generate(question: str) -> str:
    """Return what your model writes for everybody who asks; it must know nothing of the user who asked first."""
    asked.append(question)
    return """Choose Invoices, then Export, and pick the year.

> **Note:** Drafts are not exported.

## Formats

CSV opens in any spreadsheet. PDF is one file for each invoice, in a folder for each month.

## When it takes long

More than 5,000 invoices are exported behind the scenes, and a link comes by mail.
"""


# These lines are all there is to it.
for user in ("example-ada", "example-bob"):
    core = client.core_or(QUESTION, generate, tags=["invoices"])
    print(f"{user}:\n{client.wrap(core, user)}\n")

print(f"{len(asked)} inference for 2 users; 0 the next time, while the core is fresh.")
