"""Days without a server: enforced all the same, and every incident arrives later, once, in order."""

import signal
import unittest

import harness


class Offline(harness.Site):
    def setUp(self):
        harness.need_root()
        super().setUp()
        self.start_server()
        self.sign_in()
        self.stick = self.new_stick()
        self.stick.mount()
        self.agent = self.new_agent(sticks=[self.stick])
        self.agent.start()
        self.apply_policy()
        self.wait_for_enforcement(self.agent, self.stick)

    def blocked_copy(self, index):
        source = self.folder / f"plan-{index:03d}.txt"
        source.write_text(f"绝密★10年\n第{index}号测算\n", encoding="utf-8")
        status, message = harness.copy(source, self.stick.mount_point)
        self.assertEqual(status, 1, message)
        self.assertIn("Operation not permitted", message)

    def test_incidents_wait_and_arrive_in_order_once(self):
        self.server.stop(signal.SIGKILL)
        for index in range(6):
            self.blocked_copy(index)
        self.agent.kill()  # the spool survives the agent as well
        self.agent.start()
        self.wait_for_enforcement(self.agent, self.stick)
        for index in range(6, 10):
            self.blocked_copy(index)
        self.start_server()
        rows = harness.wait_for("ten incidents", lambda: len(self.incidents()) >= 10 and self.incidents(), 90)
        names = [row["content_name"] for row in rows]
        self.assertEqual(names, [f"plan-{index:03d}.txt" for index in range(10)])

    def test_server_killed_while_incidents_arrive(self):
        for index in range(12):
            self.blocked_copy(index)
            if index % 4 == 3:
                self.server.stop(signal.SIGKILL)
                self.start_server()
        rows = harness.wait_for("twelve incidents", lambda: len(self.incidents()) >= 12 and self.incidents(), 90)
        self.assertEqual([row["content_name"] for row in rows], [f"plan-{i:03d}.txt" for i in range(12)])


if __name__ == "__main__":
    unittest.main()
