"""What a drill's folder says is what Allure's results say, through a real pytest run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SCENARIO = '''
"""A scenario that publishes drills that never ran."""
from pathlib import Path
import pytest
from reports.evidence import publish
from tests.unit.evidence.drills import backups_restored, primary_killed

@pytest.mark.parametrize("name", ["met", "missed", "unseen"])
def test_drill(name):
    asked = {
        "met": {},
        "missed": {"rto_seconds": 10, "further_severity": "SEV3"},
        "unseen": {"effect": False, "outage_seconds": 5},
    }[name]
    publish(primary_killed(Path("run-1") / name, **asked))
    assert name == "met", "MISSED: the drill"

def test_restored():
    publish(backups_restored(Path("run-1") / "restored"))

def test_after():
    pass
'''
SCALED = """
from pathlib import Path
from reports.evidence import publish
from tests.unit.reports.scaling_drills import whole_scaling_folder

def test_scaled():
    publish(whole_scaling_folder(Path("run-1") / "scaled"))
"""
CHANGED = """
from pathlib import Path
from reports.evidence import publish
from reports.matrix import MatrixWriter, Pair, Way
from tests.unit.reports.change_drills import whole_change_folder

def test_changed():
    folder = whole_change_folder(Path("run-1") / "changed")
    with MatrixWriter(folder / "networks.jsonl") as matrix:
        way = Way.REFUSED
        matrix.write(Pair(source="edge", target="db", port=5432, designed=way, seen=way))
    publish(folder)
