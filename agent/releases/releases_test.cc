#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/inspect/wire/frame.h"
#include "agent/releases/release_server.h"
#include "common/crypto/crypto.h"
#include "common/ids.h"
#include "common/local_socket.h"

namespace shoumi::agent {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// Finds a resident number in whatever it is given, or never answers.
class Inspector final : public inspect::InspectorPool {
 public:
  void Inspect(inspect::Inspection inspection, Done done) override {
    names.push_back(inspection.name);
    if (silent) return;
    v1::InspectReport report;
    report.set_level(v1::LEVEL_SECRET);
    report.add_findings()->set_rule("cn.resident_id");
    report.mutable_findings(0)->add_value_keys(7);
    done(report);
  }
  absl::StatusOr<v1::InspectorReady> Reload(const inspect::InspectorRules&) override {
    return absl::UnimplementedError("");
  }
  v1::InspectorReady Ready() const override { return {}; }
  Stats stats() const override { return {}; }

  std::vector<std::string> names;
  bool silent = false;
};

UniqueFd Memory(const std::string& content, bool sealed = true) {
  UniqueFd fd(::memfd_create("content", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_TRUE(WriteAll(fd.get(), content).ok());
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (sealed) {
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, kSeals), 0);
  }
  return fd;
}

v1::ReleaseQuestion Question() {
  v1::ReleaseQuestion question;
  question.set_protocol(1);
  question.set_content_name("报价.docx");
  question.set_recipient("客户甲 a@example.com");
  question.set_reason("合同要求");
  question.set_channel(v1::CHANNEL_MAIL);
  question.set_valid_days(3);
  return question;
}

class Releases : public testing::Test {
 protected:
  ReleaseDesk& Desk(const ReleaseOptions& options = {}) {
    ReleaseSeams seams;
    seams.inspector = [this] { return inspector_; };
    seams.find_user = [](uint32_t uid, const std::function<void(v1::User)>& done) {
      v1::User user;
      user.set_uid(uid);
      user.set_name("li");
      done(user);
    };
    seams.keep = [this](const v1::SpoolRecord& record,
                        const std::function<void(absl::Status)>& done) {
      if (kept_status_.ok()) kept_.push_back(record.release_request());
      done(kept_status_);
    };
    seams.connected = [] { return true; };
    desk_ = std::make_unique<ReleaseDesk>(options, seams, Clock::Real());
    return *desk_;
  }

  std::shared_ptr<Inspector> inspector_ = std::make_shared<Inspector>();
  std::vector<v1::ReleaseRequest> kept_;
  absl::Status kept_status_;
  std::unique_ptr<ReleaseDesk> desk_;
};

TEST_F(Releases, ARequestIsKeptWithItsDigestAndWhatIsInIt) {
  const auto answer = Desk().Ask(1000, Question(), Memory("11010519491231002X"));
  EXPECT_EQ(answer.error(), "");
  EXPECT_TRUE(answer.connected());
  EXPECT_EQ(answer.level(), v1::LEVEL_SECRET);
  EXPECT_EQ(answer.rules(0), "cn.resident_id");
  ASSERT_EQ(kept_.size(), 1U);
  const v1::ReleaseRequest& request = kept_[0];
  EXPECT_EQ(request.request_id(), answer.request_id());
  EXPECT_TRUE(IsUuid(request.request_id()));
  EXPECT_EQ(request.user().name(), "li");
  EXPECT_EQ(request.findings(0).value_keys_size(), 0);  // they stay on the workstation
  EXPECT_EQ(request.content_name(), "报价.docx");
  EXPECT_EQ(request.content_sha256(), crypto::Sha256Hex("11010519491231002X"));
  EXPECT_EQ(request.content_bytes(), 18U);
  EXPECT_EQ(request.recipient(), "客户甲 a@example.com");
  EXPECT_EQ(request.channel(), v1::CHANNEL_MAIL);
  EXPECT_EQ(request.valid_days(), 3U);
  EXPECT_EQ(inspector_->names, std::vector<std::string>{"报价.docx"});
}

TEST_F(Releases, WhatIsNoRequestIsRefusedWithTheReason) {
  ReleaseDesk& desk = Desk({.content_bytes_max = 10});
  const auto refused = [&](const auto& change, UniqueFd content) {
    v1::ReleaseQuestion question = Question();
    change(question);
    const auto answer = desk.Ask(1000, question, std::move(content));
    EXPECT_EQ(answer.request_id(), "");
    return answer.error();
  };
  EXPECT_THAT(refused([](auto& q) { q.set_protocol(2); }, Memory("a")), HasSubstr("versions"));
  EXPECT_THAT(refused([](auto& q) { q.set_recipient(""); }, Memory("a")), HasSubstr("recipient"));
  EXPECT_THAT(refused([](auto& q) { q.set_recipient(std::string(513, 'r')); }, Memory("a")),
              HasSubstr("1 to 512 bytes"));
  EXPECT_THAT(refused([](auto& q) { q.set_reason(std::string(2049, 'r')); }, Memory("a")),
              HasSubstr("1 to 2048 bytes"));
  EXPECT_THAT(refused([](auto& q) { q.set_reason("\x1b[31m"); }, Memory("a")),
              HasSubstr("control characters"));
  EXPECT_THAT(refused([](auto& q) { q.set_content_name("a/b"); }, Memory("a")), HasSubstr("name"));
  EXPECT_THAT(refused([](auto& q) { q.set_valid_days(367); }, Memory("a")), HasSubstr("366 days"));
  EXPECT_THAT(refused([](auto& q) { q.set_incident_id("7"); }, Memory("a")), HasSubstr("incident"));
  EXPECT_THAT(refused([](auto& q) { q.set_channel(static_cast<v1::Channel>(99)); }, Memory("a")),
              HasSubstr("channel"));
  const auto same = [](auto&) {};
  EXPECT_THAT(refused(same, Memory("a", false)), HasSubstr("sealed"));
  EXPECT_THAT(refused(same, UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC))),
              HasSubstr("sealed"));
  EXPECT_THAT(refused(same, Memory("01234567890")), HasSubstr("more than 10 bytes"));
  EXPECT_TRUE(kept_.empty());
  EXPECT_TRUE(inspector_->names.empty());
}

