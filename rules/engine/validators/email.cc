// Mail addresses. RFC 5321, 4.1.2 (Mailbox) in the form people have: dot-string local part of
// letters, digits and . _ % + - ' up to 64 octets, domain of letter-digit-hyphen labels up to 63
// octets each and 255 in all (4.5.3.1), ending in a known top-level domain.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "rules/engine/text/utf8.h"
#include "rules/engine/validators/surroundings.h"
#include "rules/engine/validators/top_level_domains.h"
#include "rules/engine/validators/validators.h"

namespace shoumi::rules {
namespace {

constexpr size_t kLocalBytesMax = 64;
constexpr size_t kDomainBytesMax = 255;
constexpr size_t kLabelBytesMax = 63;
constexpr uint8_t kConfidence = 85;

// Header fields whose values have the form of addresses and name messages, not people.
constexpr std::array<std::string_view, 5> kMessageIds = {"message-id", "in-reply-to", "references",
                                                         "content-id", "cid:"};
constexpr WordsBefore kBeforeMessages(kMessageIds);

bool IsLocalChar(char c) {
  return IsAlnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\'';
}
bool IsDomainChar(char c) {
  return IsAlnum(c) || c == '-' || c == '.';
}

size_t FindAt(const Candidate& candidate) {
  const std::string_view text = candidate.text;
  const size_t low = candidate.from > kLocalBytesMax ? candidate.from - kLocalBytesMax : 0;
  const size_t start = candidate.from > 0 ? candidate.from - 1 : 0;
  const size_t inside = text.substr(0, candidate.to + 1).find('@', start);
  if (inside != std::string_view::npos) {
    return inside;
  }
  // The anchor lies within the local part or the domain.
  size_t at = candidate.to;
  while (at < text.size() && at - candidate.to < kLocalBytesMax && IsLocalChar(text[at])) {
    ++at;
  }
  if (at < text.size() && text[at] == '@') {
    return at;
  }
  at = candidate.from;
  while (at > low && IsDomainChar(text[at - 1])) {
    --at;
  }
  return at > 0 && text[at - 1] == '@' ? at - 1 : std::string_view::npos;
}

// Length of the longest domain at `from` that ends in a known top-level domain; 0 when there is
// none.
size_t DomainLength(std::string_view text, size_t from, Reject* reject) {
  size_t end = from;
  while (end < text.size() && end - from < kDomainBytesMax && IsDomainChar(text[end])) {
    ++end;
  }
  std::string_view domain = text.substr(from, end - from);
  while (!domain.empty() && (domain.back() == '.' || domain.back() == '-')) {
    domain.remove_suffix(1);
  }
  const size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos) {
    *reject = Reject::kShape;
    return 0;
  }
  std::string top(domain.substr(dot + 1));
  std::transform(top.begin(), top.end(), top.begin(), ToLower);
  if (!IsTopLevelDomain(top)) {
    *reject = Reject::kRange;
    return 0;
  }
  size_t start = 0;
  while (start <= domain.size()) {
    const size_t next = std::min(domain.find('.', start), domain.size());
    const std::string_view label = domain.substr(start, next - start);
    if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' ||
        label.back() == '-') {
      *reject = Reject::kShape;
      return 0;
    }
    start = next + 1;
  }
  return domain.size();
}

bool IsMessageId(std::string_view text, size_t from) {
  constexpr size_t kBackBytesMax = 200;
  const size_t start = from > kBackBytesMax ? from - kBackBytesMax : 0;
  // A field has a colon, which is found faster than a name.
  return text.substr(start, from - start).find(':') != std::string_view::npos &&
         SaidBefore(text, from, kBackBytesMax, kBeforeMessages);
}

// user@host in a URL or in the address of a repository is an account on a machine.
bool IsUserInfo(std::string_view text, size_t from, size_t to) {
  const std::string_view before = text.substr(0, from);
  if (before.ends_with("://")) {
    return true;
  }
  size_t start = from;
  while (start > 0 && from - start < kLocalBytesMax && IsAlnum(text[start - 1])) {
    --start;
  }
  if (before.ends_with(':') || start < from) {
    const std::string_view near =
        before.substr(from > kValidatorLookBytesMax ? from - kValidatorLookBytesMax : 0);
    const size_t scheme = near.rfind("://");
    if (scheme != std::string_view::npos &&
        near.find_first_of(" \t\r\n/", scheme + 3) == std::string_view::npos) {
      return true;  // scheme://user:password@host
    }
  }
  // git@host:path
  return to + 1 < text.size() && text[to] == ':' &&
         (IsAlnum(text[to + 1]) || text[to + 1] == '/' || text[to + 1] == '~');
}

}  // namespace

Judgement ValidateEmail(const Candidate& candidate) {
  const std::string_view text = candidate.text;
  const size_t at = FindAt(candidate);
  if (at == std::string_view::npos) {
    return Rejected(Reject::kShape);
  }
  size_t from = at;
  while (from > 0 && at - from <= kLocalBytesMax && IsLocalChar(text[from - 1])) {
    --from;
  }
  if (at - from > kLocalBytesMax) {
    return Rejected(Reject::kBoundary);
  }
  while (from < at &&
         (text[from] == '.' || text[from] == '-' || text[from] == '%' || text[from] == '\'')) {
    ++from;
  }
  const std::string_view local = text.substr(from, at - from);
  if (local.empty() || local.back() == '.' || local.find("..") != std::string_view::npos) {
    return Rejected(Reject::kShape);
  }
  Reject reject = Reject::kNone;
  const size_t domain = DomainLength(text, at + 1, &reject);
  if (domain == 0) {
    return Rejected(reject);
  }
  const size_t to = at + 1 + domain;
  if (to < text.size() && (text[to] == '@' || text[to] == '_' || text[to] == '=')) {
    return Rejected(Reject::kBoundary);
  }
  if (from > 0 && text[from - 1] == '@') {
    return Rejected(Reject::kBoundary);
  }
  if (IsUserInfo(text, from, to)) {
    return Rejected(Reject::kBoundary);
  }
  if (IsMessageId(text, from)) {
    return Rejected(Reject::kContext);
  }
  std::string value(text.substr(from, to - from));
  std::transform(value.begin(), value.end(), value.begin(), ToLower);
  return {
      .from = from, .to = to, .confidence = kConfidence, .value = std::move(value), .marking = {}};
}

}  // namespace shoumi::rules
