"""The picture shows what happened, where it happened, and never breaks on odd drills."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.customers import see
from reports.ledger import LEDGER, Operation
from reports.ledger import Outcome as Told
from reports.outages import Outage
from reports.phases import Breakdown, Phase
from reports.picture import Scene, StepMark, draw
from reports.record import judge_record, load_record
from reports.verdict import Injection, Objectives, Outcome, Verdict
from tests.unit.evidence.drills import FAULT_AT, ledger, primary_killed

_WIDTH_POINTS = 12 * 72


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    record = load_record(primary_killed(tmp_path_factory.mktemp("drill") / "killed"))
    recovery, verdict = judge_record(record)
    return Scene(
        title=record.title,
        ledger=record.ledger,
        injections=record.injections,
        steps=_steps(4),
        recovery=recovery,
        objectives=record.objectives,
        verdict=verdict,
    )


def _steps(count: int, seconds: float = 2.0, failed: int = -1) -> list[StepMark]:
    return [
        StepMark(
            title=f"Do the thing called {number}",
            began_at=FAULT_AT + 2 + number * seconds,
            ended_at=FAULT_AT + 2 + (number + 0.9) * seconds,
            failed=number == failed,
        )
        for number in range(count)
    ]


def _texts(svg: bytes) -> list[str]:
    texts = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - ours
    return ["".join(one.itertext()) for one in texts]


def _marks(svg: bytes, kind: str) -> dict[str, tuple[float, float]]:
    """Where the bars of a kind begin and end, in points from the left."""
    found = {}
    for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):  # noqa: S314 - ours
        name = group.get("id", "")
        if name.startswith(f"{kind}-"):
            path = group.find("{http://www.w3.org/2000/svg}path")
            assert path is not None
            words = path.get("d", "").replace("M", " ").replace("L", " ").replace("z", " ")
            across = [float(word) for word in words.split()[::2]]
            found[name] = (min(across), max(across))
    return found


def _second(at: float) -> float:
    """Where a second lies, in points from the left, by the ledger's 90 seconds."""
    left, right = 0.95 * 72, _WIDTH_POINTS - 0.3 * 72
    return left + (at - 1_000) / 89.99 * (right - left)


def test_it_says_the_verdict_the_figures_and_every_step(scene: Scene) -> None:
    said = " | ".join(_texts(draw(scene)))
    assert "MET: The primary database is killed" in said.replace("  ", " ")
    assert "RTO 12.3 s of 60 s" in said
    assert "Kill(east-db-1)" in said
    assert [f"{n}  Do the thing called {n - 1}" in said for n in range(1, 5)] == [True] * 4
    assert "acknowledged 7,770" in said


def test_marks_lie_where_they_happened(scene: Scene) -> None:
    svg = draw(scene)
    fault, outage = _marks(svg, "fault"), _marks(svg, "outage")
    steps = list(_marks(svg, "runbook").values())
    assert scene.recovery is not None
    restored = scene.recovery.outages[0].restored_at
    assert restored is not None
    expected_fault = (_second(FAULT_AT), _second(FAULT_AT + 45))
    assert list(fault.values()) == [pytest.approx(expected_fault, abs=0.5)]
    expected_outage = (_second(FAULT_AT), _second(restored))
    assert list(outage.values()) == [pytest.approx(expected_outage, abs=0.5)]
    assert [x[0] for x in steps] == pytest.approx(
        [_second(FAULT_AT + 2 + 2 * n) for n in range(4)], abs=0.5
    )


def test_the_same_scene_gives_the_same_bytes(scene: Scene) -> None:
    assert draw(scene) == draw(scene)


def test_twelve_steps_at_once_each_have_a_line_of_their_own(scene: Scene) -> None:
    crowded = dataclasses.replace(scene, steps=_steps(12, seconds=0.01, failed=11))
    svg = draw(crowded)
    lines = [
        one
        for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - ours
        if "Do the thing" in "".join(one.itertext())
    ]
    heights = sorted(_height(one) for one in lines)
    assert len(heights) == 12
    assert min(b - a for a, b in pairwise(heights)) >= 12
    assert any(text.endswith(": FAILED") for text in _texts(svg))


def _height(text: ET.Element) -> float:
    place = re.search(r"translate\([-\d.]+[ ,]+([-\d.]+)\)", text.get("transform", ""))
    return float(text.get("y", "") if place is None else place[1])


def test_never_restored_says_so_and_reaches_the_end(scene: Scene) -> None:
    assert scene.recovery is not None
    outage = Outage(
        began_at=FAULT_AT, restored_at=None, seconds=70.0, failed_attempts=1,
        resolution_seconds=0.01,
    )  # fmt: skip
    recovery = dataclasses.replace(
        scene.recovery, outages=[outage], rto_seconds=70.0, rto_is_lower_bound=True
    )
    svg = draw(dataclasses.replace(scene, recovery=recovery, steps=[]))
    assert any("RTO at least 70 s of 60 s, never restored" in text for text in _texts(svg))
    (span,) = _marks(svg, "outage").values()
    assert span[1] == pytest.approx(_WIDTH_POINTS - 0.3 * 72, abs=0.5)


