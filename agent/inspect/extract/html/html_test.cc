#include "agent/inspect/extract/html/html.h"

#include <chrono>
#include <string>

#include "agent/inspect/extract/html/reader.h"
#include "agent/inspect/extract/testing/recording_sink.h"
#include "agent/inspect/extract/utf8.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

TEST(Html, WhatIsShownIsReadAsItFlows) {
  const struct {
    std::string_view document;
    std::string_view text;
  } kCases[] = {
      {"<html><body><p>机<b>密</b><i>★</i>10年</p>\n<p>a   b\n c</p></body></html>",
       "机密★10年\na b c"},
      {"<!DOCTYPE html><div>&#26426;&#x5BC6;&amp;&lt;&nbsp;&euro;&unknown;&eacute;</div>",
       "机密&<\u00A0€&unknown;é"},
      {"<p>1101<span>0519</span><!-- x -->491231002X<br>next", "11010519491231002X\nnext"},
      {"<table><tr><th>姓名<th>电话</tr><tr><td><p>张三</p></td><td><p>139</p><p>138</p></td></tr>"
       "<tr><td></td><td>x</td></tr><tr><td></td></tr></table>end",
       "姓名\t电话\n张三\t139\n138\n\tx\nend"},
      {"<p>a<pre>  two\n   lines</pre>b", "a\n  two\n   lines\nb"},
      // Tag soup: quotes with '>' in them, no end, no name.
      {"<p title='a > b'>x</p><p a=\">\" b=c>y < z && 1<2</p></nothing><p", "x\ny < z && 1<2\n<p"},
      {"<?xml version=\"1.0\"?><!-- c --><html xmlns=\"x\"><body>plain</body></html>", "plain"},
      {"\xEF\xBB\xBF<html>mark", "mark"},
      {"<html><meta charset=gb2312>\xbb\xfa\xc3\xdc\xce\xc4\xbc\xfe", "机密文件"},
      {"<html><meta charset=\"windows-1251\"/>\xd1\xe5\xea\xf0\xe5\xf2", "Секрет"},
  };
  for (const auto& [document, text] : kCases) {
    const RecordingSink sink = ExtractBytes(document);
    EXPECT_EQ(sink.TextOf("first page"), text) << document << sink.Gaps();
    EXPECT_TRUE(sink.gaps.empty()) << document << sink.Gaps();
    EXPECT_EQ(sink.broken, "");
    EXPECT_EQ(MediaTypeOf(document), "text/html") << document;
  }
}

