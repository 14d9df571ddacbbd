#include "server/indexes/delta_shelf.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"

namespace shoumi::server {

DeltaShelf::DeltaShelf(const DeltaOptions& options, IndexShelf& shelf, const Clock& clock)
    : options_(options), shelf_(shelf), clock_(clock), thread_([this] { Run(); }) {}

DeltaShelf::~DeltaShelf() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  AnswerAll();
}

bool DeltaShelf::Join(const Pair& pair, Answer& answer) {
  std::shared_ptr<const Delta> delta;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(pair);
    if (found == entries_.end()) return false;
    found->second.asked = ++asked_;
    if (!found->second.ready && waiting_ < options_.waiting_max) {
      found->second.waiting.push_back(std::move(answer));
      ++waiting_;
      return true;
    }
    delta = found->second.delta;
  }
  answer(delta);
  return true;
}

void DeltaShelf::Ask(std::string_view base, std::string_view blob, Answer answer) {
  const Pair pair(base, blob);
  if (Join(pair, answer)) return;
  const auto bytes = shelf_.VersionBytes(base, blob);
  if (!bytes.ok()) return answer(nullptr);
  {
    const std::lock_guard lock(mutex_);
    if (entries_.contains(pair)) {
      // Somebody else was faster; below.
    } else if (bytes->first + bytes->second <= options_.blob_bytes_max &&
               queue_.size() < options_.queue_max && !stopping_) {
      entries_[pair].asked = ++asked_;
      queue_.push_back(pair);
      changed_.notify_all();
    } else {
      ++counters_.deltas_refused;
    }
  }
  if (!Join(pair, answer)) answer(nullptr);
}

void DeltaShelf::AnswerAll() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [pair, entry] : entries_) {
      std::move(entry.waiting.begin(), entry.waiting.end(), std::back_inserter(answers));
      entry.waiting.clear();
    }
    waiting_ = 0;
  }
  for (const Answer& answer : answers) answer(nullptr);
}

void DeltaShelf::Run() {
  for (;;) {
    Pair pair;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      pair = std::move(queue_.front());
      queue_.pop_front();
    }
    const auto delta = Make(pair);
    for (const Answer& answer : Keep(pair, delta)) answer(delta);
  }
}

std::shared_ptr<const Delta> DeltaShelf::Make(const Pair& pair) {
  const Clock::Steady end = clock_.Now() + options_.make_ms_max;
  const auto give_up = [this, end] { return stopping_ || clock_.Now() > end; };
  const auto base = shelf_.ReadVersion(pair.first, give_up);
  if (!base.ok()) return nullptr;
  const auto blob = shelf_.ReadVersion(pair.second, give_up);
  if (!blob.ok()) return nullptr;
  // One that is more than half of the whole, or that would push out all others, is not worth it.
  const auto delta_bytes_max =
      static_cast<size_t>(std::min<uint64_t>(blob->size() / 2, options_.cache_bytes_max / 2));
  auto delta = MakeDelta(*base, *blob, {delta_bytes_max, give_up});
  if (!delta) return nullptr;
  delta->steps.shrink_to_fit();
  delta->data.shrink_to_fit();
  return std::make_shared<const Delta>(*std::move(delta));
}

std::vector<DeltaShelf::Answer> DeltaShelf::Keep(const Pair& pair,
                                                 const std::shared_ptr<const Delta>& delta) {
  ++(delta == nullptr ? counters_.deltas_refused : counters_.deltas_made);
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[pair];
  entry.ready = true;
  entry.delta = delta;
  std::vector<Answer> answers = std::exchange(entry.waiting, {});
  waiting_ -= answers.size();
  MakeRoom();
  return answers;
}

// Takes out those that nobody has asked for the longest.
void DeltaShelf::MakeRoom() {
  for (;;) {
    uint64_t bytes = 0;
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (!it->second.ready) continue;
      bytes += it->second.delta == nullptr ? 0 : it->second.delta->bytes();
      if (oldest == entries_.end() || it->second.asked < oldest->second.asked) oldest = it;
    }
    if (bytes <= options_.cache_bytes_max && entries_.size() <= options_.deltas_max) return;
    if (oldest == entries_.end()) return;
    entries_.erase(oldest);
  }
}

}  // namespace shoumi::server