"""

CONFTEST = """
from pathlib import Path
import pytest
from reports.evidence import write_results_to

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    write_results_to(Path("results"), config)
"""


def run_pytest(
    folder: Path, *arguments: str, scenario: str = SCENARIO
) -> subprocess.CompletedProcess[str]:
    """Run a scenario in a folder of its own, as pytest is run by a person."""
    (folder / "test_scenario.py").write_text(scenario)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:locust", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*words, "-W", "error", f"--rootdir={folder}", "test_scenario.py", *arguments],
        cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": ""}, timeout=240,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Published:
    folder: Path
    results: dict[str, dict[str, Any]]

    def one(self, name: str) -> dict[str, Any]:
        return self.results[f"test_scenario#test_drill[{name}]"]

    @property
    def restored(self) -> dict[str, Any]:
        return self.results["test_scenario#test_restored"]

    def attachment(self, name: str, title: str) -> str:
        return self.attached(self.one(name), title)

    def attached(self, result: dict[str, Any], title: str) -> str:
        attachments: list[dict[str, str]] = result["attachments"]
        found = {one["name"]: one["source"] for one in attachments}
        return (self.folder / found[title]).read_text("utf-8")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    (folder / "conftest.py").write_text(CONFTEST)
    ran = run_pytest(folder)
    assert "2 failed, 3 passed" in ran.stdout, ran.stdout + ran.stderr
    results = {}
    for path in (folder / "results").glob("*-result.json"):
        result = json.loads(path.read_text("utf-8"))
        parameter = [p["value"] for p in result.get("parameters", []) if p["name"] == "name"]
        suffix = f"[{parameter[0].strip(chr(39))}]" if parameter else ""
        results[result["fullName"] + suffix] = result
    return Published(folder / "results", results)


def _labels(result: dict[str, Any], name: str) -> list[str]:
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_title_severity_and_requirements(published: Published) -> None:
    result = published.one("met")
    assert result["name"] == "The primary database is killed"
    assert _labels(result, "severity") == ["blocker"]
    assert _labels(result, "requirement") == ["FLT-11", "RBK-4"]
    assert {"FLT-11", "RBK-4", "MET"} <= set(_labels(result, "tag"))
    assert "MISSED" in _labels(published.one("missed"), "tag")


def test_the_severity_is_the_worst_of_all_runbooks_that_were_followed(
    published: Published,
) -> None:
    assert _labels(published.one("missed"), "severity") == ["blocker"]


def test_a_node_log_that_is_not_there_keeps_nothing_else_from_being_told(
    published: Published,
) -> None:
    result = published.one("missed")
    names = [one["name"] for one in result["attachments"]]
    assert "Log of east-db-1" in names
    assert "Log of east-app-1" not in names
    assert "Timeline" in names
    gone = "No log of east-app-1, for logs/gone.log is not in the drill's folder"
    load = next(step for step in result["steps"] if step["name"].startswith("Customers"))
    (fault,) = [step for step in load["steps"] if step["name"].startswith("Fault")]
    assert gone in [step["name"] for step in fault["steps"]]


def test_the_description_holds_belief_verdict_and_picture(published: Published) -> None:
    shown = published.one("missed")["descriptionHtml"]
    assert "We believe that the runbook gives writes back." in shown
    assert "<h3>MISSED</h3>" in shown
    assert 'src="data:image/svg+xml;base64,' in shown
    assert "<td>RTO</td><td>12.3 s</td><td>10 s</td>" in shown


def test_the_rto_is_broken_down_with_what_people_are_allowed_apart(
    published: Published,
) -> None:
    shown = published.one("missed")["descriptionHtml"]
    assert "<td>Promote the synchronous standby</td><td>2.5 s</td><td>20 %</td>" in shown
    assert "<p>(people may take 30 s to decide, which is no part of it)</p>" in shown
    *_, last, apart = published.attachment("missed", "Verdict and figures").splitlines()
    assert last.startswith("first success  ")
    assert last.endswith(" s  7 %")
    assert apart == "(people may take 30 s to decide, which is no part of it)"


def test_availability_is_among_the_figures(published: Published) -> None:
    assert (
        "<td>Availability of writes</td><td>85.86 %</td>"
        in published.one("met")["descriptionHtml"]
    )


def test_steps_carry_the_timelines_times_and_nest(published: Published) -> None:
    customers = published.one("met")["steps"][1]
    fault = customers["steps"][1]
    assert fault["name"] == "Fault: Kill(east-db-1)"
    assert fault["stop"] - fault["start"] == 45_100
    runbook = next(one for one in fault["steps"] if one["name"].startswith("Runbook"))
    step = runbook["steps"][2]
    assert step["name"] == "Promote the synchronous standby"
    assert step["stop"] - step["start"] == 2_000
    assert step["parameters"][0]["value"] == "on bastion, line 36, exit code 0, seconds 2.000"
    printed = (published.folder / step["attachments"][0]["source"]).read_text()
    assert printed == '$ patronictl failover "$STANDBY" --force\noutput of step 3\n'


def test_what_failed_is_failed_and_what_did_not_is_not(published: Published) -> None:
    steps = published.one("unseen")["steps"]
    assert [step["status"] for step in steps] == ["passed", "failed", "passed", "passed"]
    assert {step["status"] for step in published.one("met")["steps"]} == {"passed"}


def test_figures_are_shown_without_changing_who_the_test_is(published: Published) -> None:
    shown = {p["name"]: p for p in published.one("met")["parameters"]}
    assert shown["RTO"]["value"] == "12.3 s of 60 s"
    assert shown["environment"]["value"] == "replica"
    assert shown["seed"]["value"] == "7"
    assert all(shown[name]["excluded"] for name in ("RTO", "RPO", "environment", "seed"))


def test_everything_an_auditor_asks_for_is_attached(published: Published) -> None:
    assert "12.3 s" in published.attachment("missed", "Verdict and figures")
    assert json.loads(published.attachment("met", "Ledger, summarised"))["acknowledged"] == 7770
    assert "# Promote the standby" in published.attachment("met", "Runbook as followed")
    assert "system is ready" in published.attachment("met", "Log of east-db-1")
    assert '"drill started"' in published.attachment("met", "Timeline")
    assert published.attachment("met", "What customers saw").startswith("<?xml")


def test_rto_and_rpo_are_metrics_unless_inconclusive(published: Published) -> None:
    files = [json.loads(path.read_text()) for path in published.folder.glob("*-perf.json")]
    values = [
        {sample["key"]: sample["value"] for sample in samples}
        for samples in files
        if samples[0]["group"] != "restore"
    ]
    expected = {
        "rto.the_primary_is_killed": pytest.approx(12.376, abs=0.01),
        "rpo.the_primary_is_killed": 0.0,
    }
    assert values == [expected, expected]  # MET and MISSED; INCONCLUSIVE took 5 s


def test_restores_are_told_without_figures_of_recovery(published: Published) -> None:
    result = published.restored
    shown = {p["name"]: p["value"] for p in result["parameters"]}
    assert shown["Restored whole"] == "1 of 2"
    assert shown["Slowest restore"] == "8 s of 60 s"
    assert "RTO" not in shown
    assert "MISSED" in _labels(result, "tag")
    html = result["descriptionHtml"]
    assert "<td>full 20260301F</td><td>east-backup</td><td>the backup alone</td>" in html
    assert "failed a check: pg_checksums &lt;found&gt; 1 damaged page</li>" in html
    text = published.attached(result, "Verdict and figures")
    columns = text.splitlines()[-2].split("  ")
    assert [one.strip() for one in columns if one.strip()] == [
        "full 20260301F", "east-backup", "the backup alone", "7", "9,000", "0", "0", "0", "0",
    ]  # fmt: skip
    assert text.splitlines()[-1].endswith("  1")
    picture = published.attached(result, "What customers saw")
    assert "1 of 2 restored whole, slowest 8 s" in picture


def test_the_slowest_restore_is_a_metric(published: Published) -> None:
    files = [json.loads(path.read_text()) for path in published.folder.glob("*-perf.json")]
    samples = [one for samples in files for one in samples if one["group"] == "restore"]
    assert [(one["key"], one["value"]) for one in samples] == [
        ("restore.backups_are_restored", 8.0)
    ]


def test_an_attachment_is_attached_or_its_absence_is_told(published: Published) -> None:
    result = published.restored
    kinds = {one["name"]: one["type"] for one in result["attachments"]}
    assert kinds["Cost of recovery"] == "image/svg+xml"
    assert published.attached(result, "Cost of recovery") == "<svg/>"
    assert "Sizes over time" not in kinds
    steps = {step["name"]: step["status"] for step in result["steps"]}
    gone = "Not attached: Sizes over time, for sizes.csv is not in the drill's folder"
    assert steps[gone] == "passed"
    assert [name for name in steps if "Cost of recovery" in name] == []


def test_the_run_and_its_world_are_named(published: Published) -> None:
    said = (published.folder / "environment.properties").read_text()
    assert said == "run=run-1\nenvironment=replica\nengine=20.10\npostgres=17.5\n"
    assert json.loads((published.folder / "executor.json").read_text())["buildName"] == "run-1"


def test_a_test_that_publishes_nothing_gets_nothing(published: Published) -> None:
    assert "attachments" not in published.results["test_scenario#test_after"]


def test_how_a_stack_scaled_is_shown_and_attached(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    ran = run_pytest(tmp_path, scenario=SCALED)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
    (path,) = (tmp_path / "results").glob("*-result.json")
    result = json.loads(path.read_text("utf-8"))
    published = Published(tmp_path / "results", {})
    picture = published.attached(result, "How the stack scaled")
    assert "cpu at 105 % of 70 %: 5 instances" in picture
    assert "| Time to scale out | 14 s | 20 s |" in published.attached(
        result, "Scaling in figures"
    )
    assert '"kind": "stage"' in published.attached(result, "Scaling log")
    assert "Time to scale out" in published.attached(result, "Verdict and figures")
    shown = result["descriptionHtml"]
    assert shown.count('src="data:image/svg+xml;base64,') == 2
    assert "<td>3 → 7</td><td>east-app-6</td><td>9 s</td>" in shown
    (samples,) = (tmp_path / "results").glob("*-perf.json")
    values = {one["key"]: one["value"] for one in json.loads(samples.read_text())}
    assert values["scale-out.load_grows"] == 14.0


def test_changes_intruders_and_networks_are_shown_and_attached(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    ran = run_pytest(tmp_path, scenario=CHANGED)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
    (path,) = (tmp_path / "results").glob("*-result.json")
    result = json.loads(path.read_text("utf-8"))
    published = Published(tmp_path / "results", {})
    shown = result["descriptionHtml"]
    for title in (
        "Changes, and what customers got of them",
        "What auditors count of changes, over all drills so far",
        "What the intruder got of each credential",
        "Who can reach whom",
    ):
        assert f"<h4>{title}</h4>" in shown
    tables = published.attached(result, "Changes and intruders in tables")
    assert "| errs-1 | release | rolled back | itself | 33 | 3 | 9.09 % |" in tables
    assert "edge,db,5432,refused,refused,yes" in published.attached(
        result, "Who can reach whom"
    )
    assert '"event": "rolled back"' in published.attached(result, "Changes log")
    assert '"what": "shut out"' in published.attached(result, "Intruder's log")
    assert "Intruder noticed after" in published.attached(result, "Verdict and figures")


def test_an_allure_folder_that_was_asked_for_wins(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    run_pytest(tmp_path, "-k", "after", "--alluredir", "elsewhere")
    assert list((tmp_path / "elsewhere").glob("*-result.json"))
    assert not (tmp_path / "results").exists()


def test_without_an_allure_folder_nothing_is_written(tmp_path: Path) -> None:
    ran = run_pytest(tmp_path, "-k", "met")
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {
        "test_scenario.py", "run-1", "__pycache__",
    }  # fmt: skip
