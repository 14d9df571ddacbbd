#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/session/guard/stored_bytes.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::session {

// What was copied, as one target; or, without bytes, why it could not be read.
struct Part {
  std::string target;  // "UTF8_STRING", "image/png"
  std::shared_ptr<const StoredBytes> bytes;
  v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;
};

// One paste that waits.
struct Question {
  std::string selection;  // "CLIPBOARD", "PRIMARY"
  pid_t source = 0;       // of the program that was copied from; 0: not known
  pid_t requestor = 0;    // of the program that pastes; 0: not known (Wayland), or nobody has asked
                          // yet, and passing leaves the selection with its owner
  std::string window_class;  // of the requestor's window; often empty
  std::vector<Part> parts;   // each must pass
};

// Decides pastes. `done` is called exactly once, from any thread, at the latest when the judge is
// destroyed; the guard may be gone by then. Ask and Report are called on the guard's thread and
// must not block.
class Judge {
 public:
  using Done = std::function<void(bool pass)>;
  virtual ~Judge() = default;
  virtual void Ask(Question question, Done done) = 0;
  // What the guard could not cover: one sentence in English.
  virtual void Report(std::string what) = 0;
};

}  // namespace shoumi::session
