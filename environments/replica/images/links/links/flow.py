"""One direction of one connection: the chain of stages between two sockets."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from .toxics.stage import Receiver, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .toxic import Toxic

_LEAST_BUFFER_BYTES = 64 * 1024


class Source(Protocol):
    """Where bytes come from; it is told where they go first, and when to wait."""

    head: Receiver

    def pause(self) -> None: ...
    def resume(self) -> None: ...


@dataclass(slots=True)
class _Link:
    toxic: Toxic
    stage: Stage[Any]
    works: bool


class Flow:
    """Bytes on their way from a source to a sink, through the toxics in order of addition.

    The source, which waits already, waits from now on only while the sink's socket is full
    or the stages keep too much.
    """

    def __init__(self, source: Source, sink: Receiver, toxics: Iterable[Toxic]) -> None:
        self._source = source
        self._sink = sink
        self._chain: list[_Link] = []
        self._sink_is_full = False
        self._source_waits = True
        self._kept = 0
        self._limit = _LEAST_BUFFER_BYTES
        self._join()
        for toxic in toxics:
            self.add(toxic)

    def add(self, toxic: Toxic) -> None:
        stage = toxic.kind.stage(toxic.attributes, self)
        link = _Link(toxic, stage, works=_is_hit(toxic))
        self._chain.append(link)
        self._join()
        if link.works:
            stage.start()

    def update(self, toxic: Toxic) -> None:
        link = self._find(toxic.name)
        link.stage.release()
        link.toxic = toxic
        link.stage.attributes = toxic.attributes
        link.works = _is_hit(toxic)
        self._join()
        if link.works:
            link.stage.start()

    def remove(self, name: str) -> None:
        link = self._find(name)
        if link.works:
            link.stage.remove()
        self._chain.remove(link)
        self._join()

    def abandon(self) -> None:
        """Let go of everything: the sink's socket is gone."""
        for link in self._chain:
            link.stage.release()

    def sink_is_full(self, *, full: bool) -> None:
        self._sink_is_full = full
        self._pace()

    def keep(self, size: int) -> None:
        self._kept += size
        if self._kept > self._limit:
            self._pace()

    def let_go(self, size: int) -> None:
        was_over = self._kept > self._limit
        self._kept -= size
        if was_over:
            self._pace()

    def _pace(self) -> None:
        must_wait = self._sink_is_full or self._kept > self._limit
        if must_wait and not self._source_waits:
            self._source.pause()
        elif self._source_waits and not must_wait:
            self._source.resume()
        self._source_waits = must_wait

    def _join(self) -> None:
        receivers: list[Receiver] = [link.stage for link in self._chain if link.works]
        for stage, following in pairwise([*receivers, self._sink]):
            if isinstance(stage, Stage):
                stage.next = following
        self._source.head = receivers[0] if receivers else self._sink
        self._limit = max(
            (link.toxic.kind.buffer_bytes for link in self._chain), default=_LEAST_BUFFER_BYTES
        )
        self._pace()

    def _find(self, name: str) -> _Link:
        return next(link for link in self._chain if link.toxic.name == name)


def _is_hit(toxic: Toxic) -> bool:
    return random.random() < toxic.toxicity  # noqa: S311 - no secret
