"""Whole processes for the end-to-end tests: a server, agents, operators and sticks.

Everything lives in one temporary folder and goes away again, also when a test fails. A test that
needs root, FUSE or loop devices calls need_root() and is skipped with the reason printed.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SHOUMI_BIN", ROOT / "build/release/bin")).resolve()
PACKS = ROOT / "rules/packs"
STARTER = ROOT / "rules/policies/starter.yaml"
WORKER_ACCOUNT = "shoumi-inspect"

sys.path.insert(0, str(ROOT / "installer/demo"))
sys.path.insert(0, str(ROOT / "tests"))

from support.processes import Process, wait_for  # noqa: E402
from support.sticks import Stick, need_root  # noqa: E402


def worker_account():
    """The unprivileged account of the inspection workers, made when it is not there."""
    if subprocess.run(["id", WORKER_ACCOUNT], capture_output=True, check=False).returncode != 0:
        subprocess.run(["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                        "--shell", "/usr/sbin/nologin", WORKER_ACCOUNT], check=True)
    return WORKER_ACCOUNT


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site(unittest.TestCase):
    """A temporary installation: self.server, self.start_agent(), self.ctl(), self.new_stick()."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="shoumi-e2e-"))
        os.chmod(self.folder, 0o755)
        self.addCleanup(self._remove_folder)
        self.port = free_port()
        self.metrics_port = free_port()
        self.operator_home = self.folder / "operator"
        self.operator_home.mkdir(mode=0o700)
        self.state = self.folder / "server"
        self.server = Process("shoumi-server", [
            BIN / "shoumi-server", "--state", self.state, "--listen", f"127.0.0.1:{self.port}",
            "--metrics-listen", f"127.0.0.1:{self.metrics_port}", "--packs", PACKS,
            "--admin-password-file", self.folder / "one-time"], self.folder / "server.log")
        self.addCleanup(self.server.kill)
        self.sticks = []

    def _remove_folder(self):
        failed = any(error for _, error in getattr(self._outcome, "errors", []) if error) \
            if hasattr(self._outcome, "errors") else False
        if failed or not getattr(getattr(self._outcome, "result", None), "wasSuccessful", lambda: True)():
            for log in sorted(self.folder.glob("*.log")):
                print(f"---- {log.name}\n{log.read_text(errors='replace')[-6000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    # The server and its operators

    def start_server(self):
        self.server.start()
        wait_for("the server listens", self._listens)

    def _listens(self):
        if not self.server.alive:
            raise AssertionError(f"shoumi-server ended:\n{self.server.text()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ctl(self, *arguments, check=True):
        done = subprocess.run(
            [str(BIN / "shoumictl"), "--server", f"127.0.0.1:{self.port}", "--ca",
             str(self.state / "ca.pem"), *map(str, arguments)],
            env={**os.environ, "HOME": str(self.operator_home), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"shoumictl {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def sign_in(self):
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text("a long enough password 42\n")
        self.ctl("login", "--user", "admin", "--password-file", self.folder / "one-time")
        self.ctl("passwd", "--old-password-file", self.folder / "one-time",
                 "--new-password-file", password)
        self.ctl("login", "--user", "admin", "--password-file", password)

    def apply_policy(self, path=STARTER, wait=20):
        return self.ctl("policy", "apply", path, "--packs", PACKS, "--wait", wait)

    def incidents(self, limit=1000):
        """The newest incidents, oldest first."""
        answer = json.loads(self.ctl("incidents", "list", "--limit", limit, "--json").stdout)
        rows = answer["incidents"] if isinstance(answer, dict) else answer
        return sorted(rows, key=lambda row: int(row["number"]))

    # Sticks and agents

    def new_stick(self, **options):
        stick = Stick(self.folder, **{"name": f"stick{len(self.sticks)}", **options})
        self.sticks.append(stick)
        self.addCleanup(stick.remove)
        stick.attach()
        return stick

    def new_agent(self, name="agent", sticks=(), extra="", watched=(), clipboard=False):
        """Attachments are watched below `watched` only: never on the machine's own file systems."""
        attachments = "  attachments:\n" + (
            f"    only_below: [{', '.join(map(str, watched))}]\n" if watched else "    enabled: false\n")
        state = self.folder / name
        run = self.folder / f"{name}-run"
        run.mkdir(exist_ok=True)
        devices = "".join(
            f'      - {{node: "{stick.device}", vendor_id: "0951", product_id: "1666", '
            f'serial: "TEST-{index}"}}\n' for index, stick in enumerate(sticks))
        config = self.folder / f"{name}.yaml"
        config.write_text(
            f"state_dir: {state}\nrun_dir: {run}\n"
            f"inspect:\n  program: {BIN / 'shoumi-inspect'}\n  user: {worker_account()}\n"
            f"channels:\n{attachments}  clipboard:\n    enabled: {str(clipboard).lower()}\n  usb:\n    enabled: true\n    extra_devices:\n{devices}" + extra)
        token = self.folder / f"{name}.token"
        self.ctl("enrol-token", "create", "--valid", "10m", "--output", token)
        done = subprocess.run([str(BIN / "shoumi-agent"), "enrol", "--server",
                               f"127.0.0.1:{self.port}", "--ca", str(self.state / "ca.pem"),
                               "--token-file", str(token), "--state", str(state)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        agent = Process("shoumi-agent", [BIN / "shoumi-agent", "run", "--config", config],
                        self.folder / f"{name}.log")
        agent.state, agent.run, agent.config = state, run, config
        self.addCleanup(agent.kill)
        return agent

    def wait_for_enforcement(self, agent, stick):
        """The guard stands, and a policy is in force: without one nothing can be written."""
        wait_for("the stick is guarded", stick.guarded)
        wait_for("a policy is in force", lambda: int(
            ((self.status(agent) or {}).get("state") or {}).get("policy_version", 0)) > 0)

    def status(self, agent):
        done = subprocess.run([str(BIN / "shoumi"), "status", "--socket", str(agent.run / "status.sock"),
                               "--json"], capture_output=True, text=True, timeout=30, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None


def copy(source, target):
    """cp as a user runs it: (exit status, what it printed)."""
    done = subprocess.run(["cp", str(source), str(target)], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=120, check=False)
    return done.returncode, done.stderr


def identity_numbers(text):
    return re.findall(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])", text)
