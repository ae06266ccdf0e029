"""What customers got over the whole drill, against its objectives: a sentence each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.wording import keys_text, reads_text, seconds_text, shares_apart, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.verdict import Objectives, Service


def missed_in_service(service: Service, objectives: Objectives) -> Iterator[str]:
    """What is certainly not as the objectives demand."""
    yield from _missed_in_availability(service, objectives)
    yield from _missed_by_outage(service, objectives)
    yield from _missed_in_reads(service, objectives)


def doubts_of_reads(
    service: Service, objectives: Objectives, settle_seconds: float, since: str
) -> Iterator[str]:
    """What keeps the evidence from being enough: reads that nobody tried prove nothing.

    ``since`` says of what while it is known.
    """
    if objectives.read_availability is not None and service.read_availability is None:
        yield "nobody tried to read: how many reads are answered is not known"
    if objectives.stale_reads is not None:
        yield from _doubts_of_stale_reads(service, since)
    allowed = objectives.read_outage_seconds
    if allowed is None:
        return
    if not service.reads_settled:
        yield (
            "reads were not seen to settle within the watch: its end is no"
            f" {seconds_text(settle_seconds)} in which every read was answered"
            f" (customers could not read for at least"
            f" {seconds_text(service.read_outage_seconds)})"
        )
    if service.widest_read_gap_seconds > min(allowed, settle_seconds):
        yield (
            f"nobody tried to read for {seconds_text(service.widest_read_gap_seconds)}"
            f" {since}: an outage of reads in that while would not have been seen"
        )


def _doubts_of_stale_reads(service: Service, since: str) -> Iterator[str]:
    nothing_since = service.reads > 0 and service.reads_shown_since_fault == 0
    if not service.reads_shown and (service.reads_answered or nothing_since):
        tried = service.reads_answered or service.reads
        yield (
            f"none of {reads_text(tried)} showed how far its order had come: whether any was"
            " stale is not known"
        )
    elif nothing_since:
        yield (
            f"no read that began {since} showed how far its order had come"
            f" ({reads_text(service.reads)} in all): whether any was stale is not known"
        )


def _missed_in_availability(service: Service, objectives: Objectives) -> Iterator[str]:
    shares = (
        ("availability", "writes were acknowledged", service.availability),
        ("read availability", "reads were answered", service.read_availability),
    )
    asked = (objectives.availability, objectives.read_availability)
    for (name, what, share), least in zip(shares, asked, strict=True):
        if share is not None and least is not None and share < least:
            measured, objective = shares_apart(share, least)
            yield (
                f"{name} missed: over the whole drill {measured} of the {what}"
                f" (objective {objective})"
            )


def _missed_by_outage(service: Service, objectives: Objectives) -> Iterator[str]:
    away, allowed = service.read_outage_seconds, objectives.read_outage_seconds
    if allowed is not None and away > allowed:
        measured, objective = told_apart(away, allowed)
        least_text = "at least " if service.read_outage_is_lower_bound else ""
        yield (
            f"reads missed: customers could not read for {least_text}{measured}"
            f" (objective {objective})"
        )


def _missed_in_reads(service: Service, objectives: Objectives) -> Iterator[str]:
    stale = service.stale_reads + service.unordered_reads
    if objectives.stale_reads is not None and stale > objectives.stale_reads:
        yield (
            f"stale reads: {reads_text(stale)} showed less of an order than the same customer"
            f" had been told before: {service.stale_reads:,} when it was acknowledged (read"
            f" your writes), {service.unordered_reads:,} by an earlier read (monotonic reads)"
            f" (objective {objectives.stale_reads:,};"
            f" {_examples(service.stale_examples)})"
        )
    if service.wrong_reads > objectives.wrong_reads:
        yield (
            f"wrong reads: {reads_text(service.wrong_reads)} got something that is not the"
            f" order that was asked for (objective {objectives.wrong_reads:,};"
            f" {_examples(service.wrong_examples)})"
        )


def _examples(keys: Sequence[int]) -> str:
    return f"for example {keys_text(len(keys), keys)}"
