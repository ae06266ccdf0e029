"""The environments there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.model import Environment, UnknownNameError
from environments.replica.topology import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

__all__ = ["Settings", "known_environments", "open_environment"]

REPLICA = "replica"


def known_environments() -> tuple[str, ...]:
    return (REPLICA,)


def open_environment(
    name: str,
    *,
    run: str,
    say: Callable[[str], None],
    settings: Settings | None = None,
) -> AbstractContextManager[Environment]:
    """Make an environment ready on entering, and put everything away on leaving.

    Raises:
        UnknownNameError: no environment is called that.
    """
    if name not in known_environments():
        raise UnknownNameError(
            f"no environment is called {name!r}; known ones: {', '.join(known_environments())}"
        )
    # Docker is loaded only by those who need it: naming an environment costs nothing.
    from environments.replica.replica import start_replica  # noqa: PLC0415 # see above

    return start_replica(run, settings=settings or Settings(), say=say)
