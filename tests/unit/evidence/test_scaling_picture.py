"""The picture of a stack that scales shows every decision in its place, whatever there was."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.ledger import LEDGER
from reports.scaling_log import Decision, ScalingLog
from reports.scaling_picture import Scene, draw
from reports.verdict import Outcome, Verdict
from tests.unit.reports.scaling_drills import ASKED, ScalingCase, sample

_TEXT = "{http://www.w3.org/2000/svg}text"
_GROUP = "{http://www.w3.org/2000/svg}g"
_LEFT, _RIGHT = 0.95 * 72, (12 - 0.3) * 72  # points, of the time axis


def scene_of(case: ScalingCase) -> Scene:
    return Scene(
        title="Four times as many customers come at once",
        log=case.log,
        ledger=case.ledger,
        surges=case.surges,
        scaling=case.measure(),
        objectives=ASKED,
        verdict=case.judge(),
    )


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(ScalingCase())


def texts(svg: bytes) -> list[str]:
    found = ET.fromstring(svg).iter(_TEXT)  # noqa: S314 - ours
    return ["".join(one.itertext()) for one in found]


def numbers(svg: bytes) -> dict[str, tuple[float, float]]:
    """Where the number of each decision stands, in points from the left and from the top."""
    found = {}
    for group in ET.fromstring(svg).iter(_GROUP):  # noqa: S314 - ours
        if group.get("id", "").startswith("decision-"):
            (text,) = group.iter(_TEXT)
            found["".join(text.itertext())] = place(text)
    return found


def place(text: ET.Element) -> tuple[float, float]:
    moved = re.search(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", text.get("transform", ""))
    if moved is None:
        return float(text.get("x", "")), float(text.get("y", ""))
    return float(moved[1]), float(moved[2])


def second(at: float) -> float:
    """Where a second lies, in points from the left, by the drill's 120 seconds."""
    return _LEFT + at / 120 * (_RIGHT - _LEFT)


def crowd(count: int, seconds: float) -> list[Decision]:
    return [
        Decision(
            at=22.0 + number * seconds, number=number, before=3 + number % 2,
            after=4 - number % 2, why=f"for reason {number}",
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def test_it_says_the_verdict_the_figures_and_why_it_decided(scene: Scene) -> None:
    said = " | ".join(texts(draw(scene)))
    assert "MET:  Four times as many customers come at once" in said
    assert "grew 3 → 7 in 14 s" in said
    assert "1 | +2.0 s | 3 → 5 | cpu at 105 % of 70 %: 5 instances" in said
    assert "4 | +80.0 s | 5 → 3 | cpu at 25 % of 70 %: the minimum" in said
    assert "P95 objective once grown 200 ms" in said


def test_each_number_stands_at_its_decision(scene: Scene) -> None:
    found = numbers(draw(scene))
    assert list(found) == ["1", "2", "3", "4"]
    across = [x for x, _ in found.values()]
    assert across == pytest.approx([second(at) for at in (22, 30, 90, 100)], abs=1)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.6])
def test_no_number_hides_another_however_close_they_come(scene: Scene, seconds: float) -> None:
    log = replace(scene.log, decisions=crowd(20, seconds))
    svg = draw(replace(scene, log=log))
    places = list(numbers(svg).values())
    assert len(places) >= 6
    for x, y in places:
        near = [one for one in places if abs(one[0] - x) < 16 and abs(one[1] - y) < 10]
        assert len(near) == 1
    listed = [one for one in texts(svg) if one.startswith("for reason")]
    assert listed == [f"for reason {number}" for number in range(1, 21)]


def test_no_line_of_text_lies_on_another(scene: Scene) -> None:
    why = [replace(one, why="so many words " * 30) for one in scene.log.decisions]
    svg = draw(replace(scene, log=replace(scene.log, decisions=why)))
    found = ET.fromstring(svg).iter(_TEXT)  # noqa: S314 - ours
    heights = sorted(place(one)[1] for one in found if "so many" in "".join(one.itertext()))
    assert len(heights) == 8  # two lines each
    assert min(b - a for a, b in pairwise(heights)) >= 12


def test_it_stays_small_and_says_what_it_leaves_out(scene: Scene) -> None:
    samples = [sample(at) for at in np.arange(0, 7200, 0.25).tolist()]
    log = replace(scene.log, samples=samples, decisions=crowd(500, 0.1))
    svg = draw(replace(scene, log=log))
    assert "470 further in the scaling log" in texts(svg)
    assert len(svg) < 300_000


def test_the_same_scene_gives_the_same_bytes(scene: Scene) -> None:
    assert draw(scene) == draw(scene)


def test_nothing_known_is_drawn_all_the_same() -> None:
    case = ScalingCase(log=ScalingLog(), ledger=np.empty(0, LEDGER), surges=())
    empty = replace(
        scene_of(case), objectives=None, verdict=Verdict(Outcome.INCONCLUSIVE, ("no traffic",))
    )
    said = texts(draw(empty))
    assert "The scaler decided nothing." in said
    assert "no traffic" in said


def test_bounds_that_change_are_drawn_as_they_change() -> None:
    case = ScalingCase()
    case.say(60.0, 80.0, minimum=5)
    said = texts(draw(scene_of(case)))
    assert "minimum 3 to 5" in said
    assert "maximum 10" in said


def test_what_is_not_known_is_a_gap_and_odd_words_do_no_harm() -> None:
    case = ScalingCase()
    case.say(30.0, 60.0, ratio=None, cpu=None)
    odd = Decision(at=22.0, number=1, before=3, after=5, why="$5 of \U000e0001 漢字 <&>")
    case.log = replace(case.log, decisions=[odd])
    assert any(text.endswith("<&>") for text in texts(draw(scene_of(case))))
