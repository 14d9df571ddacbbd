#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/inspect/extract/aside_parts.h"
#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/first_page.h"
#include "agent/inspect/extract/rtf/code_pages.h"
#include "agent/inspect/extract/rtf/destinations.h"
#include "agent/inspect/extract/rtf/tokens.h"

namespace shoumi::inspect {

// The text of one RTF document: the body as it comes, everything else in parts behind it.
class RtfTextReader {
 public:
  static constexpr size_t kGroupsMax = 4096;  // within each other; deeper ones share the last

  RtfTextReader(Source& source, Context& context)
      : context_(context),
        tokens_(source),
        pages_(context, FirstPageSplitter::kDocumentLines, FirstPageSplitter::kDocumentBytes),
        asides_(context) {}

  void Read();
  [[nodiscard]] bool saw_binary() const { return saw_binary_; }
  // Behind the document; what programs pass over.
  [[nodiscard]] std::optional<uint64_t> end() const { return end_; }

 private:
  struct Group {
    RtfDestination destination = RtfDestination::kBody;
    size_t aside = 0;  // of asides_, where the destination is none of the body's
    uint32_t font_code_page = 0;
    uint32_t fallback_characters = 1;  // behind \u
    bool in_header = false;
    bool in_binary = false;
  };
  void Take(const RtfToken& token);
  void Open();
  void Close();
  void Word(const RtfToken& token);
  void Symbol(char symbol);
  void CharsetWord(const RtfToken& token);
  void FontWord(const RtfToken& token);
  void Begin(RtfDestination destination);
  void Unicode(int32_t number);
  void Bytes(std::string_view bytes);
  void Text(std::string_view text);
  // Whether it stands for a character that \u already said.
  bool Fallback(char byte);
  void EndFallback();
  void PutOther(std::string_view bytes);
  void Binary(uint64_t bytes);
  void Flush();
  void FlushSome();
  void Decode(bool last);
  void Put(std::string_view text);
  void PutInBody(std::string_view text);
  void EndBoxes();
  static bool IsBox(const Group& group);
  void TakeCaptured(const Group& closed);
  [[nodiscard]] uint32_t CodePage() const;

  Context& context_;
  RtfTokens tokens_;
  FirstPageSplitter pages_;
  CodePages code_pages_;
  std::vector<Group> groups_ = {Group()};
  size_t too_deep_ = 0;
  AsideParts asides_;
  std::string boxes_;     // of the paragraph being read
  bool starred_ = false;  // \* came: what the next word begins may be passed over
  uint32_t fallback_ = 0;
  std::string passed_;  // instead of which \u spoke
  uint32_t high_surrogate_ = 0;
  std::string bytes_;     // not decoded yet
  bool escaped_ = false;  // some of them came as \'xx
  std::string text_;      // the name or the value of a shape's property
  uint32_t document_code_page_ = 1252;
  std::map<int32_t, uint32_t> fonts_;  // the code page of each
  int32_t font_ = 0;                   // the one that the table tells about
  std::optional<int32_t> default_font_;
  std::string shape_name_;
  bool saw_binary_ = false;
  std::optional<uint64_t> end_;
};

}  // namespace shoumi::inspect
