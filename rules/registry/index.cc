#include "rules/registry/index.h"

#include <bit>
#include <limits>

namespace shoumi::registry {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr int kRowBits = 26;
constexpr int kSizeAt = kRowBits;
constexpr int kOffsetAt = kSizeAt + 6;
constexpr int kColumnAt = kOffsetAt + 6;
constexpr int kAnchorAt = kColumnAt + 4;
constexpr int kShortAt = kAnchorAt + 2;
constexpr int kTagAt = kShortAt + 1;
static_assert(kTagAt + 3 == 48 && kRowsMax == 1U << kRowBits);

constexpr uint64_t kRecordsMax = std::numeric_limits<uint32_t>::max();

// Takes `count` of what a section holds off the front of `bytes`; false when it is not there.
template <class Item>
bool TakeSection(std::string_view& bytes, uint64_t count, std::span<const Item>& section) {
  const uint64_t size = count * sizeof(Item);
  const uint64_t padded = (size + 7) / 8 * 8;
  if (count > kRecordsMax || padded > bytes.size()) return false;
  section = {reinterpret_cast<const Item*>(bytes.data()), static_cast<size_t>(count)};
  bytes.remove_prefix(padded);
  return true;
}

}  // namespace

Record::Record(uint32_t check, const Fields& fields) {
  const uint64_t rest = uint64_t{fields.row} | uint64_t{fields.size} << kSizeAt |
                        uint64_t{fields.offset} << kOffsetAt |
                        uint64_t{fields.column} << kColumnAt |
                        static_cast<uint64_t>(fields.anchor) << kAnchorAt |
                        uint64_t{fields.row_has_short} << kShortAt | uint64_t{fields.tag} << kTagAt;
  std::memcpy(bytes_.data(), &check, 4);
  std::memcpy(bytes_.data() + 4, &rest, 6);
}

Record::Fields Record::fields() const {
  const uint64_t packed = rest();
  Fields fields;
  fields.row = static_cast<uint32_t>(packed & (kRowsMax - 1));
  fields.size = static_cast<uint8_t>(packed >> kSizeAt & 63);
  fields.offset = static_cast<uint8_t>(packed >> kOffsetAt & 63);
  fields.column = static_cast<uint8_t>(packed >> kColumnAt & 15);
  fields.anchor = static_cast<Anchor>(packed >> kAnchorAt & 3);
  fields.row_has_short = (packed >> kShortAt & 1) != 0;
  fields.tag = static_cast<uint8_t>(packed >> kTagAt & 7);
  return fields;
}

v1::Level Index::LevelOf(uint32_t row) const {
  if (row >= header_.row_numbers) return v1::LEVEL_NONE;
  return static_cast<v1::Level>(v1::LEVEL_NONE + (levels_[row / 4] >> (row % 4 * 2) & 3));
}

absl::StatusOr<Index> Index::Open(std::string_view bytes, const Key& key) {
  Index index(key);
  Header& header = index.header_;
  if (bytes.size() < sizeof header)
    return absl::InvalidArgumentError("no registry index: too short");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != Header::kMagic) return absl::InvalidArgumentError("no registry index");
  if (header.version != Header::kVersion) {
    return absl::InvalidArgumentError("a registry index of another version");
  }
  if (header.key_check != index.hasher_.KeyCheck()) {
    return absl::InvalidArgumentError("a registry index for another key");
  }
  index.bytes_ = bytes.size();
  bytes.remove_prefix(sizeof header);
  if (header.row_numbers > kRowsMax || header.filter_words == 0 ||
      header.page_bits > buckets::Starts::kPageBits ||
      !TakeSection(bytes, Header::kFirstsBytes, index.firsts_) ||
      !TakeSection(bytes, (header.row_numbers + 3) / 4, index.levels_) ||
      !index.starts_.Take(bytes, header.bucket_bits, static_cast<uint32_t>(header.page_bits),
                          header.records) ||
      !TakeSection(bytes, header.filter_words, index.filter_) ||
      !TakeSection(bytes, header.records, index.records_) || !bytes.empty()) {
    return absl::InvalidArgumentError("a registry index that does not hold together");
  }
  return index;
}

}  // namespace shoumi::registry
