#include "server/rpc/testing/test_agent.h"

#include <chrono>

#include "common/ids.h"

namespace shoumi::server {

TestAgent::TestAgent(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::AgentService::NewStub(channel)) {
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  stream_ = stub_->Session(&context_);
}

TestAgent::~TestAgent() {
  context_.TryCancel();
  (void)End();
}

bool TestAgent::Send(const std::vector<v1::SpoolRecord>& records) {
  v1::AgentMessage message;
  message.mutable_records();
  for (const v1::SpoolRecord& record : records) {
    *message.mutable_records()->add_records() = record;
  }
  return Send(message);
}

bool TestAgent::SendHello(uint64_t policy_version, std::string_view hostname) {
  return Send(HelloMessage(policy_version, hostname));
}

bool TestAgent::SendResult(uint64_t version, v1::PolicyResult::Outcome outcome,
                           std::string_view error) {
  v1::AgentMessage message;
  message.mutable_policy_result()->set_version(version);
  message.mutable_policy_result()->set_outcome(outcome);
  message.mutable_policy_result()->set_error(std::string(error));
  return Send(message);
}

v1::ServerMessage TestAgent::Next() {
  v1::ServerMessage message;
  if (!stream_->Read(&message)) return {};
  return message;
}

bool TestAgent::Greet(uint64_t policy_version) {
  return SendHello(policy_version) && Next().has_welcome();
}

absl::Status TestAgent::End() {
  if (!ended_) {
    v1::ServerMessage message;
    while (stream_->Read(&message)) {
    }
    const grpc::Status status = stream_->Finish();
    ended_ =
        absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  return *ended_;
}

v1::AgentMessage HelloMessage(uint64_t policy_version, std::string_view hostname) {
  v1::AgentMessage message;
  message.mutable_hello()->set_hostname(std::string(hostname));
  message.mutable_hello()->mutable_state()->set_agent_version("1.0");
  message.mutable_hello()->mutable_state()->set_policy_version(policy_version);
  return message;
}

v1::SpoolRecord IncidentRecord(uint64_t sequence) {
  v1::SpoolRecord record;
  record.set_sequence(sequence);
  v1::Incident& incident = *record.mutable_incident();
  incident.set_incident_id(NewUuid());
  incident.mutable_event()->set_event_id(NewUuid());
  *incident.mutable_event()->mutable_time() = ToProtoTime(std::chrono::system_clock::now());
  incident.mutable_event()->set_channel(v1::CHANNEL_USB);
  incident.mutable_event()->mutable_user()->set_name("li");
  incident.mutable_event()->set_content_name("plan.docx");
  incident.mutable_verdict()->set_action(v1::ACTION_BLOCK);
  incident.mutable_verdict()->set_basis(v1::VERDICT_BASIS_RULE);
  incident.mutable_verdict()->set_rule("marked-top-secret");
  incident.mutable_verdict()->set_severity(v1::SEVERITY_CRITICAL);
  incident.set_level(v1::LEVEL_TOP_SECRET);
  return record;
}

v1::SpoolRecord EventRecord(uint64_t sequence) {
  v1::SpoolRecord record;
  record.set_sequence(sequence);
  record.mutable_event()->set_event_id(NewUuid());
  *record.mutable_event()->mutable_time() = ToProtoTime(std::chrono::system_clock::now());
  record.mutable_event()->set_kind(v1::AgentEvent::KIND_DEVICE_GUARDED);
  record.mutable_event()->set_count(1);
  return record;
}

}  // namespace shoumi::server
