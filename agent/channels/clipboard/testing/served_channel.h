#pragma once

#include "agent/channels/clipboard/clipboard_channel.h"

namespace shoumi::agent::clipboard::testing {

// The channel behind a hub of its own.
class ServedChannel {
 public:
  ServedChannel(SessionHubOptions hub, ClipboardOptions options, Clock& clock = Clock::Real())
      : hub_(std::move(hub)), channel_(std::move(options), hub_, clock) {}

  absl::Status Start(EventSink& sink) {
    if (auto status = hub_.Start(sink); !status.ok()) return status;
    return channel_.Start(sink);
  }
  void ApplyPolicy(const v1::Policy& policy) { channel_.ApplyPolicy(policy); }
  [[nodiscard]] v1::ChannelState State() const { return channel_.State(); }
  [[nodiscard]] SessionHub& hub() { return hub_; }
  [[nodiscard]] ClipboardChannel& channel() { return channel_; }

 private:
  SessionHub hub_;
  ClipboardChannel channel_;
};

}  // namespace shoumi::agent::clipboard::testing
