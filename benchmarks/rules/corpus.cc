#include "benchmarks/rules/corpus.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "common/fd.h"
#include "fmt/format.h"

namespace shoumi::benchmarks {
namespace {

// splitmix64: the same numbers everywhere, which std::uniform_int_distribution does not promise.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  template <size_t N>
  std::string_view Pick(const std::array<std::string_view, N>& items) {
    return items[Below(N)];
  }
  std::string Digits(size_t count) {
    std::string digits;
    for (size_t i = 0; i < count; ++i) digits += static_cast<char>('0' + Below(10));
    return digits;
  }

 private:
  uint64_t state_;
};

constexpr std::array<std::string_view, 16> kSubjects = {
    "公司", "各部门", "项目组",   "技术部", "市场部",   "财务部",   "人力资源部", "工程部",
    "客户", "供应商", "监理单位", "设计院", "施工单位", "采购中心", "办公室",     "董事会"};
constexpr std::array<std::string_view, 20> kActions = {
    "完成了",   "组织召开", "认真落实", "进一步加强", "全面推进", "审议通过", "研究讨论",
    "及时反馈", "统筹安排", "按期提交", "重新修订",   "检查验收", "持续改进", "逐步完善",
    "明确要求", "高度重视", "积极配合", "初步拟定",   "正式发布", "严格执行"};
constexpr std::array<std::string_view, 24> kObjects = {
    "年度工作计划",   "安全生产检查", "质量管理体系", "员工培训方案", "施工组织设计",
    "客户满意度调查", "信息系统升级", "设备维护记录", "会议纪要",     "绩效考核办法",
    "现场管理制度",   "技术交底资料", "材料采购清单", "项目进度报告", "内部审计意见",
    "消防演练总结",   "档案管理规定", "车辆使用管理", "办公用品领用", "保密教育培训",
    "合同履行情况",   "人员招聘需求", "节能降耗措施", "党建工作要点"};
constexpr std::array<std::string_view, 14> kTails = {
    "，取得了较好的效果",       "，并报主管领导审批",     "，存在的问题要限期整改",
    "，为下一步工作打下了基础", "，相关资料由专人保管",   "，未经批准不得擅自变更",
    "，具体时间另行通知",       "，确保各项指标按时完成", "，由办公室负责解释",
    "，有关部门应当予以配合",   "，请于本周五前反馈意见", "，进一步明确了责任分工",
    "，对发现的隐患逐项登记",   "，形成了书面材料"};
constexpr std::array<std::string_view, 18> kEnglish = {
    "The team reviewed the progress of the work and agreed on the next steps. ",
    "Please find attached the minutes of the meeting and send your comments by Friday. ",
    "The delivery was delayed by three days because of the weather conditions on site. ",
    "Training sessions will be held in the main building at the end of the month. ",
    "All departments are asked to submit their plans to the office in good time. ",
    "The new version of the template replaces the one that was used last year. ",
    "We would like to thank everybody who took part in the survey for their feedback. ",
    "The inspection found no major issues, and the report was approved by the supervisor. ",
    "Further details can be found in the appendix and in the table on the following page. ",
    "The budget for travel remains unchanged; requests need the approval of the manager. ",
    "According to the schedule, the second phase starts as soon as the first is accepted. ",
    "Visitors must sign in at the reception and wear a badge while they are on the premises. ",
    "The supplier confirmed the order and will deliver the equipment in two batches. ",
    "Questions about this policy should be addressed to the human resources department. ",
    "A short summary of the results was presented to the board in the afternoon session. ",
    "Remote access requires a token; lost tokens must be reported without delay. ",
    "Each page of the drawing set carries a revision mark and the date of the last change. ",
    "The customer asked for a comparison of the two options before making a decision. "};
constexpr std::array<std::string_view, 8> kSurnames = {"王", "李", "张", "刘",
                                                       "陈", "杨", "赵", "黄"};
constexpr std::array<std::string_view, 8> kGiven = {"伟",   "芳", "秀英", "建国",
                                                    "志强", "丽", "晓明", "海燕"};
constexpr std::array<std::string_view, 8> kRegions = {"110101", "310104", "440305", "330106",
                                                      "320102", "510104", "420106", "610103"};
constexpr std::array<std::string_view, 8> kMobilePrefixes = {"138", "139", "150", "159",
                                                             "186", "188", "177", "136"};
constexpr std::array<std::string_view, 4> kBins = {"622202", "621700", "622848", "621661"};

std::string ResidentId(Random& random) {
  constexpr std::array<int, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  std::string id(random.Pick(kRegions));
  id += fmt::format("{}{:02}{:02}{}", random.Between(1960, 2004), random.Between(1, 12),
                    random.Between(1, 28), fmt::format("{:03}", random.Between(1, 999)));
  int sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += (id[i] - '0') * kWeights[i];
  return id + "10X98765432"[sum % 11];
}

std::string Mobile(Random& random) {
  return std::string(random.Pick(kMobilePrefixes)) + random.Digits(7) + "1";
}

std::string BankCard(Random& random) {
  std::string card = std::string(random.Pick(kBins)) + random.Digits(12);
  int sum = 0;
  for (size_t i = 0; i < card.size(); ++i) {
    int digit = card[card.size() - 1 - i] - '0';
    if (i % 2 == 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return card + static_cast<char>('0' + (10 - sum % 10) % 10);
}

std::string CreditCode(Random& random) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  // GB 11714 check of the organisation code, then GB 32100 check of the whole.
  std::string code = "91" + std::string(random.Pick(kRegions));
  std::string org = random.Digits(8);
  constexpr std::array<int, 8> kOrgWeights = {3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 8; ++i) sum += (org[i] - '0') * kOrgWeights[i];
  const int check = 11 - sum % 11;
  code += org + (check == 10 ? 'X' : static_cast<char>('0' + check % 11));
  int total = 0;
  int weight = 1;
  for (const char c : code) {
    total += static_cast<int>(kAlphabet.find(c)) * weight;
    weight = weight * 3 % 31;
  }
  return code + kAlphabet[static_cast<size_t>((31 - total % 31) % 31)];
}

std::string Mail(Random& random) {
  constexpr std::array<std::string_view, 6> kUsers = {"wang.wei", "lifang", "zhang_jg",
                                                      "chenhy",   "liu.xm", "info"};
  constexpr std::array<std::string_view, 5> kHosts = {"example.com.cn", "corp-mail.cn", "qq.com",
                                                      "163.com", "example.org"};
  return fmt::format("{}{}@{}", random.Pick(kUsers), random.Between(1, 9999), random.Pick(kHosts));
}

std::string Identifier(Random& random) {
  switch (random.Below(5)) {
    case 0:
      return "身份证号：" + ResidentId(random) + "。";
    case 1:
      return "联系电话：" + Mobile(random) + "。";
    case 2:
      return "邮箱：" + Mail(random) + "。";
    case 3:
      return "统一社会信用代码：" + CreditCode(random) + "。";
    default:
      return "开户行账号：" + BankCard(random) + "。";
  }
}

void AddChineseSentence(Random& random, std::string& text) {
  text += random.Pick(kSubjects);
  text += random.Pick(kActions);
  switch (random.Below(10)) {
    case 0:
      text += fmt::format("{}年{}月的", random.Between(2019, 2026), random.Between(1, 12));
      break;
    case 1:
      text += fmt::format("第{}项", random.Between(1, 30));
      break;
    case 2:
      text += fmt::format("（编号：{}-{:03}）", random.Between(2019, 2026), random.Between(1, 999));
      break;
    default:
      break;
  }
  text += random.Pick(kObjects);
  if (random.Below(12) == 0) {
    text += fmt::format("，金额{}.{:02}万元，同比增长{}.{}%", random.Between(1, 9999),
                        random.Below(100), random.Below(30), random.Below(10));
  }
  text += random.Pick(kTails);
  text += "。";
}

void AddParagraph(Random& random, std::string& text) {
  if (random.Below(10) < 7) {
    text += random.Below(3) == 0 ? fmt::format("{}、", random.Between(1, 20)) : "    ";
    const uint64_t sentences = random.Between(2, 6);
    for (uint64_t i = 0; i < sentences; ++i) AddChineseSentence(random, text);
  } else {
    const uint64_t sentences = random.Between(2, 5);
    for (uint64_t i = 0; i < sentences; ++i) text += random.Pick(kEnglish);
  }
  text += "\n";
}

}  // namespace

std::string OfficeText(const OfficeOptions& options) {
  Random random(options.seed);
  std::string text;
  text.reserve(options.bytes + (64U << 10));
  size_t next_identifier = options.bytes_per_identifier;
  size_t document_bytes = 0;
  while (text.size() < options.bytes) {
    if (!options.documents.empty() && document_bytes * 5 < text.size()) {
      const std::string& document = options.documents[random.Below(options.documents.size())];
      text += document + "\n";
      document_bytes += document.size();
      continue;
    }
    AddParagraph(random, text);
    if (text.size() >= next_identifier) {
      text += Identifier(random) + "\n";
      next_identifier += options.bytes_per_identifier;
    }
  }
  size_t end = options.bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

std::string DenseCsv(size_t bytes, uint32_t seed) {
  Random random(seed);
  std::string text = "姓名,身份证号,手机,银行卡号,邮箱,统一社会信用代码\n";
  text.reserve(bytes + 256);
  while (text.size() < bytes) {
    text += fmt::format("{}{},{},{},{},{},{}\n", random.Pick(kSurnames), random.Pick(kGiven),
                        ResidentId(random), Mobile(random), BankCard(random), Mail(random),
                        CreditCode(random));
  }
  return text;
}

std::vector<std::string> ReadDocuments(const std::string& folder) {
  std::vector<std::string> documents;
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    auto text = ReadFile(path, 1U << 20);
    if (text.ok()) documents.push_back(*std::move(text));
  }
  return documents;
}

}  // namespace shoumi::benchmarks
