"""What the deployer tells over HTTP, and what is asked of it on its own host.

``GET /status`` and ``/changes`` for programs, ``/health`` (200 or 503) for whoever watches;
``POST /ask/start`` and the like, for the command ``deploy``.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from rollout.web import Question, Reply, as_json, refusal

from .controller import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller, Status

PORT = 9200
LATE_SECONDS = 5.0  # without a turn, the deployer is not well
ASK = "/ask/"


@dataclass(frozen=True, slots=True)
class Pages:
    controller: Controller
    clock: Callable[[], float]

    def answer(self, question: Question) -> Reply:
        status = self.controller.status
        match question.path:
            case "/changes":
                return as_json(self.controller.history.as_json(question.after))
            case "/health":
                return self._health(status)
            case "/status" if status is not None:
                return as_json(self._document(status))
            case "/status":
                why = "nothing was seen yet: ask again in a moment"
                return refusal(why, HTTPStatus.SERVICE_UNAVAILABLE)
        return refusal("ask for /status, /changes or /health", HTTPStatus.NOT_FOUND)

    def do(self, question: Question) -> Reply:
        if not question.path.startswith(ASK):
            return refusal(f"what is to be done is asked at {ASK}…", HTTPStatus.NOT_FOUND)
        try:
            return as_json({"done": self.controller.ask(question.path.removeprefix(ASK))})
        except RefusedError as error:
            return refusal(str(error))

    def _health(self, status: Status | None) -> Reply:
        if status is not None and self.clock() - status.turned_at <= LATE_SECONDS:
            return as_json({"status": "ok"})
        since = "ever" if status is None else f"{self.clock() - status.turned_at:.0f} s"
        why = f"no turn was done for {since}: see the log"
        return refusal(why, HTTPStatus.SERVICE_UNAVAILABLE)

    def _document(self, status: Status) -> dict[str, object]:
        state, policy, watcher = status.state, self.controller.policy, self.controller.watcher
        serving = {}
        for view in status.views:
            if view.serves:
                last = watcher.last(view.place)
                serving[view.place] = last.version if last else ""
        return {
            "live": state.versions.get(state.live, ""),
            "colour": state.live,
            "phase": state.phase,
            "change": state.change if state.number else "",
            "share": status.share,
            "verified": state.is_verified,
            "trouble": status.trouble,
            "serving": serving,
            "policy": {"name": policy.name, "version": policy.version},
        }
