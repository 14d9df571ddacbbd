"""installer/quickstart.sh as a newcomer runs it, again, after both were killed, and --down, beside whatever else runs."""

import os
import signal
import subprocess
import unittest
from pathlib import Path

import harness


class Quickstart(unittest.TestCase):
    def test_up_again_and_down(self):
        harness.need_root()
        folder = f"/tmp/shoumi-quickstart-{os.getpid()}"
        environment = {**os.environ, "SHOUMI_QUICKSTART_STATE": f"{folder}/state",
                       "SHOUMI_QUICKSTART_RUN": f"{folder}/run",
                       "SHOUMI_QUICKSTART_MOUNT": f"{folder}/stick",
                       "SHOUMI_QUICKSTART_ACCOUNT": f"shoumi-qs-{os.getpid()}",
                       "SHOUMI_QUICKSTART_PORT": str(harness.free_port()),
                       "SHOUMI_QUICKSTART_METRICS_PORT": str(harness.free_port())}
        script = str(harness.ROOT / "installer/quickstart.sh")

        def run(*arguments):
            return subprocess.run([script, *arguments], env=environment, capture_output=True,
                                  text=True, stdin=subprocess.DEVNULL, timeout=900, check=False)

        try:
            for attempt in ("first", "second", "killed"):
                if attempt == "killed":
                    for name in ("agent", "server"):
                        pid = int(Path(f"{folder}/run/shoumi-{name}.pid").read_text(encoding="utf-8"))
                        os.kill(pid, signal.SIGKILL)
                done = run()
                self.assertEqual(done.returncode, 0, f"{attempt} run:\n{done.stdout}{done.stderr}")
                self.assertIn("not one byte of the refused documents", done.stdout)
        finally:
            done = run("--down")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertFalse(os.path.exists(f"{folder}/state"))
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            self.assertNotIn(folder, mounts.read())
        self.assertNotIn(environment["SHOUMI_QUICKSTART_ACCOUNT"], Path("/etc/passwd").read_text(encoding="utf-8"))
        again = run("--down")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        os.rmdir(folder)


if __name__ == "__main__":
    unittest.main()
