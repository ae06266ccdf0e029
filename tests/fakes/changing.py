"""The fake world with a tool that changes the service when it is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.model import ChangeTold, WorldError
from tests.fakes.world import FakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

TOOL = "east-deployer"


class ChangingFake(FakeEnvironment):
    """Implements Changing. Assign to ``silent`` the sentence of a tool that does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[ChangeTold] = []
        self.silent = ""
        self.asked = 0

    def tell(self, event: str, *, age_seconds: float = 0.0, share: float = 0.0) -> None:
        """Have something happen to the one release, so long before it is asked."""
        self.told.append(
            ChangeTold(
                number=len(self.told) + 1,
                age_seconds=age_seconds,
                change="release-1",
                kind="release",
                event=event,
                share=share,
                by="itself",
                why="",
            )
        )

    def change_tools(self) -> Sequence[str]:
        return (TOOL,)

    def changes(self, tool: str, after: int) -> Sequence[ChangeTold]:
        self.asked += 1
        if self.silent:
            raise WorldError(self.silent)
        return [one for one in self.told if tool == TOOL and one.number > after]
