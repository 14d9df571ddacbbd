#include "agent/main/agent.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/main/channels.h"
#include "common/ids.h"
#include "common/installation.h"
#include "fmt/format.h"
#include "google/protobuf/util/json_util.h"
#include "rules/policy/policy.h"
#include "spdlog/spdlog.h"

namespace shoumi::agent {
namespace {

constexpr std::chrono::seconds kClockJumpMin{60};
constexpr std::chrono::milliseconds kDrainMax{8'000};

// Before a first policy nothing may leave: what a channel still asks is refused.
std::shared_ptr<const PolicyInForce> PolicyBefore(const AgentConfig& config) {
  auto before = std::make_shared<PolicyInForce>();
  v1::Policy& policy = before->policy;
  policy.set_name("none");
  policy.set_default_action(v1::ACTION_BLOCK);
  policy.mutable_usb()->set_mode(config.before_policy);
  policy.mutable_usb()->set_verdict_ms_max(rules::kVerdictMsDefault);
  policy.set_spool_bytes_max(rules::kSpoolBytesDefault);
  return before;
}

}  // namespace

Agent::Agent(AgentConfig config, std::string version)
    : config_(std::move(config)),
      version_(std::move(version)),
      started_(Clock::Real().WallNow()),
      io_work_(boost::asio::make_work_guard(io_)) {
  last_tended_ = Clock::Real().Now();
  last_tended_wall_ = started_;
}

Agent::~Agent() {
  Stop();
}

absl::Status Agent::Start() {
  if (auto status = TakeLock(); !status.ok()) return status;
  if (auto status = OpenSpool(); !status.ok()) return status;
  OpenLedger();
  StartPipeline();
  StartSessions();
  // Guards stand before packs are compiled, which takes a while.
  StartChannels();
  if (auto status = StartStatus(); !status.ok()) return status;
  if (auto status = StartReleases(); !status.ok()) return status;
  pipeline_->Report(v1::AgentEvent::KIND_STARTED, "version " + version_);
  ConnectIfEnrolled();
  return absl::OkStatus();
}

absl::Status Agent::TakeLock() {
  if (auto status = MakeFolders(config_.state_dir, 0700); !status.ok()) return status;
  if (auto status = MakeFolders(config_.run_dir, 0755); !status.ok()) return status;
  const std::string path = config_.state_dir + "/lock";
  lock_.Reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) return ErrnoStatus(errno, path);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, path);
  return absl::AlreadyExistsError(fmt::format("another agent runs with {}", config_.state_dir));
}

absl::Status Agent::OpenSpool() {
  auto spool = Spool::OpenFolder(config_.state_dir + "/spool", {});
  if (!spool.ok()) {
    return absl::Status(spool.status().code(),
                        fmt::format("spool: {}", std::string(spool.status().message())));
  }
  spool_ = *std::move(spool);
  return absl::OkStatus();
}

// Without what was kept, counting over time starts anew; nothing else depends on it.
void Agent::OpenLedger() {
  ledger_ = std::make_unique<Ledger>(LedgerTime(Clock::Real()));
  ledger_folder_ = std::make_unique<LedgerFolder>(config_.state_dir + "/ledger", *ledger_);
  if (auto status = ledger_folder_->Load(); !status.ok()) {
    ledger_damage_ = fmt::format("values that passed cannot be read, counting starts anew: {}",
                                 std::string(status.message()));
  }
}

void Agent::SaveLedger() {
  const auto status = ledger_folder_->Save();
  if (status.ok()) return;
  // The first says it, the counter how often.
  if (ledger_save_failures_++ == 0) {
    spdlog::error("values that passed are not kept: {}", std::string(status.message()));
  }
}

void Agent::StartPipeline() {
  io_thread_ = std::thread([this] { io_.run(); });
  identity_ = std::make_unique<Identity>(Clock::Real(), Identity::Options{});
  PipelineOptions options;
  options.events_max = config_.events_max;
  pipeline_ =
      std::make_unique<Pipeline>(io_, *spool_, *identity_, Clock::Real(), options, ledger_.get());
  pipeline_->SetPolicy(PolicyBefore(config_));
  inspection_ = std::make_unique<Inspection>(io_, *pipeline_, config_);
  for (const std::string& damage : spool_->damages()) {
    pipeline_->Report(v1::AgentEvent::KIND_SPOOL_DAMAGED, damage);
  }
  if (!ledger_damage_.empty()) {
    pipeline_->Report(v1::AgentEvent::KIND_SPOOL_DAMAGED, ledger_damage_);
  }
}

