#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/releases/release_desk.h"
#include "common/fd.h"

namespace shoumi::agent {

// The socket of `shoumi request`, which every user of the workstation may connect to: one question
// a connection, by the user that the socket names (SO_PEERCRED), on a thread of its own.
class ReleaseServer {
 public:
  // `desk` outlives it.
  static absl::StatusOr<std::unique_ptr<ReleaseServer>> Start(const ReleaseOptions& options,
                                                              ReleaseDesk& desk);
  // Stops the desk, ends the connections, removes the socket.
  ~ReleaseServer();
  ReleaseServer(const ReleaseServer&) = delete;
  ReleaseServer& operator=(const ReleaseServer&) = delete;

 private:
  struct Connection {
    UniqueFd socket;
    uint32_t uid = 0;
    std::thread thread;
    std::atomic<bool> ended = false;
  };

  ReleaseServer(ReleaseOptions options, ReleaseDesk& desk)
      : options_(std::move(options)), desk_(desk) {}
  void Run();
  void Accept();
  void Serve(Connection& connection);
  // Joins those that have ended.
  void Sweep();
  [[nodiscard]] bool HasRoomFor(uint32_t uid) const;

  const ReleaseOptions options_;
  ReleaseDesk& desk_;
  UniqueFd listener_;
  UniqueFd wake_;
  std::list<Connection> connections_;  // of the accepting thread
  std::thread thread_;
};

}  // namespace shoumi::agent
