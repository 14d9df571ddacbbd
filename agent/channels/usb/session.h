#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/channels/channel.h"
#include "agent/channels/usb/answers.h"
#include "agent/channels/usb/caller.h"
#include "agent/channels/usb/fuse_api.h"
#include "agent/channels/usb/node.h"
#include "agent/channels/usb/options.h"
#include "agent/channels/usb/room.h"
#include "agent/channels/usb/sync_soon.h"
#include "agent/channels/usb/task_threads.h"
#include "common/fd.h"

namespace shoumi::agent::usb {

// The guard's view of one device: FUSE requests in, the lower file system and events out. What
// programs create or change is held back until its verdict; reads of the rest pass through.
// The operations are called on libfuse's threads and reply to each request exactly once, there or
// later. Thread-safe.
class Session {
 public:
  struct Settings {
    v1::UsbMode mode = v1::USB_MODE_INSPECT;
    std::chrono::milliseconds verdict_ms_max{10'000};
  };

  // `lower_root`: O_PATH of the lower mount's root. `sink` outlives the session.
  Session(UniqueFd lower_root, v1::Device device, const UsbOptions& options, EventSink& sink);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Takes effect for every request that comes after it.
  void SetSettings(const Settings& settings);
  // For notices to the kernel; set before the first request, cleared before the mount goes.
  void SetChannel(fuse_session* channel) { channel_ = channel; }
  // Hands on what came to the device past the guard, to be recorded; nothing is stopped. `content`
  // may own none.
  void JudgeEarly(std::string path, UniqueFd content);
  // Waits up to the options' bound for what is under way and refuses the rest.
  void Close();

  [[nodiscard]] uint64_t refusals_omitted() const { return refusals_omitted_; }

  // session_lookup.cc
  void Lookup(fuse_req_t req, fuse_ino_t parent, const char* name);
  void Forget(fuse_ino_t ino, uint64_t lookups);
  void GetAttr(fuse_req_t req, fuse_ino_t ino);
  void ReadLink(fuse_req_t req, fuse_ino_t ino);
  void StatFs(fuse_req_t req);
  void OpenDir(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi);
  void ReadDir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, fuse_file_info* fi,
               bool plus);
  void ReleaseDir(fuse_req_t req, fuse_file_info* fi);
  void FsyncDir(fuse_req_t req, fuse_ino_t ino);

  // session_file.cc
  void Open(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi);
  void Create(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* fi);
  void Read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, fuse_file_info* fi);
  void Write(fuse_req_t req, fuse_bufvec* buffers, off_t offset, fuse_file_info* fi);
  void Flush(fuse_req_t req, fuse_file_info* fi);
  void Fsync(fuse_req_t req, fuse_file_info* fi);
  void Release(fuse_req_t req, fuse_file_info* fi);
  void Fallocate(fuse_req_t req, int mode, off_t offset, off_t length, fuse_file_info* fi);
  void Seek(fuse_req_t req, off_t offset, int whence, fuse_file_info* fi);

  // session_attributes.cc
  void SetAttr(fuse_req_t req, fuse_ino_t ino, const struct stat* wanted, int which,
               fuse_file_info* fi);
  void SetXattr(fuse_req_t req, fuse_ino_t ino, const char* name, const std::string& value,
                int flags);
  void GetXattr(fuse_req_t req, fuse_ino_t ino, const char* name, size_t size);
  void ListXattr(fuse_req_t req, fuse_ino_t ino, size_t size);
  void RemoveXattr(fuse_req_t req, fuse_ino_t ino, const char* name);

