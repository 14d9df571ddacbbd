// Identifiers of people: resident number, telephones, mail, documents, plates. Known answers are
// computed with an independent implementation or published by the standards' examples.
#include <gtest/gtest.h>

#include "rules/engine/validators/judging.h"

namespace shoumi::rules {
namespace {

TEST(ResidentId, Forms) {
  const std::string_view value = "11010519491231002X";  // GB 11643-1999, annex
  for (const std::string_view written :
       {"11010519491231002X", "11010519491231002x", "110105 19491231 002X", "110105-19491231-002X",
        "110105 1949 1231 002X", "1101 0519 4912 3100 2X", "110105 19491231 002 X"}) {
    ExpectFound("resident_id", std::string("身份证号：") + std::string(written) + "，男", written,
                value);
  }
  ExpectFound("resident_id", "张三310115199003072012李四", "310115199003072012",
              "310115199003072012");
  ExpectFound("resident_id", "1,310115199003072012,ok", "310115199003072012", "310115199003072012");
  ExpectFound("resident_id", "a\t310115199003072012\t13812345678", "310115199003072012",
              "310115199003072012");
  ExpectFound("resident_id", "港澳台居住证810000198504123336", "810000198504123336",
              "810000198504123336");
  ExpectFound("resident_id", "外国人永久居留证 931156198512310276", "931156198512310276",
              "931156198512310276");
}

TEST(ResidentId, FifteenDigitsAreWeak) {
  ExpectFound("resident_id", "号码310115900307201。", "310115900307201", "310115900307201");
  const Judgement judged = JudgeAt("resident_id", "310115900307201", 0, 15);
  EXPECT_LT(judged.confidence, 50);
  EXPECT_GE(JudgeAt("resident_id", "310115199003072012", 0, 18).confidence, 80);
}

TEST(ResidentId, Refusals) {
  ExpectRefused("resident_id", "310115199003072013", "310115199003072013", Reject::kChecksum);
  ExpectRefused("resident_id", "990115199003072012", "990115199003072012", Reject::kRange);
  ExpectRefused("resident_id", "310115199013072012", "310115199013072012", Reject::kRange);
  ExpectRefused("resident_id", "310115209003072012", "310115209003072012", Reject::kRange);
  ExpectRefused("resident_id", "a310115199003072012", "310115199003072012", Reject::kBoundary);
  ExpectRefused("resident_id", "310115199003072012.5", "310115199003072012", Reject::kBoundary);
  ExpectRefused("resident_id", "9310115199003072012", "310115199003072012", Reject::kShape);
  ExpectRefused("resident_id", "http://a.cn/f/310115199003072012", "310115199003072012",
                Reject::kBoundary);
  ExpectRefused("resident_id", "订单号：310115199003072012", "310115199003072012",
                Reject::kContext);
  ExpectRefused("resident_id", "20240101123000", "20240101123000", Reject::kShape);
}

TEST(Mobile, Forms) {
  for (const std::string_view written :
       {"13812345678", "138-1234-5678", "138 1234 5678", "1381 2345 678", "138 123 45678",
        "+86 13812345678", "+86-138-1234-5678", "+8613812345678", "0086 138 1234 5678",
        "86-13812345678", "8613812345678", "138.1234.5678"}) {
    ExpectFound("mobile", std::string("电话：") + std::string(written) + "。", written,
                "13812345678");
    ExpectFound("mobile", std::string("请联系王经理") + std::string(written) + "确认", written,
                "13812345678");
  }
  ExpectFound("mobile", "Tel:19912345678", "19912345678", "19912345678");
  ExpectFound("mobile", "13812345678/13912345678", "13912345678", "13912345678");
  ExpectFound("mobile", "{\"phone\":\"16612345678\"}", "16612345678", "16612345678");
  ExpectFound("mobile", "http://a.cn/q?phone=17712345678&x=1", "17712345678", "17712345678");
  ExpectFound("mobile", "138 1234 5678 2024-01-01", "138 1234 5678", "13812345678");
  ExpectFound("mobile", "手机 138 0013 8000", "138 0013 8000", "13800138000");
}

TEST(Mobile, Refusals) {
  ExpectRefused("mobile", "12012345678", "12012345678", Reject::kRange);
  ExpectRefused("mobile", "15412345678", "15412345678", Reject::kRange);
  ExpectRefused("mobile", "13800000000", "13800000000", Reject::kRange);
  ExpectRefused("mobile", "113812345678", "113812345678", Reject::kShape);
  ExpectRefused("mobile", "2024-0001-13812345678", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "ORD-13812345678", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "mmexport13812345678.jpg", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "id_13812345678_v2", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "a/f13812345678e0", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "https://cdn.cn/img/13812345678.png", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "3.13812345678", "13812345678", Reject::kBoundary);
  ExpectRefused("mobile", "快递单号：13812345678", "13812345678", Reject::kContext);
  ExpectRefused("mobile", "\"order_id\": 13812345678", "13812345678", Reject::kContext);
  ExpectRefused("mobile", "合计13812345678元", "13812345678", Reject::kContext);
}

TEST(Mobile, FileNamesUseUnderscores) {
  const std::string_view name = "简历_13812345678_张三.docx";
  const size_t at = name.find("138");
  EXPECT_TRUE(JudgeAt("mobile", name, at, at + 11, v1::PART_KIND_FILE_NAME).accepted());
}

TEST(Landline, Forms) {
  for (const std::string_view written :
       {"010-64551234", "(010)64551234", "(010) 6455 1234", "010 6455 1234", "+86-10-64551234",
        "+86 10 6455 1234", "0086-10-64551234"}) {
    const std::string text = std::string("总机：") + std::string(written) + "，";
    const size_t at = text.find(written);
    const Judgement judged = JudgeAt("landline", text, at, at + written.size());
    EXPECT_TRUE(judged.accepted()) << written << ": " << RejectName(judged.reject);
    EXPECT_EQ(judged.value, "01064551234") << written;
  }
  ExpectFound("landline", "电话0571-87654321转801", "0571-87654321", "057187654321");
  ExpectFound("landline", "传真：0757-8234567", "0757-8234567", "07578234567");
  ExpectFound("landline", "021-54321876-8012", "021-54321876", "02154321876");
  ExpectFound("landline", "电话 057187654321", "057187654321", "057187654321");
  EXPECT_LT(JudgeAt("landline", "057187654321", 0, 12).confidence, 50);
}

TEST(Landline, Refusals) {
  ExpectRefused("landline", "400-050-0827", "400-050-0827", Reject::kShape);
  ExpectRefused("landline", "800-820-8820", "800-820-8820", Reject::kShape);
  ExpectRefused("landline", "012-64551234", "012-64551234", Reject::kShape);
  ExpectRefused("landline", "010-12345678", "010-12345678", Reject::kShape);
  ExpectRefused("landline", "020-64551234-20240101", "020-64551234", Reject::kBoundary);
  ExpectRefused("landline", "9-010-64551234", "010-64551234", Reject::kBoundary);
  ExpectRefused("landline", "192.168.010.64551234", "010.64551234", Reject::kBoundary);
}

TEST(Passport, FormsAndRefusals) {
  ExpectFound("passport", "护照号码:E12345678", "E12345678", "E12345678");
  const Judgement apart = JudgeAt("passport", "E 12345678", 2, 10);
  EXPECT_EQ(apart.value, "E12345678");
  EXPECT_EQ(apart.from, 0U);
  ExpectRefused("passport", "AE 12345678", "12345678", Reject::kShape);
  ExpectFound("passport", "护照EA1234567", "EA1234567", "EA1234567");
  ExpectFound("passport", "G23456789。", "G23456789", "G23456789");
  ExpectFound("passport", "PE1234567", "PE1234567", "PE1234567");
  ExpectRefused("passport", "EI1234567", "EI1234567", Reject::kShape);
  ExpectRefused("passport", "A12345678", "A12345678", Reject::kShape);
  ExpectRefused("passport", "E123456789", "E123456789", Reject::kShape);
  ExpectRefused("passport", "PO-E12345678", "E12345678", Reject::kBoundary);
  ExpectRefused("passport", "E00000000", "E00000000", Reject::kExcluded);
  ExpectRefused("passport", "型号:E12345678", "E12345678", Reject::kContext);
  EXPECT_LT(JudgeAt("passport", "E12345678", 0, 9).confidence, 50);
}

TEST(TravelPermit, FormsAndRefusals) {
  ExpectFound("travel_permit", "回乡证H12345678", "H12345678", "H12345678");
  ExpectFound("travel_permit", "M1234567801", "M1234567801", "M1234567801");
  ExpectFound("travel_permit", "通行证 CA1234567", "CA1234567", "CA1234567");
  ExpectFound("travel_permit", "往来台湾通行证T12345678", "T12345678", "T12345678");
  ExpectFound("travel_permit", "台胞证号码：01234567", "01234567", "01234567");
  ExpectRefused("travel_permit", "日期：20240101", "20240101", Reject::kContext);
  ExpectRefused("travel_permit", "H123456789", "H123456789", Reject::kShape);
}

TEST(Plate, Forms) {
  ExpectFound("plate", "车牌京A12345的车", "京A12345", "京A12345");
  ExpectFound("plate", "粤B·D8K21", "粤B·D8K21", "粤BD8K21");
  ExpectFound("plate", "沪AD12345（新能源）", "沪AD12345", "沪AD12345");
  ExpectFound("plate", "川A 12345F", "川A 12345F", "川A12345F");
  ExpectFound("plate", "苏E1234学", "苏E1234学", "苏E1234学");
  ExpectFound("plate", "粤Z1234港", "粤Z1234港", "粤Z1234港");
}

TEST(Plate, Refusals) {
  ExpectRefused("plate", "京A1234", "京A1234", Reject::kShape);
  ExpectRefused("plate", "京AABCDE", "京AABCDE", Reject::kShape);
  ExpectRefused("plate", "京A12345_7", "京A12345", Reject::kBoundary);
  ExpectRefused("plate", "阿里云E12345", "云E12345", Reject::kContext);
  ExpectRefused("plate", "京AI2345", "京AI2345", Reject::kShape);
}

TEST(Email, Forms) {
  ExpectFound("email", "邮箱zhang.san@example.com谢谢", "zhang.san@example.com",
              "zhang.san@example.com");
  ExpectFound("email", "<Li_Si+a@Mail.QQ.com>", "Li_Si+a@Mail.QQ.com", "li_si+a@mail.qq.com");
  ExpectFound("email", "write to 859089669@qq.com.", "859089669@qq.com", "859089669@qq.com");
  ExpectFound("email", "to j.o'brien@qq.com", "j.o'brien@qq.com", "j.o'brien@qq.com");
  ExpectFound("email", "x = 'w@163.com'", "w@163.com", "w@163.com");
  ExpectFound("email", "a=b@163.com;", "b@163.com", "b@163.com");
  ExpectFound("email", "mailto:w@shoumi.com.cn", "w@shoumi.com.cn", "w@shoumi.com.cn");
}

TEST(Email, Refusals) {
  ExpectRefused("email", "icon@2x.png", "icon@2x.png", Reject::kRange);
  ExpectRefused("email", "pkg@1.2.3", "pkg@1.2.3", Reject::kRange);
  ExpectRefused("email", "user@localhost", "user@localhost", Reject::kShape);
  ExpectRefused("email", "git@github.com:a/b.git", "git@github.com", Reject::kBoundary);
  ExpectRefused("email", "https://bob@host.com/x", "bob@host.com", Reject::kBoundary);
  ExpectRefused("email", "https://bob:pw@host.com/x", "pw@host.com", Reject::kBoundary);
  ExpectRefused("email", "a..b@qq.com", "a..b@qq.com", Reject::kShape);
  ExpectRefused("email", "x@-bad.com", "x@-bad.com", Reject::kShape);
  ExpectRefused("email", "Message-ID: <abc.123@mail.qq.com>", "abc.123@mail.qq.com",
                Reject::kContext);
  ExpectRefused("email", std::string(70, 'a') + "@qq.com", "a@qq.com", Reject::kBoundary);
}

}  // namespace
}  // namespace shoumi::rules
