#include "agent/channels/attachments/open_judge.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "agent/channels/attachments/preference.h"
#include "common/ids.h"
#include "fmt/format.h"

namespace shoumi::agent::attachments {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds kLookAfterMs{100};  // at what is under way
constexpr std::chrono::seconds kReportEvery{1};

bool Stops(const v1::Verdict& verdict) {
  const bool passes = verdict.action() == v1::ACTION_ALLOW || verdict.action() == v1::ACTION_REPORT;
  return !passes;
}

v1::EventContext ContextOf(const Opener& opener, const std::string& path, uint64_t bytes) {
  v1::EventContext context;
  context.set_event_id(NewUuid());
  context.set_channel(v1::CHANNEL_ATTACHMENT);
  context.mutable_user()->set_uid(opener.identity.uid);
  *context.mutable_program() = opener.identity.program;
  context.set_destination(path);
  context.set_operation("open");
  context.set_content_name(path.substr(path.rfind('/') + 1));
  context.set_content_bytes(bytes);
  return context;
}

struct Copied {
  UniqueFd file;
  uint64_t bytes = 0;
  size_t digest = 0;
  bool oversize = false;
};

// Into memory, so that nobody else has to wait for who serves the file.
Copied CopyOf(int file, uint64_t bytes_max) {
  Copied copied;
  UniqueFd memory(::memfd_create("attachment", MFD_CLOEXEC));
  std::array<char, 64 << 10> chunk;
  uint64_t at = 0;
  while (memory) {
    const ssize_t n = ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return copied;
    if (n == 0) break;
    at += static_cast<uint64_t>(n);
    copied.oversize = at > bytes_max;
    if (copied.oversize) return copied;
    const std::string_view part(chunk.data(), static_cast<size_t>(n));
    if (!WriteAll(memory.get(), part).ok()) return copied;
    copied.bytes = at;
    copied.digest = (copied.digest ^ std::hash<std::string_view>{}(part)) * 0x9E3779B97F4A7C15ULL;
  }
  if (memory && ::lseek(memory.get(), 0, SEEK_SET) == 0) copied.file = std::move(memory);
  return copied;
}

}  // namespace

// One file opened by one app of one user: what waits for its verdict, or had it.
struct OpenJudge::Entry {
  FileVersion version;
  std::shared_ptr<const RulesInForce> rules;
  Time limit;  // of the answer, then of what it is good for
  std::string app;
  uid_t user = 0;
  bool had_writer = false;  // when it was judged
  bool decided = false;
  bool allow = false;
  std::vector<std::unique_ptr<PendingOpen>> waiting;
};

struct OpenJudge::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::deque<Arrived> arrived;
  std::vector<std::unique_ptr<PendingOpen>> answered;  // to be closed, and passed on
  std::vector<std::unique_ptr<PendingOpen>> refused;   // to be closed
  std::map<Key, std::shared_ptr<Entry>> entries;       // where later opens look
  std::set<std::shared_ptr<Entry>> undecided;
  JudgeBounds bounds;
  std::shared_ptr<JudgedFiles> judged;
  JudgeCounters counters;
  uint64_t overload_reported = 0;
  uint64_t lost_reported = 0;
  Time reported{};
};

OpenJudge::OpenJudge(EventSink& sink, std::shared_ptr<JudgedFiles> judged, JudgeBounds bounds,
                     bool served, std::function<void(UniqueFd)> passed, IsPlanted planted)
    : sink_(sink),
      bounds_(bounds),
      served_(served),
      passed_(std::move(passed)),
      planted_(std::move(planted)),
      shared_(std::make_shared<Shared>()) {
  shared_->bounds = bounds;
  shared_->judged = std::move(judged);
  thread_ = std::thread([this] { Run(); });
}

const JudgeCounters& OpenJudge::counters() const {
  return shared_->counters;
}

void OpenJudge::Take(std::unique_ptr<PendingOpen> open, std::shared_ptr<const Opener> opener) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->stopping && shared_->arrived.size() < bounds_.queue_max) {
      shared_->arrived.push_back({std::move(open), std::move(opener)});
      shared_->changed.notify_one();
      return;
    }
  }
  AnswerOverloaded(*open, *opener->rules);
}

void OpenJudge::AnswerOverloaded(PendingOpen& open, const RulesInForce& rules) {
  ++shared_->counters.overloaded;
  const bool allow = rules.Passes(v1::UNSCANNED_REASON_OVERLOADED);
  shared_->counters.denied += allow ? 0 : 1;
  open.Answer(allow);
}

void OpenJudge::Stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(shared_->mutex);
  shared_->arrived.clear();
  for (const auto& entry : shared_->undecided) {
    entry->decided = true;
    entry->waiting.clear();
  }
  shared_->undecided.clear();
  shared_->entries.clear();
  shared_->answered.clear();
  shared_->refused.clear();
}