void Agent::StartSessions() {
  StartReleaseDesk();
  SessionHubOptions options;
  options.socket_path = config_.run_dir + "/session.sock";
  options.session_program =
      config_.clipboard_program.empty() ? SessionProgram() : config_.clipboard_program;
  sessions_ = std::make_unique<SessionHub>(std::move(options));
  NotificationSeams seams;
  seams.tell = [this](uid_t uid, const v1::ToSession& message) {
    return sessions_->Tell(uid, message);
  };
  seams.request = [this](uid_t uid, v1::ReleaseRequest request) {
    return release_desk_->AskAgain(uid, std::move(request));
  };
  notification_desk_ =
      std::make_unique<NotificationDesk>(NotificationOptions(), std::move(seams), Clock::Real());
  sessions_->handlers().SetResults([this](uid_t uid, const v1::NotificationResult& result) {
    return notification_desk_->OnResult(uid, result);
  });
  pipeline_->SetStoppedHook(
      [this](const v1::Incident& incident) { notification_desk_->OnStopped(incident); });
  if (auto status = sessions_->Start(*pipeline_); !status.ok()) {
    const std::string why(status.message());
    spdlog::error("graphical sessions cannot reach the agent: {}", why);
    pipeline_->Report(v1::AgentEvent::KIND_GUARD_FAILED, "sessions: " + why);
  }
}

void Agent::StartChannels() {
  const auto policy = pipeline_->policy();
  for (auto& [name, channel] : MakeChannels(config_, *sessions_)) {
    channel->ApplyPolicy(policy->policy);
    if (auto status = channel->Start(*pipeline_); !status.ok()) {
      const std::string why(status.message());
      spdlog::error("{}: not covered: {}", name, why);
      pipeline_->Report(v1::AgentEvent::KIND_GUARD_FAILED, fmt::format("{}: {}", name, why));
      failed_channels_.emplace_back(name, why);
      continue;
    }
    channels_.emplace_back(name, std::move(channel));
  }
}

absl::Status Agent::StartStatus() {
  auto server = StatusServer::Start(config_.run_dir + "/status.sock", [this] {
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    if (!google::protobuf::util::MessageToJsonString(Status(), &json, options).ok()) return json;
    return json + "\n";
  });
  if (!server.ok()) return server.status();
  status_server_ = *std::move(server);
  return absl::OkStatus();
}

ReleaseOptions Agent::OptionsOfReleases() const {
  ReleaseOptions options;
  options.socket_path = config_.run_dir + "/request.sock";
  return options;
}

void Agent::StartReleaseDesk() {
  ReleaseSeams seams;
  seams.inspector = [this] { return inspection_->pool(); };
  seams.find_user = [this](uint32_t uid, Identity::Done done) {
    identity_->Find(uid, std::move(done));
  };
  seams.keep = [this](v1::SpoolRecord record, Spool::Done done) {
    spool_->Append(std::move(record), std::move(done));
  };
  seams.connected = [this] {
    return Status().connection() == v1::AgentStatus::CONNECTION_CONNECTED;
  };
  release_desk_ =
      std::make_unique<ReleaseDesk>(OptionsOfReleases(), std::move(seams), Clock::Real());
}

absl::Status Agent::StartReleases() {
  auto server = ReleaseServer::Start(OptionsOfReleases(), *release_desk_);
  if (!server.ok()) return server.status();
  release_server_ = *std::move(server);
  return absl::OkStatus();
}

void Agent::PutInForce(const v1::PolicyBundle& bundle, const std::vector<std::string>& warnings) {
  auto policy = std::make_shared<PolicyInForce>();
  policy->version = bundle.version();
  policy->policy = bundle.policy();
  ledger_->Watch(policy->policy);
  pipeline_->SetPolicy(policy);
  notification_desk_->ApplyPolicy(policy->policy);
  for (auto& [name, channel] : channels_) channel->ApplyPolicy(policy->policy);
  {
    const std::lock_guard lock(mutex_);
    policy_name_ = bundle.policy().name();
    policy_created_ = bundle.created();
    policy_detail_ = fmt::format("{}", fmt::join(warnings, "; "));
    rules_idle_ = warnings.size();
    registries_.clear();
    for (const v1::Registry& registry : bundle.registries()) {
      v1::RegistryState& state = registries_.emplace_back();
      state.set_name(registry.name());
      state.set_version(registry.version());
      state.set_rows(registry.rows());
    }
    collections_.clear();
    for (const v1::DocumentCollection& collection : bundle.collections()) {
      v1::CollectionState& state = collections_.emplace_back();
      state.set_name(collection.name());
      state.set_version(collection.version());
      state.set_documents(collection.documents());
      state.set_kind(collection.kind());
    }
  }
  std::string detail = fmt::format("{} version {}", bundle.policy().name(), bundle.version());
  for (const std::string& warning : warnings) {
    spdlog::warn("{}", warning);
    detail += "; " + warning;
  }
  pipeline_->Report(v1::AgentEvent::KIND_POLICY_APPLIED, detail);
}

