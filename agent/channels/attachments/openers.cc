#include "agent/channels/attachments/openers.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "agent/channels/attachments/preference.h"

namespace shoumi::agent::attachments {

Openers::Openers(OpenerBounds bounds, std::function<void()> watched)
    : bounds_(bounds), watched_(std::move(watched)) {
  for (uint32_t i = 0; i < bounds_.threads; ++i) threads_.emplace_back([this] { Look(); });
  threads_.emplace_back([this] { Sweep(); });
}

void Openers::Stop() {
  Jobs left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    left.swap(jobs_);
    by_pid_.clear();
  }
  ready_.notify_all();
  sweep_.notify_all();
  for (const auto& job : left) {
    for (const Then& then : Finish(job)) then(nullptr);
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::shared_ptr<const Opener> Openers::Find(pid_t pid,
                                            const std::shared_ptr<const RulesInForce>& rules) {
  std::shared_ptr<const Opener> opener;
  {
    const std::lock_guard lock(known_mutex_);
    const auto it = known_.find(pid);
    if (it == known_.end() || it->second.opener->rules != rules) return nullptr;
    opener = it->second.opener;
  }
  // What has changed or ended stays until another takes its place: see AppOf().
  if (!apps::IsUnchanged(opener->process, opener->identity)) return nullptr;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(known_mutex_);
  const auto it = known_.find(pid);
  if (it != known_.end() && it->second.opener == opener) it->second.seen = now;
  return opener;
}

bool Openers::Identify(pid_t pid, std::shared_ptr<const RulesInForce> rules, Then then) {
  return Enqueue(pid, std::move(rules), std::chrono::milliseconds(bounds_.identify_ms_max),
                 std::move(then));
}

bool Openers::Enqueue(pid_t pid, std::shared_ptr<const RulesInForce> rules,
                      std::chrono::milliseconds limit, Then then) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ >= bounds_.waiting_max) {
      ++counters_.refused;
      return false;
    }
    ++waiting_;
    std::shared_ptr<Job>& job = by_pid_[pid];
    // A job that a thread has taken may have looked before the program changed.
    if (job != nullptr && !job->taken && job->rules == rules && job->limit == limit) {
      job->waiting.push_back(std::move(then));
      return true;
    }
    job = std::make_shared<Job>();
    job->pid = pid;
    job->rules = std::move(rules);
    job->limit = limit;
    job->until = std::chrono::steady_clock::now() + limit;
    job->waiting.push_back(std::move(then));
    jobs_.push_back(job);
  }
  ready_.notify_one();
  return true;
}

std::optional<std::string> Openers::AppOf(pid_t pid,
                                          const std::shared_ptr<const RulesInForce>& rules) {
  const auto app_of = [](const Opener& opener) {
    return opener.identity.app == nullptr ? std::string() : opener.identity.app->id();
  };
  if (const auto opener = Find(pid, rules)) return app_of(*opener);
  {
    const auto since =
        std::chrono::steady_clock::now() - std::chrono::milliseconds(bounds_.ended_ms_max);
    const std::lock_guard lock(known_mutex_);
    const auto it = known_.find(pid);
    // One that nobody has waited for yet runs nothing any more.
    const auto ended = [](const apps::Process& process) {
      return !process.Lives() || process.Link("exe").empty();
    };
    if (it != known_.end() && it->second.opener->rules == rules && it->second.seen > since &&
        ended(it->second.opener->process)) {
      return app_of(*it->second.opener);
    }
  }
  const auto promise = std::make_shared<std::promise<std::shared_ptr<const Opener>>>();
  auto told = promise->get_future();
  const bool asked = Enqueue(
      pid, rules, std::chrono::milliseconds(bounds_.app_ms_max),
      [promise](std::shared_ptr<const Opener> opener) { promise->set_value(std::move(opener)); });
  if (!asked) return std::nullopt;
  const std::shared_ptr<const Opener> opener = told.get();
  if (opener == nullptr) return std::nullopt;
  return app_of(*opener);
}

// Whoever comes first takes the callers: the thread that looked, the sweep, or Stop().
std::vector<Openers::Then> Openers::Finish(const std::shared_ptr<Job>& job) {
  const std::lock_guard lock(mutex_);
  if (const auto it = by_pid_.find(job->pid); it != by_pid_.end() && it->second == job) {
    by_pid_.erase(it);
  }
  waiting_ -= job->waiting.size();
  return std::exchange(job->waiting, {});
}

