"""The attachments channel alone over a loop-mounted file system, with a rule that refuses whatever
content or name holds FORBIDDEN, and a stand-in messenger: a copy of an interpreter under a path of its
own, so that its executable is its own.

Marks are set on loop-mounted file systems only; the harness ends itself after a minute or two, and
tests kill it, whatever happens. The tests run in a mount namespace of their own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.processes import Process, wait_for  # noqa: E402
from support.sticks import Stick, need_root  # noqa: E402

HARNESS = Path(os.environ.get("SHOUMI_ATTACHMENTS_HARNESS",
                              ROOT / "build/release/agent/channels/attachments/attachments_harness"))
FORBIDDEN = "SHOUMI-FORBIDDEN-TEXT"
SECONDS_MAX = 100  # of one harness
DENIED = "Operation not permitted"


def run(*command, seconds=30, **options):
    """(exit status, all it printed)."""
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=seconds,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, **options)
    return done.returncode, done.stdout + done.stderr


def main():
    if os.geteuid() == 0 and "SHOUMI_OWN_MOUNTS" not in os.environ:
        os.environ["SHOUMI_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    unittest.main()


class Channel(Process):
    def __init__(self, folder, policy, places, *options, seconds_max=SECONDS_MAX):
        number = len(list(folder.glob("channel*.log")))
        super().__init__("attachments_harness",
                         [HARNESS, "--fake-rule", FORBIDDEN, "--policy", policy,
                          "--seconds-max", seconds_max, *options, *places],
                         folder / f"channel{number}.log")

    def begin(self):
        self.start()
        wait_for("the channel is ready", self._ready)
        return self

    def _ready(self):
        if not self.alive:
            raise AssertionError(f"the channel ended:\n{self.text()}")
        return "\nready\n" in "\n" + self.text()

    def lines(self, *words):
        return [line for line in self.text().splitlines() if all(word in line for word in words)]

    def wait_line(self, *words, seconds=20):
        return wait_for(f"a line with {words} in\n{self.text()[-3000:]}", lambda: self.lines(*words),
                        seconds)[-1]

    def ask(self):
        """State and counters, as they are now."""
        before = len(self.lines("counters "))
        self.process.send_signal(1)
        wait_for("its counters", lambda: len(self.lines("counters ")) > before)
        words = self.lines("counters ")[-1].split()[1:]
        return self.lines("state ")[-1], {k: int(v) for k, v in (word.split("=") for word in words)}

    def counters(self):
        return self.ask()[1]

    def state(self):
        return self.ask()[0]


class WatchedTest(unittest.TestCase):
    """Each test has a file system and a channel of its own."""

    harness_options = ()
    start_channel = True

    @classmethod
    def setUpClass(cls):
        need_root()
        if not os.access(HARNESS, os.X_OK):
            raise unittest.SkipTest(f"needs {HARNESS}, or SHOUMI_ATTACHMENTS_HARNESS")

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="shoumi-attachments-"))
        os.chmod(self.folder, 0o755)
        self.channels, self.sticks = [], []
        self.addCleanup(self._remove)
        self.messenger = self.folder / "messenger" / "app"
        self.messenger.parent.mkdir()
        shutil.copy(os.path.realpath("/bin/sh"), self.messenger)
        self.policy = self.folder / "policy.txt"
        self.write_policy()
        self.home = self.new_stick("home")
        if self.start_channel:
            self.channel = self.new_channel(*self.harness_options)

    def _remove(self):
        for channel in self.channels:
            channel.kill()
        for stick in self.sticks:
            stick.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_stick(self, name):
        stick = Stick(self.folder, name, megabytes=24)
        self.sticks.append(stick)
        stick.attach()
        stick.mount()
        return stick.mount_point

    def new_channel(self, *options):
        channel = Channel(self.folder, self.policy, [self.folder], *options)
        self.channels.append(channel)
        return channel.begin()

    def write_policy(self, mode="INSPECT", verdict_ms_max=5000, timeout="BLOCK", classes=("messenger",)):
        named = "".join(f'classes: "{name}" ' for name in classes)
        self.policy.write_text(f"""
attachments {{ mode: CHANNEL_MODE_{mode} {named} verdict_ms_max: {verdict_ms_max} }}
unscanned {{ reason: UNSCANNED_REASON_TIMEOUT action: ACTION_{timeout} }}
unscanned {{ reason: UNSCANNED_REASON_OVERLOADED action: ACTION_{timeout} }}
unscanned {{ reason: UNSCANNED_REASON_OVERSIZE action: ACTION_{timeout} }}
apps {{ id: "talk" classes: "messenger"
  executables: "{self.folder}/messenger/*"
  own_paths: "{self.folder}/home/.talk/*" }}
apps {{ id: "post" classes: "mail" executables: "{self.folder}/post/*" }}
""", encoding="utf-8")

    def apply_policy(self, **changes):
        before = len(self.channel.lines("policy applied"))
        self.write_policy(**changes)
        self.channel.process.send_signal(10)
        wait_for("the policy is applied", lambda: len(self.channel.lines("policy applied")) > before)

    def file(self, name, text, folder=None):
        path = (folder or self.home) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def secret(self, name="list.txt", folder=None):
        return self.file(name, f"clients {FORBIDDEN} and more\n", folder)

    def read_as_messenger(self, *paths, seconds=30, program=None):
        """The messenger itself opens each file, without a helper: (exit status, output)."""
        reads = "; ".join(f'read -r line < "{path}" && echo "got $line"' for path in paths)
        return run(program or self.messenger, "-c", reads, seconds=seconds)

    def assert_denied(self, *paths, **options):
        status, text = self.read_as_messenger(*paths, **options)
        self.assertNotIn("got ", text)
        # dash: "cannot open PATH: Operation not permitted"
        self.assertIn(DENIED, text)
        self.assertNotEqual(status, 0)

    def assert_read(self, path, **options):
        status, text = self.read_as_messenger(path, **options)
        self.assertEqual(status, 0, text)
        self.assertIn("got ", text)

    def wait_clean(self, count=1):
        """Until so many files have been found clean and are ignored."""
        wait_for(f"{count} clean files", lambda: self.channel.counters()["clean"] >= count)
