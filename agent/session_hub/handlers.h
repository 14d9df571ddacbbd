#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "common/fd.h"
#include "shoumi/v1/session.pb.h"

namespace shoumi::agent {

// Who decides what may be pasted. Thread-safe.
class PasteHandler {
 public:
  using Then = std::function<void(v1::PasteAnswer answer)>;
  virtual ~PasteHandler() = default;
  [[nodiscard]] virtual v1::SessionSettings Settings() const = 0;
  // `then` is called exactly once, on this or another thread. InvalidArgument, and no call, for
  // what no honest session asks.
  virtual absl::Status Ask(uid_t uid, const v1::PasteQuestion& question, UniqueFd content,
                           Then then) = 0;
};

// What the agent's parts do with what sessions say. Each may come and go while there are sessions.
// Thread-safe.
class SessionHandlers {
 public:
  // What became of a notification of this user; must not block. InvalidArgument for what no honest
  // session says.
  using Results = std::function<absl::Status(uid_t uid, const v1::NotificationResult& result)>;

  // Null: nothing is guarded.
  void SetPastes(std::shared_ptr<PasteHandler> pastes) {
    const std::lock_guard lock(mutex_);
    pastes_.swap(pastes);
  }
  void SetResults(Results results) {
    const std::lock_guard lock(mutex_);
    results_ = std::make_shared<Results>(std::move(results));
  }
  [[nodiscard]] std::shared_ptr<PasteHandler> pastes() const {
    const std::lock_guard lock(mutex_);
    return pastes_;
  }
  // Null, or holds null: nobody wants to know.
  [[nodiscard]] std::shared_ptr<const Results> results() const {
    const std::lock_guard lock(mutex_);
    return results_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<PasteHandler> pastes_;
  std::shared_ptr<const Results> results_;
};

}  // namespace shoumi::agent
