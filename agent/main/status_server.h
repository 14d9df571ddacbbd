#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "common/fd.h"

namespace shoumi::agent {

// A socket every user of the workstation may connect to. It reads nothing and answers each
// connection with one text, then closes it. One connection at a time, each with a deadline, on a
// thread of its own, so that nobody there can hold up an event.
class StatusServer {
 public:
  static absl::StatusOr<std::unique_ptr<StatusServer>> Start(const std::string& path,
                                                             std::function<std::string()> text);
  // Removes the socket.
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

 private:
  StatusServer(std::string path, std::function<std::string()> text)
      : path_(std::move(path)), text_(std::move(text)) {}
  void Run();

  const std::string path_;
  const std::function<std::string()> text_;
  UniqueFd listener_;
  UniqueFd wake_;
  std::thread thread_;
};

}  // namespace shoumi::agent
