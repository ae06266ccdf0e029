"""A drill told to Allure: steps, labels, figures, attachments. Only this file knows Allure.

All of it is read from the drill's folder, so that what Allure shows is what the record
says. The steps carry the times of the timeline, which Allure's public API cannot express
(it times what it wraps); they go through the reporter that the API itself uses.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, cast
from uuid import uuid4

import allure
import allure_commons
import allure_commons.utils as allure_utils
from allure_commons.model2 import Label, Parameter, StatusDetails, TestResult, TestStepResult
from allure_commons.model2 import Status as AllureStatus
from allure_commons.types import AttachmentType, LabelType
from allure_pytest.listener import (  # type: ignore[import-untyped]  # it has no types
    AllureListener,
)
from allure_pytest.utils import (  # type: ignore[import-untyped]  # it has no types
    ParsedPytestNodeId,
)

from reports.exhibits import (
    Attachment,
    Drill,
    attachments,
    logs,
    metrics,
    milliseconds,
    picture,
    read_drill,
    run_files,
    scaling_picture,
    scaling_tables,
    tables,
)
from reports.matrix import matrix_html, matrix_list
from reports.record import SCALING_FILE
from reports.scaling_summary import as_html as scaling_as_html
from reports.story import Span, runbook_as_followed, tell, text, texts
from reports.summary import as_html, as_text
from reports.timeline import Event, Json, read_timeline

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    import pytest

_MARKDOWN = ("text/markdown", "md")
# The most severe first.
_SEVERITY = {
    "SEV1": allure.severity_level.BLOCKER,
    "SEV2": allure.severity_level.CRITICAL,
    "SEV3": allure.severity_level.NORMAL,
    "SEV4": allure.severity_level.MINOR,
}


class _Utils(Protocol):
    """What is used of Allure's helpers, which have no types of their own."""

    def md5(self, *parts: str) -> str: ...
    def now(self) -> int: ...
    def host_tag(self) -> str: ...
    def platform_label(self) -> str: ...


_utils = cast("_Utils", allure_utils)


class _Reporter(Protocol):
    """What is used of Allure's reporter, which has no types of its own."""

    def get_test(self, uuid: str | None) -> TestResult | None: ...
    def schedule_test(self, uuid: str, test_case: TestResult) -> None: ...
    def close_test(self, uuid: str) -> None: ...
    def start_step(self, parent_uuid: str, uuid: str, step: TestStepResult) -> None: ...
    def stop_step(self, uuid: str, **kwargs: object) -> None: ...
    def attach_data(self, uuid: str, body: str | bytes, **kwargs: object) -> None: ...


def publish(folder: Path) -> None:
    """Add a judged drill to the Allure result of the test that is running now.

    Does nothing where pytest was started without ``--alluredir``.

    Raises:
        ValueError: the record in the folder cannot be read.
    """
    reporter = _reporter()
    result = reporter.get_test(None) if reporter else None
    if reporter is not None and result is not None:
        _publish(reporter, result, folder)


def publish_lost(test: str, why: str, folder: Path | None) -> None:
    """Write an Allure result of its own for a drill whose test has none: its process died.

    ``test`` is pytest's id of the test, by which Allure knows it again in other runs;
    ``folder`` is None where the process died before the drill had one.

    Raises:
        ValueError: the record in the folder cannot be read.
    """
    reporter = _reporter()
    if reporter is None:
        return
    started = {} if folder is None else _started(folder)
    result = _result_of(test, why, started)
    reporter.schedule_test(result.uuid, result)
    try:
        if started and folder is not None:
            _publish(reporter, result, folder)
    finally:
        reporter.close_test(result.uuid)


def _started(folder: Path) -> Mapping[str, Json]:
    entries = read_timeline(folder / "timeline.jsonl")
    told = (entry.details for entry in entries if entry.event is Event.DRILL_STARTED)
    return next(told, {})


def _result_of(test: str, why: str, started: Mapping[str, Json]) -> TestResult:
    """Make the result that allure-pytest would have made, as far as it is known here."""
    place = ParsedPytestNodeId(test)
    full_name = f"{'.'.join((place.package, *place.class_names))}#{place.test_function}"
    result = TestResult(
        uuid=str(uuid4()),
        name=test.rpartition("::")[2],
        fullName=full_name,
        testCaseId=_utils.md5(full_name),
        historyId=_utils.md5(full_name, *texts(started, "parameters")),
        titlePath=[*place.path_segments, *place.class_names],
        status=AllureStatus.BROKEN,
        statusDetails=StatusDetails(message=why),
        start=_utils.now(),
        stop=_utils.now(),
    )
    labels = {
        LabelType.PARENT_SUITE: place.parent_package,
        LabelType.SUITE: place.module,
        LabelType.SUB_SUITE: " > ".join(place.class_names),
        LabelType.HOST: _utils.host_tag(),
        LabelType.FRAMEWORK: "pytest",
        LabelType.LANGUAGE: _utils.platform_label(),
        "package": place.package,
    }
    result.labels.extend(Label(name, value) for name, value in labels.items() if value)
    result.labels.extend(Label(LabelType.TAG, tag) for tag in texts(started, "tags"))
    return result


