#include "benchmarks/registry/clients.h"

#include <random>
#include <string_view>

#include "fmt/format.h"

namespace shoumi::benchmarks {
namespace {

constexpr std::string_view kCities[] = {
    "北京", "上海", "广州", "深圳", "杭州", "南京", "苏州", "成都", "重庆", "武汉", "西安", "青岛",
    "宁波", "厦门", "长沙", "郑州", "东莞", "佛山", "合肥", "无锡", "大连", "济南", "福州", "沈阳"};
constexpr std::string_view kTrades[] = {"科技",     "网络科技", "信息技术", "贸易",     "商贸",
                                        "实业",     "电子",     "机械设备", "建筑工程", "物流",
                                        "医疗器械", "生物科技", "文化传媒", "餐饮管理", "投资管理",
                                        "新材料",   "能源",     "化工",     "纺织",     "食品"};
constexpr std::string_view kForms[] = {"有限公司", "有限责任公司", "股份有限公司",
                                       "（集团）有限公司"};
constexpr std::u16string_view kBrand =
    u"鑫瑞盛骏恒泰隆昌华宏博远达丰润嘉祥诚信永兴源汇金鼎铭凯天宇星辰海川云峰松柏青蓝晟昊泽沃迪雅尚"
    u"品优佳康健安顺通捷迅腾飞跃翔鹏鸿雁麒麟凤凰龙虎卓越领航先锋启明智慧创新未来环球东方南洋西域北"
    u"辰"
    u"中正和平仁义礼乐福禄寿喜吉庆如意百川千叶万象亿联";
constexpr std::u16string_view kFamily =
    u"王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹";
constexpr std::u16string_view kGiven =
    u"伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志强文博子轩欣怡梓涵浩然雨桐佳琪思远";
constexpr std::string_view kRoads[] = {"人民路", "解放大道", "中山路", "科苑路",
                                       "建设街", "和平大街", "创业路", "滨江大道",
                                       "文化路", "工业园路", "长江路", "黄河路"};

std::string Utf8(char16_t c) {
  return {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
          static_cast<char>(0x80 | (c & 0x3F))};
}

}  // namespace

Client ClientOf(uint64_t number) {
  std::mt19937_64 random(number * 0x9E3779B97F4A7C15 + 5);
  const auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
  const auto one = [&below](const auto& list) { return list[below(std::size(list))]; };
  const auto letters = [&below](std::u16string_view from, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += Utf8(from[below(from.size())]);
    return text;
  };
  const auto digits = [&below](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += static_cast<char>('0' + below(10));
    return text;
  };
  Client client;
  const std::string_view city = one(kCities);
  client.name =
      fmt::format("{}市{}{}{}", city, letters(kBrand, 2 + below(3)), one(kTrades), one(kForms));
  client.credit_code = fmt::format("91{}{}", digits(6), digits(10));
  client.phone = fmt::format("1{}{}", "3578"[below(4)], digits(9));
  client.contact = letters(kFamily, 1) + letters(kGiven, 1 + below(2));
  client.address = fmt::format("{}市{}区{}{}号{}室", city, letters(kBrand, 2), one(kRoads),
                               1 + below(2000), 100 + below(2900));
  client.account = fmt::format("62{}", digits(17));
  return client;
}

}  // namespace shoumi::benchmarks
