// How many short Chinese texts amid ASCII are read right, by encoding and length. Prints the table.
#include "agent/inspect/extract/text/charset.h"

#include <string>
#include <vector>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "unicode/unistr.h"

namespace shoumi::inspect {
namespace {

// Names, addresses, remarks, comments in programs: what stands between ASCII in real files.
constexpr const char* kSimplified =
    "欧阳婉莹诸葛俊辉慕容雪琪夏侯淳皇甫嵩令狐冲轩辕敏上官云司徒靖端木磊百里晴东方朔"
    "浙江省杭州市余杭区仓前街道文一西路湖南省邵阳市隆回县桃洪镇新疆维吾尔自治区喀什地区疏勒县"
    "贵州黔南布依族苗族自治州都匀市陕西省渭南市韩城象山路甘肃酒泉敦煌莫高里云南曲靖麒麟区"
    "初始化配置失败请检查日志遍历所有节点并累加权重如果缓存过期则重新拉取忽略空白字符防止溢出"
    "螺丝垫圈轴承齿轮皮带滤芯扳手钳子焊条砂轮喷漆胶水硅脂电阻电容插座开关变压器继电器"
    "红烧排骨清蒸鲈鱼麻婆豆腐酸辣土豆丝凉拌黄瓜番茄炒蛋糯米藕桂花糕龙井虾仁"
    "患者主诉咳嗽咽痛三天伴低热查体扁桃体肿大诊断急性上呼吸道感染建议多饮水休息随访"
    "甲方应于验收合格后十五日内付清尾款逾期按每日万分之五计收滞纳金双方协商解决争议"
    "梅雨潭闪闪的绿色招引着我们凌晨五点钟骑自行车去菜市场买葱姜蒜顺便给奶奶捎两斤橘子";
constexpr const char* kTraditional =
    "歐陽婉瑩諸葛俊輝慕容雪琪夏侯淳皇甫嵩令狐沖軒轅敏上官雲司徒靖端木磊百里晴東方朔"
    "臺北市大安區忠孝東路四段高雄市鹽埕區五福四路新竹縣竹北市光明六路香港九龍觀塘鴻圖道"
    "初始化設定失敗請檢查日誌走訪所有節點並累加權重如果快取過期則重新擷取忽略空白字元防止溢位"
    "螺絲墊圈軸承齒輪皮帶濾芯扳手鉗子焊條砂輪噴漆膠水矽脂電阻電容插座開關變壓器繼電器"
    "患者主訴咳嗽咽痛三天伴低熱查體扁桃體腫大診斷急性上呼吸道感染建議多飲水休息隨訪"
    "甲方應於驗收合格後十五日內付清尾款逾期按每日萬分之五計收滯納金雙方協商解決爭議";

std::string Encode(const icu::UnicodeString& text, const char* charset) {
  std::string out(static_cast<size_t>(text.length()) * 4 + 16, '\0');
  const int32_t size =
      text.extract(0, text.length(), out.data(), static_cast<uint32_t>(out.size()), charset);
  out.resize(static_cast<size_t>(size));
  return out;
}

// A piece of Chinese as the only one of a program of some pages, and in a column of a table.
std::vector<icu::UnicodeString> Surroundings(const icu::UnicodeString& piece) {
  icu::UnicodeString program;
  for (int i = 0; i < 200; ++i) {
    program +=
        icu::UnicodeString(fmt::format("  for (int i = {}; i < n; ++i) sum += a[i];\n", i).c_str());
    if (i == 150) program += "  // " + piece + "\n";
  }
  icu::UnicodeString table = "id,name,qty,price\n";
  for (int i = 0; i < 30; ++i) {
    table += icu::UnicodeString(fmt::format("{},", 1000 + i).c_str());
    table += i == 11 ? piece : icu::UnicodeString(fmt::format("item-{}", i).c_str());
    table += icu::UnicodeString(fmt::format(",{},{}.50\n", i * 3, i * 7).c_str());
  }
  return {program, table, piece + " <a@example.com>\n"};
}

double Recall(const char* source, const char* charset, int32_t length) {
  const icu::UnicodeString all = icu::UnicodeString::fromUTF8(source);
  int right = 0;
  int tried = 0;
  for (int32_t at = 0; at + length <= all.length(); at += 3) {
    const icu::UnicodeString piece = all.tempSubString(at, length);
    std::string utf8;
    piece.toUTF8String(utf8);
    for (const icu::UnicodeString& text : Surroundings(piece)) {
      ++tried;
      const RecordingSink sink = ExtractBytes(Encode(text, charset));
      right += sink.AllText().find(utf8) != std::string::npos ? 1 : 0;
    }
  }
  return static_cast<double>(right) / tried;
}

TEST(Charset, ShortChineseAmidAsciiIsReadRight) {
  const struct {
    const char* charset;
    const char* text;
    double recall_min_4;   // of 4 characters
    double recall_min_12;  // of 12 and more
  } kRows[] = {
      {"UTF-8", kSimplified, 1, 1},
      {"UTF-16LE", kSimplified, 0.99, 0.99},
      {"GB18030", kSimplified, 0.97, 0.99},
      {"Big5", kTraditional, 0.97, 0.99},
  };
  fmt::print("recall by length   4      8     12     20     40 characters\n");
  for (const auto& row : kRows) {
    fmt::print("{:<14}", row.charset);
    for (const int32_t length : {4, 8, 12, 20, 40}) {
      const double recall = Recall(row.text, row.charset, length);
      fmt::print(" {:6.3f}", recall);
      if (length == 4) {
        EXPECT_GE(recall, row.recall_min_4) << row.charset;
      }
      if (length >= 12) {
        EXPECT_GE(recall, row.recall_min_12) << row.charset << " " << length;
      }
    }
    fmt::print("\n");
  }
}

}  // namespace
}  // namespace shoumi::inspect
