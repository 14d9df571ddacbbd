#include "agent/channels/attachments/clean_files.h"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "agent/channels/attachments/file_systems.h"

namespace shoumi::agent::attachments {
namespace {

constexpr std::chrono::seconds kMountsGoodFor{1};

// Both by the clock that file systems take their times from.
bool IsSettled(const FileVersion& version, std::chrono::milliseconds since) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const int64_t age_ms = (now.tv_sec - version.change_s) * 1000 +
                         (now.tv_nsec - int64_t{version.change_ns}) / 1'000'000;
  return age_ms >= since.count();
}

}  // namespace

CleanFiles::CleanFiles(std::shared_ptr<FanotifyGroup> group, EventSink& sink, CleanBounds bounds,
                       bool ahead)
    : group_(std::move(group)), sink_(sink), bounds_(bounds), ahead_(ahead) {
  thread_ = std::thread([this] { Run(); });
}

void CleanFiles::Offer(UniqueFd file) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->stopping && shared_->offered.size() < bounds_.offered_max) {
      shared_->offered.push_back(std::move(file));
      shared_->changed.notify_one();
      return;
    }
  }
  ++counters_.dropped;
}

void CleanFiles::Written(UniqueFd file) {
  group_->Forget(file.get());
}

void CleanFiles::Reset() {
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->generation;
  }
  // After the generation: what is concluded now is seen to be of an earlier one.
  group_->ForgetAll();
  shared_->changed.notify_one();
}

void CleanFiles::Stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CleanFiles::Run() {
  std::unique_lock lock(shared_->mutex);
  while (!shared_->stopping) {
    shared_->changed.wait(lock, [this] {
      return shared_->stopping || !shared_->offered.empty() || !shared_->answered.empty() ||
             shared_->generation != generation_;
    });
    if (shared_->generation != generation_) {
      generation_ = shared_->generation;
      known_.clear();
    }
    std::deque<UniqueFd> offered = std::exchange(shared_->offered, {});
    std::vector<Answered> answered = std::exchange(shared_->answered, {});
    lock.unlock();
    for (const Answered& one : answered) Conclude(one);
    for (UniqueFd& file : offered) LookAt(std::move(file));
    while (in_flight_ < bounds_.in_flight_max && !backlog_.empty()) InspectNext();
    lock.lock();
  }
}

void CleanFiles::LookAt(UniqueFd file) {
  const std::optional<FileVersion> version = VersionOf(file.get());
  if (!version) return;
  if (IsSystemFile(PathOf(file.get()), *version)) {
    counters_.system += IgnoreUnchanged(file.get(), *version) ? 1 : 0;
    return;
  }
  const auto it = known_.find({version->device, version->inode});
  if (it != known_.end() && it->second.version == *version) {
    const bool clean = it->second.found == Found::kClean;
    if (clean && IgnoreUnchanged(file.get(), *version)) ++counters_.again;
    return;
  }
  const bool fits = ahead_ && version->bytes <= bounds_.bytes_max;
  if (!fits || !IsSettled(*version, bounds_.settled) || HasWriter(file.get())) return;
  if (backlog_.size() >= bounds_.backlog_max) {
    ++counters_.dropped;
    return;
  }
  std::optional<FilePlace> place = PlaceOf(file.get());
  if (!place || place->version != *version) return;
  Remember(*version, Found::kAsked);
  backlog_.push_back(*std::move(place));
}

std::string CleanFiles::MountPoint(uint64_t mount_id) {
  const auto now = std::chrono::steady_clock::now();
  if (now - mounts_read_ > kMountsGoodFor) {
    mount_points_.clear();
    for (const FileSystem& system : ReadFileSystems()) {
      for (const auto& [id, place] : system.mounts)
        mount_points_[static_cast<uint64_t>(id)] = place;
    }
    mounts_read_ = now;
  }
  const auto it = mount_points_.find(mount_id);
  return it == mount_points_.end() ? std::string() : it->second;
}

void CleanFiles::InspectNext() {
  const FilePlace place = std::move(backlog_.front());
  backlog_.pop_front();
  const auto it = known_.find({place.version.device, place.version.inode});
  if (it != known_.end() && it->second.version == place.version &&
      it->second.found != Found::kAsked) {
    return;  // told meanwhile
  }
  UniqueFd file = Reopen(place, MountPoint(place.mount_id));
  if (file && !HasWriter(file.get())) return Inspect(std::move(file), place);
  // Gone or changed; its next open brings it here again.
  if (it != known_.end()) known_.erase(it);
}

void CleanFiles::Inspect(UniqueFd file, const FilePlace& place) {
  const FileVersion& version = place.version;
  const std::string& path = place.path;
  Event event;
  event.context.set_channel(v1::CHANNEL_ATTACHMENT);
  event.context.set_operation("look ahead");
  event.context.set_destination(path);
  event.context.set_content_name(path.substr(path.rfind('/') + 1));
  event.context.set_content_bytes(version.bytes);
  event.name = event.context.content_name();
  event.deadline = std::chrono::steady_clock::now() + bounds_.deadline;
  event.clean_only = true;
  event.content.Reset(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
  if (!event.content) return;
  auto held = std::make_shared<UniqueFd>(std::move(file));
  event.answer = [shared = shared_, held, version,
                  generation = generation_](const v1::Verdict& verdict) {
    const std::lock_guard lock(shared->mutex);
    shared->answered.push_back(
        {std::move(*held), version, generation, verdict.action() == v1::ACTION_ALLOW});
    shared->changed.notify_one();
  };
  ++in_flight_;
  ++counters_.inspected;
  sink_.Submit(std::move(event));
}

void CleanFiles::Conclude(const Answered& answered) {
  --in_flight_;
  if (answered.generation != generation_) return;
  Remember(answered.version, answered.clean ? Found::kClean : Found::kNotClean);
  if (!answered.clean) return;
  ++(IgnoreUnchanged(answered.file.get(), answered.version) ? counters_.clean : counters_.changed);
}

bool CleanFiles::IgnoreUnchanged(int file, const FileVersion& version) {
  if (!group_->Ignore(file).ok()) return false;
  // Looked at after the mark: from now on the kernel tells of what changes.
  const auto now = VersionOf(file);
  bool current = false;
  {
    const std::lock_guard lock(shared_->mutex);
    current = shared_->generation == generation_;
  }
  if (current && now && *now == version && !HasWriter(file)) return true;
  group_->Forget(file);
  return false;
}

void CleanFiles::Remember(const FileVersion& version, Found found) {
  if (known_.size() >= bounds_.known_max) known_.clear();
  known_[{version.device, version.inode}] = {version, found};
}

}  // namespace shoumi::agent::attachments
