#include "agent/session/wayland/offer_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <utility>

#include "agent/session/guard/targets.h"

namespace shoumi::session {
namespace {

constexpr size_t kReadBytes = 256U << 10;

}  // namespace

const CopiedKind* Copy::Find(std::string_view name) const {
  const auto it = std::ranges::find(kinds, name, &CopiedKind::name);
  return it == kinds.end() ? nullptr : &*it;
}

const CopiedKind* Copy::PlainText() const {
  for (const std::string_view name : kPlainText) {
    const CopiedKind* const kind = Find(name);
    if (kind != nullptr && kind->bytes) return kind;
  }
  return nullptr;
}

bool Copy::SameContent(const Copy& other) const {
  const CopiedKind* const mine = PlainText();
  const CopiedKind* const theirs = other.PlainText();
  // Who takes content over often keeps its text alone.
  if (mine != nullptr && theirs != nullptr) return mine->bytes->Equals(*theirs->bytes);
  return kinds.size() == other.kinds.size() &&
         std::ranges::all_of(kinds, [&](const CopiedKind& kind) {
           const CopiedKind* const twin = other.Find(kind.name);
           if (twin == nullptr || !kind.bytes != !twin->bytes) return false;
           return !kind.bytes || kind.bytes->Equals(*twin->bytes);
         });
}

OfferReader::OfferReader(const GuardLimits& limits, const std::vector<std::string>& names,
                         bool too_many, Receive receive, Time now)
    : limits_(limits), receive_(std::move(receive)), end_at_(now + limits.fetch_ms_max) {
  if (too_many) copy_.reason = v1::UNSCANNED_REASON_TOO_MANY;
  for (const std::string& name : names) {
    if (IsContent(name) && copy_.Find(name) == nullptr) copy_.kinds.push_back({name, nullptr});
  }
  order_.resize(copy_.kinds.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::ranges::stable_sort(order_, {}, [&](size_t i) { return FetchRank(copy_.kinds[i].name); });
  AskNext(now);
}

void OfferReader::AskNext(Time now) {
  pipe_.Reset();
  if (next_ == order_.size()) {
    Finish(v1::UNSCANNED_REASON_UNSPECIFIED);
    return;
  }
  ++next_;
  auto made = StoredBytes::Make();
  int ends[2] = {-1, -1};
  if (!made.ok() || ::pipe2(ends, O_CLOEXEC) != 0) {
    Finish(v1::UNSCANNED_REASON_OVERLOADED);
    return;
  }
  bytes_ = *std::move(made);
  pipe_.Reset(ends[0]);
  const UniqueFd write(ends[1]);
  ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);  // ours; the source writes as it likes
  receive_(current().name, write.get());
  sign_until_ = now + limits_.owner_ms_max;
}

void OfferReader::OnReadable(Time now) {
  std::vector<char> buffer(kReadBytes);
  const ssize_t n = ::read(pipe_.get(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    EndKind(n == 0 ? v1::UNSCANNED_REASON_UNSPECIFIED : v1::UNSCANNED_REASON_CORRUPT, now);
    return;
  }
  const auto size = static_cast<uint64_t>(n);
  if (bytes_->size() + size > limits_.target_bytes_max ||
      had_bytes_ + size > limits_.selection_bytes_max) {
    EndKind(v1::UNSCANNED_REASON_OVERSIZE, now);
    return;
  }
  if (!bytes_->Append({buffer.data(), static_cast<size_t>(n)}).ok()) {
    EndKind(v1::UNSCANNED_REASON_OVERLOADED, now);
    return;
  }
  had_bytes_ += size;
  sign_until_ = now + limits_.owner_ms_max;
}

void OfferReader::EndKind(v1::UnscannedReason reason, Time now) {
  CopiedKind& kind = current();
  // Nobody was left to write it.
  if (gone_ && bytes_->size() == 0) reason = v1::UNSCANNED_REASON_PARTIAL;
  if (reason == v1::UNSCANNED_REASON_UNSPECIFIED && !bytes_->Seal().ok()) {
    reason = v1::UNSCANNED_REASON_OVERLOADED;
  }
  kind.reason = reason;
  if (reason != v1::UNSCANNED_REASON_UNSPECIFIED) {
    copy_.reason = reason;
  } else {
    const auto twin = std::ranges::find_if(copy_.kinds, [&](const CopiedKind& other) {
      return other.bytes && other.bytes->Equals(*bytes_);
    });
    kind.bytes = twin == copy_.kinds.end() ? bytes_ : twin->bytes;
  }
  if (gone_) {
    Finish(v1::UNSCANNED_REASON_PARTIAL);
  } else {
    AskNext(now);
  }
}

void OfferReader::OnTime(Time now) {
  if (done_ || now < deadline()) return;
  if (now >= end_at_) {
    Finish(v1::UNSCANNED_REASON_TIMEOUT);
  } else {
    EndKind(v1::UNSCANNED_REASON_TIMEOUT, now);
  }
}

void OfferReader::Finish(v1::UnscannedReason reason) {
  if (done_) return;
  done_ = true;
  pipe_.Reset();
  if (reason == v1::UNSCANNED_REASON_UNSPECIFIED) return;
  copy_.reason = reason;
  for (CopiedKind& kind : copy_.kinds) {
    if (!kind.bytes && kind.reason == v1::UNSCANNED_REASON_UNSPECIFIED) kind.reason = reason;
  }
  if (!gone_) return;
  // What an owner that ended left empty it had no time to write; it is not offered.
  std::erase_if(copy_.kinds,
                [](const CopiedKind& kind) { return !kind.bytes || kind.bytes->size() == 0; });
}

Copy OfferReader::Take() {
  return std::move(copy_);
}

}  // namespace shoumi::session
