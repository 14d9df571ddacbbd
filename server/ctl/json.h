#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"

namespace shoumi::ctl {

// The message in protobuf's JSON form, field names as in proto/shoumi/v1. Numbers of 64 bits are
// strings there. Control characters come out escaped.
std::string ToJson(const google::protobuf::Message& message);

// {"NAME": [rows…], "total": N}; no total without one.
class JsonList {
 public:
  explicit JsonList(std::string_view name) : name_(name) {}
  void Add(const google::protobuf::Message& row) { rows_.push_back(ToJson(row)); }
  [[nodiscard]] std::string Text(std::optional<uint64_t> total = std::nullopt) const;

 private:
  const std::string name_;
  std::vector<std::string> rows_;
};

}  // namespace shoumi::ctl
