#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "agent/channels/apps/app_catalogue.h"
#include "agent/channels/channel.h"
#include "agent/channels/clipboard/options.h"
#include "agent/channels/clipboard/warnings.h"
#include "agent/session_hub/handlers.h"
#include "common/clock.h"
#include "common/fd.h"
#include "shoumi/v1/session.pb.h"

namespace shoumi::agent::clipboard {

// Questions of sessions → events → answers, by the clipboard's part of the policy. Thread-safe;
// events that are under way keep it alive.
class PasteJudge final : public PasteHandler, public std::enable_shared_from_this<PasteJudge> {
 public:
  PasteJudge(ClipboardOptions options, EventSink& sink, Clock& clock)
      : options_(std::move(options)),
        sink_(sink),
        clock_(clock),
        warnings_(options_.warnings_max, options_.warning_ms_min) {}

  void ApplyPolicy(const v1::Policy& policy);
  [[nodiscard]] v1::SessionSettings Settings() const override;

  absl::Status Ask(uid_t uid, const v1::PasteQuestion& question, UniqueFd content,
                   Then then) override;

 private:
  struct Rules {
    Rules(const v1::Policy& of, apps::Homes& homes);
    v1::Policy policy;   // its clipboard part, and what is said of what cannot be inspected
    bool warns = false;  // some part of it may
    apps::AppCatalogue catalogue;
  };

  [[nodiscard]] std::shared_ptr<const Rules> rules() const;
  [[nodiscard]] v1::Program ProgramOf(const Rules& rules, pid_t pid) const;
  [[nodiscard]] v1::EventContext ContextOf(const Rules& rules, uid_t uid,
                                           const v1::PasteQuestion& question) const;
  void DecideUnread(const Rules& rules, uid_t uid, const v1::PasteQuestion& question,
                    const Then& then);
  absl::Status Submit(const std::shared_ptr<const Rules>& rules, uid_t uid,
                      const v1::PasteQuestion& question, const UniqueFd& content, Then then);
  // `what` is the paste as warnings know it; empty where nothing warns.
  [[nodiscard]] bool Passes(const v1::Verdict& verdict, const std::string& what, bool goes_on,
                            bool report_only);
  [[nodiscard]] std::chrono::seconds WarnTime(const Rules& rules) const;

  const ClipboardOptions options_;
  EventSink& sink_;
  Clock& clock_;
  Warnings warnings_;
  mutable std::mutex mutex_;
  apps::Homes homes_;
  std::shared_ptr<const Rules> rules_ = std::make_shared<Rules>(v1::Policy(), homes_);
};

}  // namespace shoumi::agent::clipboard
