#include "agent/inspect/extract/ole2/compound_file.h"

#include <algorithm>
#include <cstring>

#include "agent/inspect/extract/ole2/bytes.h"
#include "fmt/format.h"

namespace shoumi::inspect {
namespace {

constexpr std::string_view kMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
constexpr size_t kHeaderBytes = 512;
constexpr size_t kEntryBytes = 128;
constexpr uint32_t kLastSector = 0xFFFFFFFA;  // from here on: no sector
constexpr size_t kHeaderTableEntries = 109;
constexpr uint64_t kMiniStreamBytesMax = 16ULL << 20;
constexpr uint8_t kStorageEntry = 1;
constexpr uint8_t kRootEntry = 5;

std::vector<uint32_t> Words(std::string_view bytes) {
  std::vector<uint32_t> words(bytes.size() / 4);
  for (size_t i = 0; i < words.size(); ++i) words[i] = LittleAt(bytes, 4 * i, 4);
  return words;
}

}  // namespace

bool CompoundFile::LooksLikeOne(std::string_view head) {
  return head.starts_with(kMagic);
}

absl::StatusOr<std::unique_ptr<CompoundFile>> CompoundFile::Open(Source& source,
                                                                 uint64_t memory_bytes_max) {
  std::unique_ptr<CompoundFile> file(new CompoundFile(source));
  if (absl::Status read = file->ReadTables(memory_bytes_max); !read.ok()) return read;
  return file;
}

absl::Status CompoundFile::ReadTables(uint64_t memory_bytes_max) {
  std::string header(kHeaderBytes, '\0');
  const absl::StatusOr<size_t> got = source_.ReadAt(0, std::span(header));
  if (!got.ok()) return got.status();
  if (*got < kHeaderBytes || !LooksLikeOne(header))
    return absl::DataLossError("compound file cut off");
  const uint32_t shift = LittleAt(header, 30, 2);
  const uint32_t mini_shift = LittleAt(header, 32, 2);
  if (shift < 9 || shift > 16 || mini_shift < 4 || mini_shift >= shift) {
    return absl::DataLossError("compound file with odd sectors");
  }
  sector_bytes_ = 1U << shift;
  mini_sector_bytes_ = 1U << mini_shift;
  mini_cutoff_bytes_ = LittleAt(header, 56, 4);
  if (absl::Status read = ReadAllocation(header, memory_bytes_max); !read.ok()) return read;
  if (absl::Status read = ReadDirectory(LittleAt(header, 48, 4)); !read.ok()) return read;
  const absl::StatusOr<std::string> mini =
      ReadChain(LittleAt(header, 60, 4), std::min<uint64_t>(memory_bytes_max, kMiniStreamBytesMax));
  complete_ = complete_ && mini.ok();
  if (mini.ok()) mini_next_ = Words(*mini);
  return absl::OkStatus();
}

absl::Status CompoundFile::ReadAllocation(std::string_view header, uint64_t memory_bytes_max) {
  const uint64_t sectors = source_.size() / sector_bytes_ + 1;
  if (sectors * sizeof(uint32_t) > memory_bytes_max) {
    return absl::ResourceExhaustedError(
        fmt::format("memory_object_bytes_max {}", memory_bytes_max));
  }
  std::vector<uint32_t> table_sectors = Words(header.substr(76, 4 * kHeaderTableEntries));
  // Further table sectors are listed in sectors whose last word names the next.
  uint32_t more = LittleAt(header, 68, 4);
  for (uint64_t steps = 0; more < kLastSector && steps < sectors; ++steps) {
    std::string bytes;
    if (absl::Status read = AppendSector(more, bytes); !read.ok()) {
      complete_ = false;
      break;
    }
    if (bytes.size() < sector_bytes_) complete_ = false;
    bytes.resize(sector_bytes_, '\xff');
    const std::vector<uint32_t> words = Words(bytes);
    table_sectors.insert(table_sectors.end(), words.begin(), words.end() - 1);
    more = words.back();
  }
  for (const uint32_t sector : table_sectors) {
    if (sector >= kLastSector || next_.size() >= sectors) continue;
    std::string bytes;
    if (absl::Status read = AppendSector(sector, bytes); !read.ok()) {
      bytes.clear();
    }
    if (bytes.size() < sector_bytes_) complete_ = false;
    bytes.resize(sector_bytes_, '\xff');  // no sector: the entries behind keep their places
    const std::vector<uint32_t> words = Words(bytes);
    next_.insert(next_.end(), words.begin(), words.end());
  }
  return next_.empty() ? absl::DataLossError("compound file without a table") : absl::OkStatus();
}

absl::Status CompoundFile::AppendSector(uint32_t sector, std::string& out) {
  const size_t kept = out.size();
  out.resize(kept + sector_bytes_, '\0');
  const absl::StatusOr<size_t> got = source_.ReadAt(
      (static_cast<uint64_t>(sector) + 1) * sector_bytes_, std::span(out).subspan(kept));
  if (!got.ok()) return got.status();
  out.resize(kept + *got);  // the last sector of a file may be shorter
  if (*got == 0) return absl::DataLossError("compound file cut off");
  return absl::OkStatus();
}

absl::StatusOr<std::string> CompoundFile::ReadChain(uint32_t sector, uint64_t bytes_max) {
  std::string out;
  // A chain that meets itself ends at the bound or after as many steps as there are sectors.
  for (size_t steps = 0; sector < kLastSector && steps <= next_.size(); ++steps) {
    if (out.size() >= bytes_max) break;
    if (absl::Status read = AppendSector(sector, out); !read.ok()) return read;
    sector = sector < next_.size() ? next_[sector] : kLastSector;
  }
  if (out.size() > bytes_max) out.resize(bytes_max);
  return out;
}

absl::Status CompoundFile::ReadDirectory(uint32_t first_sector) {
  const absl::StatusOr<std::string> directory =
      ReadChain(first_sector, uint64_t{kStreamsMax} * kEntryBytes);
  if (!directory.ok()) return directory.status();
  if (directory->size() >= uint64_t{kStreamsMax} * kEntryBytes ||
      directory->size() % sector_bytes_ != 0) {
    complete_ = false;
  }
  std::vector<size_t> places;
  for (size_t at = 0; at + kEntryBytes <= directory->size(); at += kEntryBytes) {
    const size_t before = streams_.size();
    AddStream(std::string_view(*directory).substr(at, kEntryBytes));
    places.push_back(streams_.size() > before ? before : kNoParent);
  }
  LinkTree(*directory, places);
  return streams_.empty() ? absl::DataLossError("compound file without streams") : absl::OkStatus();
}

// [MS-CFB] 2.6.1: a storage names one of its children, each names two of its siblings. An entry is
// taken once, so circles end.
void CompoundFile::LinkTree(std::string_view directory, const std::vector<size_t>& places) {
  struct Step {
    uint32_t entry;
    size_t parent;
  };
  std::vector<bool> taken(places.size());
  std::vector<Step> steps = {{0, kNoParent}};
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    if (step.entry >= places.size() || taken[step.entry] || places[step.entry] == kNoParent) {
      continue;
    }
    taken[step.entry] = true;
    const size_t at = step.entry * kEntryBytes;
    streams_[places[step.entry]].parent = step.parent;
    if (step.entry != 0) {
      steps.push_back({LittleAt(directory, at + 68, 4), step.parent});
      steps.push_back({LittleAt(directory, at + 72, 4), step.parent});
    }
    steps.push_back({LittleAt(directory, at + 76, 4), places[step.entry]});
  }
}

