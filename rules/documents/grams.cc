#include "rules/documents/grams.h"

namespace shoumi::documents {

std::vector<Gram> GramsOf(std::string_view text) {
  std::vector<Gram> grams;
  UnitReader units;
  GramReader reader;
  const auto add = [&](const Unit& unit) {
    reader.Add(unit, [&](const Gram& gram) { grams.push_back(gram); });
  };
  units.Read(text, add);
  units.EndPart(add);
  return grams;
}

}  // namespace shoumi::documents
