"""The supervisor of each place, which starts and stops its instance (XML-RPC).

http://supervisord.org/api.html
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from enum import StrEnum
from xmlrpc.client import Error, Fault, ServerProxy, Transport

PORT = 9001
PROGRAM = "orders"
ANSWER_SECONDS = 2.0  # an instance that starts takes its whole quota, and its keeper's
_NOT_RUNNING, _ALREADY_STARTED = 70, 60  # faults that say: it is so already


class SupervisorError(Exception):
    """A place did not say or do what it was asked; the message says why."""


class Process(StrEnum):
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DIED = "died"  # by itself: people look first
    SILENT = "silent"  # its supervisor gives no answer


_STATES = {
    "STARTING": Process.RUNNING,
    "RUNNING": Process.RUNNING,
    "STOPPING": Process.STOPPING,
    "STOPPED": Process.STOPPED,
}


class _Transport(Transport):
    def make_connection(
        self, host: str | tuple[str, dict[str, str]]
    ) -> http.client.HTTPConnection:
        name = host if isinstance(host, str) else host[0]
        return http.client.HTTPConnection(name, timeout=ANSWER_SECONDS)


@dataclass(frozen=True, slots=True)
class Supervisor:
    place: str
    port: int = PORT

    def state(self) -> Process:
        """See how the instance is; a supervisor that does not answer is SILENT."""
        try:
            told = self._call("getProcessInfo", PROGRAM)
        except SupervisorError:
            return Process.SILENT
        name = told.get("statename") if isinstance(told, dict) else None
        return _STATES.get(str(name), Process.DIED)

    def start(self) -> None:
        self._do("startProcess", PROGRAM, False, already=_ALREADY_STARTED)  # noqa: FBT003 - XML-RPC: do not wait

    def stop(self) -> None:
        """Ask it to end; it lets requests end, for some seconds."""
        self._do("stopProcess", PROGRAM, False, already=_NOT_RUNNING)  # noqa: FBT003 - as above

    def kill(self) -> None:
        """End it at once: asked first, so that it counts as stopped and not as dead."""
        self.stop()
        self._do("signalProcess", PROGRAM, "KILL", already=_NOT_RUNNING)

    def _do(self, method: str, *words: object, already: int) -> None:
        try:
            self._call(method, *words)
        except SupervisorError as error:
            cause = error.__cause__
            if not (isinstance(cause, Fault) and cause.faultCode == already):
                raise

    def _call(self, method: str, *words: object) -> object:
        address = f"http://{self.place}:{self.port}/RPC2"
        try:
            with ServerProxy(address, transport=_Transport()) as proxy:
                answer: object = getattr(proxy.supervisor, method)(*words)
                return answer
        except (OSError, Error, http.client.HTTPException) as error:
            raise SupervisorError(f"{self.place} did not take {method}: {error}") from error
