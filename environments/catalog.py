"""The environments there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.model import Caretaker, Environment, Register, UnknownNameError
from environments.replica.topology import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

__all__ = ["Settings", "caretaker", "engine_of", "known_environments", "open_environment"]

REPLICA = "replica"


def known_environments() -> tuple[str, ...]:
    return (REPLICA,)


def open_environment(  # noqa: PLR0913 - each is named where it is called
    name: str,
    *,
    run: str,
    say: Callable[[str], None],
    settings: Settings | None = None,
    owner: str = "",
    register: Register | None = None,
) -> AbstractContextManager[Environment]:
    """Make an environment ready on entering, and put everything away on leaving.

    ``run`` becomes the world's id. ``owner`` is the identity of this process; what is made
    carries it, so that nobody takes it for an orphan's. ``register`` is told of each thing
    before it is made.

    Raises:
        UnknownNameError: no environment is called that.
    """
    _must_be_known(name)
    # Docker is loaded only by those who need it: naming an environment costs nothing.
    from environments.replica.opening import start_replica  # noqa: PLC0415 # see above

    return start_replica(
        run, settings=settings or Settings(), say=say, owner=owner, register=register
    )


def engine_of(name: str) -> Mapping[str, str]:
    """Where the engine of an environment is, in words that ``caretaker`` understands.

    Raises:
        UnknownNameError: no environment is called that.
        WorldError: nobody can tell which engine is meant.
    """
    _must_be_known(name)
    from environments.replica.engine_address import (  # noqa: PLC0415 # as above
        docker_environment,
    )

    return docker_environment()


def caretaker(name: str, engine: Mapping[str, str]) -> Caretaker:
    """Give whoever mends after a dead run what it needs; the caller closes it.

    Raises:
        UnknownNameError: no environment is called that.
        WorldError: the engine does not answer.
    """
    _must_be_known(name)
    from environments.replica.caretaker import ReplicaCaretaker  # noqa: PLC0415 # as above

    return ReplicaCaretaker(engine)


def _must_be_known(name: str) -> None:
    if name not in known_environments():
        raise UnknownNameError(
            f"no environment is called {name!r}; known ones: {', '.join(known_environments())}"
        )
