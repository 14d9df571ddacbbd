#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "agent/channels/channel.h"

namespace shoumi::agent::replay {

struct ReplayOptions {
  std::string folder;
  std::chrono::milliseconds poll_ms{50};
  uint32_t events_max = 256;  // waiting for their answers
  uint64_t event_file_bytes_max = 1 << 20;
};

// Replays events from files, so that the whole agent runs without root and without devices.
// FOLDER/NAME.event is one JSON object:
//   {"context": EventContext as JSON, "name": base name, "text": "…" or "content": file in FOLDER,
//    "budget_ms": 5000, "report_only": false}
// Its verdict is written to FOLDER/NAME.verdict as JSON. Files are taken in order of name; those
// that have a verdict are left alone; one that cannot be read gets {"error": "…"}.
class ReplayChannel final : public Channel {
 public:
  explicit ReplayChannel(ReplayOptions options) : options_(std::move(options)) {}
  ~ReplayChannel() override;

  absl::Status Start(EventSink& sink) override;
  void ApplyPolicy(const v1::Policy& policy) override;
  // Waits for the answers that are still to come, each of which has a deadline.
  void Stop() override;
  [[nodiscard]] v1::ChannelState State() const override;

 private:
  void Run();
  void Replay(const std::string& name);
  absl::StatusOr<Event> ReadEvent(const std::string& name) const;
  void WriteVerdict(const std::string& name, const std::string& json);

  const ReplayOptions options_;
  EventSink* sink_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> taken_;
  uint32_t waiting_ = 0;
  uint64_t answered_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace shoumi::agent::replay
