#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/channels/apps/process_facts.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent::apps {

// Home folders of users, asked of the system once each. Looking one up may wait for a directory
// service. Thread-safe.
class Homes {
 public:
  virtual ~Homes() = default;
  // Without '/' at its end; empty when the user has none.
  [[nodiscard]] virtual std::string Of(uid_t uid);

 private:
  static constexpr size_t kUsersMax = 1024;  // more: asked anew
  std::mutex mutex_;
  std::map<uid_t, std::string> known_;
};

// The apps of a policy, and what they match. Immutable, thread-safe.
class AppCatalogue {
 public:
  // `homes` outlives it.
  AppCatalogue(const google::protobuf::RepeatedPtrField<v1::App>& apps, Homes& homes);

  // The first app that the process is, else null. Its executable is asked before all else, so that
  // a program cannot pass for another by its script or the name of its cgroup. Asks for a home only
  // where all of a pattern but the home fits.
  [[nodiscard]] const v1::App* Find(const ProcessFacts& facts, const std::string& script) const;

  // Whether `path` is a file that the app of a user opens for itself.
  [[nodiscard]] bool IsOwnPath(const v1::App& app, uid_t uid, const std::string& path) const;

  // The first app for which `wanted` holds and whose own path it is, else null.
  [[nodiscard]] const v1::App* OwnerOf(const std::string& path, uid_t uid,
                                       const std::function<bool(const v1::App&)>& wanted) const;

  [[nodiscard]] bool empty() const { return apps_.empty(); }
  // Whether any app is known by what an interpreter runs.
  [[nodiscard]] bool has_scripts() const { return has_scripts_; }

 private:
  [[nodiscard]] bool Matches(const std::string& pattern, uid_t uid, const std::string& path) const;
  template <typename List>
  [[nodiscard]] bool MatchesAny(const List& patterns, uid_t uid, const std::string& path) const;

  std::vector<v1::App> apps_;
  Homes& homes_;
  bool has_scripts_ = false;
};

}  // namespace shoumi::agent::apps
