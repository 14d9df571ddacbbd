#include "agent/cli/judge.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "agent/decide/decide.h"
#include "common/fd.h"
#include "common/ids.h"
#include "fmt/format.h"
#include "rules/policy/policy.h"

namespace shoumi::cli {
namespace {

constexpr v1::Channel kWaysOut[] = {v1::CHANNEL_USB, v1::CHANNEL_CLIPBOARD, v1::CHANNEL_ATTACHMENT,
                                    v1::CHANNEL_MAIL};

v1::User CallingUser() {
  v1::User user;
  user.set_uid(::getuid());
  if (const passwd* account = ::getpwuid(::getuid())) user.set_name(account->pw_name);
  std::vector<gid_t> groups(static_cast<size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<size_t>(std::max(count, 0)));
  for (const gid_t gid : groups) {
    if (const group* entry = ::getgrgid(gid)) user.add_groups(entry->gr_name);
  }
  return user;
}

std::string Lines(const std::vector<v1::PackProblem>& problems) {
  std::string lines;
  for (const v1::PackProblem& problem : problems) {
    if (!lines.empty()) lines += '\n';
    lines += rules::FormatProblem(problem);
  }
  return lines;
}

}  // namespace

std::vector<std::string> ChannelNames() {
  std::vector<std::string> names;
  for (const v1::Channel way : kWaysOut) names.emplace_back(rules::Name(way));
  return names;
}

v1::Channel ChannelOf(std::string_view name) {
  for (const v1::Channel way : kWaysOut) {
    if (rules::Name(way) == name) return way;
  }
  return v1::CHANNEL_UNSPECIFIED;
}

absl::StatusOr<Judge> Judge::Load(const std::string& policy_file, const std::string& channel,
                                  const std::vector<std::string>& detectors) {
  Judge judge;
  judge.context_.set_channel(ChannelOf(channel));
  const auto yaml = ReadFile(policy_file, rules::kPolicyYamlBytesMax);
  if (!yaml.ok()) return yaml.status();
  rules::PolicyResult loaded = rules::LoadPolicy(policy_file, *yaml, detectors);
  if (!loaded.ok) return absl::InvalidArgumentError(Lines(loaded.problems));
  judge.policy_ = std::move(loaded.policy);
  *judge.context_.mutable_user() = CallingUser();
  judge.context_.set_operation("scan");
  return judge;
}

v1::Verdict Judge::Verdict(const std::string& path, const v1::InspectReport& report) const {
  const auto now = std::chrono::system_clock::now();
  v1::EventContext context = context_;
  *context.mutable_time() = ToProtoTime(now);
  context.set_content_name(std::filesystem::path(path).filename().string());
  return agent::Decide(policy_, context, report, agent::LocalTimeOf(now));
}

}  // namespace shoumi::cli
