#pragma once

#include <memory>
#include <mutex>

#include "agent/channels/channel.h"
#include "agent/channels/clipboard/options.h"
#include "agent/channels/clipboard/paste_judge.h"
#include "agent/session_hub/session_hub.h"
#include "common/clock.h"

namespace shoumi::agent::clipboard {

// Judges pastes for the session programs of the workstation's users. It sees no display itself:
// what no session program guards is said in its state. Thread-safe.
class ClipboardChannel final : public Channel {
 public:
  // `hub` outlives it, has been started and is stopped after it.
  ClipboardChannel(ClipboardOptions options, SessionHub& hub, Clock& clock = Clock::Real())
      : options_(std::move(options)), hub_(hub), clock_(clock) {}
  ~ClipboardChannel() override { Stop(); }

  // Unavailable when no session can reach the agent.
  absl::Status Start(EventSink& sink) override;
  void ApplyPolicy(const v1::Policy& policy) override;
  // The sessions guard nothing any more.
  void Stop() override;
  [[nodiscard]] v1::ChannelState State() const override;

 private:
  const ClipboardOptions options_;
  SessionHub& hub_;
  Clock& clock_;
  mutable std::mutex mutex_;  // guards what is below
  std::shared_ptr<PasteJudge> judge_;
  v1::Policy policy_;
};

}  // namespace shoumi::agent::clipboard
