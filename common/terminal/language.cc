#include "common/terminal/language.h"

#include <cstdlib>
#include <string_view>

namespace shoumi {
namespace {

bool LocaleIsChinese() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return std::string_view(value).substr(0, 2) == "zh";
  }
  return false;
}

}  // namespace

bool SpeaksChinese() {
  static const bool chinese = LocaleIsChinese();
  return chinese;
}

const char* Say(const char* english, const char* chinese) {
  return SpeaksChinese() ? chinese : english;
}

}  // namespace shoumi