TEST_F(Releases, AUserHasSoManyAnHour) {
  ReleaseDesk& desk = Desk({.requests_per_user_hour_max = 2});
  EXPECT_EQ(desk.Ask(1000, Question(), Memory("a")).error(), "");
  EXPECT_EQ(desk.Ask(1000, Question(), Memory("a")).error(), "");
  EXPECT_THAT(desk.Ask(1000, Question(), Memory("a")).error(), HasSubstr("2 requests in an hour"));
  EXPECT_EQ(desk.Ask(1001, Question(), Memory("a")).error(), "") << "another user";
}

TEST_F(Releases, WhatCannotBeKeptOrInspectedIsSaid) {
  ReleaseDesk& desk = Desk({.inspect_ms_max = milliseconds(200)});
  kept_status_ = absl::ResourceExhaustedError("spool full");
  auto answer = desk.Ask(1000, Question(), Memory("a"));
  EXPECT_THAT(answer.error(), HasSubstr("no room"));
  EXPECT_EQ(answer.request_id(), "");
  kept_status_ = absl::OkStatus();
  inspector_->silent = true;
  EXPECT_THAT(desk.Ask(1000, Question(), Memory("a")).error(), HasSubstr("took too long"));
  inspector_ = nullptr;
  EXPECT_THAT(desk.Ask(1000, Question(), Memory("a")).error(), HasSubstr("no policy is in force"));
  desk.Stop();
  EXPECT_TRUE(kept_.empty());
}

class ReleaseSocket : public Releases {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoumi_rel_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.socket_path = folder_ + "/request.sock";
    options_.question_ms_max = milliseconds(300);
    options_.connections_per_user_max = 1;
    server_ = ReleaseServer::Start(options_, Desk(options_)).value();
  }
  void TearDown() override {
    server_.reset();
    EXPECT_FALSE(std::filesystem::exists(options_.socket_path));
    std::filesystem::remove_all(folder_);
  }
  static v1::ReleaseAnswer AnswerOn(int socket) {
    v1::ReleaseAnswer answer;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const auto status = inspect::ReceiveFrame(socket, 1 << 16, answer, nullptr, end);
    EXPECT_TRUE(status.ok()) << status;
    return answer;
  }

  std::string folder_;
  ReleaseOptions options_;
  std::unique_ptr<ReleaseServer> server_;
};

TEST_F(ReleaseSocket, TheSocketSaysWhoAsks) {
  const auto socket = ConnectLocally(options_.socket_path);
  ASSERT_TRUE(socket.ok());
  const UniqueFd content = Memory("a");
  const int fd = content.get();
  ASSERT_TRUE(inspect::SendFrame(socket->get(), Question(), std::span(&fd, 1)).ok());
  EXPECT_EQ(AnswerOn(socket->get()).error(), "");
  ASSERT_EQ(kept_.size(), 1U);
  EXPECT_EQ(kept_[0].user().uid(), ::getuid());
}

TEST_F(ReleaseSocket, WhoSaysNothingHoldsNobodyUpForLong) {
  const auto silent = ConnectLocally(options_.socket_path);
  ASSERT_TRUE(silent.ok());
  const auto second = ConnectLocally(options_.socket_path);
  ASSERT_TRUE(second.ok());
  EXPECT_THAT(AnswerOn(second->get()).error(), HasSubstr("ask again"));
  EXPECT_EQ(AnswerOn(silent->get()).error(), "that is no request");
}

TEST_F(ReleaseSocket, NonsenseIsNoRequest) {
  const auto socket = ConnectLocally(options_.socket_path);
  ASSERT_TRUE(WriteAll(socket->get(), std::string("\xff\xff\xff\x7fnonsense", 12)).ok());
  EXPECT_EQ(AnswerOn(socket->get()).error(), "that is no request");
}

}  // namespace
}  // namespace shoumi::agent
