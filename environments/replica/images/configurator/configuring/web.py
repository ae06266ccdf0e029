"""What the configurator tells over HTTP, and what it does for who is on its host.

``/configuration/INSTANCE`` for instances, ``/status`` and ``/changes`` for programs, ``/show``
for people, ``/health`` (200 or 503) for whoever watches.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rollout.web import Question, Reply, as_json, refusal

from .controller import Controller, RefusedError, flags_of
from .store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 9200
LATE_SECONDS = 5.0  # without a turn, the configurator is not well
SWITCHES = {"on": True, "off": False}


@dataclass(slots=True)
class Pages:
    controller: Controller
    clock: Callable[[], float]
    turned_at: float | None = None

    def answer(self, question: Question) -> Reply:
        match question.path.strip("/").split("/"):
            case ["configuration", instance]:
                return self._document(instance)
            case ["status"]:
                return as_json(self._status())
            case ["changes"]:
                return as_json(self.controller.means.history.as_json(question.after))
            case ["show"]:
                return self._show()
            case ["health"]:
                return self._health()
        return refusal(
            "ask for /configuration/INSTANCE, /status, /changes, /show or /health",
            HTTPStatus.NOT_FOUND,
        )

    def do(self, question: Question) -> Reply:
        try:
            return as_json({"done": self._done(question)})
        except RefusedError as error:
            return refusal(str(error))

    def _done(self, question: Question) -> str:
        match question.path.strip("/").split("/"):
            case ["propose", file]:
                return self.controller.propose(question.body, unquote(file))
            case ["rollback"]:
                return self.controller.roll_back()
            case ["restore"]:
                return f"version {self.controller.restore(question.body)}"
            case ["flag", name, ("on" | "off") as state]:
                return self.controller.flag(name, on=SWITCHES[state])
        raise RefusedError("post to /propose/NAME, /rollback, /restore or /flag/NAME/on or off")

    def _document(self, instance: str) -> Reply:
        """Give what lies in the store, as it is: who reads it does not trust the store."""
        try:
            raw = self.controller.means.store.raw(self.controller.version_for(instance))
            return Reply(raw.decode(), "text/plain")
        except (OSError, UnicodeDecodeError) as error:
            return refusal(f"the store cannot be read: {error}", HTTPStatus.SERVICE_UNAVAILABLE)

    def _show(self) -> Reply:
        store = self.controller.means.store
        try:
            return Reply(store.open(store.in_force.version).content.decode(), "text/plain")
        except StoreError as error:
            return refusal(str(error))

    def _status(self) -> dict[str, object]:
        controller = self.controller
        store, instances = controller.means.store, controller.means.instances
        put = store.in_force
        return {
            "version": put.version,
            **self._content(put.version),
            "under_way": controller.under_way(),
            "instances": {name: instances.version(name) for name in instances.names},
            "troubles": list(controller.troubles()),
        }

    def _content(self, version: int) -> dict[str, object]:
        """Describe a version; what was tampered with says nothing that can be trusted."""
        try:
            document = self.controller.means.store.open(version)
        except StoreError:
            return {"sha256": "", "flags": {}}
        return {"sha256": document.sha256, "flags": flags_of(document.content)}

    def _health(self) -> Reply:
        age = None if self.turned_at is None else self.clock() - self.turned_at
        if age is not None and age <= LATE_SECONDS:
            return as_json({"status": "ok"})
        since = "ever" if age is None else f"{age:.0f} s"
        reason = {"status": "troubled", "reason": f"no turn was done for {since}: see the log"}
        return Reply(json.dumps(reason), status=HTTPStatus.SERVICE_UNAVAILABLE)