void Openers::Look() {
  PreferThisThread();
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      const auto next = [this] {
        return std::find_if(jobs_.begin(), jobs_.end(), [](const auto& j) { return !j->taken; });
      };
      ready_.wait(lock, [&] { return stopping_ || next() != jobs_.end(); });
      if (stopping_) return;
      job = *next();
      job->taken = true;
    }
    std::shared_ptr<const Opener> opener = LookAt(job->pid, job->rules, apps::kAncestorsMax);
    ++(opener == nullptr ? counters_.ended : counters_.identified);
    {
      const std::lock_guard lock(mutex_);
      jobs_.remove(job);
    }
    for (const Then& then : Finish(job)) then(opener);
    if (watched_ && opener != nullptr && opener->watched) watched_();
  }
}

std::shared_ptr<const Opener> Openers::LookAt(pid_t pid,
                                              const std::shared_ptr<const RulesInForce>& rules,
                                              int levels) {
  absl::StatusOr<apps::Process> process = apps::Process::Open(pid);
  if (!process.ok()) return nullptr;
  const auto above = [&](pid_t parent) -> std::optional<apps::ProgramIdentity> {
    std::shared_ptr<const Opener> known = Find(parent, rules);
    if (known == nullptr && levels > 0) known = LookAt(parent, rules, levels - 1);
    if (known == nullptr) return std::nullopt;
    return known->identity;
  };
  absl::StatusOr<apps::ProgramIdentity> identity =
      apps::Identify(*process, rules->catalogue, above);
  if (!identity.ok()) return nullptr;
  const bool watched = !identity->below_self && rules->IsWatched(identity->app);
  auto opener = std::make_shared<const Opener>(
      Opener{*std::move(process), *std::move(identity), rules, watched});
  Remember(opener);
  return opener;
}

void Openers::Remember(std::shared_ptr<const Opener> opener) {
  const pid_t pid = opener->process.pid();
  const std::lock_guard lock(known_mutex_);
  if (const auto it = known_.find(pid); it != known_.end()) {
    ages_.erase(it->second.age);
    known_.erase(it);
  }
  while (known_.size() >= bounds_.known_max) {
    known_.erase(ages_.front());
    ages_.pop_front();
  }
  ages_.push_back(pid);
  known_.emplace(
      pid, Entry{std::move(opener), std::prev(ages_.end()), std::chrono::steady_clock::now()});
}

size_t Openers::known() const {
  const std::lock_guard lock(known_mutex_);
  return known_.size();
}

void Openers::ForgetEnded() {
  std::vector<std::shared_ptr<const Opener>> all;
  const auto until =
      std::chrono::steady_clock::now() - std::chrono::milliseconds(bounds_.ended_ms_max);
  {
    const std::lock_guard lock(known_mutex_);
    for (const auto& [pid, entry] : known_) {
      if (entry.seen < until) all.push_back(entry.opener);
    }
  }
  std::erase_if(all, [](const auto& opener) { return opener->process.Lives(); });
  const std::lock_guard lock(known_mutex_);
  for (const auto& opener : all) {
    const auto it = known_.find(opener->process.pid());
    if (it == known_.end() || it->second.opener != opener) continue;
    ages_.erase(it->second.age);
    known_.erase(it);
  }
}

// Callers of what takes too long are told so; the thread that looks is left to it.
void Openers::Sweep() {
  std::unique_lock lock(mutex_);
  auto forget = std::chrono::steady_clock::now() + std::chrono::milliseconds(bounds_.forget_ms);
  while (!stopping_) {
    const uint32_t part = jobs_.empty() ? 1 : 5;
    sweep_.wait_for(lock, std::chrono::milliseconds(std::max(1u, bounds_.identify_ms_max / part)));
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<Job>> late;
    for (auto it = jobs_.begin(); it != jobs_.end();) {
      const bool over = now > (*it)->until && !(*it)->waiting.empty();
      if (over) late.push_back(*it);
      // One that nobody has taken is not looked at any more.
      it = over && !(*it)->taken ? jobs_.erase(it) : std::next(it);
    }
    lock.unlock();
    for (const auto& job : late) {
      for (const Then& then : Finish(job)) {
        ++counters_.late;
        then(nullptr);
      }
    }
    if (now >= forget) {
      forget = now + std::chrono::milliseconds(bounds_.forget_ms);
      ForgetEnded();
    }
    lock.lock();
  }
}

}  // namespace shoumi::agent::attachments
