#include "agent/inspect/caching_inspector.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "boost/asio/post.hpp"

namespace shoumi::inspect {
namespace {

constexpr size_t kBlockBytes = 256 << 10;
// Hashed where it is submitted: takes about as long as waking another thread.
constexpr uint64_t kAtOnceBytesMax = 64 << 10;

using Digest = std::array<unsigned char, 32>;
using Hash = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

bool Add(EVP_MD_CTX* hash, std::string_view bytes) {
  return EVP_DigestUpdate(hash, bytes.data(), bytes.size()) == 1;
}

// Its length goes first, so that no two fields can be taken for two others.
bool AddField(EVP_MD_CTX* hash, std::string_view bytes) {
  const uint64_t size = bytes.size();
  return Add(hash, {reinterpret_cast<const char*>(&size), sizeof size}) && Add(hash, bytes);
}

std::optional<uint64_t> SizeOf(const Inspection& inspection) {
  if (!inspection.content.ok()) return inspection.text.size();
  struct stat status {};
  if (::fstat(inspection.content.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(status.st_size);
}

bool AddFile(EVP_MD_CTX* hash, int fd) {
  std::vector<char> block(kBlockBytes);
  off_t offset = 0;
  while (true) {
    const ssize_t got = ::pread(fd, block.data(), block.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    if (!Add(hash, {block.data(), static_cast<size_t>(got)})) return false;
    offset += got;
  }
}

std::optional<Digest> KeyOf(const Inspection& inspection) {
  const Hash hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Digest key{};
  const bool made = hash != nullptr && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1 &&
                    AddField(hash.get(), inspection.name) &&
                    AddField(hash.get(), inspection.today) &&
                    AddField(hash.get(), inspection.content.ok() ? "file" : "text") &&
                    (inspection.content.ok() ? AddFile(hash.get(), inspection.content.get())
                                             : Add(hash.get(), inspection.text)) &&
                    EVP_DigestFinal_ex(hash.get(), key.data(), nullptr) == 1;
  if (!made) return std::nullopt;
  return key;
}

// Whether the same content would get it again: nothing in it came from time, load or an accident.
bool IsOfTheContent(const v1::InspectReport& report) {
  return !report.retire() &&
         std::all_of(report.unscanned().begin(), report.unscanned().end(), [](const auto& one) {
           switch (one.reason()) {
             case v1::UNSCANNED_REASON_ENCRYPTED:
             case v1::UNSCANNED_REASON_CORRUPT:
             case v1::UNSCANNED_REASON_TOO_DEEP:
             case v1::UNSCANNED_REASON_TOO_MANY:
             case v1::UNSCANNED_REASON_UNSUPPORTED:
             case v1::UNSCANNED_REASON_PARTIAL:
               return true;
             default:
               return false;
           }
         });
}

}  // namespace

struct CachingInspector::Memory {
  explicit Memory(CacheOptions bounds) : options(bounds) {}

  std::optional<v1::InspectReport> Find(const Digest& key) {
    const std::lock_guard lock(mutex);
    const auto found = by_key.find(key);
    if (found == by_key.end()) {
      ++stats.misses;
      return std::nullopt;
    }
    ++stats.hits;
    entries.splice(entries.begin(), entries, found->second);
    v1::InspectReport report;
    if (!report.ParseFromString(found->second->report)) return std::nullopt;
    return report;
  }

  void Keep(const Digest& key, const v1::InspectReport& report, uint64_t of_generation) {
    if (!IsOfTheContent(report)) return;
    std::string bytes = report.SerializeAsString();
    const std::lock_guard lock(mutex);
    // Found by packs that are no longer in force.
    if (of_generation != generation || bytes.size() > options.bytes_max / 8) return;
    if (by_key.contains(key)) return;
    stats.bytes += bytes.size();
    entries.push_front({key, std::move(bytes)});
    by_key.emplace(key, entries.begin());
    while (entries.size() > options.entries_max || stats.bytes > options.bytes_max) {
      stats.bytes -= entries.back().report.size();
      by_key.erase(entries.back().key);
      entries.pop_back();
    }
  }

  void Forget() {
    const std::lock_guard lock(mutex);
    ++generation;
    entries.clear();
    by_key.clear();
    stats.bytes = 0;
  }

  const CacheOptions options;
  std::mutex mutex;
  uint64_t generation = 0;
  std::list<Entry> entries;  // the one used last comes first
  std::map<Digest, std::list<Entry>::iterator> by_key;
  CacheStats stats;
};

CachingInspector::CachingInspector(boost::asio::io_context& io, std::unique_ptr<InspectorPool> pool,
                                   CacheOptions options)
    : io_(io),
      options_(options),
      memory_(std::make_shared<Memory>(options)),
      pool_(std::move(pool)) {}

CachingInspector::~CachingInspector() {
  hashing_.join();
}

void CachingInspector::Inspect(Inspection inspection, Done done) {
  const std::optional<uint64_t> size = SizeOf(inspection);
  const bool remembered = options_.entries_max > 0 && inspection.own_content &&
                          !inspection.explain && !inspection.text_out.ok() && size &&
                          *size <= options_.content_bytes_max;
  if (!remembered) return pool_->Inspect(std::move(inspection), std::move(done));
  if (*size <= kAtOnceBytesMax) return LookUp(std::move(inspection), std::move(done));
  auto held = std::make_shared<Inspection>(std::move(inspection));
  boost::asio::post(hashing_, [this, held, done = std::move(done)]() mutable {
    LookUp(std::move(*held), std::move(done));
  });
}

void CachingInspector::LookUp(Inspection inspection, Done done) {
  const std::optional<Digest> key = KeyOf(inspection);
  if (!key) return pool_->Inspect(std::move(inspection), std::move(done));
  uint64_t generation = 0;
  {
    const std::lock_guard lock(memory_->mutex);
    generation = memory_->generation;
  }
  if (std::optional<v1::InspectReport> known = memory_->Find(*key)) {
    boost::asio::post(io_, [done = std::move(done), report = *std::move(known)]() mutable {
      done(std::move(report));
    });
    return;
  }
  pool_->Inspect(std::move(inspection), [memory = memory_, key = *key, generation,
                                         done = std::move(done)](v1::InspectReport report) {
    memory->Keep(key, report, generation);
    done(std::move(report));
  });
}

// What was found by the old packs while the new ones were compiled is of an older generation.
absl::StatusOr<v1::InspectorReady> CachingInspector::Reload(const InspectorRules& rules) {
  absl::StatusOr<v1::InspectorReady> ready = pool_->Reload(rules);
  memory_->Forget();
  return ready;
}

InspectorPool::Stats CachingInspector::stats() const {
  Stats stats = pool_->stats();
  const CacheStats cached = cache_stats();
  stats.remembered = cached.hits;
  return stats;
}

CachingInspector::CacheStats CachingInspector::cache_stats() const {
  const std::lock_guard lock(memory_->mutex);
  CacheStats stats = memory_->stats;
  stats.entries = memory_->entries.size();
  return stats;
}

}  // namespace shoumi::inspect
