#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

// Documents that have nothing in common, and what people do to a page they copy.
namespace shoumi::benchmarks {

// Sentences of about so many Han characters or English words, the same for the same seed. Words are
// drawn as language uses them, few often and most seldom; two documents share no sentence.
std::string Prose(uint64_t seed, size_t units, bool english);

// Text as its units: what is compared between documents.
std::vector<std::string> UnitsOf(const std::string& text);

// One of `one_in` units replaced, left out or followed by another; broken into other lines.
std::string Edited(const std::vector<std::string>& units, size_t one_in, std::mt19937_64& random);

}  // namespace shoumi::benchmarks