void CompoundFile::AddStream(std::string_view entry) {
  const size_t name_bytes = LittleAt(entry, 64, 2);
  const auto type = static_cast<uint8_t>(entry[66]);
  if (type == 0) return;
  if (name_bytes < 2 || name_bytes > 64) {
    complete_ = false;
    return;
  }
  Stream stream;
  stream.name = FromWide(entry.substr(0, name_bytes - 2));
  stream.first_sector = LittleAt(entry, 116, 4);
  stream.bytes = LittleAt(entry, 120, 4);
  stream.storage = type == kStorageEntry;
  if (type == kRootEntry) {
    const absl::StatusOr<std::string> mini =
        ReadChain(stream.first_sector, std::min<uint64_t>(stream.bytes, kMiniStreamBytesMax));
    complete_ = complete_ && mini.ok() && stream.bytes <= kMiniStreamBytesMax;
    if (mini.ok()) mini_stream_ = *mini;
  }
  streams_.push_back(std::move(stream));
}

const CompoundFile::Stream* CompoundFile::Find(std::string_view name) const {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const Stream& stream) { return stream.name == name; });
  return found == streams_.end() ? nullptr : &*found;
}

absl::StatusOr<std::string> CompoundFile::Read(const Stream& stream, uint64_t offset,
                                               uint64_t bytes_max) {
  std::string out;
  if (offset >= stream.bytes) return out;
  const uint64_t end = offset + std::min(bytes_max, stream.bytes - offset);
  if (stream.bytes >= mini_cutoff_bytes_) {
    absl::StatusOr<std::string> chain = ReadChain(stream.first_sector, end);
    if (!chain.ok()) return chain.status();
    out = std::move(*chain);
  } else {
    uint32_t sector = stream.first_sector;
    while (sector < mini_next_.size() && out.size() < end) {
      const uint64_t at = static_cast<uint64_t>(sector) * mini_sector_bytes_;
      if (at >= mini_stream_.size()) break;
      out.append(mini_stream_, at, mini_sector_bytes_);
      sector = mini_next_[sector];
    }
    out.resize(std::min<uint64_t>(out.size(), end));
  }
  out.erase(0, std::min<uint64_t>(offset, out.size()));
  return out;
}

}  // namespace shoumi::inspect