TEST(Html, WhatIsNotShownIsReadToo) {
  const RecordingSink sink = ExtractBytes(
      "<html><head><title>题&#x76EE;</title><meta name=keywords content='绝密'><style>p {}</style>"
      "<script>var id = '<b>11010519491231002X</b>';</SCRIPT ></head><body class='x' "
      "title=\"&quot;t&quot;\">"
      "<img alt=图 src=\"data:text/plain;base64,57ud5a+G\"><a href='/a?b=1'>l</a><!-- 备注 "
      "--><![if x]>"
      "<a href=\"data:,机密%20\"></body>");
  EXPECT_EQ(sink.TextOf("title"), "题目");
  EXPECT_EQ(sink.TextOf("properties"), "绝密");
  EXPECT_EQ(sink.TextOf("script"), "var id = '<b>11010519491231002X</b>';");
  EXPECT_EQ(sink.TextOf("style"), "p {}");
  EXPECT_EQ(sink.TextOf("attributes"), "keywords\n\"t\"\n图\n/a?b=1");
  EXPECT_EQ(sink.TextOf("comments"), " 备注 \n[if x]");
  EXPECT_EQ(sink.TextOf("first page"), "l");
  EXPECT_EQ(sink.TextOf("data 1/first page"), "绝密");
  EXPECT_EQ(sink.TextOf("data 2/first page"), "机密 ");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

// Blocks of text end anywhere: within tags, references, the end of a script.
TEST(Html, LongDocumentsAreReadWhole) {
  std::string document = "<html>";
  std::string text;
  for (int i = 0; i < 40'000; ++i) {
    const std::string number = std::to_string(i);
    document += "<p class=\"" + number + "\">段落&#x7b2c;" + number + "<script>s" + number +
                "</script></p>\n";
    text += (i == 0 ? "" : "\n") + ("段落第" + number);
  }
  std::string script;
  for (int i = 0; i < 60'000; ++i) script += "机密" + std::to_string(i % 7);
  document += "<script>" + script + "</script><title>" + script + "</title>";
  const RecordingSink sink = ExtractBytes(document);
  EXPECT_TRUE(sink.TextOf("first page") + sink.TextOf("body") == text);
  EXPECT_TRUE(sink.TextOf("script").ends_with("s39999\n" + script));
  EXPECT_TRUE(sink.TextOf("title") == script);
  EXPECT_EQ(sink.broken, "");
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

// What is more than can be held is dropped between characters, and said.
TEST(Html, WhatCannotBeHeldIsDroppedWhole) {
  std::string han;
  while (han.size() < 600'000) han += "机密x绝";
  for (const std::string_view element : {"script", "style", "title", "iframe", "template", "rt"}) {
    for (const uint64_t bytes_max : {100'000, 300'001, 500'002}) {
      Limits limits;
      limits.memory_object_bytes_max = bytes_max;
      const std::string name(element);
      const RecordingSink sink =
          ExtractBytes("<html>" + std::string("<" + name + ">") + han + "</" + name + ">x", limits);
      EXPECT_EQ(sink.broken, "") << name << bytes_max;
      EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_OVERSIZE)) << name << bytes_max;
      for (const RecordingSink::Part& part : sink.parts) {
        EXPECT_EQ(CheckUtf8(part.text).valid, part.text.size()) << part.name << bytes_max;
      }
    }
  }
}

// Wherever a block ends.
TEST(Html, ReferencesThatABlockCutsAreRead) {
  const std::string reference = "&#" + std::string(50, '0') + "26426;";
  for (size_t at = 0; at <= reference.size(); ++at) {
    RecordingSink sink;
    Context context(Limits(), sink, std::chrono::steady_clock::now() + std::chrono::minutes(1));
    HtmlReader html(context);
    html.Take("x" + reference.substr(0, at));
    html.Take(reference.substr(at));
    html.Finish();
    EXPECT_EQ(sink.TextOf("first page"), "x机") << at;
  }
}

TEST(Html, WhatNeverEndsTakesNoTime) {
  for (const std::string piece : {"<a", "<!--", "<a b=\"", "&", "<script>", "<td>", "<a b='\"",
                                  "</", "</title", "<!", "--!"}) {
    std::string document = "<html>机密";
    while (document.size() < 12 << 20) document += piece;
    if (piece == "<a") document += " b=\">";
    const RecordingSink sink = ExtractBytes(document, Limits(), std::chrono::seconds(20));
    EXPECT_FALSE(sink.HasGap(v1::UNSCANNED_REASON_TIMEOUT)) << piece;
    EXPECT_TRUE(sink.TextOf("first page").starts_with("机密") ||
                sink.TextOf("body").starts_with("机密"))
        << piece;
  }
}

// Mark-up that is looked through as browsers do, so that nothing is taken for a tag that is text.
TEST(Html, NothingHidesInMarkUp) {
  const struct {
    std::string_view document;
    std::string_view part;
    std::string_view text;
  } kCases[] = {
      {"<html><!DOCTYPE a \"b>绝密", "first page", "绝密"},
      {"<html><!DOCTYPE a \"绝密\">x", "comments", "DOCTYPE a \"绝密\""},
      {"<html><?php 绝密 ?>x", "comments", "php 绝密 ?"},
      {"<html><p =\">绝密", "first page", "绝密"},
      {"<html><p a\"=b>绝密", "first page", "绝密"},
      {"<html><p top-secret hidden>x", "attributes", "top-secret"},
      {"<html><p a = \"b>c\">绝密", "first page", "绝密"},
      {"<html><p a=\v\">绝密\">x", "first page", "绝密\">x"},
      {"<html>绝</ x>密</>内</p title='机密'>部", "first page", "绝密内\n部"},
      {"<html>绝</ x>密", "comments", " x"},
      {"<html></p title='机密'>x", "attributes", "机密"},
      {"<html><h1><o:p><my-part><a机密><wang@example.com></b13912345678>", "attributes",
       "a机密\nwang@example.com\nb13912345678"},
      {"<html><textarea><b a=\"绝密&amp;</textarea>x", "first page", "<b a=\"绝密&\nx"},
      {"<html><title><b a=\"绝密</title>x", "title", "<b a=\"绝密"},
      {"<html><title>a</titles>绝密</title>x", "title", "a</titles>绝密"},
      {"<html><xmp><b>绝密</xmp>x", "first page", "<b>绝密\nx"},
      {"<html><iframe><a b=\"绝密</iframe>x", "iframe", "<a b=\"绝密"},
      {"<html><noframes><a b=\"绝密</noframes>x", "noframes", "<a b=\"绝密"},
      {"<html><plaintext><a b=\"绝密</plaintext>", "first page", "<a b=\"绝密</plaintext>"},
      {"<html><!-->绝密", "first page", "绝密"},
      {"<html><!--->绝密<!-- a --!>x", "first page", "绝密x"},
      {"<html>a<dialog>绝密</dialog><menu>b", "first page", "a\n绝密\nb"},
      {"<html>机<template><p>x</template>密", "first page", "机密"},
      {"<html>机<template><p>绝<b>密</b></template>密", "hidden", "绝密"},
      {"<html>&nbspa&commat;b&period;&ZeroWidthSpace;&#128;&#0;&#x000673a;&copy=1&notin;",
       "first page", "\u00A0a@b.\u200B€\uFFFD机&copy=1∉"},
      {"<html><script>'\\u7edd\\u5bc6'</script>", "script", "'绝密'"},
      {"<html><script>'\\x31\\x33912345678 \\u{673a}\\n139'</script>", "script",
       "'13912345678 机\n139'"},
      {"<html><style>p{content:'\\673a\\5bc6 '}</style>", "style", "p{content:'机密'}"},
      {"<html><p onclick=\"a('\\u673a')\" style=\"content:'\\5bc6'\">x", "attributes",
       "a('机')\ncontent:'密'"},
      {"<html><a href=' \x01 da\tta:,%E7%BB%9D%e5\n%af%86'>x", "data 1/first page", "绝密"},
      {"<html><a href='data:text/plain; base64,57ud5a%2BG#x'>y", "data 1/first page", "绝密"},
      {"<html><a href='data:text/plain;base64,57ud5a+G#机密'>y", "attributes", "#机密"},
      {"<html><iframe srcdoc='<p>绝<b>密</b>'></iframe>", "data 1/first page", "绝密"},
      {"<html><a href='&#100;ata:,%E7%BB%9D%e5%af%86%'>x", "data 1/first page", "绝密%"},
  };
  for (const auto& [document, part, text] : kCases) {
    const RecordingSink sink = ExtractBytes(document);
    EXPECT_EQ(sink.TextOf(std::string(part)), text) << document;
    EXPECT_EQ(sink.broken, "");
  }
}

// What is not shown neither parts what is, nor is it lost.
TEST(Html, HiddenTextIsReadApart) {
  const struct {
    std::string_view document;
    std::string_view shown;
    std::string_view part;
    std::string_view text;
  } kCases[] = {
      {"<html>机<span style='Display : none'>绝<b>密</b></span>密", "机密", "hidden", "绝密"},
      {"<html>机<div hidden>绝密</div>密<i style=\"font-size:0px\">x</i>", "机密", "hidden",
       "绝密\nx"},
      {"<html>机<i style=\"font-size:0.8em;opacity:0.5\">密</i>", "机密", "hidden", ""},
      {"<html>机<noscript>绝密</noscript>密", "机密", "hidden", "绝密"},
      {"<html>机<canvas>绝密</canvas>密", "机密", "hidden", "绝密"},
      {"<html><ruby>机<rp>(</rp><rt>绝</rt><rp>)</rp>密<rt>密</ruby>文<ruby>件<rt>x</rt></ruby>",
       "机密文件", "ruby", "绝密\nx"},
      // Ends that are left unsaid, and of elements around.
      {"<html><p hidden>x<p>机密", "机密", "hidden", "x"},
      {"<html><ul><li hidden>x<ul><li>y</ul>z<li>机密</ul>", "机密", "hidden", "x\ny\nz"},
      {"<html><table><tr><td hidden>x<td>机<tr hidden><td>y<tr><td>密</table>", "机\n密", "hidden",
       "x\ny"},
      {"<html><div>a<span hidden>x</div>机密", "a\n机密", "hidden", "x"},
      {"<html><div hidden><div>x</div>y</div>机密<br hidden>b", "机密\nb", "hidden", "x\ny"},
      {"<html><body hidden>机密", "机密", "hidden", ""},
      {"<html><select><option hidden>x<option>机密</select>", "机密", "hidden", "x"},
      {"<html><dl><dt hidden>x<dd>机密</dl>", "机密", "hidden", "x"},
  };
  for (const auto& [document, shown, part, text] : kCases) {
    const RecordingSink sink = ExtractBytes(document);
    EXPECT_EQ(sink.TextOf("first page"), shown) << document;
    EXPECT_EQ(sink.TextOf(std::string(part)), text) << document;
  }
  // However deep, and never ended.
  std::string document = "<html>机<div hidden>";
  for (int i = 0; i < 100'000; ++i) document += "<div>绝密<i>";
  const RecordingSink sink = ExtractBytes(document);
  EXPECT_EQ(sink.TextOf("first page"), "机");
  EXPECT_TRUE(sink.TextOf("hidden").ends_with("绝密\n绝密"));
}

TEST(Html, SelfClosingTagsEndElementsOfXmlOnly) {
  EXPECT_EQ(ExtractBytes("<html>a<script/>'\\u673a'</script>b").TextOf("script"), "'机'");
  EXPECT_EQ(ExtractBytes("<?xml version=\"1.0\"?><html>a<script src='x'/>机密<span hidden=''/>b")
                .TextOf("first page"),
            "a机密b");
}

TEST(Html, NamesAndLooksThatSaySomethingAreRead) {
  EXPECT_EQ(ExtractBytes("<html><p class='11010519491231002X' id=13912345678 width=\"12345\">"
                         "<p 机密=1 data-x=2 @click=3 13912345678=4 id='a@b.example' "
                         "class=row123456>x<i id=6543217>")
                .TextOf("attributes"),
            "11010519491231002X\n13912345678\n机密\n1\n2\n3\n13912345678\n4\na@b.example\n6543217");
}

// The reader itself looks at the clock: of one block, tags take long.
TEST(Html, WhatTakesTooLongIsSaid) {
  std::string document;
  for (int i = 0; i < 1000; ++i) document += "<b>x";
  RecordingSink sink;
  Context context(Limits(), sink, std::chrono::steady_clock::now() - std::chrono::seconds(1));
  HtmlReader html(context);
  html.Take(document);
  html.Finish();
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_TIMEOUT));
  EXPECT_LT(sink.TextOf("first page").size(), 100U);
}

TEST(Html, TheCharsetIsTheOneThatMetaSays) {
  const std::string japanese = "\x8b\x40\x96\xa7";  // Shift-JIS
  const std::string filler(20'000, 'a');
  for (const std::string& start :
       {std::string("<html><meta charset = \"x-sjis\">"),
        std::string(
            "<html><META content='text/html; charset = shift_jis' http-equiv=Content-Type>"),
        std::string("<html><!-- charset=utf-8 <meta charset=koi8-r> --><meta charset=shift_jis>"),
        std::string("<html><p title=\"charset=koi8-r\"></p><meta charset=shift_jis>"),
        "<html><meta charset=shift_jis>" + filler}) {
    const RecordingSink sink = ExtractBytes(start + "<br>" + japanese);
    EXPECT_NE(sink.AllText().find("機密"), std::string::npos) << start.substr(0, 80);
  }
  EXPECT_TRUE(
      ExtractBytes("<html><meta charset=iso-2022-jp>\x1b$B5!L)\x1b(B").TextOf("first page") ==
      "機密");
  // Those that browsers do not know, or that are none, and those that GB is often said to be.
  for (const std::string_view start :
       {"<metadata charset=koi8-r>", "<p title=\"> <meta charset=koi8-r>\">",
        "<!meta><meta name=x content=charset=koi8-r>", "<meta charset=ibm037>", "<meta charset=>",
        "<meta charset=windows-1252>", "<meta charset=iso8859-1>", "<meta charset=ibm037>",
        "<meta charset=x-user-defined>", "<meta charset=csiso58gb231280>"}) {
    const RecordingSink sink =
        ExtractBytes("<html>" + std::string(start) + "\xbb\xfa\xc3\xdc\xce\xc4\xbc\xfe");
    EXPECT_EQ(sink.TextOf("first page"), "机密文件") << start;
  }
  const struct {
    std::string_view label;
    std::string_view bytes;
    std::string_view text;
  } kLabels[] = {
      {"' x-SJIS '", "\x8b\x40\x96\xa7", "機密"},
      {"ks_c_5601-1987", "\xb4\xeb\xbf\xdc\xba\xf1 \xb9\xae\xbc\xad", "대외비 문서"},
      {"cp1251", "\xd1\xe5\xea\xf0\xe5\xf2", "Секрет"},
      {"koi", "\xf3\xc5\xcb\xd2\xc5\xd4", "Секрет"},
      {"nonsense><meta charset=koi8", "\xf3\xc5\xcb\xd2\xc5\xd4", "Секрет"},
      {"hz-gb-2312", "~{;zC\\~}", "机密"},
  };
  for (const auto& [label, bytes, text] : kLabels) {
    const std::string document =
        "<html><meta charset=" + std::string(label) + ">" + std::string(bytes);
    EXPECT_EQ(ExtractBytes(document).TextOf("first page"), text) << label;
  }
  EXPECT_TRUE(ExtractBytes("<html><meta charset=nonsense>\xbb\xfa\xc3\xdc\xce\xc4\xbc\xfe")
                  .TextOf("first page") == "机密文件");
}

// However far it stands from the start, and whatever GB or Big5 would make of it.
TEST(Html, ADeclaredCharsetCountsBehindLongAscii) {
  const struct {
    std::string_view label;
    std::string_view bytes;
    std::string_view text;
  } kCases[] = {
      {"shift_jis", "\xcb\xd0\xc2 \xc4\xb3\xb7\xae\xb3", "ﾋﾐﾂ ﾄｳｷｮｳ"},
      {"tis-620", "\xc5\xd1\xba \xc1\xd2\xa1", "ลับ มาก"},
      {"windows-1253", "\xe1\xf0\xfc\xf1\xf1\xe7\xf4\xef \xe1\xf1\xe9\xe8\xec\xfc\xf2",
       "απόρρητο αριθμός"},
      {"windows-1256", "\xd3\xd1\xed \xe1\xe1\xdb\xc7\xed\xc9", "سري للغاية"},
  };
  for (const auto& [label, bytes, text] : kCases) {
    const RecordingSink sink =
        ExtractBytes("<html><meta charset=" + std::string(label) + "><style>" +
                     std::string(20'000, 'p') + "</style>" + std::string(bytes));
    EXPECT_EQ(sink.TextOf("first page"), text) << label;
    EXPECT_TRUE(sink.gaps.empty()) << label << sink.Gaps();
  }
  // Binary data does not become text by being said to be.
  std::string noise = "<html><meta charset=shift_jis>\n" + std::string(20'000, 'a') + "\n";
  uint32_t state = 1;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 1664525 + 1013904223;
    noise.push_back(static_cast<char>(state >> 24));
  }
  EXPECT_TRUE(ExtractBytes(noise).HasGap(v1::UNSCANNED_REASON_PARTIAL));
}

// Escapes amid ASCII, in lines of any length; lines without are what their bytes say.
TEST(Html, EncodingsOfEscapesAreReadLineByLine) {
  const std::string start = "<html><meta charset=iso-2022-jp>\n";
  const std::string secret = "\x1b$B5!L)\x1b(B";
  const std::string filler(20'000, 'a');
  EXPECT_EQ(ExtractBytes(start + "机密<br>\n" + secret + "<br>\n\xbb\xfa\xc3\xdc\xce\xc4\xbc\xfe")
                .TextOf("first page"),
            "机密\n機密\n机密文件");
  EXPECT_TRUE(ExtractBytes(start + filler + secret).TextOf("body").ends_with("a機密"));
  std::string line = "\x1b$B";
  std::string text;
  for (int i = 0; i < 400'000; ++i) {
    line += "5!L)";
    text += "機密";
  }
  const RecordingSink sink = ExtractBytes(start + line + "\x1b(B");
  EXPECT_TRUE(sink.TextOf("first page") + sink.TextOf("body") == text);
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
  // A line that ends within a character says so.
  EXPECT_TRUE(ExtractBytes(start + "\x1b$B5").HasGap(v1::UNSCANNED_REASON_CORRUPT));
}

TEST(Html, ItIsKnownByItsFirstTag) {
  const std::string licence = "<!-- " + std::string(9000, 'l') + " -->";
  const std::string long_licence = "<!-- " + std::string(60'000, 'l') + " -->";
  for (const std::string& document :
       {licence + "<html>x", std::string("<a href=x>y</a>"), std::string("<link rel=x><p>"),
        std::string("<h5>x</h5>"), std::string("<i>x</i>"), std::string("<td>x"),
        std::string("<strong>x</strong>"), std::string("<blockquote>x"), long_licence + "<p>x",
        std::string("<!--><p>x")}) {
    EXPECT_EQ(MediaTypeOf(document), "text/html") << document.substr(0, 20);
  }
}

TEST(Html, OtherTextIsNone) {
  const std::string long_comment = "<!-- " + std::string(60'000, 'l') + " -->";
  const std::string xml = "<?xml version='1.0'?>" + long_comment + "<note/>";
  EXPECT_EQ(MediaTypeOf(xml), "text/plain");
  for (const std::string_view text : {"< 5 and more", "<p", "<note>x</note>", "a <html> b"}) {
    EXPECT_EQ(MediaTypeOf(text), "text/plain") << text;
  }
}

}  // namespace
}  // namespace shoumi::inspect
