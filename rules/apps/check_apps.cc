#include "rules/apps/check_apps.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "rules/apps/catalogue.h"
#include "rules/policy/check.h"
#include "rules/policy/policy.h"

namespace shoumi::rules {
namespace {

using Patterns = google::protobuf::RepeatedPtrField<std::string>;

const std::vector<std::string>& KnownClasses() {
  static const auto* const classes = new std::vector<std::string>{
      "messenger", "mail", "browser", "cloud", "office", "viewer", "terminal", "editor"};
  return *classes;
}

bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kAppIdBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

// fnmatch(3) takes a '[' that is never closed, and a '\' at the end, for what no name holds.
bool IsWellFormed(std::string_view pattern) {
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      if (++at == pattern.size()) return false;
    } else if (pattern[at] == '[') {
      size_t end = at + 1;
      if (end < pattern.size() && (pattern[end] == '!' || pattern[end] == '^')) ++end;
      if (end < pattern.size() && pattern[end] == ']') ++end;
      end = pattern.find(']', end);
      if (end == std::string_view::npos) return false;
      at = end;
    }
  }
  return true;
}

bool HasComponent(std::string_view path, std::string_view wanted) {
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == wanted) return true;
    at = end + 1;
  }
  return false;
}

bool MatchesAny(const std::string& pattern, const std::vector<std::string>& paths) {
  const std::string whole = pattern.starts_with("~/") ? "/home/user" + pattern.substr(1) : pattern;
  return std::ranges::any_of(paths, [&](const std::string& path) {
    return ::fnmatch(whole.c_str(), path.c_str(), 0) == 0;
  });
}

// Where a program of any name may lie: a pattern that finds these says nothing.
bool IsAnyProgram(const std::string& pattern) {
  return MatchesAny(pattern, {"/usr/bin/zq-4", "/usr/lib/zq-4/zq-4", "/usr/libexec/zq-4",
                              "/bin/zq-4", "/opt/zq-4/zq-4", "/opt/apps/zq-4/files/zq-4",
                              "/usr/local/bin/zq-4", "/home/user/zq-4/zq-4"});
}

// Where users keep what is theirs. A path of a program's own that finds these would let it pass.
bool HoldsDocuments(const std::string& pattern) {
  return MatchesAny(
      pattern, {"/home/user/a.docx", "/home/user/Documents/a.docx", "/home/user/Desktop/a.docx",
                "/home/user/Downloads/a.docx", "/home/user/文档/a.docx", "/home/user/桌面/a.docx",
                "/home/user/下载/a.docx", "/home/user/work/a/b.docx", "/tmp/a.docx",
                "/media/user/stick/a.docx", "/data/share/a.docx"});
}

enum class Kind { kProgram, kScript, kOwnPath, kId };

void CheckPath(const std::string& pattern, Kind kind, const std::string& path, Problems& problems) {
  const bool anywhere = kind != Kind::kOwnPath && pattern.starts_with("*/");
  if (!pattern.starts_with('/') && !pattern.starts_with("~/") && !anywhere) {
    problems.Error("A113", path,
                   kind == Kind::kOwnPath ? "a path begins with '/' or '~/'"
                                          : "a path begins with '/', '~/' or '*/'");
  } else if (HasComponent(pattern, "..") || HasComponent(pattern, ".") ||
             pattern.find("//") != std::string::npos || pattern.ends_with('/')) {
    problems.Error("A113", path,
                   "no '.', '..', '//' or '/' at the end: the kernel's names have none");
  } else if (kind != Kind::kOwnPath && IsAnyProgram(pattern)) {
    problems.Error("A114", path,
                   fmt::format("'{}' would be any program: name a folder or a file", pattern));
  } else if (kind == Kind::kOwnPath && HoldsDocuments(pattern)) {
    problems.Error("A115", path,
                   fmt::format("'{}' holds users' documents, which would pass unseen", pattern));
  }
}

void CheckName(std::string_view pattern, const std::string& path, Problems& problems) {
  const bool fits = std::ranges::all_of(pattern, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-*?").find(c) != std::string_view::npos;
  });
  const auto fixed = std::ranges::count_if(pattern, [](char c) { return c != '*' && c != '?'; });
  if (!fits) {
    problems.Error("A113", path, "letters, digits and . _ - make up an id");
  } else if (fixed < 2) {
    problems.Error("A114", path, "would be any program: name it");
  }
}