void OpenJudge::Run() {
  PreferThisThread();
  std::unique_lock lock(shared_->mutex);
  while (!shared_->stopping) {
    const auto due = [this] {
      return shared_->stopping || !shared_->arrived.empty() || !shared_->answered.empty() ||
             !shared_->refused.empty();
    };
    if (!shared_->undecided.empty() || shared_->counters.overloaded != shared_->overload_reported) {
      shared_->changed.wait_for(lock, kLookAfterMs, due);
    } else {
      shared_->changed.wait(lock, due);
    }
    std::deque<Arrived> arrived = std::exchange(shared_->arrived, {});
    auto answered = std::exchange(shared_->answered, {});
    auto refused = std::exchange(shared_->refused, {});
    lock.unlock();
    for (auto& open : answered) Pass(std::move(open));
    refused.clear();
    for (Arrived& one : arrived) Judge(std::move(one));
    AnswerLate();
    ReportOverload();
    lock.lock();
  }
}

void OpenJudge::Pass(std::unique_ptr<PendingOpen> open) {
  open->Answer(true);
  if (passed_) passed_(open->TakeFile());
}

void OpenJudge::Judge(Arrived arrived) {
  const Opener& opener = *arrived.opener;
  const std::string path = PathOf(arrived.open->file());
  FileVersion version;
  UniqueFd content;
  if (served_ ? !LookAtServed(arrived, path, version, content)
              : !LookAtLocal(arrived, path, version)) {
    return;
  }
  if (opener.rules->report_only()) arrived.open->Answer(true);
  const Key key{version.device, version.inode, opener.identity.app->id(), opener.identity.uid};
  if (Fold(key, version, arrived)) return;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->undecided.size() >= bounds_.undecided_max) {
      return AnswerOverloaded(*arrived.open, *opener.rules);
    }
  }
  if (!served_) content.Reset(::fcntl(arrived.open->file(), F_DUPFD_CLOEXEC, 0));
  // No descriptor is left.
  if (!content) return Refuse(path, std::move(arrived), v1::UNSCANNED_REASON_OVERLOADED);
  Ask(key, version, path, std::move(content), std::move(arrived));
}

bool OpenJudge::IsOwnPath(const Opener& opener, const std::string& path,
                          const FileVersion& version) {
  if (!opener.rules->catalogue.IsOwnPath(*opener.identity.app, opener.identity.uid, path)) {
    return false;
  }
  const bool planted = planted_ && planted_(version, path);
  ++(planted ? shared_->counters.planted : shared_->counters.own_paths);
  return !planted;
}

bool OpenJudge::LookAtLocal(Arrived& arrived, const std::string& path, FileVersion& version) {
  const std::optional<FileVersion> now = VersionOf(arrived.open->file());
  if (!now) {  // a folder, a pipe: holds no content
    Pass(std::move(arrived.open));
    return false;
  }
  version = *now;
  const bool system = IsSystemFile(path, version);
  shared_->counters.system += system ? 1 : 0;
  if (!system && !IsOwnPath(*arrived.opener, path, version)) return true;
  Pass(std::move(arrived.open));
  return false;
}

// Its attributes are what a program says, and some tell root nothing: the content is the version.
bool OpenJudge::LookAtServed(Arrived& arrived, const std::string& path, FileVersion& version,
                             UniqueFd& content) {
  if (IsOwnPath(*arrived.opener, path, version)) {
    Pass(std::move(arrived.open));
    return false;
  }
  Copied copied = CopyOf(arrived.open->file(), bounds_.copy_bytes_max);
  if (!copied.file) {
    Refuse(path, std::move(arrived),
           copied.oversize ? v1::UNSCANNED_REASON_OVERSIZE : v1::UNSCANNED_REASON_PARTIAL);
    return false;
  }
  version.inode = std::hash<std::string>{}(path);
  version.bytes = copied.bytes;
  version.change_s = static_cast<int64_t>(copied.digest);
  content = std::move(copied.file);
  return true;
}

bool OpenJudge::Fold(const Key& key, const FileVersion& version, Arrived& arrived) {
  const auto now = std::chrono::steady_clock::now();
  std::unique_lock lock(shared_->mutex);
  const auto it = shared_->entries.find(key);
  if (it == shared_->entries.end()) return false;
  Entry& entry = *it->second;
  const bool same = entry.version == version && entry.rules == arrived.opener->rules;
  if (!entry.decided && same && entry.waiting.size() < bounds_.waiters_max) {
    ++shared_->counters.folded;
    entry.waiting.push_back(std::move(arrived.open));
    return true;
  }
  if (!entry.decided || !same || now > entry.limit) return false;
  // A mapping may have changed what was found clean without a trace.
  const bool writable = !served_ && (entry.had_writer || HasWriter(arrived.open->file()));
  if (entry.allow && writable) return false;
  if (!entry.allow) entry.limit = now + bounds_.deny_for;
  const bool allow = entry.allow;
  lock.unlock();
  ++shared_->counters.folded;
  if (allow) {
    Pass(std::move(arrived.open));
  } else {
    ++shared_->counters.denied;
    arrived.open->Answer(false);
  }
  return true;
}

