"""Run child processes: start those that died again, stop all of them cleanly."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

PAUSES = (1, 2, 4, 8, 15, 30)  # seconds before a child that keeps dying is started again
STEADY_SECONDS = 60  # a child that has lived so long is not one that keeps dying
STOP_SECONDS = 45
LINUX_PDEATHSIG = 1


@dataclass
class Child:
    """A process that should be running."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    deaths: int = 0
    due: float = 0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=_die_with_parent)
        self.started = time.monotonic()

    def died(self) -> int | None:
        """Return the exit code of a child that ended since the last look."""
        return self.process.poll() if self.process else None

    def pause(self) -> float:
        """Return how long to wait before the next start."""
        lived = time.monotonic() - self.started
        self.deaths = 1 if lived > STEADY_SECONDS else self.deaths + 1
        return PAUSES[min(self.deaths, len(PAUSES)) - 1]


@dataclass
class Supervisor:
    """Keeps children alive until it is told to stop. `watch` looks after what else runs."""

    children: list[Child]
    say: Callable[[str], None]
    watch: Callable[[], object] = lambda: None
    stopped_by: int | None = field(default=None, init=False)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop all children."""
        usual = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            for child in self.children:
                child.start()
            while self.stopped_by is None:
                self.watch()
                self._look_after()
                time.sleep(0.2)
        finally:
            self._end()
            for number, handler in usual.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped_by = number

    def _look_after(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if (code := child.died()) is not None:
                pause = child.pause()
                self.say(f"{child.name} 意外结束（退出码 {code}），{pause} 秒后重新启动。")
                child.process, child.due = None, now + pause
            elif child.process is None and now >= child.due:
                child.start()

    def _end(self) -> None:
        self.say("正在停止…")
        running = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a child that does not stop, and its own children."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _die_with_parent() -> None:
    """Where Linux allows, have the child told to stop when we are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(LINUX_PDEATHSIG, signal.SIGTERM)
