#include "server/rpc/paging.h"

#include <charconv>

#include "fmt/format.h"

namespace shoumi::server {
namespace {

constexpr uint32_t kPageDefault = 50;
constexpr uint32_t kPageMax = 1000;

}  // namespace

absl::StatusOr<uint32_t> PageSize(uint32_t asked) {
  if (asked > kPageMax) {
    return absl::InvalidArgumentError(fmt::format("a page has at most {} rows", kPageMax));
  }
  return asked == 0 ? kPageDefault : asked;
}

absl::StatusOr<uint64_t> NumberOfToken(const std::string& page_token) {
  if (page_token.empty()) return 0;
  uint64_t number = 0;
  const char* const end = page_token.data() + page_token.size();
  const auto parsed = std::from_chars(page_token.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number == 0 ||
      number > static_cast<uint64_t>(INT64_MAX)) {
    return absl::InvalidArgumentError("not a page token of this list");
  }
  return number;
}

}  // namespace shoumi::server
