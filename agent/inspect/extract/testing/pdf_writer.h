#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoumi::inspect {

// Small PDF files for tests: one font without outlines whose ToUnicode map is the identity on
// UTF-16, so any text of the basic plane can be set.
class PdfWriter {
 public:
  // One line of text each; `attributes` go into the page's dictionary.
  void AddPage(const std::vector<std::string>& lines, std::string_view attributes = "");
  // A page with this content stream.
  void AddRawPage(std::string_view content, std::string_view attributes = "");
  // Entries of the catalog.
  void SetCatalog(std::string_view entries) { catalog_ = entries; }
  void SetInfo(std::string_view entries) { info_ = entries; }
  void Embed(std::string_view name, std::string_view bytes);
  // An encryption dictionary whose password nobody knows.
  void PretendEncrypted() { encrypted_ = true; }
  // Adds an indirect object and returns its number, for use in attributes ("7 0 R").
  int AddObject(std::string_view body);
  // The number the next AddObject will return.
  [[nodiscard]] int NextObject() const { return static_cast<int>(objects_.size()) + kFirstFree; }
  [[nodiscard]] std::string Finish() const;

 private:
  static constexpr int kFirstFree = 9;  // 1..8 are catalog, pages, font and the like

  std::vector<std::string> objects_;
  std::vector<int> pages_;
  std::string info_;
  std::string catalog_;
  std::string names_;
  bool encrypted_ = false;
};

std::string PdfStream(std::string_view entries, std::string_view bytes);

}  // namespace shoumi::inspect
