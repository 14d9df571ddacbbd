#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/testing/recording_sink.h"

namespace shoumi::inspect {

// Small bounds, so that a fuzzer spends its time on parsing.
inline Limits FuzzLimits() {
  Limits limits;
  limits.expanded_bytes_max = 8 << 20;
  limits.memory_object_bytes_max = 4 << 20;
  limits.depth_max = 3;
  limits.entries_max = 200;
  return limits;
}

// One format over `bytes`, whatever its detection says. Ends the process when a rule of PartSink is
// broken: a part within a part, text that is not UTF-8.
inline void FuzzFormat(const Format& format, std::string_view bytes) {
  if (bytes.empty()) return;
  RecordingSink sink(false);
  const auto source = MakeMemorySource(bytes);
  Context context(FuzzLimits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(5));
  format.detect(bytes.substr(0, kHeadBytes), *source);
  format.extract(*source, context);
  if (sink.broken.empty()) return;
  std::fprintf(stderr, "%s\n", sink.broken.c_str());
  std::abort();
}

inline std::string_view FuzzBytes(const unsigned char* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace shoumi::inspect
