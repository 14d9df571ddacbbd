#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/session/guard/limits.h"
#include "agent/session/guard/stored_bytes.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::session {

// One kind of content that was copied.
struct CopiedKind {
  std::string name;                          // its MIME type
  std::shared_ptr<const StoredBytes> bytes;  // null: not had; equal ones are shared
  v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;
};

// Everything of one copy.
struct Copy {
  std::vector<CopiedKind> kinds;  // in the owner's order
  v1::UnscannedReason reason = v1::UNSCANNED_REASON_UNSPECIFIED;

  [[nodiscard]] const CopiedKind* Find(std::string_view name) const;
  [[nodiscard]] const CopiedKind* PlainText() const;
  [[nodiscard]] bool SameContent(const Copy& other) const;
};

// Reads all that a source offers, one kind after the other. The source is a stranger: it may write
// nothing, or without end. One that closes early cannot be told from one that had no more. One
// thread; nothing here waits for the source.
class OfferReader {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Has the source write a kind to the descriptor, which stays the reader's.
  using Receive = std::function<void(const std::string& name, int fd)>;

  OfferReader(const GuardLimits& limits, const std::vector<std::string>& names, bool too_many,
              Receive receive, Time now);

  [[nodiscard]] int fd() const { return pipe_.get(); }  // -1 once done
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] Time deadline() const { return std::min(sign_until_, end_at_); }
  void OnReadable(Time now);
  void OnTime(Time now);
  // What has been had, and is still in the pipe, is all there is.
  void OnOwnerGone() { gone_ = true; }
  // Once done.
  Copy Take();

 private:
  void AskNext(Time now);
  void EndKind(v1::UnscannedReason reason, Time now);
  void Finish(v1::UnscannedReason reason);
  CopiedKind& current() { return copy_.kinds[order_[next_ - 1]]; }

  const GuardLimits& limits_;
  const Receive receive_;
  const Time end_at_;
  Time sign_until_;
  Copy copy_;
  std::vector<size_t> order_;
  size_t next_ = 0;  // one past the kind in hand
  UniqueFd pipe_;
  std::shared_ptr<StoredBytes> bytes_;
  uint64_t had_bytes_ = 0;
  bool gone_ = false;
  bool done_ = false;
};

}  // namespace shoumi::session
