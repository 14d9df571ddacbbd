#include "agent/notify/titles.h"

#include <algorithm>
#include <iterator>

namespace shoumi::agent {
namespace {

struct Named {
  std::string_view reason;
  Title title;
};

// By UnscannedReason, in lower case, as verdicts name it.
constexpr Named kReasons[] = {
    {"encrypted", {"内容已加密，无法检查", "Encrypted, so it cannot be inspected"}},
    {"corrupt", {"内容已损坏，无法检查", "Damaged, so it cannot be inspected"}},
    {"oversize", {"内容过大，无法检查", "Too large to be inspected"}},
    {"too_deep", {"嵌套层数过多，无法检查", "Nested too deeply to be inspected"}},
    {"too_many", {"部分过多，无法检查", "Too many parts to be inspected"}},
    {"timeout", {"未能及时检查完", "It could not be inspected in time"}},
    {"unsupported", {"此类内容无法检查", "Content of a kind that cannot be inspected"}},
    {"partial", {"只检查了一部分", "Only part of it could be inspected"}},
    {"crashed", {"检查时出错", "The inspection failed on it"}},
    {"overloaded", {"检查繁忙，未能检查", "Too much to inspect at once"}},
};

}  // namespace

Title TitleOf(const v1::Verdict& verdict) {
  if (!verdict.title_en().empty() || !verdict.title_zh().empty()) {
    return {verdict.title_zh().empty() ? verdict.title_en() : verdict.title_zh(),
            verdict.title_en().empty() ? verdict.title_zh() : verdict.title_en()};
  }
  if (verdict.basis() == v1::VERDICT_BASIS_DEVICE_MODE) {
    return {"此设备不允许写入", "This device must not be written to"};
  }
  if (verdict.basis() == v1::VERDICT_BASIS_UNSCANNED) {
    const auto* const found =
        std::find_if(std::begin(kReasons), std::end(kReasons),
                     [&](const Named& named) { return named.reason == verdict.rule(); });
    if (found != std::end(kReasons)) return found->title;
  }
  return {"公司策略", "Company policy"};
}

}  // namespace shoumi::agent