def test_each_of_several_faults_has_its_bar(scene: Scene) -> None:
    second = Injection(
        fault="Partition(east-db-1)",
        started_at=FAULT_AT + 20,
        took_effect_at=None,
        gone_at=None,
    )
    svg = draw(dataclasses.replace(scene, injections=[*scene.injections, second]))
    assert len(_marks(svg, "fault")) == 2
    assert "Partition(east-db-1)" in _texts(svg)


def test_an_empty_ledger_says_so() -> None:
    empty = Scene(
        title="Nothing", ledger=np.empty(0, LEDGER), injections=[], steps=[], recovery=None,
        objectives=None, verdict=Verdict(Outcome.INCONCLUSIVE, ("no traffic",)),
    )  # fmt: skip
    said = _texts(draw(empty))
    assert any("ledger is empty" in text for text in said)
    assert "no fault was injected" in said
    assert "no traffic" in said


@pytest.mark.parametrize(
    "title", ["$A costs $B", "\N{CHART WITH UPWARDS TREND}\U000e0001 漢字 <&>"]
)
def test_odd_titles_neither_warn_nor_break(scene: Scene, title: str) -> None:
    step = dataclasses.replace(_steps(1)[0], title=title)
    svg = draw(dataclasses.replace(scene, title=title, steps=[step]))
    (said,) = (text for text in _texts(svg) if text.startswith("MET:"))
    assert said[-3:].strip()


def test_no_outage_is_said(scene: Scene) -> None:
    assert scene.recovery is not None
    recovery = dataclasses.replace(scene.recovery, outages=[], rto_seconds=0.0)
    objectives = Objectives(rto_seconds=60, rpo_seconds=0, p95_seconds=0.5)
    said = _texts(draw(dataclasses.replace(scene, recovery=recovery, objectives=objectives)))
    assert "none" in said
    assert "P95 objective 500 ms" in said


def test_the_parts_of_the_longest_outage_have_an_axis_of_their_own(scene: Scene) -> None:
    parts = (
        Phase("detect", FAULT_AT, FAULT_AT + 2),
        Phase("fence", FAULT_AT + 2, FAULT_AT + 3),
        Phase("first success", FAULT_AT + 3, FAULT_AT + 12),
    )
    broken_down = dataclasses.replace(scene, breakdown=Breakdown(parts, 120))
    svg = draw(broken_down)
    said = _texts(svg)
    assert "fence  1 s  8 %" in said
    assert any("people may take 120 s to decide, which is no part of it" in one for one in said)
    left, right = 0.95 * 72, _WIDTH_POINTS - 0.3 * 72
    ends = [left + share * (right - left) for share in (0, 2 / 12, 3 / 12, 1)]
    bars = sorted(_marks(svg, "RTO by part").values())
    assert bars == [pytest.approx(bar, abs=0.5) for bar in pairwise(ends)]
    assert _marks(draw(scene), "RTO by part") == {}
    assert _marks(svg, "fault") == _marks(draw(scene), "fault")  # across, nothing moved


def test_bins_count_every_write_and_percentiles_are_close() -> None:
    told = ledger(outage_seconds=0, lasting_seconds=100)
    seen = see(told, 1_000.0, 1_100.0)
    assert int(seen.told[0].sum()) == len(told)
    one = told[(told["began"] >= seen.edges[10]) & (told["began"] < seen.edges[11])]
    exact = np.percentile(one["ended"] - one["began"], 50, method="inverted_cdf")
    assert seen.p50[10] == pytest.approx(exact, rel=0.025)


def test_reads_and_damaged_records_are_no_writes() -> None:
    told = ledger(outage_seconds=0, lasting_seconds=10)
    told["operation"][:100] = Operation.READ
    told["began"][100:150] = np.nan
    told["operation"][150:160] = 0
    seen = see(told, 1_000.0, 1_010.0)
    assert sum(int(count.sum()) for count in seen.told) == len(told) - 160


def test_what_nobody_finished_is_unknown() -> None:
    told = ledger(outage_seconds=0, lasting_seconds=10)
    told["outcome"][:50], told["ended"][:50] = Told.PENDING, np.nan
    told["outcome"][50:80] = Told.NO
    acknowledged, refused, unknown = (int(c.sum()) for c in see(told, 1_000.0, 1_010.0).told)
    assert (acknowledged, refused, unknown) == (len(told) - 80, 30, 50)


def test_it_is_small_however_long_the_ledger() -> None:
    told = ledger(lasting_seconds=3_000)
    scene = Scene(
        title="Long", ledger=told, injections=[], steps=[], recovery=None, objectives=None,
        verdict=Verdict(Outcome.MET, ()),
    )  # fmt: skip
    assert len(draw(scene)) < 300_000
