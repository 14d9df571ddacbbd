#include "server/ctl/json.h"

#include "fmt/format.h"
#include "google/protobuf/util/json_util.h"

namespace shoumi::ctl {

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  // Fails for messages that hold an unknown Any only; ours hold none.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

std::string JsonList::Text(std::optional<uint64_t> total) const {
  std::string out = fmt::format("{{\n\"{}\": [", name_);
  for (size_t i = 0; i < rows_.size(); ++i) {
    std::string_view row = rows_[i];
    while (row.ends_with('\n')) row.remove_suffix(1);
    out += fmt::format("{}\n{}", i == 0 ? "" : ",", row);
  }
  out += rows_.empty() ? "]" : "\n]";
  if (total) out += fmt::format(",\n\"total\": {}", *total);
  return out + "\n}\n";
}

}  // namespace shoumi::ctl
