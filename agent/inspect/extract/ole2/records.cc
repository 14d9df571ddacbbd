#include "agent/inspect/extract/ole2/records.h"

#include <algorithm>

#include "agent/inspect/extract/ole2/bytes.h"

namespace shoumi::inspect {
namespace {

constexpr size_t kHeadBytes = 4;
constexpr uint16_t kContinue = 0x003C;

}  // namespace

uint16_t ExcelRecords::TypeHere() const {
  return static_cast<uint16_t>(LittleAt(bytes_, 0, 2));
}

std::string_view ExcelRecords::Take() {
  const size_t size = LittleAt(bytes_, 2, 2);
  damaged_ |= bytes_.size() < kHeadBytes + size;
  const std::string_view content = SliceAt(bytes_, kHeadBytes, size);
  bytes_.remove_prefix(std::min(bytes_.size(), kHeadBytes + size));
  return content;
}

std::optional<ExcelRecord> ExcelRecords::Next() {
  // Streams are filled up with zeros.
  if (bytes_.size() < kHeadBytes || LittleAt(bytes_, 0, 4) == 0) return std::nullopt;
  ExcelRecord record;
  record.type = TypeHere();
  record.segments.push_back(Take());
  while (bytes_.size() >= kHeadBytes && TypeHere() == kContinue) record.segments.push_back(Take());
  return record;
}

std::string_view ExcelReader::Rest() {
  while (!ended() && at_ >= record_.segments[segment_].size()) {
    ++segment_;
    at_ = 0;
  }
  return ended() ? std::string_view() : record_.segments[segment_].substr(at_);
}

uint32_t ExcelReader::Number(size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) {
    const std::string_view rest = Rest();
    if (rest.empty()) break;
    value |= static_cast<uint32_t>(static_cast<uint8_t>(rest.front())) << (8 * i);
    ++at_;
  }
  return value;
}

void ExcelReader::Skip(size_t bytes) {
  while (bytes > 0) {
    const size_t here = std::min(bytes, Rest().size());
    if (here == 0) return;
    at_ += here;
    bytes -= here;
  }
}

std::string ExcelReader::Characters(size_t count, bool wide) {
  std::string bytes;  // UTF-16LE
  while (count > 0) {
    const size_t before = segment_;
    std::string_view rest = Rest();
    if (rest.empty()) break;
    if (segment_ != before && !bytes.empty()) {
      wide = (rest.front() & 1) != 0;
      ++at_;
      rest.remove_prefix(1);
    }
    const size_t width = wide ? 2 : 1;
    const size_t here = std::min(count, rest.size() / width);
    for (size_t i = 0; i < here; ++i) {
      bytes.push_back(rest[i * width]);
      bytes.push_back(wide ? rest[i * width + 1] : '\0');
    }
    // Half a character at the end of a segment is none.
    at_ += here == 0 ? rest.size() : here * width;
    count -= here;
  }
  return FromWide(bytes);
}

std::string ExcelReader::RichString() {
  const size_t count = Number(2);
  const uint32_t flags = Number(1);
  const size_t runs = (flags & 0x08) != 0 ? Number(2) : 0;
  const size_t phonetic = (flags & 0x04) != 0 ? Number(4) : 0;
  std::string text = Characters(count, (flags & 0x01) != 0);
  Skip(runs * 4);
  Skip(phonetic);
  return text;
}

}  // namespace shoumi::inspect
