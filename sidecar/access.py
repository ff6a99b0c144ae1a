"""Who calls and what they may do, at addresses where that is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from foreword.callers import NOBODY, TOKEN_CHARACTERS_MAX, Caller, Callers, digest_of, read_callers
from foreword.clock import Clock
from foreword.followed_file import FollowedFile
from foreword.problems import Problems
from foreword.telemetry import Metric, Page
from sidecar.errors import AccessError, NamespaceForbiddenError, RightMissingError, UnauthenticatedError
from sidecar.rights import Rule

COMPONENT = "sidecar.access"
REFUSED = Metric(
    "foreword_access_refused_total",
    "counter",
    "Calls refused for who made them, by why: no token, one that is malformed, unknown or expired, a right that is "
    "missing, or a namespace.",
    ("reason",),
)
METRICS = (REFUSED,)

_HEADER = "authorization"
_SCHEME = "bearer"
_NAMES_IN_CERTIFICATE = ("x509_common_name", "x509_subject_alternative_name")
_UNKNOWN_HINT = "`foreword token new` makes one, for whoever runs the sidecar to add to its callers file"


class Access:
    """Follows the callers file, and knows callers by their tokens and certificates.

    Args:
        file: The callers file; None where no address asks.
        problems: Where a file that is refused is stated.
        clock: By which callers expire.

    Raises:
        FieldError: The file cannot be used.
    """

    def __init__(self, file: Path | None, problems: Problems, clock: Clock) -> None:
        self._file = (
            None
            if file is None
            else FollowedFile(file, read_callers, problems, component=COMPONENT, what="callers file")
        )
        self._clock = clock
        self._refused: Counter[str] = Counter()

    @property
    def callers(self) -> Callers:
        """Those in force."""
        return NOBODY if self._file is None else self._file.current

    async def follow(self) -> None:
        """Take over a changed file, unless it is refused: then the former callers stay."""
        if self._file is not None:
            await self._file.follow()

    def grant(self, rule: Rule, context: Any) -> Grant:
        """Return what the caller of a call may do.

        Raises:
            UnauthenticatedError: Nobody knows them.
            RightMissingError: They have not got the right.
        """
        return Grant(self, self._caller(rule, context), rule)

    def still(self, caller: Caller, rule: Rule) -> Caller:
        """Return a caller as the file has them by now.

        Raises:
            UnauthenticatedError: It has them no more, or their time is over.
            RightMissingError: They have not got the right.
        """
        callers = self.callers
        now = (
            callers.by_digest.get(caller.token_sha256)
            if caller.token_sha256
            else callers.by_certificate.get(caller.certificate_name)
        )
        if now is None:
            raise self._unknown("the token is no longer known", "unknown", rule)
        if now.expires_ms is not None and self._clock.now_ms() >= now.expires_ms:
            raise self._unknown(f"the time of caller {now.name} is over", "expired", rule)
        if rule.right not in now.rights:
            raise self.refused(RightMissingError(now.name, rule.right))
        return now

    def refused(self, error: AccessError) -> AccessError:
        """Count a refusal and return it."""
        self._refused[error.cause] += 1
        return error

    def put(self, page: Page) -> None:
        """Add what was counted."""
        for cause, count in self._refused.items():
            page.put(REFUSED, count, cause)

    def _caller(self, rule: Rule, context: Any) -> Caller:
        given: str | None = None
        count = 0
        for key, value in context.invocation_metadata() or ():
            if key == _HEADER:
                given = value
                count += 1
        if given is None:
            return self._certified(rule, context)
        scheme, _, token = given.partition(" ")
        if count > 1 or scheme.lower() != _SCHEME or not 0 < len(token) <= TOKEN_CHARACTERS_MAX:
            said = "the call's authorization is not one `Bearer TOKEN`"
            raise self._unknown(said, "malformed", rule)
        # By its digest: no comparison takes longer for a token that is nearly right.
        caller = self.callers.by_digest.get(digest_of(token))
        if caller is None:
            raise self._unknown("nobody has this token", "unknown", rule)
        return caller

    def _certified(self, rule: Rule, context: Any) -> Caller:
        known = self.callers.by_certificate
        # gRPC takes 20 microseconds to say what is in a certificate.
        found = context.auth_context() if known else {}
        names = [
            name.decode(errors="replace") for key in _NAMES_IN_CERTIFICATE for name in found.get(key, ())
        ]
        for name in names:
            if name in known:
                return known[name]
        if names:
            raise self._unknown("nobody has this certificate, and no token came", "unknown", rule)
        raise self._unknown("no token came", "missing", rule)

    def _unknown(self, message: str, cause: str, rule: Rule) -> AccessError:
        return self.refused(
            UnauthenticatedError(
                f"{message}; the call takes the right to {rule.right}",
                cause=cause,
                right=rule.right,
                hint=_UNKNOWN_HINT,
            )
        )


class Grant:
    """One caller's leave for one call, for as long as the callers file gives it."""

    __slots__ = ("_access", "_caller", "_callers", "_rule")

    def __init__(self, access: Access, caller: Caller, rule: Rule) -> None:
        self._access = access
        self._rule = rule
        self._caller = access.still(caller, rule)
        self._callers = access.callers

    def renew(self) -> None:
        """Go by the callers file and the time as they are now; raises as `Access.still` does."""
        access = self._access
        if self._callers is not access.callers or self._caller.expires_ms is not None:
            self._caller = access.still(self._caller, self._rule)
            self._callers = access.callers

    def check(self, request: Any) -> None:
        """Raise when the caller may not ask this: NamespaceForbiddenError, or as `renew` does."""
        self.renew()
        if self._caller.namespaces is None:
            return
        spaces = self._rule.spaces(request)
        if spaces is None:
            raise self._forbidden(None)
        for space in spaces:
            self.check_space(space)

    def check_space(self, namespace: str) -> None:
        """Raise NamespaceForbiddenError when the caller has no right in a namespace."""
        if not self.sees(namespace):
            raise self._forbidden(namespace)

    def sees(self, namespace: str) -> bool:
        """Return whether the caller has a right in a namespace."""
        return self._caller.namespaces is None or namespace in self._caller.namespaces

    @property
    def is_for_all(self) -> bool:
        """Whether the caller has their rights in all namespaces."""
        return self._caller.namespaces is None

    def _forbidden(self, namespace: str | None) -> AccessError:
        return self._access.refused(NamespaceForbiddenError(self._caller.name, self._rule.right, namespace))


# Of the running call; None at an address where nobody is asked. A call's task has a context of its own.
current: ContextVar[Grant | None] = ContextVar("grant", default=None)


def check_space(namespace: str) -> None:
    """Raise NamespaceForbiddenError when the running call's caller has no right in a namespace."""
    grant = current.get()
    if grant is not None:
        grant.check_space(namespace)


def sight() -> Callable[[str], bool]:
    """Return what tells, in any thread, whether the running call's caller may know what is in a namespace."""
    grant = current.get()
    return (lambda _namespace: True) if grant is None else grant.sees


def sees_all() -> bool:
    """Return whether the running call's caller may know what is in every namespace."""
    grant = current.get()
    return grant is None or grant.is_for_all
