#include "agent/channels/usb/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/channels/usb/lower_io.h"
#include "common/ids.h"

namespace shoumi::agent::usb {

Session::Session(UniqueFd lower_root, v1::Device device, const UsbOptions& options, EventSink& sink)
    : device_(std::move(device)),
      options_(options),
      sink_(sink),
      store_(std::make_shared<StageStore>(options.staging_folder,
                                          options.stage_memory_bytes_per_file_max,
                                          options.stage_memory_bytes_max)),
      notices_(1),
      tasks_(options.commit_threads),
      answers_(tasks_, std::chrono::milliseconds(options.answer_grace_ms_max), [this] {
        sink_.Report(v1::AgentEvent::KIND_GUARD_FAILED,
                     fmt::format("{}: an event was never answered", device_.node()));
      }) {
  struct stat st {};
  room_ = std::make_unique<Room>(lower_root.get());
  sync_ = std::make_unique<SyncSoon>(lower_root.get());
  if (::fstat(lower_root.get(), &st) == 0) root_ = table_.Remember(std::move(lower_root), st);
}

Session::~Session() {
  Close();
  for (const Handle* const handle : open_) delete handle;
}

void Session::Close() {
  answers_.Close(std::chrono::milliseconds(options_.stop_ms_max));
  tasks_.Stop();
  notices_.Stop();
  sync_->Stop();
}

void Session::SetSettings(const Settings& settings) {
  bool shut = false;
  {
    const std::lock_guard lock(settings_mutex_);
    shut = settings.mode == v1::USB_MODE_DENY && settings_.mode != settings.mode;
    settings_ = settings;
  }
  if (!shut) return;
  // What the kernel holds in memory must not outlive the right to read it.
  for (const NodePtr& node : table_.All()) Drop(node, Cached::kPages, [] {});
}

void Session::Drop(const NodePtr& node, Cached what, std::function<void()> then) {
  notices_.Post([this, node, what, then = std::move(then)] {
    if (fuse_session* const channel = channel_) {
      const auto ino = node == root_ ? FUSE_ROOT_ID : reinterpret_cast<fuse_ino_t>(node.get());
      fuse_lowlevel_notify_inval_inode(channel, ino, what == Cached::kPages ? 0 : -1, 0);
    }
    then();
  });
}

NodePtr Session::At(fuse_ino_t ino) const {
  return ino == FUSE_ROOT_ID ? root_ : reinterpret_cast<Node*>(ino)->shared_from_this();
}

v1::UsbMode Session::mode() const {
  const std::lock_guard lock(settings_mutex_);
  return settings_.mode;
}

int Session::RefuseAccess() const {
  return mode() == v1::USB_MODE_DENY ? EACCES : 0;
}

int Session::ErrorOfChange(v1::UsbMode mode) {
  if (mode == v1::USB_MODE_DENY) return EACCES;
  return mode == v1::USB_MODE_READ_ONLY ? EROFS : 0;
}

int Session::RefuseChange(fuse_req_t req, const char* operation, const NodePtr& parent,
                          std::string_view name) {
  const v1::UsbMode now = mode();
  const int error = ErrorOfChange(now);
  if (error) RecordRefusal(req, operation, parent, name, now);
  return error;
}

void Session::RecordRefusal(fuse_req_t req, const char* operation, const NodePtr& parent,
                            std::string_view name, v1::UsbMode mode) {
  Draft draft;
  draft.operation = operation;
  draft.name = name;
  draft.caller = CallerOf(req);
  {
    const std::shared_lock names(names_);
    draft.destination = name.empty() ? PathOf(*parent) : PathOf(parent, name);
  }
  RecordRefusal(std::move(draft), mode);
}

void Session::RecordRefusal(Draft draft, v1::UsbMode mode) {
  {
    const std::lock_guard lock(refusals_mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - refusals_since_ > std::chrono::seconds(1)) {
      refusals_since_ = now;
      refusals_ = 0;
    }
    if (++refusals_ > options_.refusals_per_second_max) {
      ++refusals_omitted_;
      return;
    }
  }
  v1::Verdict verdict;
  verdict.set_action(v1::ACTION_BLOCK);
  verdict.set_basis(v1::VERDICT_BASIS_DEVICE_MODE);
  verdict.set_rule(mode == v1::USB_MODE_DENY ? "usb.deny" : "usb.read_only");
  verdict.set_severity(v1::SEVERITY_MEDIUM);
  verdict.set_enforced(true);
  sink_.RecordRefusal(ContextOf(draft), std::move(verdict));
}

v1::EventContext Session::ContextOf(Draft& draft) const {
  v1::EventContext context;
  context.set_event_id(NewUuid());
  *context.mutable_time() = ToProtoTime(std::chrono::system_clock::now());
  context.set_channel(v1::CHANNEL_USB);
  *context.mutable_user() = std::move(draft.caller.user);
  *context.mutable_program() = std::move(draft.caller.program);
  *context.mutable_device() = device_;
  context.set_destination(std::move(draft.destination));
  context.set_operation(draft.operation);
  context.set_content_name(draft.name);
  context.set_content_bytes(draft.content_bytes);
  return context;
}

Caller Session::CallerOf(fuse_req_t req) {
  const fuse_ctx* const ctx = fuse_req_ctx(req);
  return caller_names_.Resolve(ctx->uid, ctx->gid, ctx->pid);
}

void Session::Ask(Draft draft, Done then) {
  Settings settings;
  {
    const std::lock_guard lock(settings_mutex_);
    settings = settings_;
  }
  if (settings.mode == v1::USB_MODE_ALLOW) return then(0);
  if (const int error = ErrorOfChange(settings.mode)) {
    RecordRefusal(std::move(draft), settings.mode);  // it changed while this was under way
    return then(error);
  }
  Event event;
  event.deadline = std::chrono::steady_clock::now() + settings.verdict_ms_max;
  event.report_only = draft.report_only || settings.mode == v1::USB_MODE_REPORT_ONLY;
  event.context = ContextOf(draft);
  event.name = std::move(draft.name);
  event.text = std::move(draft.text);
  event.content = std::move(draft.content);
  event.own_content = draft.own_content;
  event.answer =
      answers_.Expect(event.deadline, event.report_only,
                      [then = std::move(then)](bool stopped) { then(stopped ? EPERM : 0); });
  sink_.Submit(std::move(event));
}

void Session::JudgeEarly(std::string path, UniqueFd content) {
  Draft draft;
  draft.operation = "early";
  draft.report_only = true;
  draft.name = path.substr(path.rfind('/') + 1);
  draft.destination = std::move(path);
  struct stat st {};
  if (content && ::fstat(content.get(), &st) == 0) {
    draft.content_bytes = static_cast<uint64_t>(st.st_size);
  }
  draft.content = std::move(content);
  Ask(std::move(draft), [](bool) {});
}

std::string Session::PathOf(const Node& node) const {
  if (node.pending) {
    return node.names.empty() ? "" : PathOf(node.names.front().parent, node.names.front().name);
  }
  char link[PATH_MAX];
  const ssize_t n = ::readlink(ProcPath(node.path.get()).c_str(), link, sizeof(link));
  if (n <= 0) return "";
  std::string path(link, static_cast<size_t>(n));
  // Where the lower root is no clone of its own, the link begins with the mount point.
  const std::string& mount = device_.mount_point();
  if (path == mount) return "/";
  if (path.size() > mount.size() && path.starts_with(mount) && path[mount.size()] == '/') {
    path.erase(0, mount.size());
  }
  return path;
}

std::string Session::PathOf(const NodePtr& parent, std::string_view name) const {
  const std::string folder = PathOf(*parent);
  return fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", name);
}

}  // namespace shoumi::agent::usb
