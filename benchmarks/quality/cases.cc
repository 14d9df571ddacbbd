#include "benchmarks/quality/cases.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "rules/engine/text/normalise.h"

namespace shoumi::benchmarks {
namespace {

v1::PartKind KindOf(std::string_view name) {
  std::string full = "PART_KIND_";
  for (const char c : name) {
    full += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  v1::PartKind kind = v1::PART_KIND_UNSPECIFIED;
  return v1::PartKind_Parse(full, &kind) ? kind : v1::PART_KIND_UNSPECIFIED;
}

// Letters, digits and characters outside ASCII except the dots of plates, upper case.
std::string Essence(const std::string& text) {
  std::string essence;
  for (const char c : rules::NormaliseText(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0) {
      essence += static_cast<char>(byte < 0x80 ? std::toupper(byte) : byte);
    }
  }
  for (size_t at = essence.find("·"); at != std::string::npos; at = essence.find("·")) {
    essence.erase(at, std::string_view("·").size());
  }
  return essence;
}

}  // namespace

absl::StatusOr<std::vector<Case>> ReadCases(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    return absl::NotFoundError(fmt::format("cannot read {}", path));
  }
  std::vector<Case> cases;
  std::string line;
  while (std::getline(in, line)) {
    std::array<std::string, 6> fields;
    size_t start = 0;
    for (std::string& field : fields) {
      const size_t end = std::min(line.find('\t', start), line.size());
      field = line.substr(start, end - start);
      start = std::min(end + 1, line.size());
    }
    Case read;
    read.rule = fields[0];
    read.positive = fields[1] == "1";
    read.kind = KindOf(fields[2]);
    read.file_name = fields[3];
    read.expected = fields[4].substr(fields[4].find('=') + 1);
    const bool known = fields[2] == "-" || read.kind != v1::PART_KIND_UNSPECIFIED;
    if (read.rule.empty() || !known || !absl::Base64Unescape(fields[5], &read.content)) {
      return absl::InvalidArgumentError(fmt::format("{}:{}: no case", path, cases.size() + 1));
    }
    cases.push_back(std::move(read));
  }
  return cases;
}

bool SameValue(const std::string& matched, const std::string& expected) {
  const std::string found = Essence(matched);
  const std::string wanted = Essence(expected);
  if (found == wanted) {
    return true;
  }
  for (const std::string_view country : {"86", "0086"}) {
    if (found == std::string(country) + wanted ||
        (wanted.starts_with('0') && found == std::string(country) + wanted.substr(1))) {
      return true;
    }
  }
  return false;
}

}  // namespace shoumi::benchmarks
