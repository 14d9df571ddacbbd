#include "agent/inspect/extract/rtf/tokens.h"

#include <algorithm>
#include <limits>

namespace shoumi::inspect {
namespace {

constexpr size_t kWordBytesMax = 32;
constexpr int64_t kNumberMax = std::numeric_limits<int32_t>::max();

bool IsLetter(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsDigit(int c) {
  return c >= '0' && c <= '9';
}

int HexDigit(int c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

bool RtfTokens::Fill() {
  if (!status_.ok()) return false;
  block_offset_ += size_;
  at_ = size_ = 0;
  const absl::StatusOr<size_t> got = source_.ReadAt(block_offset_, block_);
  if (got.ok()) {
    size_ = *got;
  } else {
    status_ = got.status();
  }
  return size_ > 0;
}

RtfToken RtfTokens::Next() {
  RtfToken token;
  int c = Peek();
  while (c == '\r' || c == '\n') {
    ++at_;
    c = Peek();
  }
  if (c < 0) return token;
  if (c == '{' || c == '}') {
    ++at_;
    token.kind = c == '{' ? RtfToken::Kind::kOpen : RtfToken::Kind::kClose;
    return token;
  }
  if (c == '\\') {
    ++at_;
    return Control();
  }
  const std::string_view rest(block_.data() + at_, size_ - at_);
  token.kind = RtfToken::Kind::kText;
  const auto end = std::find_if(rest.begin(), rest.end(), [](char b) {
    return b == '\\' || b == '{' || b == '}' || b == '\r' || b == '\n';
  });
  token.text = rest.substr(0, static_cast<size_t>(end - rest.begin()));
  at_ += token.text.size();
  return token;
}

RtfToken RtfTokens::Control() {
  const int c = Peek();
  if (IsLetter(c)) return Word();
  RtfToken token;
  if (c < 0) return token;
  ++at_;
  if (c == '\'') return Hex();
  token.kind = RtfToken::Kind::kSymbol;
  token.byte = static_cast<char>(c);
  return token;
}

RtfToken RtfTokens::Hex() {
  RtfToken token;
  token.kind = RtfToken::Kind::kByte;
  int value = 0;
  for (int i = 0; i < 2; ++i) {
    const int digit = HexDigit(Peek());
    if (digit < 0) break;
    value = value * 16 + digit;
    ++at_;
  }
  token.byte = static_cast<char>(value);
  return token;
}

RtfToken RtfTokens::Word() {
  word_.clear();
  while (IsLetter(Peek())) {
    if (word_.size() < kWordBytesMax) word_.push_back(block_[at_]);
    ++at_;
  }
  RtfToken token;
  token.kind = RtfToken::Kind::kWord;
  token.word = word_;
  const bool negative = Peek() == '-';
  if (negative) ++at_;
  int64_t number = 0;
  while (IsDigit(Peek())) {
    token.has_number = true;
    number = std::min(number * 10 + (block_[at_] - '0'), kNumberMax);
    ++at_;
  }
  token.number = static_cast<int32_t>(negative ? -number : number);
  if (Peek() == ' ') ++at_;
  return token;
}

void RtfTokens::Binary(uint64_t bytes, std::string* out) {
  while (bytes > 0 && Peek() >= 0) {
    const size_t take = std::min<uint64_t>(bytes, size_ - at_);
    if (out != nullptr) out->append(block_.data() + at_, take);
    at_ += take;
    bytes -= take;
  }
}

}  // namespace shoumi::inspect
