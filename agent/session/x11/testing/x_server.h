#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::session::testing {

// An X server of the test's own (Xvfb), without a screen anybody sees. Ends with the object.
class XServer {
 public:
  // Null when Xvfb is not installed.
  static std::unique_ptr<XServer> Start();
  ~XServer();
  XServer(const XServer&) = delete;
  XServer& operator=(const XServer&) = delete;

  [[nodiscard]] const std::string& display() const { return display_; }
  // Ends the server under its clients.
  void Kill();

 private:
  XServer() = default;
  pid_t pid_ = -1;
  std::string display_;
};

struct Ended {
  int status = -1;  // exit status; 128 + signal; -1: killed at the deadline, or not started
  std::string output;
  pid_t pid = 0;
};

// Runs a program with `input` until it ends. Programs that go on in the background keep none of our
// descriptors; their output is not collected then.
Ended RunProgram(const std::vector<std::string>& command, const std::string& input,
                 bool collect_output = true);

// Starts a program that goes on; -1 when it is not installed.
pid_t StartProgram(const std::vector<std::string>& command);
// By SIGTERM, and waits for it.
void EndProgram(pid_t pid);

// Looks again until `holds`, 20 s at most.
bool WaitUntil(const std::function<bool()>& holds);

}  // namespace shoumi::session::testing
