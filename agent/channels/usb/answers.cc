#include "agent/channels/usb/answers.h"

#include <utility>
#include <vector>

namespace shoumi::agent::usb {

struct Answers::Shared {
  struct Entry {
    std::chrono::steady_clock::time_point limit;
    bool report_only;
    Then then;
  };
  std::mutex mutex;
  std::condition_variable changed;
  TaskThreads* tasks = nullptr;  // null when closed
  bool closing = false;          // somebody waits for the last entry
  std::function<void()> lost;
  std::chrono::milliseconds grace{};
  uint64_t next = 1;
  std::map<uint64_t, Entry> entries;
};

// Held by the event's callback: when the last copy goes without an answer, the answer is lost.
struct Answers::Token {
  std::shared_ptr<Shared> shared;
  uint64_t id;
  Token(std::shared_ptr<Shared> s, uint64_t i) : shared(std::move(s)), id(i) {}
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token() {
    bool open = false;
    std::function<void()> lost;
    {
      const std::lock_guard lock(shared->mutex);
      open = shared->entries.contains(id);
      lost = shared->lost;
    }
    if (!open) return;
    lost();
    Resolve(shared, id, true);
  }
};

Answers::Answers(TaskThreads& tasks, std::chrono::milliseconds grace, std::function<void()> lost)
    : shared_(std::make_shared<Shared>()) {
  shared_->tasks = &tasks;
  shared_->grace = grace;
  shared_->lost = std::move(lost);
  watch_ = std::thread([this] { Watch(); });
}

Answers::~Answers() {
  Close(std::chrono::milliseconds(0));
}

std::function<void(const v1::Verdict&)> Answers::Expect(
    std::chrono::steady_clock::time_point deadline, bool report_only, Then then) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->tasks != nullptr) {
      id = shared_->next++;
      shared_->entries.emplace(
          id, Shared::Entry{deadline + shared_->grace, report_only, std::move(then)});
      then = nullptr;
    }
  }
  if (then) {
    then(!report_only);
    return [](const v1::Verdict&) {};
  }
  auto token = std::make_shared<Token>(shared_, id);
  return [token = std::move(token)](const v1::Verdict& verdict) {
    const bool passes =
        verdict.action() == v1::ACTION_ALLOW || verdict.action() == v1::ACTION_REPORT;
    Resolve(token->shared, token->id, !passes);
  };
}

void Answers::Resolve(const std::shared_ptr<Shared>& shared, uint64_t id, bool stopped) {
  const std::lock_guard lock(shared->mutex);
  const auto it = shared->entries.find(id);
  if (it == shared->entries.end()) return;
  stopped = stopped && !it->second.report_only;
  Then then = std::move(it->second.then);
  shared->entries.erase(it);
  if (shared->closing) shared->changed.notify_all();
  // Under the lock: Close() lets the tasks end only after it has held the lock once more.
  if (shared->tasks != nullptr) {
    shared->tasks->Post([then = std::move(then), stopped] { then(stopped); });
  }
}

size_t Answers::waiting() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->entries.size();
}

void Answers::Watch() {
  std::unique_lock lock(shared_->mutex);
  while (shared_->tasks != nullptr) {
    shared_->changed.wait_for(lock, std::chrono::milliseconds(500));
    const auto now = std::chrono::steady_clock::now();
    std::vector<uint64_t> late;
    for (const auto& [id, entry] : shared_->entries) {
      if (now > entry.limit) late.push_back(id);
    }
    if (late.empty()) continue;
    lock.unlock();
    for (const uint64_t id : late) {
      shared_->lost();
      Resolve(shared_, id, true);
    }
    lock.lock();
  }
}

void Answers::Close(std::chrono::milliseconds limit) {
  std::map<uint64_t, Shared::Entry> rest;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->closing = true;
    shared_->changed.wait_for(lock, limit, [this] { return shared_->entries.empty(); });
    rest.swap(shared_->entries);
    shared_->tasks = nullptr;
  }
  shared_->changed.notify_all();
  for (auto& [id, entry] : rest) entry.then(!entry.report_only);
  if (watch_.joinable()) watch_.join();
}

}  // namespace shoumi::agent::usb
