#include "agent/channels/attachments/attachment_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "common/log.h"
#include "fmt/format.h"

namespace shoumi::agent::attachments {
namespace {

// A change of the mount table comes by itself; the rest is looked after.
constexpr int kScanMs = 5'000;

// Files that wait for their inspection, and two for each process that is known.
void RaiseDescriptors() {
  constexpr rlim_t kWanted = 1 << 16;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kWanted) return;
  limit.rlim_cur = kWanted;
  limit.rlim_max = std::max(limit.rlim_max, kWanted);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void Wake(const UniqueFd& fd) {
  const uint64_t one = 1;
  if (fd && ::write(fd.get(), &one, sizeof(one)) < 0) return;  // full: it is awake
}

std::string TextOf(const FileSystem& system, const absl::Status& why) {
  return fmt::format("{} ({}): {}", system.mount_point, system.type, std::string(why.message()));
}

}  // namespace

std::shared_ptr<const RulesInForce> AttachmentChannel::rules() const {
  const std::lock_guard lock(rules_mutex_);
  return rules_;
}

absl::Status AttachmentChannel::Start(EventSink& sink) {
  if (::geteuid() != 0) return absl::FailedPreconditionError("watching attachments needs root");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return ErrnoStatus(errno, "eventfd");
  ::signal(SIGIO, SIG_IGN);
  RaiseDescriptors();
  {
    const std::lock_guard lock(mutex_);
    sink_ = &sink;
    wake_ = std::move(wake);
    openers_ = std::make_unique<Openers>(options_.openers, [this] { Wake(wake_); });
    held_ = std::make_unique<HeldFiles>(*openers_, sink, *judged_);
    auto planted = PlantedFiles::Start(*openers_, [this] { return rules(); });
    if (!planted.ok()) return planted.status();
    planted_ = *std::move(planted);
    ListenerOptions options;
    options.planted = [p = planted_.get()](const FileVersion& version, const std::string& path) {
      return p->Has(version, path);
    };
    options.judged = judged_;
    options.ahead = options_.ahead;
    options.judge = options_.judge;
    options.clean = options_.clean;
    auto local = Listener::Start(
        *openers_, sink, [this] { return rules(); }, std::move(options));
    if (!local.ok()) return local.status();
    local_ = *std::move(local);
    started_ = true;
  }
  stopping_ = false;
  Scan();
  watch_ = std::thread([this] { Watch(); });
  return absl::OkStatus();
}

void AttachmentChannel::ApplyPolicy(const v1::Policy& policy) {
  auto fresh = std::make_shared<const RulesInForce>(policy, homes_);
  {
    const std::lock_guard lock(rules_mutex_);
    rules_ = std::move(fresh);
  }
  const std::lock_guard lock(mutex_);
  if (!started_) return;
  // What was clean under other rules may not be under these.
  judged_->Clear();
  local_->Reset();
  for (auto& [device, watched] : watched_) {
    if (watched.served != nullptr) watched.served->Reset();
  }
  Wake(wake_);
}

void AttachmentChannel::Stop() {
  if (!watch_.joinable()) return;
  stopping_ = true;
  Wake(wake_);
  watch_.join();
  const std::lock_guard lock(mutex_);
  started_ = false;
  // First what answers the kernel, so that nobody waits; then what it asks.
  local_->Stop();
  for (auto& [device, watched] : watched_) {
    if (watched.served != nullptr) watched.served->Stop();
  }
  planted_->Stop();
  openers_->Stop();
  watched_.clear();
  uncovered_.clear();
}

v1::ChannelState AttachmentChannel::State() const {
  const auto rules_now = rules();
  const std::lock_guard lock(mutex_);
  v1::ChannelState state;
  state.set_channel("attachment");
  state.set_guarded(static_cast<uint32_t>(watched_.size()));
  state.set_coverage(v1::COVERAGE_NOT_COVERED);
  if (!started_) {
    state.set_why("not started");
  } else if (rules_now == nullptr) {
    state.set_why("no policy yet");
  } else if (!rules_now->active()) {
    state.set_why("switched off by the policy");
  } else if (rules_now->classes.empty() || rules_now->catalogue.empty()) {
    state.set_why("the policy names no programs whose opens are judged");
  } else if (watched_.empty()) {
    state.set_why(uncovered_.empty() ? "no file system is watched" : uncovered_.begin()->second);
  } else if (!uncovered_.empty() || !unreachable_.empty()) {
    state.set_coverage(v1::COVERAGE_PARTIAL);
    state.set_why((uncovered_.empty() ? unreachable_ : uncovered_).begin()->second);
  } else {
    state.set_coverage(v1::COVERAGE_COVERED);
  }
  return state;
}

std::map<std::string, uint64_t> AttachmentChannel::Counters() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, uint64_t> sums;
  const auto add = [&sums](const Listener& listener) {
    const ListenerCounters& opens = listener.counters();
    const JudgeCounters& judged = listener.judged();
    const CleanCounters& clean = listener.clean();
    const std::pair<const char*, uint64_t> counts[] = {
        {"attachment_opens", opens.opens},
        {"attachment_opens_own", opens.own},
        {"attachment_opens_unwatched", opens.unwatched},
        {"attachment_opens_watched", opens.watched},
        {"attachment_opens_unidentified", opens.unidentified},
        {"attachment_writable_closes", opens.writable_closes},
        {"attachment_flushes", opens.flushes},
        {"attachment_events", judged.events},
        {"attachment_denied", judged.denied},
        {"attachment_folded", judged.folded},
        {"attachment_own_paths", judged.own_paths},
        {"attachment_planted", judged.planted},
        {"attachment_system_files", judged.system},
        {"attachment_overloaded", judged.overloaded},
        {"attachment_lost", judged.lost},
        {"attachment_clean_system", clean.system},
        {"attachment_clean_inspected", clean.inspected},
        {"attachment_clean", clean.clean},
        {"attachment_clean_again", clean.again},
        {"attachment_clean_changed", clean.changed},
        {"attachment_clean_dropped", clean.dropped}};
    for (const auto& [name, count] : counts) sums[name] += count;
  };
  if (local_ != nullptr) add(*local_);
  if (held_ != nullptr) {
    sums["attachment_held"] = held_->found();
    sums["attachment_looks"] = held_->looks();
  }
  for (const auto& [device, watched] : watched_) {
    if (watched.served != nullptr) add(*watched.served);
  }
  return sums;
}

