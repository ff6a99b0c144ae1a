"""`foreword get`: one user's profile."""

from __future__ import annotations

import click

from foreword.cli.connection import read_profile, why_default, written_by
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.settings import Settings, user_options
from foreword.naming import escaped
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import DefaultBasis


@click.command("get")
@click.argument("user")
@user_options
@click.pass_obj
def command(settings: Settings, user: str) -> None:
    """Print the profile of USER as JSON, as served.

    With it stands how fresh it is, and on stderr who wrote it, unless --json is given. Read from the sidecar when
    one answers, else from the store itself. A user nobody knows has the default profile.
    """
    response = read_profile(settings, user)
    types = settings.product_types if response.profile.HasField("product") else None
    print_json(message_dict(response, types=types))
    if response.freshness == Freshness.FRESHNESS_DEFAULT:
        said = f"{why_default(user, response.profile.revision)}; this is the default profile"
        note(f"{said}{_resting_on(response.profile.default_basis)}")
    elif not settings.as_json:
        note(written_by(response.profile))


def _resting_on(basis: DefaultBasis) -> str:
    """Return what a default profile is made of, to follow the sentence that says it is one."""
    parts = []
    if basis.editorial_digest:
        count = basis.editorial_topic_count
        parts.append(f"{count} topic{'' if count == 1 else 's'} by the operator")
    if basis.trending_topic_count:
        verb = "trends" if basis.trending_topic_count == 1 else "trend"
        among = f" whose {basis.cohort_attribute} is {escaped(basis.cohort)}" if basis.cohort else ""
        parts.append(
            f"{basis.trending_topic_count} that {verb} among {basis.user_count:,} users or more{among}"
        )
    return f": {', '.join(parts)}" if parts else ""
