#include "common/terminal/server_reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/host_port.h"

namespace shoumi {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HostPort, IsANameOrAddressWithAPort) {
  EXPECT_EQ(PortOf("dlp.example.com:7443"), 7443);
  EXPECT_EQ(PortOf("192.0.2.7:65535"), 65535);
  EXPECT_EQ(PortOf("[2001:db8::7]:7443"), 7443);
  EXPECT_EQ(PortOf("127.0.0.1:0"), 0);
  for (const char* text : {"", "dlp", ":7443", "dlp:", "dlp:x", "dlp:65536", "dlp:70000", "dlp:-1",
                           "dlp:7443 ", "dlp :7443", "2001:db8::7", "https://dlp:7443", "[]:7443",
                           "[::1:7443", "unix:/run/dlp:7443", "dns:///dlp:7443"}) {
    EXPECT_EQ(PortOf(text), std::nullopt) << text;
  }
}

TEST(ServerReach, AnAddressThatIsNoneIsSaid) {
  EXPECT_EQ(ServerProblem("dlp.example:7443"), "");
  EXPECT_THAT(ServerProblem("dlp.example:70000"),
              AllOf(HasSubstr("dlp.example:70000"), HasSubstr("1 to 65535")));
  EXPECT_NE(ServerProblem("dlp.example:0"), "");
}

TEST(ServerReach, ACaFileWithoutCertificateIsSaid) {
  EXPECT_EQ(CaProblem("ca.pem", "-----BEGIN CERTIFICATE-----\n"), "");
  EXPECT_THAT(CaProblem("ca.key", "-----BEGIN PRIVATE KEY-----\n"),
              AllOf(HasSubstr("ca.key"), HasSubstr("ca.pem")));
}

TEST(ServerReach, GrpcsWordsBecomeASentenceThatSaysWhatToDo) {
  // As gRPC 1.51 words them.
  const std::pair<const char*, const char*> unreachable[] = {
      {"last error: UNKNOWN: ipv4:192.0.2.1:7443: Ssl handshake failed: SSL_ERROR_SSL: "
       "error:0A000086:SSL routines::certificate verify failed",
       "is not from the authority"},
      {"last error: UNKNOWN: ipv4:192.0.2.1:7443: Peer name dlp.example is not in peer certificate",
       "does not carry that name"},
      {"last error: UNKNOWN: ipv4:192.0.2.1:7443: Ssl handshake failed: SSL_ERROR_SSL: "
       "error:0A00010B:SSL routines::wrong version number",
       "is the port right"},
      {"DNS resolution failed for dlp.example:7443", "no address is known"},
      {"failed to connect to all addresses; last error: Connection refused", "cannot be reached"},
      {"empty address list: ", "cannot be reached"},
      {"store: connection lost", "store: connection lost"}};
  for (const auto& [text, sentence] : unreachable) {
    EXPECT_THAT(WhyUnreachable("dlp.example:7443", text),
                AllOf(HasSubstr("dlp.example:7443"), HasSubstr(sentence),
                      Not(HasSubstr("last error")), Not(HasSubstr("failed"))));
  }
}

}  // namespace
}  // namespace shoumi
