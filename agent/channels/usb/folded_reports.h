#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "agent/channels/channel.h"

namespace shoumi::agent::usb {

// Reports of what may happen thousands of times a second: each text at most once a second, with how
// often it was meant. Not thread-safe.
class FoldedReports {
 public:
  explicit FoldedReports(EventSink& sink) : sink_(sink) {}

  void Note(const std::string& text);
  // Hands on what is due. To be called at least once a second while there may be something.
  void Flush();

 private:
  struct Row {
    std::chrono::steady_clock::time_point last{};
    uint64_t count = 0;
  };
  static constexpr size_t kTextsMax = 256;  // beyond: under one text for all of them

  EventSink& sink_;
  std::map<std::string, Row> rows_;
};

}  // namespace shoumi::agent::usb
