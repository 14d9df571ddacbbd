#include "agent/channels/clipboard/clipboard_channel.h"

#include <utility>

#include "agent/channels/clipboard/coverage.h"

namespace shoumi::agent::clipboard {

absl::Status ClipboardChannel::Start(EventSink& sink) {
  if (!hub_.listening()) return absl::UnavailableError("sessions cannot reach the agent");
  {
    const std::lock_guard lock(mutex_);
    judge_ = std::make_shared<PasteJudge>(options_, sink, clock_);
    judge_->ApplyPolicy(policy_);
    hub_.handlers().SetPastes(judge_);
  }
  hub_.SendSettings();
  return absl::OkStatus();
}

void ClipboardChannel::ApplyPolicy(const v1::Policy& policy) {
  {
    const std::lock_guard lock(mutex_);
    policy_ = policy;
    if (!judge_) return;
    judge_->ApplyPolicy(policy);
  }
  hub_.SendSettings();
}

void ClipboardChannel::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!judge_) return;
    hub_.handlers().SetPastes(nullptr);
    judge_.reset();
  }
  hub_.SendSettings();
}

v1::ChannelState ClipboardChannel::State() const {
  v1::ChannelMode mode = v1::CHANNEL_MODE_UNSPECIFIED;
  {
    const std::lock_guard lock(mutex_);
    mode = policy_.clipboard().mode();
  }
  return CoverageOf(mode, options_.sessions(), hub_.connected());
}

}  // namespace shoumi::agent::clipboard
