"""We believe that a run leaves nothing broken and nothing behind, whenever it is killed.

``make torture N=200`` kills so many runners of real drills, at moments that are uniformly
random over each drill's usual duration, and one time in three its guardian too. Then the
world is read: what was there before is there, unchanged, and nothing else.

MUSTER_KILLS            how many; without it 30, or as many as fit in the time
MUSTER_TORTURE_SECONDS  no kill is begun after these; 30, or no limit with MUSTER_KILLS
MUSTER_TORTURE_SEED     repeats another torture's choices

An engine is seldom slow enough for something to be in flight when a runner dies; see
`slow_engine.py`, through which it often is.
"""

from __future__ import annotations

import os
from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from environments.replica.image_builder import build_images
from fixtures.run import ROOT, new_seed
from tests.torture.figures import Killed, summary
from tests.torture.foreign import planted
from tests.torture.living import living_run
from tests.torture.oracle import connect
from tests.torture.plan import drills_in, kill_number
from tests.torture.torturing import Torture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import docker

KILLS = int(os.environ.get("MUSTER_KILLS", "30"))
USUAL_BUDGET = "inf" if "MUSTER_KILLS" in os.environ else "30"
BUDGET_SECONDS = float(os.environ.get("MUSTER_TORTURE_SECONDS", USUAL_BUDGET))
SEED = int(os.environ.get("MUSTER_TORTURE_SEED", "0")) or new_seed()
HANGS_AFTER_SECONDS = 300  # a kill, each of whose waits is bounded, takes less


@pytest.fixture
def engine() -> Iterator[docker.APIClient]:
    with closing(connect()) as engine:
        yield engine


@pytest.fixture
def torture(
    engine: docker.APIClient, tmp_path: Path, say: Callable[[str], None]
) -> Iterator[Torture]:
    tools = build_images(["tools"], say)["tools"]
    with planted(engine, tools) as foreign, living_run(engine, tools) as living:
        foreign.watch(living.things)
        yield Torture(engine, foreign, living, tmp_path)


@pytest.mark.torture
@pytest.mark.timeout(HANGS_AFTER_SECONDS * (KILLS + 1))
def test_whenever_a_run_is_killed_the_world_is_whole_again(
    torture: Torture, say: Callable[[str], None]
) -> None:
    say(f"torture: seed {SEED} (MUSTER_TORTURE_SEED={SEED} repeats its choices)")
    drills = drills_in(ROOT / "scenarios")
    began = monotonic()
    kills: list[Killed] = []
    while len(kills) < KILLS and monotonic() - began < BUDGET_SECONDS:
        kills.append(torture.carry_out(kill_number(len(kills) + 1, drills, SEED)))
        say(str(kills[-1]))
    torture.audit_once_more()
    for line in summary(kills, monotonic() - began):
        say(line)
