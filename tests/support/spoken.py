"""Programs that a test speaks to by lines."""

import subprocess
from pathlib import Path

PYTHON = "/usr/bin/python3"  # the one that Debian's bindings are for
HERE = Path(__file__).resolve().parent


class Spoken:
    """A program that answers lines by lines, after a first one that says it is ready."""

    def __init__(self, desktop, command, **environment):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**desktop.environment, **environment})
        desktop.processes.append(self.process)
        self.process.stdout.readline()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


def has(code):
    return subprocess.run([PYTHON, "-c", code], capture_output=True, check=False).returncode == 0


def has_gtk():
    return has("import gi; gi.require_version('Gtk', '3.0')")


def has_uno():
    return has("import uno")


def start_gtk(desktop, interpreter, title):
    return Spoken(desktop, [interpreter, HERE / "gtk_program.py", title], GDK_BACKEND="x11")


def start_office(desktop, pipe, profile):
    desktop.start("soffice", "--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={pipe};urp;",
                  f"-env:UserInstallation=file://{profile}")
    return Spoken(desktop, [PYTHON, HERE / "office_program.py", pipe])
