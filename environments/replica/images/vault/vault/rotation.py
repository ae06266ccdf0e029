"""Changes a secret while it is used, so that nobody who uses it is refused.

For each kind the order is the same: the new one is let in, everybody who uses the secret is
seen to have moved over, and only then does the old one end. ``revoke`` is for when it must end
at once, whatever that costs those who use it.

What was interrupted is begun again: a value that was prepared is used, none is made.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .databases import DatabaseError
from .memory import (
    CERTIFICATES,
    LOGIN,
    LOGINS,
    PASSWORDS,
    TOKEN_KEY,
    Memory,
    new_password,
)
from .scram import verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

APPLIED_SECONDS = 20.0
MOVED_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1
# Who looks at its files does so at least twice in this time.
LOOKED_SECONDS = 1.0


class NotRotatedError(Exception):
    """It did not come to its end; the message says what holds now, and what to do."""


class Roles(Protocol):
    """What can be done to the databases' roles; each raises DatabaseError."""

    def let_in(self, role: str, verifier: str) -> None: ...
    def shut_out(self, role: str) -> None: ...
    def end_sessions(self, role: str) -> int: ...
    def sessions(self, role: str) -> int: ...
    def lets_in(self, role: str, password: str) -> bool: ...


class Readers(Protocol):
    def behind(self, name: str, version: int) -> frozenset[str]:
        """Name who uses this secret and has not taken what it is since that version."""
        ...

    def not_moved(self, user: str) -> Mapping[str, str]:
        """Name the instances that do not log in as this user alone, and why."""
        ...