void CheckPatterns(const Patterns& patterns, Kind kind, const std::string& path,
                   Problems& problems) {
  if (static_cast<size_t>(patterns.size()) > kAppPatternsMax) {
    problems.Error("Y107", path, fmt::format("more than {} entries", kAppPatternsMax));
    return;
  }
  for (int i = 0; i < patterns.size(); ++i) {
    const std::string& pattern = patterns[i];
    const std::string place = fmt::format("{}[{}]", path, i);
    if (pattern.empty()) {
      problems.Error("A113", place, "empty");
    } else if (pattern.size() > kAppPatternBytesMax) {
      problems.Error("Y107", place, fmt::format("longer than {} bytes", kAppPatternBytesMax));
    } else if (!IsValidUtf8(pattern) || pattern.find('\0') != std::string::npos) {
      problems.Error("Y104", place, "not valid UTF-8 text");
    } else if (!IsWellFormed(pattern)) {
      problems.Error("A112", place,
                     "no pattern of fnmatch(3): a '[' without ']', or a '\\' at the end");
    } else if (kind == Kind::kId) {
      CheckName(pattern, place, problems);
    } else {
      CheckPath(pattern, kind, place, problems);
    }
  }
}

void CheckClasses(const v1::App& app, const std::string& path, Problems& problems) {
  if (app.classes().empty()) problems.Error("Y103", path + ".classes", "missing: one at least");
  if (static_cast<size_t>(app.classes_size()) > kAppClassesMax) {
    problems.Error("Y107", path + ".classes", fmt::format("more than {} entries", kAppClassesMax));
  }
  for (int i = 0; i < app.classes_size(); ++i) {
    const std::string& name = app.classes(i);
    const std::string place = fmt::format("{}.classes[{}]", path, i);
    if (!IsWord(name)) {
      problems.Error("A110", place,
                     fmt::format("a class is 1 to {} of a-z 0-9 _ - .", kAppIdBytesMax));
    } else if (std::ranges::find(KnownClasses(), name) == KnownClasses().end()) {
      // Administrators may have classes of their own; a slip of the pen is none.
      const std::string meant = Suggestion(name, KnownClasses());
      if (!meant.empty()) {
        problems.Warning("A118", place, fmt::format("class '{}' is not shipped{}", name, meant));
      }
    }
  }
}

void CheckTitle(std::string_view text, const std::string& path, Problems& problems) {
  if (text.empty()) problems.Error("A117", path, "an app needs a title in both languages (zh, en)");
  if (text.size() > kPolicyTextBytesMax) {
    problems.Error("Y107", path, fmt::format("longer than {} bytes", kPolicyTextBytesMax));
  } else if (!IsValidUtf8(text)) {
    problems.Error("Y104", path, "not valid UTF-8");
  }
}

void CheckWays(const Patterns& patterns, std::string_view list, const std::string& path,
               AppsSeen& seen, Problems& problems) {
  for (int i = 0; i < patterns.size(); ++i) {
    const std::string place = fmt::format("{}.{}[{}]", path, list, i);
    const auto [first, fresh] = seen.ways.emplace(fmt::format("{} {}", list, patterns[i]), place);
    if (fresh) continue;
    problems.Error("A116", place,
                   fmt::format("'{}' is also {}: the second app would never be found", patterns[i],
                               first->second));
  }
}

}  // namespace

void CheckApp(const v1::App& app, const std::string& path, AppsSeen& seen, Problems& problems) {
  if (!IsWord(app.id())) {
    problems.Error("A110", path + ".id",
                   fmt::format("an app's id is 1 to {} of a-z 0-9 _ - .", kAppIdBytesMax));
  } else if (const auto [first, fresh] = seen.ids.emplace(app.id(), path); !fresh) {
    problems.Error("A111", path + ".id",
                   fmt::format("id '{}' is also that of {}", app.id(), first->second));
  }
  CheckTitle(app.title_zh(), path + ".title.zh", problems);
  CheckTitle(app.title_en(), path + ".title.en", problems);
  CheckClasses(app, path, problems);
  CheckPatterns(app.executables(), Kind::kProgram, path + ".executables", problems);
  CheckPatterns(app.scripts(), Kind::kScript, path + ".scripts", problems);
  CheckPatterns(app.flatpaks(), Kind::kId, path + ".flatpaks", problems);
  CheckPatterns(app.snaps(), Kind::kId, path + ".snaps", problems);
  CheckPatterns(app.own_paths(), Kind::kOwnPath, path + ".own_paths", problems);
  if (app.executables().empty() && app.scripts().empty() && app.flatpaks().empty() &&
      app.snaps().empty()) {
    problems.Error("A119", path, "no way to know it: give executables, scripts, flatpaks or snaps");
  }
  CheckWays(app.executables(), "executables", path, seen, problems);
  CheckWays(app.scripts(), "scripts", path, seen, problems);
  CheckWays(app.flatpaks(), "flatpaks", path, seen, problems);
  CheckWays(app.snaps(), "snaps", path, seen, problems);
}

}  // namespace shoumi::rules
