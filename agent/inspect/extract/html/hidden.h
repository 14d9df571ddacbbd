#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace shoumi::inspect {

// Where the text of an HTML document goes: what stands before and behind an element that is not
// shown, or above the line, is one text to the reader. Element names are in lower case.
class HtmlHidden {
 public:
  static constexpr size_t kDepthMax = 256;  // of elements within; deeper ones are not told apart

  enum class Place : uint8_t { kShown, kHidden, kRuby };

  // `hides`: its attributes say so.
  void Start(std::string_view name, bool hides);
  // True when `name` is of an element around what is not shown: both have ended.
  bool End(std::string_view name);
  [[nodiscard]] Place place() const { return open_.empty() ? Place::kShown : place_; }

 private:
  [[nodiscard]] bool IsOpen(std::initializer_list<std::string_view> names) const;
  [[nodiscard]] bool EndsBefore(std::string_view name) const;

  std::vector<std::string> open_;  // from the one that is not shown on
  Place place_ = Place::kShown;
};

// Whether an attribute of an element hides it: "hidden", and the usual ways of a style.
bool HidesElement(std::string_view name, std::string_view value);

}  // namespace shoumi::inspect