@dataclass(frozen=True, slots=True)
class Rotation:
    """``say`` is told of each step; ``tell`` writes it into the trail."""

    memory: Memory
    roles: Roles
    readers: Readers
    say: Callable[[str], None]
    tell: Callable[..., None]
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = field(default_factory=lambda: threading.Event().wait)

    def rotate(self, name: str) -> None:
        """Give a secret its next value, and end the one of before once nobody uses it.

        Raises:
            NotRotatedError: see there; what used the secret still works.
        """
        try:
            self._rotate(name)
        except DatabaseError as error:
            raise NotRotatedError(
                f"the database did not do it: {error}; nothing was ended, so give the command "
                "again"
            ) from error
        self.tell("rotated", name, version=self._version(name))

    def revoke(self, name: str) -> None:
        """End a secret at once, then give it its next value.

        Raises:
            NotRotatedError: the command must be given again.
        """
        try:
            self._revoke(name)
        except DatabaseError as error:
            raise NotRotatedError(
                f"the database did not do it: {error}; give the command again"
            ) from error
        self.tell("revoked", name, version=self._version(name))

    def issue(self, node: str, kind: str, seconds: int) -> None:
        """Have a node renew its certificate, for so many seconds from now on.

        Raises:
            NotRotatedError: the node did not say that it has.
        """
        version = self.memory.renew_of(node, kind, seconds)
        self._all_have(kind, version, among=frozenset({node}))  # the others hear no news
        self.tell("issued", f"{kind} of {node}", seconds=seconds)

    def _rotate(self, name: str) -> None:
        if name == LOGIN:
            self._rotate_login()
        elif name in PASSWORDS:
            self._change_password(name)
        elif name == TOKEN_KEY:
            self._change_key()
        else:
            self._renew(name)

    def _revoke(self, name: str) -> None:
        if name == LOGIN:
            for role in LOGINS:
                self._end(role)
            self.memory.ended(LOGIN)
            self._rotate_login()
        elif name in PASSWORDS:
            self._change_password(name)
            ended = self.roles.end_sessions(PASSWORDS[name])
            self.say(f"{ended} sessions of {PASSWORDS[name]} ended")
        elif name == TOKEN_KEY:
            self._change_key()
            self.say("tokens of before end where they are issued: revoke them there")
        else:
            self._renew(name)

    def _rotate_login(self) -> None:
        """Let the other of two roles in, move over to it, and end the one of before."""
        if self.memory.secret(LOGIN).ending:
            self.say("going on with what was begun")
            self._finish_login()
            return
        old = self.memory.secret(LOGIN).value
        other = LOGINS[1 - LOGINS.index(old["user"])]
        prepared = self.memory.prepare(LOGIN, {"user": other, "password": new_password()})
        self.roles.let_in(other, verifier(prepared["password"]))
        if not self.roles.lets_in(other, prepared["password"]):
            raise NotRotatedError(
                f"the database refuses {other}: see its log; nothing was ended"
            )
        self.say(f"{other} may log in")
        version = self.memory.take(LOGIN, prepared, ending=old["user"])
        self._all_have(LOGIN, version)
        self._finish_login()
        if self.roles.lets_in(old["user"], old["password"]):
            raise NotRotatedError(f"the database still lets {old['user']} in: see its log")

    def _finish_login(self) -> None:
        secret = self.memory.secret(LOGIN)
        user = secret.value["user"]
        self._all_moved(user)
        self.say(f"every instance logs in as {user}")
        self._end(secret.ending)
        self.memory.ended(LOGIN)

    def _end(self, role: str) -> None:
        """Shut a role out, then end its sessions: none can begin in between."""
        self.roles.shut_out(role)
        ended = self.roles.end_sessions(role)
        self._until(
            lambda: not self.roles.sessions(role),
            lambda: f"{role} is shut out, and a session of it lives on: end it by hand",
            APPLIED_SECONDS,
        )
        self.say(f"{role} may not log in; {ended} sessions of it ended")

    def _change_password(self, name: str) -> None:
        """Change it where it is one role's; open sessions stay, and new ones need the new one.

        Between the database's change and that of its users some tenths of a second pass: they
        try again, as they do whenever the primary changes.
        """
        user = PASSWORDS[name]
        prepared = self.memory.prepare(name, {"user": user, "password": new_password()})
        self.roles.let_in(user, verifier(prepared["password"]))
        version = self.memory.take(name, prepared)
        self._all_have(name, version)
        if not self.roles.lets_in(user, prepared["password"]):
            raise NotRotatedError(f"the database refuses {user}: see its log")
        self.say(f"{user} has another password")

    def _change_key(self) -> None:
        """Have tokens signed with another key; who issues them tells of it before it signs."""
        version = self.memory.take(TOKEN_KEY, {"key": new_password()})
        self._all_have(TOKEN_KEY, version)
        self.wait(LOOKED_SECONDS)
        self.say("who issues tokens has another key")

    def _renew(self, kind: str) -> None:
        version = self.memory.renew(kind)
        self._all_have(kind, version)
        self.say(f"every node has another {kind} certificate, and another key")

    def _all_have(
        self, name: str, version: int, *, among: frozenset[str] | None = None
    ) -> None:
        """Wait until all who use it, or those of them, have taken it."""

        def behind() -> frozenset[str]:
            found = self.readers.behind(name, version)
            return found if among is None else found & among

        self._until(
            lambda: not behind(),
            lambda: (
                f"{', '.join(sorted(behind()))} did not take the new "
                f"{name} within {APPLIED_SECONDS:g} s: see the agent there; the old one still "
                "holds, so mend it and give the command again"
            ),
            APPLIED_SECONDS,
        )

    def _all_moved(self, user: str) -> None:
        self._until(
            lambda: not self.readers.not_moved(user),
            lambda: (
                "not everybody moved over: "
                + "; ".join(
                    f"{who}: {why}" for who, why in self.readers.not_moved(user).items()
                )
                + f"; the login of before still holds: see these instances, or `vault revoke "
                f"{LOGIN}`"
            ),
            MOVED_SECONDS,
        )

    def _until(
        self, holds: Callable[[], bool], complaint: Callable[[], str], seconds: float
    ) -> None:
        end = self.clock() + seconds
        while not holds():
            if self.clock() >= end:
                raise NotRotatedError(complaint())
            self.wait(LOOK_EVERY_SECONDS)

    def _version(self, name: str) -> int:
        if name in CERTIFICATES:
            return self.memory.lifetime(name).generation
        return self.memory.secret(name).version