void Agent::SetPolicyDetail(std::string detail) {
  const std::lock_guard lock(mutex_);
  policy_detail_ = std::move(detail);
}

void Agent::ConnectIfEnrolled() {
  {
    const std::lock_guard lock(mutex_);
    if (uplink_ != nullptr) return;
  }
  auto enrolment = LoadEnrolment(config_.state_dir);
  if (!enrolment.ok()) {
    const std::lock_guard lock(mutex_);
    enrolment_detail_ = absl::IsNotFound(enrolment.status())
                            ? "this workstation is not enrolled; see shoumi-agent enrol --help"
                            : std::string(enrolment.status().message());
    return;
  }
  auto keeper = std::make_shared<PolicyKeeper>(
      config_.state_dir, enrolment->policy_public_key,
      PolicyKeeper::Hooks{
          [this](inspect::InspectorRules rules, const v1::Policy& policy) {
            rules.value_key = ledger_->KeyFor(policy);
            return inspection_->Compile(rules);
          },
          [this](const auto& bundle, const auto& warnings) { PutInForce(bundle, warnings); }});
  {
    const std::lock_guard lock(mutex_);
    keeper_ = keeper;
    device_id_ = enrolment->device_id;
    server_ = enrolment->server;
  }
  if (auto status = keeper->LoadKept(); !status.ok() && !absl::IsNotFound(status)) {
    const std::string why = fmt::format("kept policy: {}", std::string(status.message()));
    SetPolicyDetail(why);
    pipeline_->Report(v1::AgentEvent::KIND_POLICY_REFUSED, why);
  }
  UplinkOptions options;
  options.state_dir = config_.state_dir;
  options.fetched = fetched_;
  auto uplink =
      std::make_shared<Uplink>(*std::move(enrolment), *spool_, *keeper, Clock::Real(), options,
                               UplinkHooks{[this] { return State(); },
                                           [this](v1::AgentEvent::Kind kind, std::string detail) {
                                             pipeline_->Report(kind, std::move(detail));
                                           }});
  uplink->Start();
  const std::lock_guard lock(mutex_);
  uplink_ = std::move(uplink);
  enrolment_detail_.clear();
}

void Agent::Tend() {
  ConnectIfEnrolled();
  if (const auto pool = inspection_->pool()) {
    const uint64_t replaced = pool->stats().replaced;
    if (replaced > workers_replaced_) {
      pipeline_->Report(v1::AgentEvent::KIND_WORKER_REPLACED,
                        fmt::format("{} workers replaced since the start", replaced));
    }
    workers_replaced_ = replaced;
  }
  SaveLedger();
  const Clock::Steady now = Clock::Real().Now();
  const Clock::Wall wall = Clock::Real().WallNow();
  const auto jump = std::chrono::duration_cast<std::chrono::seconds>((wall - last_tended_wall_) -
                                                                     (now - last_tended_));
  if (jump > kClockJumpMin || jump < -kClockJumpMin) {
    pipeline_->Report(v1::AgentEvent::KIND_CLOCK_JUMP,
                      fmt::format("the clock jumped by {} s", jump.count()));
  }
  last_tended_ = now;
  last_tended_wall_ = wall;
}

void Agent::Stop() {
  status_server_.reset();
  release_server_.reset();
  std::shared_ptr<Uplink> uplink;
  {
    const std::lock_guard lock(mutex_);
    uplink.swap(uplink_);
  }
  if (uplink) uplink->Stop();
  uplink.reset();
  for (auto it = channels_.rbegin(); it != channels_.rend(); ++it) it->second->Stop();
  if (pipeline_) {
    pipeline_->Report(v1::AgentEvent::KIND_STOPPED, "version " + version_);
    // Every event has a deadline; what is still under way after it hangs in the disk or in NSS, and
    // nothing that it refers to may be taken down under it.
    if (!pipeline_->Drain(kDrainMax)) {
      spdlog::critical("events are still under way; ending without waiting for them");
      ::_exit(1);
    }
  }
  channels_.clear();
  // Nothing stops anything any more; who waits for a request is told by the sessions' end.
  if (release_desk_) release_desk_->Stop();
  if (sessions_) sessions_->Stop();
  notification_desk_.reset();
  sessions_.reset();
  if (inspection_) inspection_->Stop();
  io_work_.reset();
  pipeline_.reset();
  if (ledger_folder_) SaveLedger();
  ledger_folder_.reset();
  ledger_.reset();
  io_.stop();
  if (io_thread_.joinable()) io_thread_.join();
  inspection_.reset();
  identity_.reset();
  spool_.reset();
  lock_.Reset();
}

}  // namespace shoumi::agent
