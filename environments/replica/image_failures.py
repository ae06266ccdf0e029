"""What is said when an image cannot be built: one sentence, then the last lines it printed."""

from __future__ import annotations

from environments.model import WorldError

LAST_LINES = 15
DISK_FULL = ("no space left on device", "disk quota exceeded")
NO_MIRROR = (
    "temporary failure resolving",
    "could not resolve",
    "could not connect",
    "unable to connect",
    "failed to fetch",
    "couldn't download",
    "failed getting release file",
)


class ImageBuildError(WorldError):
    """An image cannot be built; the message names it, its Dockerfile and the remedy."""


def remedy(output: str, otherwise: str) -> str:
    """Say what to do about a build that printed this."""
    lower = output.lower()
    if any(sign in lower for sign in DISK_FULL):
        return (
            "the disk is full: free some space where Docker keeps its images "
            "(`docker system df` shows what takes it) and under /tmp"
        )
    if any(sign in lower for sign in NO_MIRROR):
        return (
            "Debian's packages could not be fetched: see that the package mirror can be "
            "reached from here (HTTP_PROXY and its like are passed on), then try again"
        )
    return otherwise


def last_lines(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return "".join(f"\n    {line}" for line in lines[-LAST_LINES:])
