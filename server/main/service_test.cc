#include "server/main/service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "shoumi/v1/operator_service.grpc.pb.h"

namespace shoumi::server {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A port that nobody listens on; somebody may take it before it is used.
std::string FreePort() {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor probe(
      io, {boost::asio::ip::make_address("127.0.0.1"), boost::asio::ip::port_type{0}});
  return std::to_string(probe.local_endpoint().port());
}

// The whole answer to one HTTP request.
std::string Get(const std::string& address, const std::string& path) {
  boost::asio::ip::tcp::iostream stream;
  stream.expires_after(seconds(20));
  const size_t colon = address.rfind(':');
  stream.connect(address.substr(0, colon), address.substr(colon + 1));
  stream << "GET " << path << " HTTP/1.0\r\n\r\n" << std::flush;
  std::ostringstream answer;
  answer << stream.rdbuf();
  return answer.str();
}

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_srv_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    options.state = folder / "state";
    options.listen = "127.0.0.1:0";
    options.metrics_listen = "";
    options.packs = SHOUMI_SOURCE_DIR "/rules/packs";
    options.admin_password_file = folder / "one-time-password";
    options.stop_max = seconds(5);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  // Why it does not start.
  std::string Problem() {
    const auto server = ServerProcess::Start(options, refusals);
    return server.ok() ? "" : std::string(server.status().message());
  }
  void Write(const std::filesystem::path& file, std::string_view bytes, off_t at = 0) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    EXPECT_TRUE(stream.good());
  }
  std::string FirstPassword() {
    std::ifstream stream(options.admin_password_file);
    std::string password;
    std::getline(stream, password);
    return password;
  }
  static std::unique_ptr<v1::OperatorService::Stub> Connect(const ServerProcess& server) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = server.authority().ca_pem();
    return v1::OperatorService::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(server.port()), grpc::SslCredentials(tls)));
  }
  static grpc::Status Login(v1::OperatorService::Stub& stub, const std::string& password) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    v1::LoginRequest request;
    request.set_user("admin");
    request.set_password(password);
    v1::LoginResponse response;
    return stub.Login(&context, request, &response);
  }

  std::filesystem::path folder;
  ServerOptions options;
  RefusalLog refusals{RefusalLogLimits{}, Clock::Real()};
};

TEST_F(ServiceTest, OneServerAStateAndTheNextCanTakeOver) {
  auto first = ServerProcess::Start(options, refusals);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(Problem(), AllOf(HasSubstr("another shoumi-server"), HasSubstr(options.state)));
  const std::string fingerprint = (*first)->authority().ca_fingerprint();
  const std::string password = FirstPassword();
  EXPECT_TRUE(Login(*Connect(**first), password).ok());
  first->reset();
  std::filesystem::remove(options.admin_password_file);

  auto second = ServerProcess::Start(options, refusals);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->authority().ca_fingerprint(), fingerprint);
  EXPECT_FALSE(std::filesystem::exists(options.admin_password_file)) << "a second administrator";
  EXPECT_TRUE(Login(*Connect(**second), password).ok());
}