class Unwritten:
    """Collects what the disk refused of Allure's results, a sentence each.

    A report that cannot be written must not keep the drill's world from being mended, which
    an error out of Allure's own hooks would do.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []

    @allure_commons.hookimpl(wrapper=True)
    def report_result(self) -> Generator[None, None, None]:
        with self._noted():
            yield

    @allure_commons.hookimpl(wrapper=True)
    def report_container(self) -> Generator[None, None, None]:
        with self._noted():
            yield

    @allure_commons.hookimpl(wrapper=True)
    def report_attached_data(self) -> Generator[None, None, None]:
        with self._noted():
            yield

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            sentence = (
                f"Allure's results cannot be written ({error.strerror}): free space there, "
                "or make it writable, and run the drills again"
            )
            if sentence not in self.sentences:
                self.sentences.append(sentence)


def tolerate_full_disk(config: pytest.Config) -> Unwritten:
    """Let no Allure result that cannot be written end anything; collect it instead."""
    unwritten = Unwritten()
    allure_commons.plugin_manager.register(unwritten)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(unwritten))
    return unwritten


def _publish(reporter: _Reporter, result: TestResult, folder: Path) -> None:
    drill = read_drill(folder)
    drawn, drawn_scaling = picture(drill), scaling_picture(drill)
    attached, missing = attachments(drill)
    _describe(result, drill, drawn, drawn_scaling)
    for span in tell(drill.entries, missing):
        _add_step(reporter, result.uuid, span)
    _attach_evidence(reporter, result.uuid, drill, drawn, attached)
    if drawn_scaling is not None:
        _attach_scaling(reporter, result.uuid, drill, drawn_scaling)
    _attach_tables(reporter, result.uuid, drill)
    samples = metrics(drill)
    if samples:
        _write(f"{uuid4()}-perf.json", json.dumps(samples))
    for name, content in run_files(drill).items():
        _write(name, content)


def write_results_to(folder: Path, config: pytest.Config) -> None:
    """Let allure-pytest write there, unless its own option says where.

    Call it before allure-pytest configures itself: from a ``tryfirst`` pytest_configure.
    """
    config.option.allure_report_dir = config.option.allure_report_dir or str(folder)


def label_requirements(test: pytest.Item, requirements: Sequence[str]) -> None:
    """Let Allure show which promises a test proves that has no drill's record."""
    for kind in ("requirement", LabelType.TAG) if requirements else ():
        mark = allure.label(kind, *requirements)  # type: ignore[no-untyped-call]  # it has no types
        test.add_marker(mark)


def _reporter() -> _Reporter | None:
    for plugin in allure_commons.plugin_manager.get_plugins():
        if isinstance(plugin, AllureListener):
            reporter: _Reporter = plugin.allure_logger
            return reporter
    return None


def _describe(
    result: TestResult, drill: Drill, drawn: bytes, drawn_scaling: bytes | None
) -> None:
    """Title, description, labels and parameters: what is seen before anything is opened."""
    started = drill.details(Event.DRILL_STARTED)
    table = drill.figures()
    result.name = drill.record.title or result.name
    result.description = None
    result.descriptionHtml = as_html(
        text(started, "description"),
        drill.verdict,
        table,
        drawn,
        comparisons=drill.comparisons,
        breakdown=drill.breakdown,
    )
    if drill.scaling is not None and drawn_scaling is not None:
        result.descriptionHtml += scaling_as_html(drill.scaling, drawn_scaling)
    result.descriptionHtml += "".join(table.as_html() for table in tables(drill))
    if drill.record.networks is not None:
        result.descriptionHtml += matrix_html(drill.record.networks)
    severity = _severity(drill)
    if severity is not None:
        result.labels.append(Label(LabelType.SEVERITY, severity.value))
    for requirement in texts(started, "requirements"):
        result.labels.append(Label("requirement", requirement))
        result.labels.append(Label(LabelType.TAG, requirement))
    result.labels.append(Label(LabelType.TAG, drill.verdict.outcome.value))
    shown = {
        "environment": text(started, "environment"),
        "seed": str(started.get("seed", "not recorded")),
        **{one.name: one.text for one in table[:2]},
    }
    for name, value in shown.items():
        # Excluded: Allure recognises a test in other runs by its parameters.
        result.parameters.append(Parameter(name=name, value=value, excluded=True))


