#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/channels/clipboard/options.h"
#include "agent/channels/clipboard/paste_judge.h"
#include "agent/channels/clipboard/session_link.h"
#include "common/clock.h"
#include "common/fd.h"

namespace shoumi::agent::clipboard {

// Judges pastes for the session programs of the workstation's users, who connect to its socket. It
// sees no display itself: what no session program guards is said in its state. Thread-safe.
class ClipboardChannel final : public Channel {
 public:
  explicit ClipboardChannel(ClipboardOptions options, Clock& clock = Clock::Real())
      : options_(std::move(options)), clock_(clock) {}
  ~ClipboardChannel() override { Stop(); }

  // Replaces a socket that is there already.
  absl::Status Start(EventSink& sink) override;
  void ApplyPolicy(const v1::Policy& policy) override;
  // Lets the sessions go, which guard nothing until an agent is back.
  void Stop() override;
  [[nodiscard]] v1::ChannelState State() const override;

 private:
  void Run();
  void Accept();
  // Those that have ended.
  void Sweep();
  [[nodiscard]] std::string WhyNot(uid_t uid) const;

  const ClipboardOptions options_;
  Clock& clock_;
  EventSink* sink_ = nullptr;
  UniqueFd listener_;
  UniqueFd wake_;
  mutable std::mutex mutex_;  // guards what is below
  std::shared_ptr<PasteJudge> judge_;
  v1::Policy policy_;
  std::vector<std::shared_ptr<SessionLink>> links_;
  std::thread thread_;
};

}  // namespace shoumi::agent::clipboard