void AttachmentChannel::Watch() {
  const UniqueFd table(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  while (!stopping_) {
    pollfd fds[2] = {{wake_.get(), POLLIN, 0}, {table.get(), POLLPRI, 0}};
    if (::poll(fds, 2, kScanMs) < 0 && errno != EINTR) break;
    uint64_t count = 0;
    if ((fds[0].revents & POLLIN) != 0 && ::read(wake_.get(), &count, sizeof(count)) < 0) continue;
    if (!stopping_) Scan();
  }
}

bool AttachmentChannel::IsWanted(const FileSystem& system) const {
  if (options_.only_below.empty()) return true;
  return std::ranges::any_of(options_.only_below, [&](const std::string& place) {
    return system.mount_point == place || system.mount_point.starts_with(place + "/");
  });
}

void AttachmentChannel::Scan() {
  const auto rules_now = rules();
  const std::lock_guard lock(mutex_);
  std::map<dev_t, FileSystem> wanted;
  if (rules_now != nullptr && rules_now->active()) {
    for (FileSystem& system : ReadFileSystems()) {
      if (IsWanted(system)) wanted.emplace(system.device, std::move(system));
    }
  }
  for (auto it = watched_.begin(); it != watched_.end();) {
    const auto still = wanted.find(it->first);
    const bool active = rules_now != nullptr && rules_now->active();
    const bool stays = it->second.foreign
                           ? active && still == wanted.end()
                           : still != wanted.end() && still->second.type == it->second.system.type;
    if (!stays) Release(it->second);
    it = stays ? std::next(it) : watched_.erase(it);
  }
  std::erase_if(uncovered_, [&](const auto& row) { return !wanted.contains(row.first); });
  for (const auto& [device, system] : wanted) {
    if (!watched_.contains(device)) WatchNew(system);
  }
  CheckServed();
  if (rules_now != nullptr && rules_now->active()) LookAtHeld(rules_now);
  ReportUnidentified();
  ReportLostChanges();
}

void AttachmentChannel::LookAtHeld(const std::shared_ptr<const RulesInForce>& rules_now) {
  std::set<dev_t> seen;
  std::map<dev_t, std::string> unreachable;
  HeldFiles::Places places;
  places.is_local = [this](dev_t device) {
    const auto it = watched_.find(device);
    return it != watched_.end() && it->second.served == nullptr;
  };
  places.planted = [this](const FileVersion& version, const std::string& path) {
    return planted_->Has(version, path);
  };
  places.foreign = [this, &seen](const FileSystem& system, const UniqueFd& mount) {
    // What cannot be marked now is tried again with the next look.
    if (!IsWanted(system) || !local_->Add(mount.get()).ok()) return;
    watched_.emplace(system.device, Watched{system, nullptr, true});
    seen.insert(system.device);
  };
  places.seen = [&seen](dev_t device) { seen.insert(device); };
  places.unreachable = [this, &unreachable](const FileSystem& system, const absl::Status& why) {
    if (IsWanted(system)) unreachable.emplace(system.device, TextOf(system, why));
  };
  held_->Look(rules_now, places);
  // Marks go with their file systems; what is still there is met again.
  std::erase_if(watched_, [&seen](const auto& row) {
    return row.second.foreign && !seen.contains(row.first);
  });
  for (const auto& [device, text] : unreachable) {
    if (!unreachable_.contains(device)) ReportUncovered(text);
  }
  unreachable_ = std::move(unreachable);
}

// Its mark goes with the file system; where that is still there, policy no longer wants it.
void AttachmentChannel::Release(Watched& watched) {
  if (watched.served != nullptr) return watched.served->Stop();
  if (watched.foreign) return;
  const absl::StatusOr<UniqueFd> mount = OpenMount(watched.system);
  if (mount.ok()) local_->Remove(mount->get()).IgnoreError();
  planted_->Remove(watched.system);
}

absl::Status AttachmentChannel::WatchLocal(const FileSystem& system, int mount) {
  absl::Status added = local_->Add(mount);
  if (!added.ok()) return added;
  const absl::Status told = planted_->Add(system, mount);
  if (!told.ok()) {
    // No home folder lies on such a file system as a rule.
    spdlog::info("attachments: {}: what others put into programs' own folders is not told: {}",
                 system.mount_point, std::string(told.message()));
  }
  return absl::OkStatus();
}

void AttachmentChannel::WatchNew(const FileSystem& system) {
  Watched watched{system, nullptr, false};
  absl::Status added;
  if (system.kind == FileSystemKind::kLocal) {
    const absl::StatusOr<UniqueFd> mount = OpenMount(system);
    added = mount.ok() ? WatchLocal(system, mount->get()) : mount.status();
  } else {
    const auto served = std::ranges::count_if(
        watched_, [](const auto& row) { return row.second.served != nullptr; });
    if (static_cast<size_t>(served) >= options_.served_max) {
      return Uncovered(system, absl::ResourceExhaustedError(fmt::format(
                                   "more than {} served file systems", options_.served_max)));
    }
    ListenerOptions options;
    options.served = true;
    options.system = system;
    options.judged = judged_;
    options.ahead = false;
    options.judge = options_.judge;
    auto listener = Listener::Start(
        *openers_, *sink_, [this] { return rules(); }, std::move(options));
    added = listener.status();
    if (listener.ok()) watched.served = *std::move(listener);
  }
  if (!added.ok()) return Uncovered(system, added);
  if (watched.served == nullptr) uncovered_.erase(system.device);
  watched_.emplace(system.device, std::move(watched));
}

void AttachmentChannel::CheckServed() {
  for (auto& [device, watched] : watched_) {
    if (watched.served == nullptr) continue;
    const absl::Status covered = watched.served->covered();
    if (covered.ok()) {
      uncovered_.erase(device);
    } else {
      Uncovered(watched.system, covered);
    }
  }
}

// Each once: it is looked at again with every scan.
void AttachmentChannel::Uncovered(const FileSystem& system, const absl::Status& why) {
  const std::string text = TextOf(system, why);
  std::string& known = uncovered_[system.device];
  if (known == text) return;
  known = text;
  // A served file system that was marked a moment ago is given one more scan to answer.
  if (!absl::IsUnavailable(why)) ReportUncovered(text);
}

void AttachmentChannel::ReportUncovered(const std::string& text) {
  spdlog::warn("attachments: not watched: {}", text);
  sink_->Report(v1::AgentEvent::KIND_GUARD_FAILED, "attachments: not watched: " + text);
}

void AttachmentChannel::ReportUnidentified() {
  const Openers::Counters& counters = openers_->counters();
  const uint64_t count = counters.late + counters.refused;
  if (count == unidentified_reported_) return;
  sink_->Report(
      v1::AgentEvent::KIND_BYPASS_ATTEMPT,
      fmt::format("attachments: {} opens let pass: their program could not be told in time",
                  count - unidentified_reported_));
  unidentified_reported_ = count;
}

void AttachmentChannel::ReportLostChanges() {
  const uint64_t lost = planted_->lost();
  if (lost == planted_lost_reported_) return;
  sink_->Report(v1::AgentEvent::KIND_GUARD_FAILED,
                "attachments: not all changes in programs' own folders were told");
  planted_lost_reported_ = lost;
}

}  // namespace shoumi::agent::attachments