def _severity(drill: Drill) -> allure.severity_level | None:
    """The most severe of all runbooks that were followed."""
    followed = {
        text(entry.details, "severity")
        for entry in drill.entries
        if entry.event is Event.RUNBOOK_STARTED
    }
    return next((level for name, level in _SEVERITY.items() if name in followed), None)


def _add_step(reporter: _Reporter, parent: str, span: Span) -> None:
    step_id = str(uuid4())
    step = TestStepResult(name=span.name, start=milliseconds(span.began.wall))
    if span.parameters:
        ran = ", ".join(f"{name} {value}" for name, value in span.parameters.items() if value)
        step.parameters.append(Parameter(name="ran", value=ran))
    reporter.start_step(parent, step_id, step)
    if span.printed is not None:
        _attach(reporter, step_id, "command and output", span.printed, AttachmentType.TEXT)
    for inner in span.within:
        _add_step(reporter, step_id, inner)
    reporter.stop_step(
        step_id,
        stop=milliseconds(span.ended.wall),
        status=AllureStatus.FAILED if span.failed else AllureStatus.PASSED,
        statusDetails=StatusDetails(message=span.failure) if span.failure else None,
    )


def _attach_evidence(
    reporter: _Reporter,
    parent: str,
    drill: Drill,
    drawn: bytes,
    attached: Sequence[Attachment],
) -> None:
    runbook = runbook_as_followed(drill.entries)
    told = as_text(drill.verdict, drill.figures(), drill.comparisons, drill.breakdown)

    def attach(name: str, body: str | bytes, kind: AttachmentType | tuple[str, str]) -> None:
        _attach(reporter, parent, name, body, kind)

    attach("What customers saw", drawn, AttachmentType.SVG)
    attach("Verdict and figures", told, AttachmentType.TEXT)
    if drill.recovery is not None:
        ledger = json.dumps(asdict(drill.recovery), indent=2)
        attach("Ledger, summarised", ledger, AttachmentType.JSON)
    if runbook:
        attach("Runbook as followed", runbook, _MARKDOWN)
    for one in attached:
        attach(one.title, one.path.read_bytes(), one.media)
    for entry in drill.entries:
        log = drill.folder / text(entry.details, "file")
        if entry.event is Event.NODE_LOG and log.is_file():
            title = f"Log of {text(entry.details, 'node')}"
            attach(title, log.read_bytes(), AttachmentType.TEXT)
    attach("Timeline", (drill.folder / "timeline.jsonl").read_bytes(), AttachmentType.TEXT)


def _attach_scaling(reporter: _Reporter, parent: str, drill: Drill, drawn: bytes) -> None:
    _attach(reporter, parent, "How the stack scaled", drawn, AttachmentType.SVG)
    tables = scaling_tables(drill) or ""
    _attach(reporter, parent, "Scaling in figures", tables, _MARKDOWN)
    log = (drill.folder / SCALING_FILE).read_bytes()
    _attach(reporter, parent, "Scaling log", log, AttachmentType.TEXT)


def _attach_tables(reporter: _Reporter, parent: str, drill: Drill) -> None:
    told = "\n".join(table.as_markdown() for table in tables(drill))
    if told:
        _attach(reporter, parent, "Changes and intruders in tables", told, _MARKDOWN)
    if drill.record.networks is not None:
        pairs = matrix_list(drill.record.networks).as_csv()
        _attach(reporter, parent, "Who can reach whom", pairs, AttachmentType.CSV)
    for one in logs(drill):
        _attach(reporter, parent, one.title, one.path.read_bytes(), AttachmentType.TEXT)


def _attach(
    reporter: _Reporter,
    parent: str,
    name: str,
    body: str | bytes,
    kind: AttachmentType | tuple[str, str],
) -> None:
    media, extension = (kind, None) if isinstance(kind, AttachmentType) else kind
    reporter.attach_data(
        str(uuid4()), body, name=name, attachment_type=media, extension=extension,
        parent_uuid=parent,
    )  # fmt: skip


def _write(name: str, content: str) -> None:
    """Put a file beside the results, the way attachments get there."""
    allure_commons.plugin_manager.hook.report_attached_data(body=content, file_name=name)
