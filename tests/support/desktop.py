"""A desktop of a test's own: X server, window manager, session bus, notification service, all real."""

import os
import shutil
import subprocess
from pathlib import Path

from support.processes import wait_for

PROGRAMS = ("Xvfb", "openbox", "dbus-daemon", "dunst", "dunstctl", "xdotool", "zenity")

LOG_SCRIPT = """#!/bin/sh
# dunst gives: program, summary, body, icon, urgency
printf '%s|%s\\n' "$2" "$(printf %s "$3" | tr '\\n' '|')" >> '{log}'
"""


def missing_program():
    """The first that is not installed, or None."""
    return next((program for program in PROGRAMS if shutil.which(program) is None), None)


class Desktop:
    """Started by the constructor; end() stops it."""

    def __init__(self, folder):
        self.folder = Path(folder) / "desktop"
        self.folder.mkdir()
        self.processes = []
        self.shown_log = self.folder / "shown"
        self.shown_log.touch()
        self.display = self._start_server()
        self.environment = {**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8",
                            "HOME": str(self.folder), "NO_AT_BRIDGE": "1"}
        self.environment.pop("WAYLAND_DISPLAY", None)
        self._start_bus()
        self.start("openbox", "--sm-disable")
        self._start_dunst()

    def start(self, *command, **environment):
        process = subprocess.Popen([str(word) for word in command],
                                   env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def _start_server(self):
        read, write = os.pipe()
        self.processes.append(subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-screen", "0", "1024x768x24"],
            pass_fds=[write], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        os.close(write)
        with os.fdopen(read) as number:
            return ":" + number.readline().strip()

    def _start_bus(self):
        read, write = os.pipe()
        self.processes.append(subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", f"--print-address={write}"], pass_fds=[write],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))
        os.close(write)
        with os.fdopen(read) as address:
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = address.readline().strip()

    def _start_dunst(self):
        script = self.folder / "log.sh"
        script.write_text(LOG_SCRIPT.format(log=self.shown_log))
        script.chmod(0o755)
        config = self.folder / "dunstrc"
        # Nothing goes away by itself.
        config.write_text("[global]\nstack_duplicates = false\nidle_threshold = 0\n"
                          "[urgency_normal]\ntimeout = 0\n"
                          f'[log]\nsummary = "*"\nscript = {script}\n')
        self.start("dunst", "-conf", config)
        wait_for("dunst answers", lambda: self.displayed() == 0)

    def _dunst(self, *arguments):
        done = subprocess.run(["dunstctl", *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def displayed(self):
        """How many notifications are on the screen; None while nobody shows any."""
        count = self._dunst("count", "displayed")
        return int(count) if count else None

    def shown(self):
        """What was shown since the start, one line each: summary|body."""
        return self.shown_log.read_text(encoding="utf-8").splitlines()

    def choose_button(self):
        self._dunst("action", "0")

    def window(self, title, seconds=30):
        """Waits until a window of this title is there, and gives it the focus."""
        def find():
            return self._xdotool("search", "--onlyvisible", "--name", title).split()
        window = wait_for(f"a window named {title}", find, seconds)[0]
        self.activate(window)
        return window

    def _xdotool(self, *arguments):
        return subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60).stdout

    def activate(self, window):
        self._xdotool("windowactivate", "--sync", window)

    def title(self, window):
        return self._xdotool("getwindowname", window).strip()

    def click(self, window, button):
        self._xdotool("mousemove", "--window", window, 50, 50, "click", button)

    def press(self, *keys):
        self._xdotool("key", "--clearmodifiers", *keys)

    def type(self, text):
        self._xdotool("type", "--delay", 20, text)

    def end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
