"""What instances have in force, by their own word."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.reading import SilentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor, Future

PORT = 8000
ANSWER_SECONDS = 1.0
LONGEST_ANSWER_BYTES = 100_000
SILENT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class InForce:
    version: int  # 0: what is built in
    troubles: Mapping[str, str] = field(default_factory=dict)  # whence -> what is wrong


def read_in_force(instance: str, port: int = PORT) -> InForce:
    """Ask an instance.

    Raises:
        SilentError: it does not answer, or makes no sense.
    """
    connection = http.client.HTTPConnection(instance, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/configuration")
        told = json.loads(connection.getresponse().read(LONGEST_ANSWER_BYTES))
        return InForce(int(told["version"]), dict(told["troubles"]))
    except (OSError, http.client.HTTPException) as error:
        raise SilentError(f"{instance} does not answer: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SilentError(f"{instance} does not say what it has in force: {error}") from error
    finally:
        connection.close()


@dataclass(slots=True)
class Instances:
    """``look`` at a steady pace; all else says what was seen, and asks nobody."""

    names: Sequence[str]
    threads: Executor
    clock: Callable[[], float]
    read: Callable[[str], InForce] = read_in_force
    _asked: dict[str, Future[InForce]] = field(default_factory=dict)  # and not answered yet
    _seen: dict[str, InForce] = field(default_factory=dict)
    _heard_at: dict[str, float] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)  # why there was no answer

    def look(self) -> None:
        for name in self.names:
            self._heard_at.setdefault(name, self.clock())
            # Where nobody knows a name yet, to look it up takes longer than any answer may:
            # questions would queue behind those.
            if name not in self._asked:
                self._asked[name] = self.threads.submit(self.read, name)
        wait(self._asked.values(), ANSWER_SECONDS + 1)
        for name, answer in list(self._asked.items()):
            if answer.done():
                del self._asked[name]
                self._hear(name, answer)
            else:
                self._said[name] = f"{name} does not answer in time"

    def _hear(self, name: str, answer: Future[InForce]) -> None:
        try:
            self._seen[name] = answer.result()
        except SilentError as error:
            self._said[name] = str(error)
        else:
            self._heard_at[name] = self.clock()

    def version(self, name: str) -> int | None:
        """Give what an instance said last; None where it never said anything."""
        seen = self._seen.get(name)
        return seen.version if seen else None

    def silent(self) -> Sequence[str]:
        """Name those that have not answered for a while."""
        before = self.clock() - SILENT_SECONDS
        return [name for name in self.names if self._heard_at.get(name, before) < before]

    def have(self, version: int, among: Sequence[str]) -> bool:
        """Whether all of these that are not silent have it in force, one at the least."""
        silent = self.silent()
        asked = [name for name in among if name not in silent]
        return bool(asked) and all(self.version(name) == version for name in asked)

    def troubles(self, name: str) -> Sequence[str]:
        """Say what an instance found to be wrong, a sentence each."""
        if name in self.silent():
            return [f"nobody knows what {name} has in force: {self._said[name]}"]
        seen = self._seen.get(name)
        return [f"{name}: {what}" for what in seen.troubles.values()] if seen else []
