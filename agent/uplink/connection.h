#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "agent/uplink/enrolment.h"

namespace shoumi::agent {

// TLS with the pinned CA and, where the enrolment has one, the device's certificate.
std::shared_ptr<grpc::Channel> Connect(const Enrolment& enrolment);

absl::Status FromGrpc(const grpc::Status& status);

std::string Hostname();

}  // namespace shoumi::agent
