#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/inspect/inspector_pool.h"
#include "boost/asio/steady_timer.hpp"
#include "common/fd.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {

inline constexpr size_t kNameBytesMax = 16U << 10;        // longer names are cut, and that is said
inline constexpr size_t kInlineTextBytesMax = 32U << 10;  // more goes through shared memory

// One inspection on its way through the pool.
struct Job {
  using Timer = boost::asio::steady_timer;
  Job(Inspection inspection, InspectorPool::Done callback, Timer deadline_timer)
      : what(std::move(inspection)), done(std::move(callback)), timer(std::move(deadline_timer)) {}

  uint64_t id = 0;
  Inspection what;
  InspectorPool::Done done;  // emptied when called
  Timer timer;
};

// A frame and the descriptors that go with it.
struct OutgoingRequest {
  std::string frame;
  UniqueFd content;   // owns none when the text is in the frame
  UniqueFd text_out;  // owns none when nobody wants to see the text
};

// Moves the content out of `job`. The worker is given less time than there is, so that it can still
// hand over what it has found. Fails where memory for a long text cannot be had.
absl::StatusOr<OutgoingRequest> MakeRequest(Job& job, std::chrono::steady_clock::time_point now);

// A report without findings that names `reason`.
v1::InspectReport UnscannedReport(uint64_t id, v1::UnscannedReason reason, std::string detail);

}  // namespace shoumi::inspect
