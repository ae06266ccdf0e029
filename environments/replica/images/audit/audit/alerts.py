"""What people are told at once, while the trail has all the rest."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

ACTIVE_SECONDS = 10.0  # since it was seen last


@dataclass(frozen=True, slots=True)
class Alert:
    signal: str
    subject: str
    first: float
    last: float
    count: int


@dataclass(slots=True)
class Alerts:
    """Every signal that was raised, each once for its subject. Times are of one clock."""

    _raised: dict[tuple[str, str], Alert] = field(default_factory=dict)

    def add(self, signal: str, subject: str, now: float) -> bool:
        """Raise it; say whether it is new."""
        key = signal, subject
        known = self._raised.get(key)
        self._raised[key] = (
            replace(known, last=now, count=known.count + 1)
            if known
            else Alert(signal, subject, now, now, 1)
        )
        return known is None

    def told(self, now: float) -> list[dict[str, object]]:
        return [
            {**asdict(alert), "active": now - alert.last <= ACTIVE_SECONDS}
            for alert in self._raised.values()
        ]
