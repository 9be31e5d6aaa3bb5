"""The app as a real server in a process of its own, for tests, screenshots and benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent


def wait_for(condition: Callable[[], object], what: str, limit: float = 60.0) -> None:
    """Return as soon as the condition holds. Raises TimeoutError with `what` when it does not within `limit` seconds."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        if waited > limit:
            raise TimeoutError(f"waited {limit:g} s in vain: {what}")
        # To ask a browser or the system costs time that what is waited for could use: the longer it takes, the less often.
        time.sleep(min(0.01 + waited / 50, 0.05))


class AppServer:
    """`streamlit run app.py` on a free port of this machine, with its own folder for runs."""

    def __init__(self, runs: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.runs = runs
        self.log = log
        self._output = log.open("ab")
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"],
            cwd=ROOT,
            env={**os.environ, "AECORE_RUNS": str(runs)},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        wait_for(self.answers, "the server's first answer")

    def answers(self) -> bool:
        """Whether the server answers yet."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server with a signal (SIGINT is Ctrl-C) and wait for its end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()
