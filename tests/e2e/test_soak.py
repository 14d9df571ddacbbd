"""F10: copies to a stick, opens by a messenger and pastes, all mixed: no event is lost, and neither
memory nor descriptors grow.

SHOUMI_SOAK_SECONDS (default 20; 1800 for the whole of it) says how long. Growth is judged from five
minutes on: before, caches fill.
"""

import os
import shutil
import statistics
import subprocess
import time
import unittest
from pathlib import Path

import harness
from support.desktop import Desktop, missing_program

SECONDS = int(os.environ.get("SHOUMI_SOAK_SECONDS", "20"))
GROWTH_JUDGED_FROM_SECONDS = 300
SAMPLE_SECONDS = 5
GROWTH_MAX = 0.05  # of proportional memory, the last third against the second
GROWTH_KIB_MIN = 2048  # less is noise
DESCRIPTORS_MORE_MAX = 8
SECRET = "绝密★10年\n第一号测算\n"
PERSON = "王小明 110105198504123514\n"
NO_IDS = ("rules:\n", """rules:
  - id: no-ids-to-messengers
    title: {zh: 身份证号不得粘贴到即时通讯软件, en: No ID numbers into messengers}
    when: {detector: cn.resident_id}
    conditions: {channels: [clipboard], programs: ["class:messenger"]}
    action: block
    severity: high
""")


def children_of(pid):
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += children_of(int(child))
    return found


def sample(pids):
    """(PSS in KiB, open descriptors) of the processes together.

    The kernel keeps an entry for each name on the stick until it needs the memory, and the guard what
    belongs to it; that is given back first.
    """
    Path("/proc/sys/vm/drop_caches").write_text("2")
    memory = descriptors = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue  # a worker that has just been replaced
        memory += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
    return memory, descriptors


