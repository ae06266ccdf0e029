"""What a node with bounds of its own has: a control group, processes, a supervisor, a job.

``proc`` and ``sys/fs/cgroup`` below its folder stand for the kernel's. The job takes nothing:
it notes that it was started and ends when its file does.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.faults.hosts import HostNode

V1, V2 = "v1", "v2"
SERVICE = 42
BEGAN = 9000
_FILES = {
    V1: {
        "cpu": "cpu/cpu.cfs_quota_us",
        "throttling": "cpu/cpu.stat",
        "memory": "memory/memory.limit_in_bytes",
        "kills": "memory/memory.oom_control",
        "processes": "pids/pids.max",
    },
    V2: {
        "cpu": "cpu.max",
        "throttling": "cpu.stat",
        "memory": "memory.max",
        "kills": "memory.events",
        "processes": "pids.max",
    },
}
_NO_BOUND = {
    V1: {"cpu": "-1", "memory": "9223372036854771712", "processes": "max"},
    V2: {"cpu": "max 100000", "memory": "max", "processes": "max"},
}
_JOB = r"""
mkdir -p "$ROOT/proc/$$"
echo "$1" > "$ROOT/proc/$$/cmdline"
shift
echo "$@" >> "$ROOT/jobs"
read -r file < "$ROOT/proc/$$/cmdline"
while [ -e "$file" ]; do /bin/sleep 0.02; done
rm -r "$ROOT/proc/$$"
"""
_SUPERVISORCTL = r"""
[ "$1 $2" = "--serverurl http://127.0.0.1:9001" ] || exit 4
case $3 in
  status) cat "$ROOT/programs"; exit 3 ;;
  pid) cat "$ROOT/pid" ;;
  start)
    echo "$4" >> "$ROOT/started"
    sed -i "s/^$4 .*/$4 RUNNING pid 77, uptime 0:00:01/" "$ROOT/programs" ;;
esac
"""


def bound(host: HostNode, version: str = V1) -> None:
    """Give the node what the kernel shows it, and a service that its supervisor keeps."""
    host.has("setsid", _JOB)
    host.has("supervisorctl", _SUPERVISORCTL)
    set_bounds(host, version, cpu="50000", memory="200000000", processes="64")
    note_kills(host, 0, version)
    (host.root / "programs").write_text(
        f"other   RUNNING pid 41, uptime 0:01:00\n"
        f"orders  RUNNING pid {SERVICE}, uptime 0:01:00\n"
        "backups STOPPED Not started\n"
    )
    (host.root / "pid").write_text(f"{SERVICE}\n")
    add_process(host, 41, resident_kilobytes=30_000)
    add_process(host, SERVICE, resident_kilobytes=60_000)


def set_bounds(host: HostNode, version: str = V1, **amounts: str | None) -> None:
    """Set some of cpu, memory and processes; None is no bound."""
    for what, amount in amounts.items():
        _write(host, version, what, _NO_BOUND[version][what] if amount is None else amount)


def note_kills(host: HostNode, count: int, version: str = V1) -> None:
    before = {V1: "oom_kill_disable 0\nunder_oom 0\n", V2: "low 0\nhigh 0\noom 1\n"}[version]
    _write(host, version, "kills", f"{before}oom_kill {count}\n")


def note_throttling(host: HostNode, periods: int, throttled: int, version: str = V1) -> None:
    told = f"nr_periods {periods}\nnr_throttled {throttled}\nthrottled_time 5\n"
    _write(host, version, "throttling", told)


def add_process(
    host: HostNode, number: int, *, began: int = BEGAN, resident_kilobytes: int = 1000
) -> None:
    folder = host.below(f"/proc/{number}")
    folder.mkdir(parents=True, exist_ok=True)
    before = " ".join(["S", "1", *["0"] * 17])  # the name has a space and a bracket
    (folder / "stat").write_text(f"{number} (a (b) c) {before} {began} 0 0\n")
    (folder / "status").write_text(f"Name:\tx\nVmRSS:\t   {resident_kilobytes} kB\n")


def end_service(host: HostNode) -> None:
    """End the service's process, as its supervisor would tell it."""
    shutil.rmtree(host.below(f"/proc/{SERVICE}"))
    programs = (host.root / "programs").read_text()
    told = programs.replace(f"RUNNING pid {SERVICE}, uptime 0:01:00", "EXITED Nov 26 02:00 PM")
    (host.root / "programs").write_text(told)


def jobs(host: HostNode) -> list[str]:
    """Give what each job that was started was told."""
    return lines(host, "jobs")


def started(host: HostNode) -> list[str]:
    """Name the programs that the supervisor was told to start."""
    return lines(host, "started")


def lines(host: HostNode, name: str) -> list[str]:
    file = host.root / name
    return file.read_text().splitlines() if file.exists() else []


def _write(host: HostNode, version: str, what: str, text: str) -> None:
    file = host.below("/sys/fs/cgroup") / _FILES[version][what]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")
