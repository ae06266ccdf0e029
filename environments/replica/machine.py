"""What is done to this machine to have a Docker engine; tests put another in its place.

Nothing but the standard library is needed.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from environments.replica.engine_address import ANSWER_SECONDS, Address, ping

Say = Callable[[str], None]


class Machine:
    daemon_log = Path("/var/log/muster-dockerd.log")
    daemon_pid = Path("/var/run/docker.pid")
    lock_path = Path("/run/muster-engine.lock")
    search_path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))

    def ping(self, address: Address, seconds: float = ANSWER_SECONDS) -> str:
        return ping(address, seconds)

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def has_apt(self) -> bool:
        return self.has("apt-get") and Path("/etc/debian_version").exists()

    def has(self, program: str) -> bool:
        return shutil.which(program, path=self.search_path) is not None

    def has_systemd(self) -> bool:
        return Path("/run/systemd/system").is_dir()  # sd_booted(3)

    def lacks_certificates(self) -> bool:
        return not Path("/etc/ssl/certs/ca-certificates.crt").exists()

    def lacks_debian_keys(self) -> bool:
        return not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists()

    def enforces_apparmor(self) -> bool:
        enabled = Path("/sys/module/apparmor/parameters/enabled")
        return enabled.exists() and enabled.read_text().startswith("Y")

    def run(self, command: Sequence[str], seconds: float) -> tuple[int, str]:
        """Run a command and return its exit code and its output.

        The output goes to a file, since a daemon that an installation starts would hold
        a pipe open for ever.
        """
        variables = {
            **os.environ,
            "PATH": self.search_path,
            "DEBIAN_FRONTEND": "noninteractive",
        }
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    command, env=variables, stdin=subprocess.DEVNULL, stdout=output,
                    stderr=subprocess.STDOUT, timeout=seconds, check=False,
                )  # fmt: skip
                code = done.returncode
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            output.seek(0)
            return code, output.read().decode(errors="replace")

    def running_daemon(self) -> int | None:
        """Return the id of a dockerd that was started already but may not answer yet."""
        try:
            pid = int(self.daemon_pid.read_text())
            name = Path(f"/proc/{pid}/comm").read_text()
        except (OSError, ValueError):
            return None
        return pid if name.strip() == "dockerd" else None

    def start_daemon(self) -> int:
        """Start dockerd in a session of its own, so that it outlives us and our terminal."""
        variables = {**os.environ, "PATH": self.search_path}
        program = shutil.which("dockerd", path=self.search_path) or "dockerd"
        log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            program,
            ["dockerd"],
            variables,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.daemon_log), log, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )

    def daemon_ends_within(self, pid: int, seconds: float) -> bool:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def stop_daemon(self, pid: int) -> None:
        os.kill(pid, signal.SIGTERM)

    def log(self) -> str:
        return self.daemon_log.read_text(errors="replace") if self.daemon_log.exists() else ""

    @contextmanager
    def alone(self, say: Say) -> Iterator[None]:
        """Hold what only one process at a time may do.

        The wait has no limit of its own: whoever holds the lock is limited in each of its
        steps, and the kernel frees the lock of one that ends in any way.
        """
        with self.lock_path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("engine: another process is making it ready; waiting for that one")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
