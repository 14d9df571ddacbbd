"""ClamAV's on-access scanner over one folder, as a peer: clamd and clamonacc with a database of one
signature, so that what is measured is the way of an open and not the scan.

Like every listener on permission events it can hang what it watches: it is given one folder of a
loop-mounted file system, and `timeout` ends it.
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from support.processes import wait_for

DAEMON, LISTENER = "/usr/sbin/clamd", "/usr/sbin/clamonacc"
SECONDS_MAX = 900
SIGNATURE = "aa15bcf478d165efd2065190eb473bcb:60:Bench.Nothing\n"


def missing():
    """Why it cannot run here, or None."""
    for program in (DAEMON, LISTENER, shutil.which("timeout") or "timeout"):
        if not os.access(program, os.X_OK):
            return f"{program} is not installed"
    try:
        pwd.getpwnam("clamav")
    except KeyError:
        return "there is no account clamav"
    return None


class ClamOnAccess:
    def __init__(self, folder, watched):
        self.folder = Path(folder) / "clam"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "one.hdb").write_text(SIGNATURE)
        account = pwd.getpwnam("clamav")
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        os.chmod(folder, 0o755)
        self.socket = self.folder / "clamd.sock"
        config = self.folder / "clamd.conf"
        config.write_text(
            f"LocalSocket {self.socket}\nDatabaseDirectory {self.folder}\nUser clamav\nForeground yes\n"
            f"OnAccessIncludePath {watched}\nOnAccessPrevention yes\nOnAccessExcludeUname clamav\n")
        self.processes = []
        self._start(DAEMON, "--config-file", config)
        wait_for("clamd listens", self.socket.exists, 60)
        self._start(LISTENER, "--config-file", config, "--foreground", "--fdpass",
                    "--log", self.folder / "clamonacc.log")
        wait_for("clamonacc watches", self._watches, 60)

    def _start(self, *command):
        with open(self.folder / "log", "ab") as log:
            self.processes.append(subprocess.Popen(
                ["timeout", "--signal=KILL", str(SECONDS_MAX), *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def _watches(self):
        if any(process.poll() is not None for process in self.processes):
            raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:])
        return "watching" in (self.folder / "log").read_text(errors="replace").lower()

    def kill(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, 9)
            process.wait()
