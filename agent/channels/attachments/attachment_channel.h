#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/channels/attachments/held_files.h"
#include "agent/channels/attachments/listener.h"
#include "agent/channels/attachments/planted_files.h"
#include "agent/channels/channel.h"
#include "common/fd.h"

namespace shoumi::agent::attachments {

struct AttachmentOptions {
  // When given, only what is mounted at or below these places is watched; else all that may hold
  // users' files.
  std::vector<std::string> only_below;
  size_t served_max = 64;  // file systems served by programs or a network: two threads each
  OpenerBounds openers;
  JudgeBounds judge;
  CleanBounds clean;
  bool ahead = true;  // users' files are inspected before a watched program opens them
};

// Judges what messengers, mail programs and others of the policy's classes open: on every file
// system that may hold users' files, as they come and go. Needs root. Thread-safe.
class AttachmentChannel final : public Channel {
 public:
  explicit AttachmentChannel(AttachmentOptions options) : options_(std::move(options)) {}
  ~AttachmentChannel() override { Stop(); }

  // Sets the disposition of SIGIO to be ignored (see HasWriter()).
  absl::Status Start(EventSink& sink) override;
  void ApplyPolicy(const v1::Policy& policy) override;
  void Stop() override;
  [[nodiscard]] v1::ChannelState State() const override;

  // Since Start(), of all file systems: name and count.
  [[nodiscard]] std::map<std::string, uint64_t> Counters() const override;

 private:
  struct Watched {
    FileSystem system;
    std::shared_ptr<Listener> served;  // its own; null: the local one has it
    bool foreign = false;              // mounted in a program's own mount namespace only
  };

  void Watch();
  void Scan();
  void Release(Watched& watched);
  [[nodiscard]] absl::Status WatchLocal(const FileSystem& system, int mount);
  void WatchNew(const FileSystem& system);
  void CheckServed();
  void LookAtHeld(const std::shared_ptr<const RulesInForce>& rules_now);
  void ReportUnidentified();
  void ReportLostChanges();
  void Uncovered(const FileSystem& system, const absl::Status& why);
  void ReportUncovered(const std::string& text);
  [[nodiscard]] bool IsWanted(const FileSystem& system) const;
  [[nodiscard]] std::shared_ptr<const RulesInForce> rules() const;

  const AttachmentOptions options_;
  EventSink* sink_ = nullptr;
  UniqueFd wake_;
  std::thread watch_;
  std::atomic<bool> stopping_{false};
  apps::Homes homes_;

  mutable std::mutex rules_mutex_;
  std::shared_ptr<const RulesInForce> rules_;

  mutable std::mutex mutex_;  // all below
  bool started_ = false;
  std::unique_ptr<Openers> openers_;
  std::shared_ptr<JudgedFiles> judged_ = std::make_shared<JudgedFiles>();
  std::unique_ptr<HeldFiles> held_;
  std::unique_ptr<PlantedFiles> planted_;
  std::shared_ptr<Listener> local_;
  std::map<dev_t, Watched> watched_;
  std::map<dev_t, std::string> uncovered_;
  std::map<dev_t, std::string> unreachable_;  // in mount namespaces of watched programs
  uint64_t unidentified_reported_ = 0;
  uint64_t planted_lost_reported_ = 0;
};

}  // namespace shoumi::agent::attachments
