#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "spdlog/spdlog.h"

namespace shoumi {

// One line a record on standard error: JSON when `json`, else "time level component: text".
// Call once, at the start of main. Levels: trace debug info warn error off.
void SetUpLogging(std::string_view component, std::string_view level, bool json);

// Text form of a message for logs and errors, one line: fields annotated client_data come out as
// "<client data, N bytes>", secret ones as "<secret>" (proto/shoumi/v1/options.proto).
std::string ForLog(const google::protobuf::Message& message);

}  // namespace shoumi
