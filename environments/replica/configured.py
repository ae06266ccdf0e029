"""What the configurator says of itself, and what about it is amiss. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from environments.replica.probes import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredView:
    """How the instances of a region are configured."""

    version: int
    sha256: str  # of what is in force; "" where that was tampered with
    under_way: str  # what is being tried, or is on its way
    flags: Mapping[str, bool]
    troubles: Sequence[str]


def read_configured(said: Mapping[str, Any]) -> ConfiguredView:
    """Read ``/status``.

    Raises:
        NoAnswerError: it is not that.
    """
    try:
        return ConfiguredView(**{name: said[name] for name in ConfiguredView.__slots__})
    except KeyError as error:
        raise NoAnswerError(f"/status has no {error}") from error


def deviations_of_configuration(
    views: Mapping[str, ConfiguredView], sha256: str
) -> Iterator[str]:
    """Say what keeps instances from their standard configuration, a sentence each."""
    for name, view in views.items():
        yield from (f"{name}: {trouble}" for trouble in view.troubles)
        if view.under_way:
            yield f"{name}: {view.under_way}"
        if view.sha256 and view.sha256 != sha256:
            off = ", ".join(flag for flag, on in view.flags.items() if not on)
            flags = f" ({off} is switched off)" if off else ""
            yield (
                f"{name} has version {view.version} in force, which is not the standard "
                f"configuration{flags}: `config rollback` or `config flag` brings that back"
            )