TEST_F(ServiceTest, TheFirstPasswordAndEveryKeyAreForTheOwnerOnly) {
  ASSERT_EQ(Problem(), "");
  for (const auto& file :
       {options.admin_password_file, options.state / "ca.key", options.state / "server.key",
        options.state / "policy.key", options.state / "store.db", options.state / "lock"}) {
    struct stat info {};
    ASSERT_EQ(stat(file.c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 07777U, 0600U) << file;
  }
}

TEST_F(ServiceTest, SecretsThatOthersCanReachRefuseTheStart) {
  ASSERT_EQ(Problem(), "");
  for (const char* name : {"ca.key", "server.key", "policy.key", "store.db"}) {
    const auto file = options.state / name;
    chmod(file.c_str(), 0640);
    EXPECT_THAT(Problem(), AllOf(HasSubstr(file), HasSubstr("chmod 600")));
    chmod(file.c_str(), 0600);
  }
  chmod(options.state.c_str(), 0777);
  EXPECT_THAT(Problem(), AllOf(HasSubstr(options.state), HasSubstr("chmod go-w")));
  chmod(options.state.c_str(), 0711);
  EXPECT_EQ(Problem(), "");
}

TEST_F(ServiceTest, WhatIsDamagedIsNamedInOneSentence) {
  ASSERT_EQ(Problem(), "");
  for (const char* name : {"store.db", "ca.pem", "ca.key", "server.key", "policy.key"}) {
    const auto file = options.state / name;
    const auto good = folder / "good";
    std::filesystem::copy_file(file, good);
    Write(file, std::string(100, 'X'));
    EXPECT_THAT(Problem(), AllOf(HasSubstr(file), Not(HasSubstr("\n")))) << name;
    std::filesystem::copy_file(good, file, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::remove(good);
  }
  EXPECT_EQ(Problem(), "");
}

TEST_F(ServiceTest, AnAddressThatIsTakenIsSaid) {
  auto first = ServerProcess::Start(options, refusals);
  ASSERT_TRUE(first.ok()) << first.status();
  options.listen = "127.0.0.1:" + std::to_string((*first)->port());
  options.state = folder / "other";
  EXPECT_THAT(Problem(), HasSubstr("cannot listen on " + options.listen));
  options.listen = "127.0.0.1:0";
  options.packs = folder / "no-packs";
  EXPECT_THAT(Problem(), HasSubstr("no-packs"));
}

// What keeps a first start from succeeding must not cost the administrator's password.
TEST_F(ServiceTest, AFirstStartThatFailsMakesNoAdministrator) {
  const ServerOptions good = options;
  auto other = ServerProcess::Start(
      [&] {
        ServerOptions taken = options;
        taken.state = folder / "other";
        taken.admin_password_file = folder / "other-password";
        taken.metrics_listen = "127.0.0.1:" + FreePort();
        options.metrics_listen = taken.metrics_listen;
        return taken;
      }(),
      refusals);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(Problem(), HasSubstr("cannot serve metrics"));
  options = good;
  options.listen = "127.0.0.1:" + std::to_string((*other)->port());
  EXPECT_THAT(Problem(), AllOf(HasSubstr("cannot listen"), HasSubstr("password that was given out "
                                                                     "is void")));
  EXPECT_FALSE(std::filesystem::exists(good.admin_password_file));
  options = good;
  options.packs = folder / "no-packs";
  EXPECT_THAT(Problem(), HasSubstr("no-packs"));
  EXPECT_FALSE(std::filesystem::exists(good.admin_password_file));
  options = good;
  options.admin_password_file = folder / "no-folder" / "password";
  EXPECT_THAT(Problem(), HasSubstr("no-folder"));

  options = good;
  const auto server = ServerProcess::Start(options, refusals);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(Login(*Connect(**server), FirstPassword()).ok());
}

TEST_F(ServiceTest, APasswordWhoseAccountIsNotStoredIsTakenBack) {
  ASSERT_EQ(Problem(), "");
  std::filesystem::remove(options.admin_password_file);
  {
    soci::session sql(soci::sqlite3, "dbname=" + (options.state / "store.db").string());
    sql << "DELETE FROM operators";
    sql << "CREATE TRIGGER full BEFORE INSERT ON operators BEGIN SELECT RAISE(FAIL, 'full'); END";
  }
  EXPECT_THAT(Problem(), HasSubstr("password that was given out is void"));
  EXPECT_FALSE(std::filesystem::exists(options.admin_password_file));
}

TEST_F(ServiceTest, TheMetricsPageCountsWhatHappened) {
  options.metrics_listen = "127.0.0.1:" + FreePort();
  const auto server = ServerProcess::Start(options, refusals);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_FALSE(Login(*Connect(**server), "guess").ok());
  const std::string page = Get(options.metrics_listen, "/metrics");
  for (const char* line :
       {"shoumi_agents_connected 0\n", "shoumi_policy_version 0\n",
        "shoumi_login_failures_total 1\n", "shoumi_rpc_total{code=\"UNAUTHENTICATED\"} 1\n",
        "shoumi_refusals_total 1\n", "shoumi_refusals_suppressed_total 0\n",
        "shoumi_certificate_renewals_total 0\n", "shoumi_certificate_renewals_refused_total 0\n",
        "shoumi_rpc_total{code=\"OK\"} 0\n", "shoumi_store_write_seconds_count "}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  options.state = folder / "other";
  EXPECT_THAT(Problem(), HasSubstr("cannot serve metrics on " + options.metrics_listen));
}

TEST_F(ServiceTest, StoppingStaysWithinItsBound) {
  auto server = ServerProcess::Start(options, refusals);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = Connect(**server);
  ASSERT_TRUE(Login(*stub, FirstPassword()).ok());
  const auto start = std::chrono::steady_clock::now();
  (*server)->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, options.stop_max);
  EXPECT_EQ(Login(*stub, FirstPassword()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace shoumi::server
