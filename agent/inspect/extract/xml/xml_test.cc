#include "agent/inspect/extract/xml/xml.h"

#include <chrono>
#include <string>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

std::string RootOf(const std::string& bytes) {
  const auto source = MakeMemorySource(bytes);
  return FindXmlRoot(*source).local;
}

TEST(XmlRoot, IsBehindDeclarationsAndComments) {
  EXPECT_EQ(RootOf("<?xml version=\"1.0\"?><!-- c --><w:hdr a=\"b\">"), "hdr");
  EXPECT_EQ(RootOf("\xEF\xBB\xBF<sst/>"), "sst");
  EXPECT_EQ(RootOf("plain text"), "");
  EXPECT_EQ(RootOf("<"), "");
  EXPECT_EQ(RootOf("<!-- <RDF> -> <a> -->\n<?p <b> ?><!DOCTYPE c [<!ENTITY d \"<e>\">]><f:g/>"),
            "g");
  EXPECT_EQ(RootOf("<!DOCTYPE c [<!-- ]><a> --><?p ]><a> ?><!ENTITY d \"]><e>\"> ]><g/>"), "g");
  EXPECT_EQ(RootOf("<!DOCTYPE c SYSTEM \"[>\"><g/>"), "g");
  EXPECT_EQ(RootOf("<!DOCTYPE html><html>"), "html");
  EXPECT_EQ(RootOf("<!-- <a> "), "");
  EXPECT_EQ(RootOf("<?xml?> text <a>"), "");
}

TEST(XmlRoot, IsFoundInWideCharactersWithAndWithoutMark) {
  const std::string text = "<!-- <b> --><a>";
  std::string wide;
  for (const char c : text) wide += {c, '\0'};
  EXPECT_EQ(RootOf(wide), "a");
  EXPECT_EQ(RootOf("\xFF\xFE" + wide), "a");
}

TEST(XmlRoot, IsLookedForAsFarAsTheBound) {
  const auto behind = [](size_t bytes) {
    return "<!--" + std::string(bytes, '.') + "--><a b=\"c\">";
  };
  // The tag stands across a block, begins the next one, or comes late.
  for (size_t bytes = 4070; bytes < 4100; ++bytes) EXPECT_EQ(RootOf(behind(bytes)), "a") << bytes;
  EXPECT_EQ(RootOf(behind(500'000)), "a");
  EXPECT_EQ(RootOf(behind(kXmlPrologBytesMax)), "");
  const std::string too_late = behind(kXmlPrologBytesMax);
  EXPECT_TRUE(FindXmlRoot(*MakeMemorySource(too_late)).beyond);
  const std::string late = behind(500'000);
  EXPECT_FALSE(FindXmlRoot(*MakeMemorySource(late)).beyond);
}

TEST(XmlRoot, HasItsNamespace) {
  const std::string bytes = "<x:a xmlns=\"1\" xmlns:y=\"2\" xmlns:x=\"3\"/>";
  const auto source = MakeMemorySource(bytes);
  EXPECT_EQ(FindXmlRoot(*source).uri, "3");
}

// Says the attributes a of namespace "u", by prefixes that are declared anew.
class AttributeReader final : public XmlHandler {
 public:
  void Start(std::string_view local, const XmlAttributes& attributes) override {
    said += std::string(local) + "=" + std::string(attributes.GetIn("u", "a")) +
            (attributes.ElementIsIn("u") ? "! " : " ");
  }
  void End(std::string_view) override {}
  void Characters(std::string_view) override {}
  std::string said;
};

absl::Status Parse(const std::string& bytes, XmlHandler& handler) {
  RecordingSink sink;
  Context context(Limits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(30));
  const auto source = MakeMemorySource(bytes);
  return ParseXml(*source, context, handler);
}

TEST(XmlAttributes, AreKnownByTheirNamespace) {
  AttributeReader reader;
  EXPECT_TRUE(Parse("<r xmlns:p=\"u\" xmlns:q=\"v\"><b q:a=\"1\" p:a=\"2\"/>"
                    "<p:c xmlns:q=\"u\" xmlns:p=\"v\" p:a=\"1\" q:a=\"2\"/>"
                    "<p:d q:a=\"1\" p:a=\"2\"/><e xmlns=\"u\" a=\"3\"/><f/></r>",
                    reader)
                  .ok());
  EXPECT_EQ(reader.said, "r= b=2 c=2 d=2! e=3! f= ");
}

TEST(XmlAttributes, NamespacesInForceHaveABound) {
  std::string declarations;
  for (int i = 0; i < 2000; ++i) declarations += " xmlns:p" + std::to_string(i) + "=\"u\"";
  AttributeReader reader;
  EXPECT_TRUE(absl::IsResourceExhausted(Parse("<r" + declarations + "/>", reader)));
  std::string many = "<r>";
  for (int i = 0; i < 5000; ++i) many += "<a xmlns:p=\"u\" p:a=\"1\"/>";
  EXPECT_TRUE(Parse(many + "</r>", reader).ok());
}

}  // namespace
}  // namespace shoumi::inspect
