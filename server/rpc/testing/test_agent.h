#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "shoumi/v1/agent_service.grpc.pb.h"

namespace shoumi::server {

// An agent's side of one Session stream, one step at a time.
class TestAgent {
 public:
  explicit TestAgent(const std::shared_ptr<grpc::Channel>& channel);
  ~TestAgent();
  TestAgent(const TestAgent&) = delete;
  TestAgent& operator=(const TestAgent&) = delete;

  // False when the stream is over.
  bool Send(const v1::AgentMessage& message) { return stream_->Write(message); }
  bool Send(const std::vector<v1::SpoolRecord>& records);
  bool SendHello(uint64_t policy_version = 0, std::string_view hostname = "pc-1");
  bool SendResult(uint64_t version, v1::PolicyResult::Outcome outcome, std::string_view error = "");

  // Next message; a message without body when the stream is over.
  v1::ServerMessage Next();
  // Sends Hello and takes the welcome.
  bool Greet(uint64_t policy_version = 0);

  // Reads on until the server ends the stream, and says how it ended it.
  absl::Status End();

 private:
  std::unique_ptr<v1::AgentService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ServerMessage>> stream_;
  std::optional<absl::Status> ended_;
};

v1::AgentMessage HelloMessage(uint64_t policy_version, std::string_view hostname = "pc-1");

// Valid records with fresh ids.
v1::SpoolRecord IncidentRecord(uint64_t sequence);
v1::SpoolRecord EventRecord(uint64_t sequence);

}  // namespace shoumi::server
