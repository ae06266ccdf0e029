"""We believe that people's words are done or refused in one sentence."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from environments.replica.images.scaler.scaling import __main__ as command
from environments.replica.images.scaler.scaling.__main__ import RefusedError, run
from environments.replica.images.scaler.scaling.policy import PolicyError
from tests.unit.scaler.places import Scene
from tests.unit.scaler.policies import text_with

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scaler that turns whenever it is asked."""
    scene = Scene(tmp_path)

    def ask(path: str) -> Any:  # noqa: ANN401 - whatever the page says
        scene.pass_time(0.25)
        status, history = scene.controller.status, scene.controller.history
        assert status is not None
        if path == "/decisions":
            return [one.as_json(scene.world.now) for one in history.decisions(0)]
        return {
            "wanted": status.wanted, "serving": status.serving, "held": status.held,
            "minimum": status.minimum, "maximum": status.policy.maximum,
            "cpu": 0.42, "memory": None, "rate": 8.04,
            "policy": {"name": status.policy.name, "version": status.policy.version},
            "places": status.phases,
        }  # fmt: skip

    monkeypatch.setattr(command, "ask", ask)
    return scene


def test_people_hold_and_let_go(scene: Scene) -> None:
    assert run(["hold", "5"], scene.state) == "held at 5, until `scaling release`"
    assert scene.state.held() == 5
    told = run([], scene.state)
    assert "3 serve, 5 are wanted, held at 5 by people" in told
    assert "cpu 42 %, memory unknown, requests a second 8.0" in told
    assert "3 to 5: held at 5 by people" in told
    assert run(["release"], scene.state) == "released: the metrics decide again"
    assert scene.state.held() is None


@pytest.mark.parametrize("number", ["0", "11", "-1", "five", "", "\u00b2"])
def test_what_cannot_be_held_is_refused(scene: Scene, number: str) -> None:
    with pytest.raises(RefusedError, match=r"no whole number from 1 to 10, the maximum"):
        run(["hold", number], scene.state)
    assert scene.state.held() is None


def test_a_policy_is_put_in_force_from_a_file_or_the_standard_input(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "calm.toml"
    file.write_text(text_with(name='"calm"'))
    assert run(["use", str(file)], scene.state).startswith("the policy calm (")
    wide = io.TextIOWrapper(io.BytesIO(text_with(name='"wide"').encode()))
    monkeypatch.setattr("sys.stdin", wide)
    assert run(["use", "-"], scene.state).startswith("the policy wide (")
    assert scene.state.read_policy().name == "wide"


def test_a_policy_that_is_no_good_leaves_the_old_one_in_force(
    scene: Scene, tmp_path: Path
) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text_with(maximum="11"))
    with pytest.raises(PolicyError, match="maximum is 11, and there are 10 places"):
        run(["use", str(file)], scene.state)
    assert scene.state.read_policy().maximum == 10
    with pytest.raises(RefusedError, match="cannot be read"):
        run(["use", str(tmp_path / "none.toml")], scene.state)


@pytest.mark.parametrize("words", [["hold"], ["release", "now"], ["grow"], ["use"]])
def test_other_words_are_answered_with_those_there_are(scene: Scene, words: list[str]) -> None:
    with pytest.raises(RefusedError, match="scaling hold N"):
        run(words, scene.state)


def test_a_scaler_that_does_not_follow_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "IN_FORCE_SECONDS", 0.0)
    monkeypatch.setattr(command, "ask", lambda _: {"held": None, "wanted": 3})
    with pytest.raises(RefusedError, match="does not follow"):
        run(["hold", "5"], scene.state)
