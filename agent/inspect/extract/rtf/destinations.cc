#include "agent/inspect/extract/rtf/destinations.h"

#include <unordered_map>

namespace shoumi::inspect {
namespace {

using enum RtfDestination;

struct Group {
  RtfDestination destination;
  std::string_view words;  // separated by spaces
};

constexpr Group kGroups[] = {
    {kHeader, "header headerl headerr headerf"},
    {kFooter, "footer footerl footerr footerf"},
    {kNote, "footnote"},
    {kComment, "annotation atnauthor"},
    {kProperty,
     "title subject author operator keywords comment doccomm company manager category hlinkbase "
     "propname staticval linkval docvar"},
    {kField, "fldinst"},
    {kShapeText, "shptxt"},
    {kShapeName, "sn"},
    {kShapeValue, "sv"},
    {kFonts, "fonttbl"},
    {kBinary, "pict objdata"},
    {kFigures,
     "themedata colorschememapping datastore passwordhash blipuid datafield panose fontemb svb "
     "colortbl rsidtbl"},
    // Marked as to be passed over, and yet what programs show.
    {kUnchanged,
     "shppict shpinst picprop ud mmath moMath moMathPara background do userprops formfield info"},
    // Fallbacks for programs of before Word 97, names of styles and lists, marks of notes.
    {kOther,
     "ffdeftext ffl ffname ffhelptext ffstattext ffentrymcr ffexitmcr nonshppict shprslt "
     "stylesheet "
     "listtable listoverridetable generator latentstyles filetbl wgrffmtfilter fname falt ftnsep "
     "ftnsepc ftncn aftnsep aftnsepc aftncn pnseclvl pgptbl xmlnstbl atnid atrfstart atrfend "
     "atnref "
     "atnparent atndate atntime creatim revtim printim buptim mmathPr mhtmltag oleclsid objalias "
     "objsect themelang"},
};

}  // namespace

std::optional<RtfDestination> RtfDestinationOf(std::string_view word) {
  static const std::unordered_map<std::string_view, RtfDestination> kWords = [] {
    std::unordered_map<std::string_view, RtfDestination> words;
    for (const Group& group : kGroups) {
      std::string_view rest = group.words;
      while (!rest.empty()) {
        const size_t end = rest.find(' ');
        words.emplace(rest.substr(0, end), group.destination);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      }
    }
    return words;
  }();
  const auto found = kWords.find(word);
  if (found == kWords.end()) return std::nullopt;
  return found->second;
}

}  // namespace shoumi::inspect
