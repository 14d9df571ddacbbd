#include "rules/documents/index.h"

#include <sodium/crypto_shorthash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "fmt/format.h"
#include "rules/documents/fingerprinter.h"

namespace shoumi::documents {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kEntriesPerBucket = 2;  // about

// Takes `count` of what a section holds off the front of `bytes`; false when it is not there.
template <class Item>
bool TakeSection(std::string_view& bytes, uint64_t count, std::span<const Item>& section) {
  const uint64_t size = count * sizeof(Item);
  const uint64_t padded = (size + 7) / 8 * 8;
  if (padded > bytes.size()) return false;
  section = {reinterpret_cast<const Item*>(bytes.data()), static_cast<size_t>(count)};
  bytes.remove_prefix(padded);
  return true;
}

template <class Item>
void AddSection(std::string& bytes, const std::vector<Item>& section) {
  bytes.append(reinterpret_cast<const char*>(section.data()), section.size() * sizeof(Item));
  bytes.resize((bytes.size() + 7) / 8 * 8);
}

bool IsKind(uint32_t kind) {
  return kind == v1::COLLECTION_KIND_PROTECTED || kind == v1::COLLECTION_KIND_EXCLUDED;
}

uint64_t Sip(std::string_view bytes, const std::array<uint8_t, 16>& key) {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), key.data());
  return hash;
}

}  // namespace

Hasher::Hasher(const Key& key) {
  std::copy_n(key.bytes.begin(), 16, key_.begin());
  std::copy_n(key.bytes.begin() + 16, 16, check_key_.begin());
}

uint64_t Hasher::Keyed(uint64_t fingerprint) const {
  return Sip({reinterpret_cast<const char*>(&fingerprint), sizeof fingerprint}, key_);
}

uint64_t Hasher::KeyCheck() const {
  return Sip("shoumi documents", check_key_) ^ Sip("shoumi documents", key_);
}

absl::StatusOr<Index> Index::Open(std::string_view bytes, const Key& key) {
  Index index(key);
  Header& header = index.header_;
  if (bytes.size() < sizeof header) {
    return absl::InvalidArgumentError("no index of documents: too short");
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != Header::kMagic) return absl::InvalidArgumentError("no index of documents");
  if (header.version != Header::kVersion || !IsKind(header.kind)) {
    return absl::InvalidArgumentError("an index of documents of another version");
  }
  if (header.key_check != index.hasher_.KeyCheck()) {
    return absl::InvalidArgumentError("an index of documents for another key");
  }
  bytes.remove_prefix(sizeof header);
  if (header.documents > kDocumentsMax || header.entries > kEntriesMax ||
      !TakeSection(bytes, header.documents, index.documents_) ||
      !index.starts_.Take(bytes, header.bucket_bits, header.page_bits, header.entries) ||
      !TakeSection(bytes, header.entries, index.entries_) || !bytes.empty()) {
    return absl::InvalidArgumentError("an index of documents that does not hold together: sizes");
  }
  const bool known = std::all_of(index.entries_.begin(), index.entries_.end(),
                                 [&](Entry entry) { return entry.document() < header.documents; });
  if (!known) {
    return absl::InvalidArgumentError("an index of documents that does not hold together: entries");
  }
  return index;
}

std::span<const Entry> Index::Find(uint64_t keyed) const {
  const uint64_t hash = Entry(keyed, 0).hash();
  const size_t bucket = BucketOf(keyed);
  const Entry* const end = entries_.data() + starts_.Begin(bucket + 1);
  const Entry* first = entries_.data() + starts_.Begin(bucket);
  while (first != end && first->hash() < hash) ++first;  // a few
  const Entry* last = first;
  while (last != end && last->hash() == hash) ++last;
  return {first, last};
}

absl::Status IndexBuilder::Add(uint64_t units, std::span<const uint64_t> fingerprints) {
  if (documents_.size() >= kDocumentsMax || entries_.size() + fingerprints.size() > entries_max_) {
    return absl::ResourceExhaustedError(
        fmt::format("a collection has at most {} documents and {} fingerprints; split it",
                    kDocumentsMax, entries_max_));
  }
  // All the documents of an excluded collection are one to whoever asks.
  const auto document =
      static_cast<uint32_t>(kind_ == v1::COLLECTION_KIND_EXCLUDED ? 0 : documents_.size());
  for (const uint64_t fingerprint : fingerprints) {
    entries_.emplace_back(hasher_.Keyed(fingerprint), document);
  }
  documents_.push_back({static_cast<uint32_t>(std::min<uint64_t>(units, UINT32_MAX)),
                        static_cast<uint32_t>(fingerprints.size())});
  return absl::OkStatus();
}

void IndexBuilder::Renumber(std::span<const uint32_t> numbers) {
  if (numbers.empty()) return;
  std::vector<Document> documents(*std::max_element(numbers.begin(), numbers.end()) + size_t{1});
  for (size_t i = 0; i < documents_.size(); ++i) documents[numbers[i]] = documents_[i];
  documents_.swap(documents);
  if (kind_ == v1::COLLECTION_KIND_EXCLUDED) return;
  for (Entry& entry : entries_) entry.SetDocument(numbers[entry.document()]);
}

void IndexBuilder::LeaveOutShared() {
  auto out = entries_.begin();
  for (auto from = entries_.begin(); from != entries_.end();) {
    const auto to = std::find_if(from, entries_.end(),
                                 [&](const Entry& entry) { return entry.hash() != from->hash(); });
    if (static_cast<size_t>(to - from) <= kDocumentsPerFingerprintMax) {
      out = std::move(from, to, out);
    } else {
      ++counts_.shared;
      for (auto entry = from; entry != to; ++entry) --documents_[entry->document()].fingerprints;
    }
    from = to;
  }
  entries_.erase(out, entries_.end());
}

void IndexBuilder::CountDocuments(std::span<const uint32_t> numbers) {
  counts_.documents = numbers.empty() ? documents_.size() : numbers.size();
  for (size_t i = 0; i < counts_.documents; ++i) {
    const Document& document = documents_[numbers.empty() ? i : numbers[i]];
    counts_.documents_short += document.fingerprints < kFingerprintsPerDocumentMin ? 1 : 0;
  }
}

std::string IndexBuilder::Finish(std::span<const uint32_t> numbers) {
  Renumber(numbers);
  std::sort(entries_.begin(), entries_.end());
  entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
  LeaveOutShared();
  CountDocuments(numbers);
  counts_.fingerprints = entries_.size();
  const uint64_t count = std::max<uint64_t>(1, entries_.size() / kEntriesPerBucket);
  Header header;
  header.kind = static_cast<uint32_t>(kind_);
  header.key_check = hasher_.KeyCheck();
  header.documents = documents_.size();
  header.entries = entries_.size();
  header.bucket_bits =
      std::min(buckets::Starts::kBucketBitsMax, static_cast<uint32_t>(std::bit_width(count) - 1));
  std::vector<uint32_t> sizes(size_t{1} << header.bucket_bits);
  for (const Entry& entry : entries_) {
    ++sizes[static_cast<size_t>(entry.hash() >> (Entry::kHashBits - header.bucket_bits))];
  }
  std::string starts;
  header.page_bits = buckets::AppendStarts(starts, sizes);
  std::string bytes;
  bytes.reserve(sizeof header + 8 * documents_.size() + starts.size() + 8 * entries_.size());
  bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
  AddSection(bytes, documents_);
  bytes += starts;
  AddSection(bytes, entries_);
  return bytes;
}

}  // namespace shoumi::documents