  // session_names.cc
  void MkDir(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode);
  void MkNod(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode);
  void SymLink(fuse_req_t req, const char* target, fuse_ino_t parent, const char* name);
  void Link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char* name);
  void Unlink(fuse_req_t req, fuse_ino_t parent, const char* name);
  void RmDir(fuse_req_t req, fuse_ino_t parent, const char* name);
  void Rename(fuse_req_t req, fuse_ino_t parent, const char* name, fuse_ino_t new_parent,
              const char* new_name, unsigned flags);

 private:
  using Done = std::function<void(int error)>;
  struct Draft {
    const char* operation = "";
    std::string destination;  // path on the device
    std::string name;
    std::string text;
    UniqueFd content;
    uint64_t content_bytes = 0;
    Caller caller;
    bool report_only = false;
    bool own_content = false;  // staged, and not written to meanwhile
  };
  struct Judgement {
    const char* operation = "";
    Caller caller;
    bool commit = true;  // else only remember a clean verdict (pending and empty, still open)
    Done done;
  };
  struct RenameRequest {
    NodePtr from;
    std::string name;
    NodePtr to;
    std::string new_name;
    unsigned flags = 0;
    bool judged = false;  // the new name, where it is not judged with pending content
  };

  // session.cc
  [[nodiscard]] NodePtr At(fuse_ino_t ino) const;
  [[nodiscard]] v1::UsbMode mode() const;
  // 0, or what the mode makes of a request that changes the device.
  [[nodiscard]] static int ErrorOfChange(v1::UsbMode mode);
  // The same for one that comes in, and recorded.
  [[nodiscard]] int RefuseChange(fuse_req_t req, const char* operation, const NodePtr& parent,
                                 std::string_view name);
  [[nodiscard]] int RefuseAccess() const;
  void RecordRefusal(fuse_req_t req, const char* operation, const NodePtr& parent,
                     std::string_view name, v1::UsbMode mode);
  void RecordRefusal(Draft draft, v1::UsbMode mode);
  // Has the kernel drop a node's attributes, and its pages too; then runs `then`.
  enum class Cached { kAttributes, kPages };
  void Drop(const NodePtr& node, Cached what, std::function<void()> then);
  [[nodiscard]] v1::EventContext ContextOf(Draft& draft) const;
  [[nodiscard]] Caller CallerOf(fuse_req_t req);
  // Hands an event to the sink; `then` goes on with 0 or the error it was stopped with. No lock may
  // be held.
  void Ask(Draft draft, Done then);
  [[nodiscard]] std::string PathOf(const Node& node) const;
  [[nodiscard]] std::string PathOf(const NodePtr& parent, std::string_view name) const;
  // FindEntry counts a lookup of the node for the reply.
  [[nodiscard]] int FindEntry(const NodePtr& parent, const char* name, fuse_entry_param* entry);
  [[nodiscard]] int StatNode(const Node& node, struct stat* st) const;
  [[nodiscard]] int StatLocked(const Node& node, struct stat* st) const;
  [[nodiscard]] int ReplyEntry(fuse_req_t req, const NodePtr& parent, const char* name);

  // session_file.cc
  // An open file is the kernel's until it is released; the session's when the kernel goes first.
  void HandOver(std::unique_ptr<Handle> handle);
  [[nodiscard]] std::unique_ptr<Handle> TakeBack(Handle* handle);

  // session_content.cc; `lock` is the node's.
  [[nodiscard]] int EnsureLower(Node& node, bool writable);
  [[nodiscard]] int EnsureStaged(Node& node);
  // Room for [start, end) before it is written; afterwards CountRoom() for what came of it.
  [[nodiscard]] bool PromiseRoom(Node& node, uint64_t start, uint64_t end);
  void CountRoom(Node& node);
  void Touch(Node& node);
  void DropStaged(Node& node);
  [[nodiscard]] int TruncateLocked(Node& node, uint64_t bytes);
  [[nodiscard]] bool Nameless(const Node& node) const;

  // session_judge.cc
  void Judge(std::unique_lock<std::mutex> lock, const NodePtr& node, Judgement judgement);
  void Submit(const NodePtr& node, Judgement judgement);
  void CarryOut(const NodePtr& node, const Judgement& judgement, int refusal);
  void Refuse(const NodePtr& node, int refusal, const Judgement& judgement);
  // Some programs make a file, close it, write it in a second go, and overlook that this was
  // refused: the empty file must not pass for the result.
  void Withdraw(const NodePtr& node, const Caller& caller);
  static void EndJudging(std::unique_lock<std::mutex> lock, Node& node, const Done& done,
                         int error);
  [[nodiscard]] int Commit(const NodePtr& node, const Caller& caller);
  [[nodiscard]] int CommitNew(const NodePtr& node, const Caller& caller);
  [[nodiscard]] int CommitChange(const NodePtr& node);
  [[nodiscard]] int CommitContent(Node& node, int lower);
  [[nodiscard]] static int FinishNew(const Node& node, int fd);
  void LastRelease(std::unique_lock<std::mutex> lock, const NodePtr& node, Caller caller);
  // After the last handle: what was not accepted goes, and a pending node's names with it.
  void Settle(const NodePtr& node);
  void JudgeOrReply(fuse_req_t req, Handle* handle, const char* operation);

  // session_names.cc
  [[nodiscard]] int NameTaken(const NodePtr& parent, const char* name) const;
  void AskName(fuse_req_t req, const char* operation, const NodePtr& parent, std::string name,
               std::string text, std::function<void()> then);
  // Owner, group and mode of a new name as the file system itself would have set them.
  [[nodiscard]] int MakeOwned(fuse_req_t req, const NodePtr& parent, const char* name,
                              mode_t mode) const;
  void MakeName(fuse_req_t req, const char* operation, fuse_ino_t parent, const char* name,
                std::string text, std::function<int(int folder, const char* name)> make,
                mode_t mode);
  void DoLink(fuse_req_t req, const NodePtr& node, const NodePtr& parent, const std::string& name);
  void DoUnlink(fuse_req_t req, const NodePtr& parent, const std::string& name);
  void DoRename(fuse_req_t req, const RenameRequest& request);
  [[nodiscard]] int RenamePending(const RenameRequest& request, const NodePtr& node);
  [[nodiscard]] int RenameLower(const RenameRequest& request);
  [[nodiscard]] int ExchangeNames(const RenameRequest& request);
  [[nodiscard]] static NodePtr PendingAt(const NodePtr& parent, const std::string& name);
  // The known node of what the device has at a name; null for none.
  [[nodiscard]] NodePtr OnDevice(const NodePtr& parent, const std::string& name) const;
  [[nodiscard]] bool HoldsPending(const NodePtr& parent, const std::string& name) const;
  // Removes what a pending name hides on the device.
  [[nodiscard]] int RemoveHidden(const NodePtr& parent, const std::string& name);
  static void TakeName(const NodePtr& node, const NodePtr& parent, const std::string& name);
  static void GiveName(const NodePtr& node, const NodePtr& parent, const std::string& name);
  // Puts off `again` when the node is being judged; true when it did.
  [[nodiscard]] static bool PutOff(const NodePtr& node, std::function<void()> again);

  // session_attributes.cc; `node` is locked.
  [[nodiscard]] static int ApplyAttributes(Node& node, const struct stat& wanted, int which);
  void ReplyAttr(fuse_req_t req, const NodePtr& node, int error);
  [[nodiscard]] static int ApplyXattr(Node& node, const std::string& name, const std::string& value,
                                      int flags);
  // Not under a judgement of the content, which sets the attributes of a new file.
  static void ChangeXattr(fuse_req_t req, const NodePtr& node,
                          const std::function<int(Node& node)>& change);

  const v1::Device device_;
  const UsbOptions options_;
  EventSink& sink_;
  std::atomic<fuse_session*> channel_{nullptr};
  std::shared_ptr<StageStore> store_;
  CallerNames caller_names_;

  mutable std::mutex settings_mutex_;
  Settings settings_;

  NodeTable table_;
  NodePtr root_;
  std::unique_ptr<Room> room_;
  std::unique_ptr<SyncSoon> sync_;
  mutable std::shared_mutex names_;

  std::mutex open_mutex_;
  std::unordered_set<Handle*> open_;  // owned

  std::atomic<uint64_t> refusals_omitted_{0};
  std::mutex refusals_mutex_;
  std::chrono::steady_clock::time_point refusals_since_{};
  uint32_t refusals_ = 0;

  TaskThreads notices_;  // for calls into the kernel that may wait for other requests
  TaskThreads tasks_;
  Answers answers_;
};

}  // namespace shoumi::agent::usb
