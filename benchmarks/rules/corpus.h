#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Text to measure with, the same for the same seed on every machine.
namespace shoumi::benchmarks {

struct OfficeOptions {
  size_t bytes = 64U << 20;
  uint32_t seed = 1;
  // One valid identifier in so many bytes.
  size_t bytes_per_identifier = 16U << 10;
  // Documents that are mixed in whole, about one fifth of the text; may be empty.
  std::vector<std::string> documents;
};

// Chinese and English office prose: reports, minutes, notices, letters, with the numbers that such
// text has (dates, amounts, versions, clauses), and few identifiers.
std::string OfficeText(const OfficeOptions& options);

// Files of a folder, for OfficeOptions.documents.
std::vector<std::string> ReadDocuments(const std::string& folder);

// A table in which every line holds a name, resident ID, mobile, bank card, mail address and credit
// code, all valid.
std::string DenseCsv(size_t bytes, uint32_t seed);

}  // namespace shoumi::benchmarks
