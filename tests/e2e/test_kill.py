"""F1: the agent is killed at random points of copies that must be blocked.

SHOUMI_KILL_ROUNDS (default 5; 200 for the whole of it) and SHOUMI_KILL_SEED choose the run.
"""

import os
import random
import subprocess
import time
import unittest
import uuid

import harness

ROUNDS = int(os.environ.get("SHOUMI_KILL_ROUNDS", "5"))


class Kill(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.stick = self.new_stick(megabytes=64)
        self.stick.mount()
        self.agent = self.new_agent(sticks=[self.stick])
        self.agent.start()
        self.apply_policy()

    def test_no_byte_and_every_answered_block_has_its_incident(self):
        seed = int(os.environ.get("SHOUMI_KILL_SEED", str(random.randrange(1 << 30))))
        print(f"SHOUMI_KILL_SEED={seed} SHOUMI_KILL_ROUNDS={ROUNDS}")
        rng = random.Random(seed)
        answered = []
        nonces = []
        for number in range(ROUNDS):
            self.wait_for_enforcement(self.agent, self.stick)
            nonce = uuid.UUID(int=rng.getrandbits(128)).hex
            nonces.append(nonce)
            source = self.folder / f"{nonce}.txt"
            filler = "".join(rng.choice("项目方案测算系数分项客户") for _ in range(rng.choice((50, 5000, 500000))))
            source.write_text(f"绝密★10年\n{nonce}\n{filler}\n{nonce}\n", encoding="utf-8")
            cp = subprocess.Popen(["cp", str(source), str(self.stick.mount_point)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  env={**os.environ, "LC_ALL": "C.UTF-8"})
            # Before, while and after the answer, whatever the machine's pace.
            time.sleep(rng.uniform(0, rng.choice((0.03, 0.1, 0.3))))
            self.agent.kill()
            _, message = cp.communicate(timeout=60)
            self.assertNotEqual(cp.returncode, 0, f"round {number}: cp succeeded")
            if "Operation not permitted" in message:
                answered.append(source.name)
            self.agent.start()
        harness.wait_for("the stick is guarded", self.stick.guarded, 30)
        os.sync()  # the kernel passes no syncfs(2) on through FUSE
        image = self.stick.image.read_bytes()
        for nonce in nonces:
            self.assertFalse(nonce.encode() in image, "a blocked byte, or name, is on the device")

        def delivered():
            names = [row["content_name"] for row in self.incidents()]
            return names if all(name in names for name in answered) else None
        names = harness.wait_for("the incidents of all answered blocks", delivered, 60)
        self.assertEqual(len(names), len(set(names)), "an incident came twice")
        print(f"{ROUNDS} kills, {len(answered)} blocks answered before one, "
              f"{len(names)} incidents at the server, 0 bytes on the device")


if __name__ == "__main__":
    unittest.main()
