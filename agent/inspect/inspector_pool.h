#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/inspect/inspector_rules.h"
#include "boost/asio/io_context.hpp"
#include "common/fd.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

struct PoolOptions {
  std::string program;  // path of shoumi-inspect
  std::string user;     // account the workers run as; empty: the caller's own (CLI)
  uint32_t workers_max = 2;
  uint32_t queue_max = 256;  // events waiting for a worker
  uint32_t reply_bytes_max = 4 << 20;
  std::chrono::milliseconds start_ms_max{20'000};  // packs compiled, worker forked
  v1::InspectLimits limits;
};

struct Inspection {
  std::string name;  // base name of the content
  UniqueFd content;  // or, when it owns none, `text`
  std::string text;
  std::chrono::steady_clock::time_point deadline;
  std::string today;
  bool explain = false;
  bool own_content = false;  // nobody but the caller can change it while it is inspected
  // A socket that gets the text as frames of ExtractedPiece, and its end with the answer. Whoever
  // holds the other end reads it all the while: the worker waits for it.
  UniqueFd text_out;
};

// Sandboxed workers behind one queue. A worker that crashes, hangs past the deadline or talks
// nonsense is killed and replaced; its event gets a named unscanned reason. Thread-safe.
class InspectorPool {
 public:
  using Done = std::function<void(v1::InspectReport)>;
  struct Stats {
    uint64_t inspected = 0;
    uint64_t replaced = 0;  // workers that crashed or were killed at a deadline
    uint64_t overloaded = 0;
    uint64_t remembered = 0;  // answered without inspecting again
    uint32_t workers = 0;
    uint32_t queued = 0;
  };

  // Starts shoumi-inspect with `rules` and waits until it and a first worker are ready; `io` need
  // not run yet. `io` runs the callbacks. Packs with an error are InvalidArgument, its message one
  // line a problem.
  static absl::StatusOr<std::unique_ptr<InspectorPool>> Start(boost::asio::io_context& io,
                                                              PoolOptions options,
                                                              const InspectorRules& rules);
  // What has no answer yet gets one, on `io`: run it until they are through.
  virtual ~InspectorPool() = default;

  // `done` is called exactly once, on a thread of `io`, at the deadline at the latest: with
  // findings, or with an unscanned reason. Never called from inside Inspect().
  virtual void Inspect(Inspection inspection, Done done) = 0;

  // Takes `rules` up in a fresh shoumi-inspect and switches to it when it is ready; on an error the
  // old one stays and the problems come back. Blocks up to start_ms_max; not for io threads.
  virtual absl::StatusOr<v1::InspectorReady> Reload(const InspectorRules& rules) = 0;

  [[nodiscard]] virtual v1::InspectorReady Ready() const = 0;
  [[nodiscard]] virtual Stats stats() const = 0;
};

}  // namespace shoumi::inspect
