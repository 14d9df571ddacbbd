#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoumi::inspect {

// A record of a workbook with those that continue it ([MS-XLS] 2.1.4).
struct ExcelRecord {
  uint16_t type = 0;
  std::vector<std::string_view> segments;

  [[nodiscard]] std::string_view first() const { return segments.front(); }
};

// The records of a workbook stream, in order; `bytes` outlives it.
class ExcelRecords {
 public:
  explicit ExcelRecords(std::string_view bytes) : bytes_(bytes) {}
  // Nothing at the end, or where a record is cut off (see damaged()).
  std::optional<ExcelRecord> Next();
  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  [[nodiscard]] uint16_t TypeHere() const;
  std::string_view Take();

  std::string_view bytes_;
  bool damaged_ = false;
};

// Reads through the segments of a record. Beyond the end everything is zero, and `ended` says so.
class ExcelReader {
 public:
  explicit ExcelReader(const ExcelRecord& record) : record_(record) {}

  uint32_t Number(size_t width);
  void Skip(size_t bytes);
  // So many characters, of two bytes each where `wide`. Where they go on in the next segment, its
  // first byte says anew how wide they are.
  std::string Characters(size_t count, bool wide);
  // XLUnicodeRichExtendedString (2.5.293): its length in characters first.
  std::string RichString();
  [[nodiscard]] bool ended() const { return segment_ >= record_.segments.size(); }

 private:
  // What is left of the segment, which is the next one when none is.
  std::string_view Rest();

  const ExcelRecord& record_;
  size_t segment_ = 0;
  size_t at_ = 0;
};

}  // namespace shoumi::inspect
