#include "agent/channels/apps/app_catalogue.h"

#include <fnmatch.h>
#include <pwd.h>

#include <algorithm>

namespace shoumi::agent::apps {
namespace {

constexpr size_t kEntryBytesMax = 64 << 10;

std::string LookUp(uid_t uid) {
  std::vector<char> buffer(kEntryBytesMax);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr ||
      found->pw_dir == nullptr) {
    return {};
  }
  std::string home = found->pw_dir;
  while (home.ends_with('/')) home.pop_back();
  return home;
}

bool Fits(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

// What stands for itself in a pattern.
std::string Literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

std::string Homes::Of(uid_t uid) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = known_.find(uid); it != known_.end()) return it->second;
  }
  std::string home = LookUp(uid);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kUsersMax) known_.clear();
  // A directory service that does not answer now may do so later.
  if (!home.empty()) known_[uid] = home;
  return home;
}

AppCatalogue::AppCatalogue(const google::protobuf::RepeatedPtrField<v1::App>& apps, Homes& homes)
    : apps_(apps.begin(), apps.end()),
      homes_(homes),
      has_scripts_(std::any_of(apps.begin(), apps.end(),
                               [](const v1::App& app) { return !app.scripts().empty(); })) {}

bool AppCatalogue::Matches(const std::string& pattern, uid_t uid, const std::string& path) const {
  if (!pattern.starts_with("~/")) return Fits(pattern, path);
  if (!Fits("*" + pattern.substr(1), path)) return false;
  const std::string home = homes_.Of(uid);
  return !home.empty() && Fits(Literal(home) + pattern.substr(1), path);
}

template <typename List>
bool AppCatalogue::MatchesAny(const List& patterns, uid_t uid, const std::string& path) const {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return Matches(pattern, uid, path); });
}

const v1::App* AppCatalogue::Find(const ProcessFacts& facts, const std::string& script) const {
  for (const v1::App& app : apps_) {
    if (MatchesAny(app.executables(), facts.uid, facts.executable)) return &app;
  }
  for (const v1::App& app : apps_) {
    if (!script.empty() && MatchesAny(app.scripts(), facts.uid, script)) return &app;
  }
  const auto named = [](const auto& patterns, const std::string& name) {
    return !name.empty() && std::any_of(patterns.begin(), patterns.end(),
                                        [&](const std::string& p) { return Fits(p, name); });
  };
  for (const v1::App& app : apps_) {
    if (named(app.flatpaks(), facts.flatpak) || named(app.snaps(), facts.snap)) return &app;
  }
  return nullptr;
}

bool AppCatalogue::IsOwnPath(const v1::App& app, uid_t uid, const std::string& path) const {
  return MatchesAny(app.own_paths(), uid, path);
}

const v1::App* AppCatalogue::OwnerOf(const std::string& path, uid_t uid,
                                     const std::function<bool(const v1::App&)>& wanted) const {
  for (const v1::App& app : apps_) {
    if (wanted(app) && IsOwnPath(app, uid, path)) return &app;
  }
  return nullptr;
}

}  // namespace shoumi::agent::apps
