#include "server/ctl/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace shoumi::ctl {
namespace {

using Stub = Client::Service::Stub;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Holds incidents 1..incidents; answers `refusal` instead when there is one.
class FakeServer final : public v1::OperatorService::Service {
 public:
  grpc::Status ListIncidents(grpc::ServerContext* context, const v1::ListIncidentsRequest* request,
                             v1::ListIncidentsResponse* response) override {
    const auto token = context->client_metadata().find("authorization");
    authorization = token == context->client_metadata().end()
                        ? ""
                        : std::string(token->second.data(), token->second.size());
    page_sizes.push_back(request->page_size());
    uint64_t next = request->page_token().empty() ? incidents : std::stoull(request->page_token());
    for (uint32_t i = 0; i < request->page_size() && next > 0; ++i, --next) {
      response->add_incidents()->set_number(next);
    }
    response->set_total(incidents);
    if (stuck) {
      response->set_next_page_token("7");
    } else if (next > 0) {
      response->set_next_page_token(std::to_string(next));
    }
    return grpc::Status::OK;
  }
  grpc::Status GetPolicy(grpc::ServerContext*, const v1::GetPolicyRequest*,
                         v1::GetPolicyResponse*) override {
    return refusal;
  }
  grpc::Status Logout(grpc::ServerContext*, const v1::LogoutRequest*,
                      v1::LogoutResponse*) override {
    release.get_future().wait_for(std::chrono::seconds(20));
    return grpc::Status::OK;
  }

  uint64_t incidents = 0;
  bool stuck = false;
  grpc::Status refusal;
  std::promise<void> release;
  std::string authorization;
  std::vector<uint32_t> page_sizes;
};

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.RegisterService(&fake_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void TearDown() override { server_->Shutdown(std::chrono::system_clock::now()); }

  Client NewClient(const std::string& token = "secret") {
    return {server_->InProcessChannel({}), {"dlp.example:7443", token, std::chrono::seconds(1)}};
  }

  // What a walk of `rows_max` rows took, and how it ended.
  std::pair<uint64_t, absl::Status> Walk(uint64_t rows_max) {
    Client client = NewClient();
    uint64_t expected = fake_.incidents;
    uint64_t rows = 0;
    auto status = ForEachPage(client, &Stub::ListIncidents, v1::ListIncidentsRequest(), rows_max,
                              [&](const v1::ListIncidentsResponse& page) {
                                for (const auto& row : page.incidents()) {
                                  EXPECT_EQ(row.number(), expected--);
                                  ++rows;
                                }
                                return static_cast<uint64_t>(page.incidents_size());
                              });
    return {rows, status};
  }

  absl::Status Refused(grpc::StatusCode code, const std::string& text,
                       const std::string& token = "secret") {
    fake_.refusal = {code, text};
    return NewClient(token).Call(&Stub::GetPolicy, v1::GetPolicyRequest()).status();
  }

  FakeServer fake_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ClientTest, WalksAllPagesOnceInOrder) {
  fake_.incidents = 1203;
  EXPECT_EQ(Walk(100'000), std::pair(uint64_t{1203}, absl::OkStatus()));
  EXPECT_THAT(fake_.page_sizes, ElementsAre(500, 500, 500));
  EXPECT_EQ(fake_.authorization, "Bearer secret");
}

TEST_F(ClientTest, AsksForNoMoreThanTheLimit) {
  fake_.incidents = 1203;
  EXPECT_EQ(Walk(501), std::pair(uint64_t{501}, absl::OkStatus()));
  EXPECT_THAT(fake_.page_sizes, ElementsAre(500, 1));
}

TEST_F(ClientTest, AnEmptyListIsOnePage) {
  EXPECT_EQ(Walk(50), std::pair(uint64_t{0}, absl::OkStatus()));
  EXPECT_THAT(fake_.page_sizes, ElementsAre(50));
}

TEST_F(ClientTest, AServerThatRepeatsAPageDoesNotHoldTheWalkForEver) {
  fake_.stuck = true;
  EXPECT_TRUE(absl::IsInternal(Walk(50).second));
}

TEST_F(ClientTest, StatusesBecomeSentencesThatSayWhatToDo) {
  using grpc::StatusCode;
  EXPECT_THAT(std::string(Refused(StatusCode::UNAUTHENTICATED, "x").message()),
              AllOf(HasSubstr("dlp.example:7443"), HasSubstr("shoumictl login")));
  EXPECT_EQ(Refused(StatusCode::UNAUTHENTICATED, "x", "").message(), "user or password is wrong");
  EXPECT_THAT(
      std::string(
          Refused(StatusCode::FAILED_PRECONDITION, "change it: shoumictl passwd").message()),
      AllOf(HasSubstr("one-time password"), HasSubstr("run: shoumictl passwd")));
  EXPECT_EQ(Refused(StatusCode::FAILED_PRECONDITION, "no packs").message(), "no packs");
  EXPECT_THAT(std::string(Refused(StatusCode::UNIMPLEMENTED, "").message()),
              HasSubstr("does not know this command"));
  EXPECT_THAT(std::string(Refused(StatusCode::UNAVAILABLE, "last error: refused").message()),
              HasSubstr("cannot be reached at dlp.example:7443"));
}

TEST_F(ClientTest, EveryCallHasADeadline) {
  const auto before = std::chrono::steady_clock::now();
  const auto late = NewClient().Call(&Stub::Logout, v1::LogoutRequest());
  fake_.release.set_value();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.status())) << late.status();
  EXPECT_THAT(std::string(late.status().message()), HasSubstr("within 1 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(15));
}

}  // namespace
}  // namespace shoumi::ctl
