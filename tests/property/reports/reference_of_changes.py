"""The slow, obvious checker of changes and of intruders: plain loops, one thing at a time.

It shares no code with reports/, and it knows no numpy. Where it and reports/ disagree, one of
them misreads the definitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.property.reports.reference import Attempt

GRACE, COVERED = 1.0, 2.0


@dataclass(frozen=True)
class Said:
    at: float
    change: str
    kind: str
    event: str
    share: float | None
    by: str


@dataclass(frozen=True)
class History:
    said: Sequence[Said]  # in the order of time
    asked: float | None
    orders: Sequence[Attempt]
    reads: Sequence[Attempt]
    steady: float
    stopped: float
    slow: float | None = 0.5  # what takes longer is harmed; None: nothing is for that


@dataclass(frozen=True)
class Wish:
    harmed: float = 1.0
    ends: str = "rolled back"
    by: str | None = None
    harm_seconds: float | None = None
    rollback: float | None = None
    rollback_from_start: float | None = None
    failed: float | None = None
    after: int = 10**9
    slow_after: int | None = None
    bites: int = 0
    kind: str | None = None


def failed(history: History, one: Attempt) -> bool:
    if one.seen == "WRONG":
        return True
    if one.told == "YES":
        return False
    # That an order is not there is an answer to who asks for it, and none to who gives it.
    is_order = any(one is order for order in history.orders)
    return is_order or one.seen not in {"ABSENT", "ANOTHER"}


def slow(history: History, one: Attempt) -> bool:
    if failed(history, one) or one.ended is None or history.slow is None:
        return False
    return one.ended - one.began > history.slow


def harmed(history: History, one: Attempt) -> bool:
    return failed(history, one) or slow(history, one)


def names(history: History) -> list[tuple[str, str]]:
    """The changes of the drill, in the order in which they began."""
    found: list[tuple[str, str]] = []
    for said in history.said:
        name = (said.kind, said.change)
        if name not in found and history.steady <= began(history, name) <= history.stopped:
            found.append(name)
    return sorted(sorted(found), key=lambda name: began(history, name))


def story(history: History, name: tuple[str, str]) -> list[Said]:
    return [said for said in history.said if (said.kind, said.change) == name]


def began(history: History, name: tuple[str, str]) -> float:
    said = story(history, name)
    for one in said:
        if one.event == "started":
            return one.at
    return said[0].at


def owned_until(history: History, name: tuple[str, str]) -> float:
    all_names = names(history)
    for other in all_names[all_names.index(name) + 1 :]:
        if other[0] == name[0]:
            return began(history, other)
    return history.stopped


def ending(history: History, name: tuple[str, str]) -> Said | None:
    ended: Said | None = None
    for one in story(history, name):
        if one.event in {"refused", "promoted", "rolled back", "failed"}:
            ended = one
        elif one.event not in {"judged", "stable"}:
            ended = None
    return ended


def owned(history: History, name: tuple[str, str]) -> list[Attempt]:
    since, until = began(history, name), owned_until(history, name)
    return [
        one
        for one in [*history.orders, *history.reads]
        if one.began <= until and (one.ended is None or one.ended >= since)
    ]


def over(history: History, name: tuple[str, str]) -> float:
    ended = ending(history, name)
    if ended is None or ended.event != "rolled back":
        return owned_until(history, name)
    return min(ended.at + GRACE, owned_until(history, name))


def met(history: History, name: tuple[str, str]) -> list[Attempt]:
    return [one for one in owned(history, name) if one.began <= over(history, name)]


def after(history: History, name: tuple[str, str]) -> list[Attempt]:
    return [one for one in owned(history, name) if one.began > over(history, name)]


def harm_times(history: History, name: tuple[str, str]) -> list[float]:
    since = began(history, name)
    return sorted(max(one.began, since) for one in owned(history, name) if harmed(history, one))


def covered(history: History) -> float:
    times = [one.at for one in history.said]
    return max([*times, *([] if history.asked is None else [history.asked])])


def judged(history: History, wish: Wish) -> list[tuple[str, str]]:
    return [name for name in names(history) if wish.kind in {None, name[0]}]


def invalid(history: History, wish: Wish) -> bool:
    for name in judged(history, wish):
        hurt = [one for one in owned(history, name) if harmed(history, one)]
        if not met(history, name) or len(hurt) < wish.bites:
            return True
    return False


def misses(history: History, wish: Wish) -> set[str]:
    found: set[str] = set()
    for name in judged(history, wish):
        found |= misses_in_ending(history, name, wish)
        found |= misses_in_harm(history, name, wish)
        found |= misses_after(history, name, wish)
    return found


def misses_in_ending(history: History, name: tuple[str, str], wish: Wish) -> set[str]:
    found: set[str] = set()
    ended, times = ending(history, name), harm_times(history, name)
    if ended is not None and ended.event != wish.ends:
        found.add("ended otherwise")
    elif ended is not None and wish.by not in {None, ended.by}:
        found.add("ended by others")
    if wish.ends == "rolled back" and (ended is None or ended.event == "rolled back"):
        until = covered(history) if ended is None else ended.at
        if times and wish.rollback is not None and until - times[0] > wish.rollback:
            found.add("rollback missed")
        so_long = until - began(history, name)
        if wish.rollback_from_start is not None and so_long > wish.rollback_from_start:
            found.add("rollback missed")
    return found


def misses_in_harm(history: History, name: tuple[str, str], wish: Wish) -> set[str]:
    found: set[str] = set()
    everything, times = met(history, name), harm_times(history, name)
    hurt = [one for one in everything if harmed(history, one)]
    lost = [one for one in everything if failed(history, one)]
    if everything and len(hurt) / len(everything) > wish.harmed:
        found.add("harm missed")
    if everything and wish.failed is not None and len(lost) / len(everything) > wish.failed:
        found.add("failures missed")
    if times and wish.harm_seconds is not None and times[-1] - times[0] > wish.harm_seconds:
        found.add("duration of harm missed")
    return found


def misses_after(history: History, name: tuple[str, str], wish: Wish) -> set[str]:
    later = after(history, name)
    lost = [one for one in later if failed(history, one)]
    waited = [one for one in later if slow(history, one)]
    too_slow = wish.slow_after is not None and len(waited) > wish.slow_after
    return {"harm after the rollback"} if len(lost) > wish.after or too_slow else set()


def doubts(history: History, wish: Wish) -> bool:
    if not judged(history, wish):
        return True
    for name in judged(history, wish):
        ended = ending(history, name)
        if ended is None or (ended.event == "rolled back" and not after(history, name)):
            return True
    return history.asked is not None and covered(history) < history.stopped - COVERED


@dataclass(frozen=True)
class Tried:
    at: float
    intruder: str
    credential: str
    what: str
    outcome: str


@dataclass(frozen=True)
class Breach:
    tried: Sequence[Tried]
    signals: Sequence[tuple[float, str]]
    claims: Sequence[float]


def first_in(breach: Breach) -> float | None:
    times = [one.at for one in breach.tried if one.outcome == "in"]
    return min(times) if times else None


def log_end(breach: Breach) -> float:
    return max(
        [*breach.claims, *(at for at, _ in breach.signals), *(one.at for one in breach.tried)]
    )


def lasted(breach: Breach, times: Sequence[float]) -> tuple[float, bool] | None:
    """Seconds from the first success to the first of these, and whether it came at all."""
    since = first_in(breach)
    if since is None:
        return None
    until = min(times) if times else log_end(breach)
    return max(0.0, until - since), bool(times)


def breach_misses(breach: Breach, detect: float, shut_out: float) -> set[str]:
    found = set()
    detected = lasted(breach, [at for at, _ in breach.signals])
    claimed = lasted(breach, breach.claims)
    if detected is not None and detected[0] > detect:
        found.add("detection missed")
    if claimed is not None and claimed[0] > shut_out:
        found.add("shutting out missed")
    for one in breach.tried:
        if breach.claims and one.outcome == "in" and one.at >= min(breach.claims):
            found.add("the intruder is not out")
    return found


def breach_doubts(breach: Breach, detect: float, shut_out: float, refused: int) -> bool:
    for times, allowed in (
        ([at for at, _ in breach.signals], detect),
        (breach.claims, shut_out),
    ):
        seen = lasted(breach, times)
        if seen is not None and not seen[1] and seen[0] <= allowed:
            return True
    if not breach.claims:
        return False
    for user in {(one.intruder, one.credential) for one in breach.tried}:
        its = [one for one in breach.tried if (one.intruder, one.credential) == user]
        later = [one for one in its if one.at >= min(breach.claims)]
        if not any(one.outcome == "in" for one in its):
            continue
        if any(one.outcome == "in" for one in later):
            continue
        if sum(one.outcome == "out" for one in later) < refused:
            return True
    return False
