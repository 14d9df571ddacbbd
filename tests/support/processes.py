"""Waiting for things, and processes that a test starts and ends."""

import os
import signal
import subprocess
import time
from pathlib import Path


def wait_for(what, condition, seconds=20.0, pause_seconds=0.05):
    """Returns the first true result of condition(); fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(pause_seconds)


class Process:
    def __init__(self, name, arguments, log):
        self.name, self.arguments, self.log = name, [str(a) for a in arguments], log
        self.process = None

    def start(self):
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, start_new_session=True)

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=15):
        if self.process is None:
            return None
        if self.alive:
            self.process.send_signal(how)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop within {seconds} s of signal {how}") from None
        self.process = None
        return code

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def text(self):
        return Path(self.log).read_text(errors="replace") if os.path.exists(self.log) else ""
