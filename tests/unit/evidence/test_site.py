"""The report is one file that opens offline, contacts nobody, and can be made again."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import pytest

from reports import site
from reports.site import SiteError, last_results, loaded_from_outside, main, make_site, seal
from tests.unit.evidence.test_publish import run_pytest

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """<!DOCTYPE html><html><head>
    <title>Report</title></head><body><a href="https://example.org">a link</a>
    <script src="data:text/javascript;base64,Ozs="></script>
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
        gtag('js', new Date());
    </script>
    <script>keep("this")</script></body></html>"""


def test_analytics_are_taken_out_and_the_rest_is_kept() -> None:
    sealed = seal(PAGE)
    assert "gtag" not in sealed
    assert "googletagmanager" not in sealed
    assert 'keep("this")' in sealed
    assert "base64,Ozs=" in sealed


def test_the_page_forbids_a_browser_to_load_anything() -> None:
    sealed = seal(PAGE)
    policy = re.search(
        r'<head>\s*<meta http-equiv="Content-Security-Policy" content="(.*?)"', sealed
    )
    assert policy is not None
    assert policy[1].startswith("default-src 'none'")
    assert "http" not in policy[1]
    assert "*" not in policy[1]


@pytest.mark.parametrize(
    "part",
    [
        '<link rel="stylesheet" href="https://fonts.example/a.css">',
        '<img src="//cdn.example/a.png">',
        "<script src='HTTPS://cdn.example/a.js' defer='x'>;</script><iframe src='http://x/'>",
    ],
)
def test_a_page_that_would_load_from_elsewhere_is_refused(part: str) -> None:
    page = PAGE.replace("</body>", part + "</body>")
    assert loaded_from_outside(part)
    if "<script" not in part:
        with pytest.raises(SiteError, match="mend seal"):
            seal(page)


def test_a_page_without_the_expected_head_is_refused() -> None:
    with pytest.raises(SiteError, match="its head"):
        seal(PAGE.replace("<head>", "<HEAD lang=en>"))


def test_links_to_click_are_allowed() -> None:
    assert loaded_from_outside('<a href="https://example.org">x</a>') == []


def test_the_last_run_with_results_is_taken(tmp_path: Path) -> None:
    for run in ("20260101T000000Z-aaaa", "20260102T000000Z-0000", "20260103T000000Z-ffff"):
        (tmp_path / run / "allure-results").mkdir(parents=True)
    for run in ("20260101T000000Z-aaaa", "20260102T000000Z-0000"):
        (tmp_path / run / "allure-results" / "1-result.json").write_text("{}")
    assert last_results(tmp_path) == tmp_path / "20260102T000000Z-0000" / "allure-results"


def test_no_results_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--results", str(tmp_path), "--output", str(tmp_path / "x.html")]) == 1
    assert capsys.readouterr().out.count("\n") == 1
    with pytest.raises(SiteError, match="run make drill"):
        last_results(tmp_path)


def test_an_npm_that_fails_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "allure"
    broken.mkdir()
    (broken / "package.json").write_text('{"name": "x", "private": true}')
    (broken / "package-lock.json").write_text("no lock file")
    monkeypatch.setattr(site, "_ALLURE", broken)
    monkeypatch.setattr(site, "_CACHE", tmp_path / "cache")
    (tmp_path / "1-result.json").write_text("{}")
    with pytest.raises(SiteError, match="npm failed: see that npm's registry can be reached"):
        make_site(tmp_path, tmp_path / "x.html", lambda _: None)
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_lock_file_pins_every_package_by_its_hash() -> None:
    lock = json.loads((site.ROOT / "reports/allure/package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 100
    assert [name for name, one in packages.items() if "integrity" not in one] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []


@pytest.mark.contract
def test_allure_makes_one_sealed_page_with_trends(tmp_path: Path) -> None:
    run = tmp_path / "run-1"
    run.mkdir()
    run_pytest(tmp_path, "--alluredir", str(run / "allure-results"))
    earlier = tmp_path / "run-0"
    earlier.mkdir()
    past = {
        "uuid": "u",
        "name": "run 0",
        "timestamp": 1,
        "knownTestCaseIds": [],
        "testResults": {},
    }
    past |= {"metrics": {"rto.the_primary_is_killed": 99.5}, "url": ""}
    (earlier / site.HISTORY).write_text(json.dumps(past) + "\n")
    output = tmp_path / "report.html"
    said: list[str] = []
    for _ in range(2):
        make_site(run / "allure-results", output, said.append)
    page = output.read_text("utf-8")
    assert "Content-Security-Policy" in page
    assert "googletagmanager" not in page
    assert loaded_from_outside(page) == []
    metrics = re.search(r'"widgets/metrics.json", ?"([^"]+)"', page)
    assert metrics is not None
    history = json.loads(base64.b64decode(metrics[1]))["history"]
    assert [point["metrics"] for point in history] == [past["metrics"]]
    kept = (run / site.HISTORY).read_text().splitlines()
    assert [set(json.loads(line)["metrics"]) for line in kept] == [
        {
            "rto.the_primary_is_killed",
            "rpo.the_primary_is_killed",
            "restore.backups_are_restored",
        }
    ]
    assert said[-1] == "making the report of run run-1: 5 results"
