#include "agent/channels/replay/replay_channel.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "fmt/format.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "spdlog/spdlog.h"

namespace shoumi::agent::replay {
namespace {

constexpr char kEvent[] = ".event";
constexpr char kVerdict[] = ".verdict";
constexpr int64_t kBudgetMsMax = 600'000;

std::string ToJson(const v1::Verdict& verdict) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(verdict, &json, options).ok()) return "{}";
  return json;
}

// One path component, so that a file of events names nothing outside its folder.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

}  // namespace

ReplayChannel::~ReplayChannel() {
  Stop();
}

absl::Status ReplayChannel::Start(EventSink& sink) {
  std::error_code error;
  if (!std::filesystem::is_directory(options_.folder, error)) {
    return absl::NotFoundError(options_.folder + ": not a folder of events");
  }
  sink_ = &sink;
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

// Nothing here depends on it: the pipeline decides.
void ReplayChannel::ApplyPolicy(const v1::Policy&) {}

void ReplayChannel::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ == 0; });
}

v1::ChannelState ReplayChannel::State() const {
  const std::lock_guard lock(mutex_);
  v1::ChannelState state;
  state.set_channel("replay");
  state.set_coverage(thread_.joinable() && !stopping_ ? v1::COVERAGE_COVERED
                                                      : v1::COVERAGE_NOT_COVERED);
  state.set_why(fmt::format("{} events answered", answered_));
  return state;
}

void ReplayChannel::Run() {
  for (;;) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it(options_.folder, error), end; !error && it != end;
         it.increment(error)) {
      if (it->path().extension() == kEvent) names.push_back(it->path().stem().string());
    }
    std::ranges::sort(names);
    for (const std::string& name : names) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || waiting_ < options_.events_max; });
        if (stopping_) return;
        if (!taken_.insert(name).second) continue;
      }
      if (std::filesystem::exists(options_.folder + "/" + name + kVerdict, error)) continue;
      Replay(name);
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, options_.poll_ms, [&] { return stopping_; })) return;
  }
}

absl::StatusOr<Event> ReplayChannel::ReadEvent(const std::string& name) const {
  const auto bytes = ReadFile(options_.folder + "/" + name + kEvent, options_.event_file_bytes_max);
  if (!bytes.ok()) return bytes.status();
  const auto json = nlohmann::json::parse(*bytes, nullptr, false);
  if (!json.is_object()) return absl::InvalidArgumentError("not a JSON object");
  Event event;
  if (json.contains("context")) {
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(json["context"].dump(), &event.context);
    if (!parsed.ok()) return absl::InvalidArgumentError("context: " + parsed.ToString());
  }
  if (event.context.channel() == v1::CHANNEL_UNSPECIFIED) {
    event.context.set_channel(v1::CHANNEL_REPLAY);
  }
  const auto text = [&](const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
  };
  event.name = text("name");
  event.text = text("text");
  event.context.set_content_name(event.name);
  if (const std::string content = text("content"); !content.empty()) {
    if (!IsPlainName(content)) return absl::InvalidArgumentError("content: not a plain name");
    const std::string path = options_.folder + "/" + content;
    event.content.Reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!event.content) return ErrnoStatus(errno, content);
  }
  const int64_t budget =
      json.contains("budget_ms") && json["budget_ms"].is_number_integer()
          ? std::clamp<int64_t>(json["budget_ms"].get<int64_t>(), 1, kBudgetMsMax)
          : 10'000;
  event.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(budget);
  event.report_only = json.contains("report_only") && json["report_only"] == true;
  return event;
}

void ReplayChannel::Replay(const std::string& name) {
  auto event = ReadEvent(name);
  if (!event.ok()) {
    WriteVerdict(name, nlohmann::json{{"error", std::string(event.status().message())}}.dump());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ++waiting_;
  }
  event->answer = [this, name](const v1::Verdict& verdict) {
    WriteVerdict(name, ToJson(verdict));
    const std::lock_guard lock(mutex_);
    --waiting_;
    ++answered_;
    changed_.notify_all();
  };
  sink_->Submit(*std::move(event));
}

void ReplayChannel::WriteVerdict(const std::string& name, const std::string& json) {
  const auto status = ReplaceFile(options_.folder + "/" + name + kVerdict, json + "\n", 0600);
  if (!status.ok()) spdlog::error("replay: {}", std::string(status.message()));
}

}  // namespace shoumi::agent::replay
