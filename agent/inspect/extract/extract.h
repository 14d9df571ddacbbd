#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "shoumi/v1/finding.pb.h"
#include "shoumi/v1/inspect.pb.h"

// Content → parts of UTF-8 text. Runs in the sandboxed worker only; every byte is hostile.
// Single-threaded. A format is one folder below this one and one line in registry.cc.
namespace shoumi::inspect {

// Random access to content: a descriptor or memory. Never more than what is asked for is read.
class Source {
 public:
  virtual ~Source() = default;
  // May have to read the whole of what does not say how long it is.
  [[nodiscard]] virtual uint64_t size() = 0;
  // Fills as much of `out` as there is from `offset`; 0 at the end.
  virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) = 0;
  // Offset of the first data at or after `offset` (SEEK_DATA), size() when only a hole is left.
  [[nodiscard]] virtual uint64_t NextData(uint64_t offset) { return offset; }
};
std::unique_ptr<Source> MakeFdSource(int fd);                      // borrows `fd`
std::unique_ptr<Source> MakeMemorySource(std::string_view bytes);  // borrows `bytes`

// Where text goes. Calls between BeginPart and EndPart belong to that part; parts do not nest.
class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual void BeginPart(std::string_view part, v1::PartKind kind) = 0;
  virtual void Text(std::string_view utf8) = 0;  // valid UTF-8, cut anywhere between characters
  virtual void EndPart() = 0;
  virtual void Unscanned(std::string_view part, v1::UnscannedReason reason,
                         std::string_view detail) = 0;
  // Between parts: what the document or something in it is, by its content.
  virtual void Named(std::string_view, std::string_view /*name*/, std::string_view /*media_type*/) {
  }
};

struct Limits {
  uint64_t content_bytes_max = 0;  // 0: no bound
  uint64_t expanded_bytes_max = 1ULL << 30;
  uint64_t memory_object_bytes_max = 192ULL << 20;  // one unpacked member held in memory
  uint32_t depth_max = 8;
  uint32_t entries_max = 20'000;
};
Limits LimitsFrom(const v1::InspectLimits& limits);  // 0 takes the default

// State shared by all extractors of one document: budget, bounds, and the way to nested content.
class Context {
 public:
  Context(const Limits& limits, PartSink& sink, std::chrono::steady_clock::time_point deadline);

  // Ends a part that an extractor left open when it was interrupted.
  void CloseOpenPart();

 private:
  class Tracked final : public PartSink {
   public:
    explicit Tracked(PartSink& out) : out_(out) {}
    void BeginPart(std::string_view part, v1::PartKind kind) override;
    void Text(std::string_view utf8) override { out_.Text(utf8); }
    void EndPart() override;
    void Unscanned(std::string_view part, v1::UnscannedReason reason,
                   std::string_view detail) override {
      out_.Unscanned(part, reason, detail);
    }
    void Named(std::string_view part, std::string_view name, std::string_view media_type) override {
      out_.Named(part, name, media_type);
    }
    [[nodiscard]] bool open() const { return open_; }

   private:
    PartSink& out_;
    bool open_ = false;
  };
  Tracked tracked_;

 public:
  PartSink& sink;
  const Limits limits;
  uint32_t depth = 0;

  // False, with the reason recorded once, when the bound is passed: stop and return. After any of
  // them was false all are.
  bool SpendBytes(uint64_t bytes, std::string_view part);
  bool SpendEntry(std::string_view part);
  bool InTime(std::string_view part);

  // Inspects content found inside other content. `name` as within its container; parts below it
  // are named "outer/inner/…".
  void Nested(std::string_view name, Source& source);
  // "a.zip/b.docx" for the document being read, "" at the top.
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  // prefix() + "/" + part, or part.
  [[nodiscard]] std::string PartName(std::string_view part) const;
  std::string media_type;   // of what is being read, by content
  uint64_t bytes_read = 0;  // of the document itself

 private:
  std::string prefix_;
  uint64_t expanded_ = 0;
  uint32_t entries_ = 0;
  bool stopped_ = false;
  std::chrono::steady_clock::time_point deadline_;
};

struct Format {
  std::string_view name;  // "docx"
  std::string_view media_type;
  // By content, from the first bytes (up to kHeadBytes) and, where that is not enough, the source.
  bool (*detect)(std::string_view head, Source& source);
  // Reports what it cannot read through context.sink.Unscanned(); never throws.
  void (*extract)(Source& source, Context& context);
};
inline constexpr size_t kHeadBytes = 36 << 10;  // an ISO 9660 image says so behind 32 KiB

// In the order in which they are asked; plain text is last. registry.cc lists them.
std::span<const Format* const> Formats();

// The whole of one document: file name part, then content by detected format.
void ExtractDocument(std::string_view name, Source& source, Context& context);

}  // namespace shoumi::inspect