class Soak(harness.Site):
    def setUp(self):
        harness.need_root()
        missing = missing_program() or (None if shutil.which("xclip") else "xclip")
        if missing is not None:
            self.skipTest(f"needs {missing}")
        super().setUp()
        self.start_server()
        self.sign_in()
        self.desktop = Desktop(self.folder)
        self.addCleanup(self.desktop.end)
        self.stick = self.new_stick(megabytes=64)
        self.stick.mount()
        self.home = self.new_stick(megabytes=64)
        self.home.mount()
        os.chmod(self.home.mount_point, 0o777)
        self.agent = self.new_agent(sticks=[self.stick], watched=[self.home.mount_point], clipboard=True)
        self.agent.start()
        policy = self.folder / "policy.yaml"
        policy.write_text(harness.STARTER.read_text(encoding="utf-8").replace(*NO_IDS, 1).replace(
            "clipboard:\n  mode: report_only", "clipboard:\n  mode: inspect"), encoding="utf-8")
        self.apply_policy(policy)
        self.wait_for_enforcement(self.agent, self.stick)
        self.session = self.desktop.start(harness.BIN / "shoumi-session", "--socket",
                                          self.agent.run / "session.sock")
        harness.wait_for("everything is guarded", self.all_guarded, 60)
        self.messenger = self.stand_in("/bin/bash", "wechat-universal/wechat")
        self.paster = self.stand_in(shutil.which("xclip"), "paster/wechat-universal/wechat")
        self.stopped = []  # names in the incidents that must be there

    def stand_in(self, program, path):
        target = self.folder / path
        target.parent.mkdir(parents=True)
        shutil.copy(program, target)
        return target

    def all_guarded(self):
        channels = ((self.status(self.agent) or {}).get("state") or {}).get("channels", [])
        state = {channel["channel"]: channel for channel in channels}
        return (state.get("attachment", {}).get("coverage") == "COVERAGE_COVERED" and
                int(state.get("clipboard", {}).get("guarded", 0)) > 0)

    def copies(self, number):
        clean, marked = self.folder / f"clean{number}.txt", self.folder / f"usb{number}.txt"
        clean.write_text(f"lunch at noon {number}\n" * 50, encoding="utf-8")
        marked.write_text(f"{SECRET}{number}\n", encoding="utf-8")
        self.assertEqual(harness.copy(clean, self.stick.mount_point)[0], 0)
        self.assertNotEqual(harness.copy(marked, self.stick.mount_point)[0], 0)
        (self.stick.mount_point / clean.name).unlink()
        clean.unlink()
        marked.unlink()
        self.stopped.append(marked.name)

    def opens(self, number):
        clean, marked = self.home.mount_point / "menu.txt", self.home.mount_point / f"file{number}.txt"
        clean.write_text(f"lunch at noon {number}\n", encoding="utf-8")
        marked.write_text(f"{SECRET}{number}\n", encoding="utf-8")
        for path, readable in ((clean, True), (marked, False)):
            done = subprocess.run([self.messenger, "-c", f"read -r line < '{path}'"], check=False,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            self.assertEqual(done.returncode == 0, readable, done.stderr)
        marked.unlink()
        self.stopped.append(marked.name)

    def paste(self, program):
        done = subprocess.run([program, "-selection", "clipboard", "-o", "-target", "UTF8_STRING"],
                              env=self.desktop.environment, stdin=subprocess.DEVNULL, timeout=60,
                              capture_output=True, check=False)
        return done.returncode, done.stdout.decode()

    def pastes(self, number):
        text = f"{PERSON}{number} " + "项目方案" * 2000
        with subprocess.Popen(["xclip", "-selection", "clipboard", "-quiet"], stdin=subprocess.PIPE,
                              env=self.desktop.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as owner:
            owner.stdin.write(text.encode())
            owner.stdin.close()
            try:
                harness.wait_for("the copied text", lambda: self.paste("xclip") == (0, text), 30)
                # Until the guard has taken it over it is the owner's.
                harness.wait_for("the refusal", lambda: self.paste(self.paster)[1] == "", 30)
            finally:
                owner.kill()

    def test_mixed_load(self):
        samples = []
        end = time.monotonic() + SECONDS
        next_sample = 0.0
        number = 0
        while time.monotonic() < end:
            self.copies(number)
            self.opens(number)
            self.pastes(number)
            number += 1
            if time.monotonic() >= next_sample:
                agent = sample(children_of(self.agent.process.pid))
                samples.append((*agent, *sample([self.session.pid])))
                next_sample = time.monotonic() + SAMPLE_SECONDS

        def delivered():
            rows = self.incidents(limit=100_000)
            names = {row["content_name"] for row in rows}
            pasted = sum(row["channel"] == "clipboard" and row["action"] == "block" for row in rows)
            return rows if names.issuperset(self.stopped) and pasted >= number else None
        rows = harness.wait_for("the incidents of all that was stopped", delivered, 60)
        names = [row["content_name"] for row in rows if row["content_name"]]
        self.assertEqual(len(names), len(set(names)), "an incident came twice")
        print(f"{SECONDS} s, {number} rounds, {len(rows)} incidents at the server, none missing, none twice")
        self.say_growth(samples)

    def say_growth(self, samples):
        third = max(1, len(samples) // 3)
        judged = SECONDS >= GROWTH_JUDGED_FROM_SECONDS
        what = ("agent memory, KiB PSS", "agent descriptors", "session memory, KiB PSS",
                "session descriptors")
        for column, name in enumerate(what):
            second = statistics.median(row[column] for row in samples[third:2 * third] or samples)
            last = statistics.median(row[column] for row in samples[-third:])
            print(f"{name}: {samples[0][column]} at first, {second:.0f} in the second third, "
                  f"{last:.0f} in the last")
            if not judged:
                continue
            room = DESCRIPTORS_MORE_MAX if "descriptors" in name else max(GROWTH_KIB_MIN, GROWTH_MAX * second)
            self.assertLessEqual(last - second, room, f"{name} grow")


if __name__ == "__main__":
    unittest.main()