void OpenJudge::Ask(const Key& key, const FileVersion& version, const std::string& path,
                    UniqueFd content, Arrived arrived) {
  const std::shared_ptr<const Opener> opener = arrived.opener;
  Event event;
  event.context = ContextOf(*opener, path, version.bytes);
  event.name = event.context.content_name();
  event.deadline = std::chrono::steady_clock::now() + opener->rules->verdict_ms_max;
  event.report_only = opener->rules->report_only();
  event.content = std::move(content);
  event.own_content = served_;
  auto entry = std::make_shared<Entry>();
  entry->version = version;
  entry->rules = opener->rules;
  entry->app = opener->identity.app->id();
  entry->user = opener->identity.uid;
  entry->limit = event.deadline + bounds_.grace;
  entry->had_writer = !served_ && HasWriter(arrived.open->file());
  entry->waiting.push_back(std::move(arrived.open));
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->undecided.insert(entry);
    // An earlier one of another version stays with its event; only this one is found from now on.
    if (shared_->entries.size() >= bounds_.folded_max) {
      std::erase_if(shared_->entries, [](const auto& row) { return row.second->decided; });
    }
    if (shared_->entries.size() < bounds_.folded_max) shared_->entries[key] = entry;
  }
  ++shared_->counters.events;
  event.answer = [shared = shared_, entry](const v1::Verdict& verdict) {
    Resolve(shared, entry, !Stops(verdict) || entry->rules->report_only());
  };
  sink_.Submit(std::move(event));
}

void OpenJudge::Resolve(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Entry>& entry,
                        bool allow) {
  const std::lock_guard lock(shared->mutex);
  if (entry->decided) return;
  entry->decided = true;
  entry->allow = allow;
  entry->limit = std::chrono::steady_clock::now() +
                 (allow ? shared->bounds.allow_for : shared->bounds.deny_for);
  shared->undecided.erase(entry);
  if (allow) shared->judged->Add(entry->version, entry->app, entry->user);
  for (auto& open : entry->waiting) {
    open->Answer(allow);
    shared->counters.denied += allow ? 0 : 1;
    // Closing may have to wait for who serves the file: not on this thread.
    (allow ? shared->answered : shared->refused).push_back(std::move(open));
  }
  entry->waiting.clear();
  shared->changed.notify_one();
}

// Decided here, by the policy's action for the reason.
void OpenJudge::Refuse(const std::string& path, Arrived arrived, v1::UnscannedReason reason) {
  const bool allow = arrived.opener->rules->Passes(reason);
  arrived.open->Answer(allow);
  shared_->counters.denied += allow ? 0 : 1;
  v1::Verdict verdict;
  verdict.set_action(allow ? v1::ACTION_REPORT : v1::ACTION_BLOCK);
  verdict.set_basis(v1::VERDICT_BASIS_UNSCANNED);
  verdict.set_rule(reason == v1::UNSCANNED_REASON_OVERSIZE  ? "oversize"
                   : reason == v1::UNSCANNED_REASON_PARTIAL ? "partial"
                                                            : "overloaded");
  verdict.set_severity(v1::SEVERITY_MEDIUM);
  verdict.set_title_zh("附件无法检查");
  verdict.set_title_en("The attachment could not be inspected");
  verdict.set_enforced(!arrived.opener->rules->report_only());
  sink_.RecordRefusal(ContextOf(*arrived.opener, path, 0), std::move(verdict));
}

void OpenJudge::AnswerLate() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Entry>> late;
  {
    const std::lock_guard lock(shared_->mutex);
    for (auto it = shared_->entries.begin(); it != shared_->entries.end();) {
      const Entry& entry = *it->second;
      it = entry.decided && now > entry.limit ? shared_->entries.erase(it) : std::next(it);
    }
    for (const auto& entry : shared_->undecided) {
      if (now > entry->limit) late.push_back(entry);
    }
  }
  for (const auto& entry : late) {
    ++shared_->counters.lost;
    Resolve(shared_, entry, entry->rules->Passes(v1::UNSCANNED_REASON_TIMEOUT));
  }
}

void OpenJudge::ReportOverload() {
  const auto now = std::chrono::steady_clock::now();
  const uint64_t overloaded = shared_->counters.overloaded;
  const uint64_t lost = shared_->counters.lost;
  if (now - shared_->reported < kReportEvery) return;
  if (overloaded != shared_->overload_reported) {
    sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                 fmt::format("attachments: {} opens by watched programs not inspected: overload",
                             overloaded - shared_->overload_reported));
    shared_->overload_reported = overloaded;
    shared_->reported = now;
  }
  if (lost != shared_->lost_reported) {
    sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                 fmt::format("attachments: {} verdicts never came", lost - shared_->lost_reported));
    shared_->lost_reported = lost;
    shared_->reported = now;
  }
}

}  // namespace shoumi::agent::attachments
