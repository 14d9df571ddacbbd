#include "agent/pipeline/pipeline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <sstream>

#include "agent/pipeline/fakes.h"
#include "agent/spool/fault_files.h"
#include "rules/policy/policy.h"

namespace shoumi::agent {
namespace {

using std::chrono::milliseconds;

// A disk whose syncs can be held back, to see what is answered before.
class SlowFiles final : public SpoolFiles {
 public:
  explicit SlowFiles(FaultDisk& disk, std::atomic<int>& delay_ms)
      : files_(disk), delay_ms_(delay_ms) {}
  absl::StatusOr<std::vector<std::string>> List() override { return files_.List(); }
  absl::StatusOr<uint64_t> Size(const std::string& n) override { return files_.Size(n); }
  absl::StatusOr<std::string> ReadAt(const std::string& n, uint64_t o, size_t s) override {
    return files_.ReadAt(n, o, s);
  }
  absl::Status Create(const std::string& n, std::string_view b) override {
    return files_.Create(n, b);
  }
  absl::Status WriteAt(const std::string& n, uint64_t o, std::string_view b) override {
    return files_.WriteAt(n, o, b);
  }
  absl::Status Sync(const std::string& n) override {
    ::usleep(static_cast<useconds_t>(delay_ms_) * 1000);
    return files_.Sync(n);
  }
  absl::Status Truncate(const std::string& n, uint64_t s) override { return files_.Truncate(n, s); }
  absl::Status Rename(const std::string& a, const std::string& b) override {
    return files_.Rename(a, b);
  }
  absl::Status Remove(const std::string& n) override { return files_.Remove(n); }

 private:
  FaultFiles files_;
  std::atomic<int>& delay_ms_;
};

std::shared_ptr<const PolicyInForce> StarterPolicy() {
  std::ifstream in(SHOUMI_SOURCE_DIR "/rules/policies/starter.yaml");
  std::stringstream text;
  text << in.rdbuf();
  auto result =
      rules::LoadPolicy("p", text.str(),
                        {"cn.resident_id", "cn.uscc", "cn.org_code", "cn.mobile", "cn.landline",
                         "cn.plate", "cn.bank_card", "cn.passport", "intl.email", "intl.iban",
                         "cn.travel_permit", "intl.card", "business.x"});
  EXPECT_TRUE(result.ok);
  return std::make_shared<PolicyInForce>(PolicyInForce{4, result.policy});
}

class PipelineTest : public ::testing::Test {
 protected:
  void Build(PipelineOptions options = {}) {
    spool_ =
        Spool::Open(std::make_unique<SlowFiles>(disk_, sync_delay_ms_), std::string(32, 'k'), {})
            .value();
    identity_ = std::make_unique<Identity>(Clock::Real(), Identity::Options{});
    inspector_ = std::make_shared<FakeInspector>(io_);
    pipeline_ =
        std::make_unique<Pipeline>(io_, *spool_, *identity_, Clock::Real(), options, &ledger_);
    pipeline_->SetInspector(inspector_);
    pipeline_->SetPolicy(StarterPolicy());
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  void TearDown() override {
    EXPECT_TRUE(pipeline_->Drain(milliseconds(10'000)));
    work_.reset();
    pipeline_.reset();
    io_.stop();
    for (auto& thread : threads_) thread.join();
    spool_.reset();
  }

  struct Answered {
    v1::Verdict verdict;
    std::chrono::steady_clock::time_point at;
    uint64_t durable = 0;  // records in the spool when it was answered
  };
  std::future<Answered> Submit(milliseconds budget = milliseconds(5000), bool report_only = false) {
    auto promise = std::make_shared<std::promise<Answered>>();
    Event event;
    event.context.set_channel(v1::CHANNEL_USB);
    event.context.mutable_user()->set_uid(uid_);
    event.context.mutable_program()->set_pid(::getpid());
    event.name = "a.txt";
    event.text = "text";
    event.report_only = report_only;
    event.deadline = std::chrono::steady_clock::now() + budget;
    event.answer = [this, promise](const v1::Verdict& verdict) {
      // A second answer would throw here.
      promise->set_value({verdict, std::chrono::steady_clock::now(), spool_->stats().last});
    };
    pipeline_->Submit(std::move(event));
    return promise->get_future();
  }
  std::future<v1::Action> SubmitCleanOnly(milliseconds budget = milliseconds(5000)) {
    auto promise = std::make_shared<std::promise<v1::Action>>();
    Event event;
    event.text = "text";
    event.clean_only = true;
    event.deadline = std::chrono::steady_clock::now() + budget;
    event.answer = [promise](const v1::Verdict& verdict) { promise->set_value(verdict.action()); };
    pipeline_->Submit(std::move(event));
    return promise->get_future();
  }
  // From 20 distinct values within eight hours on it is blocked, below it reported.
  void CountOverTime() {
    const std::string rules =
        "name: p\nrules:\n"
        "  - {id: drip, title: {zh: 甲, en: A}, action: block, severity: high,\n"
        "     when: {detector: cn.id, min_distinct: 20, within: 8h}}\n"
        "  - {id: some, title: {zh: 乙, en: B}, action: report, severity: low,\n"
        "     when: {detector: cn.id}}\n"
        "unscanned: {default: block}\ndefault_action: allow\nusb: {mode: inspect}\n";
    const auto loaded = rules::LoadPolicy("p", rules, {"cn.id"});
    ASSERT_TRUE(loaded.ok);
    ledger_.Watch(loaded.policy);
    pipeline_->SetPolicy(std::make_shared<PolicyInForce>(PolicyInForce{5, loaded.policy}));
    // Each event has eight values that no other has.
    inspector_->answer = [this](const auto&) {
      v1::InspectReport report;
      v1::Finding& finding = *report.add_findings();
      finding.set_rule("cn.id");
      finding.set_count(8);
      finding.set_distinct(8);
      const uint64_t first = next_value_.fetch_add(8);
      for (uint64_t key = first; key < first + 8; ++key) finding.add_value_keys(key);
      return report;
    };
  }
  static v1::InspectReport Marked() {
    v1::InspectReport report;
    report.set_level(v1::LEVEL_TOP_SECRET);
    return report;
  }
  std::vector<v1::SpoolRecord> Records() {
    EXPECT_TRUE(pipeline_->Drain(milliseconds(10'000)));
    return spool_->Read(0, SIZE_MAX, UINT64_MAX).value();
  }

  uint32_t uid_ = ::getuid();
  std::atomic<uint64_t> next_value_{1};
  Ledger ledger_{LedgerTime(Clock::Real())};
  FaultDisk disk_;
  std::atomic<int> sync_delay_ms_{0};
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::vector<std::thread> threads_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Identity> identity_;
  std::shared_ptr<FakeInspector> inspector_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(PipelineTest, CleanIsAllowedWithoutAnIncident) {
  Build();
  EXPECT_EQ(Submit().get().verdict.action(), v1::ACTION_ALLOW);
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(pipeline_->counters().allowed, 1u);
}

// Asked by a channel that wants to know whether any rule could ever mind.
TEST_F(PipelineTest, CleanOnlyAsksNoRuleAndRecordsNothing) {
  Build();
  EXPECT_EQ(SubmitCleanOnly().get(), v1::ACTION_ALLOW);
  const auto with = [this](auto change) {
    inspector_->answer = [change](const auto&) {
      v1::InspectReport report;
      change(report);
      return report;
    };
    return SubmitCleanOnly().get();
  };
  EXPECT_EQ(with([](auto& report) { report.add_findings(); }), v1::ACTION_BLOCK);
  EXPECT_EQ(with([](auto& report) { report.add_unscanned(); }), v1::ACTION_BLOCK);
  EXPECT_EQ(with([](auto& report) { report.set_level(v1::LEVEL_CONFIDENTIAL); }), v1::ACTION_BLOCK);
  inspector_->hold = true;
  EXPECT_EQ(SubmitCleanOnly(milliseconds(300)).get(), v1::ACTION_BLOCK);
  inspector_->Release();
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(pipeline_->counters().allowed, 0u);
  EXPECT_EQ(pipeline_->counters().stopped, 0u);
}

TEST_F(PipelineTest, BlockIsDurableBeforeItIsAnswered) {
  Build();
  inspector_->answer = [](const auto&) { return Marked(); };
  sync_delay_ms_ = 100;
  const Answered answered = Submit().get();
  EXPECT_EQ(answered.verdict.action(), v1::ACTION_BLOCK);
  EXPECT_TRUE(answered.verdict.enforced());
  EXPECT_EQ(answered.durable, 1u);
  const auto records = Records();
  ASSERT_EQ(records.size(), 1u);
  const v1::Incident& incident = records[0].incident();
  EXPECT_EQ(incident.verdict().rule(), "marked-top-secret");
  EXPECT_EQ(incident.policy_version(), 4u);
  EXPECT_EQ(incident.event().program().name(), "pipeline_test");
  EXPECT_FALSE(incident.event().user().name().empty());
  EXPECT_FALSE(incident.event().event_id().empty());
}

TEST_F(PipelineTest, ReportOnlyPassesAndSaysSo) {
  Build();
  inspector_->answer = [](const auto&) { return Marked(); };
  const Answered answered = Submit(milliseconds(5000), true).get();
  EXPECT_EQ(answered.verdict.action(), v1::ACTION_BLOCK);
  EXPECT_FALSE(answered.verdict.enforced());
  EXPECT_FALSE(Records().at(0).incident().verdict().enforced());
  EXPECT_EQ(pipeline_->counters().passed_by_report_only, 1u);
}

TEST_F(PipelineTest, TheHookHearsOfWhatWasStoppedAndOfNothingElse) {
  Build();
  std::mutex mutex;
  std::vector<v1::Incident> heard;
  pipeline_->SetStoppedHook([&](const v1::Incident& incident) {
    const std::lock_guard lock(mutex);
    heard.push_back(incident);
  });
  Submit().get();  // clean
  inspector_->answer = [](const auto&) {
    v1::InspectReport report = Marked();
    report.set_content_sha256(std::string(64, 'a'));
    return report;
  };
  Submit(milliseconds(5000), true).get();  // passes
  SubmitCleanOnly().get();
  Submit().get();
  ASSERT_TRUE(pipeline_->Drain(milliseconds(10'000)));  // the hook comes after the answer
  v1::Verdict refused;
  refused.set_action(v1::ACTION_BLOCK);
  refused.set_enforced(true);
  pipeline_->RecordRefusal(v1::EventContext(), refused);
  const auto records = Records();
  const std::lock_guard lock(mutex);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].verdict().rule(), "marked-top-secret");
  EXPECT_EQ(heard[0].event().content_sha256(), std::string(64, 'a'));
  EXPECT_EQ(heard[0].incident_id(), records.at(1).incident().incident_id());
}

TEST_F(PipelineTest, LateInspectionGetsTheTimeoutFallbackInTime) {
  Build();
  inspector_->hold = true;
  auto future = Submit(milliseconds(300));
  const auto start = std::chrono::steady_clock::now();
  const Answered answered = future.get();
  EXPECT_LE(answered.at - start, milliseconds(300));
  EXPECT_EQ(answered.verdict.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(answered.verdict.rule(), "timeout");
  EXPECT_EQ(answered.durable, 1u);
  inspector_->Release();
  const auto records = Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].incident().unscanned(0).reason(), v1::UNSCANNED_REASON_TIMEOUT);
  EXPECT_EQ(pipeline_->counters().timeouts, 1u);
}

TEST_F(PipelineTest, LateSpoolNeverOpensAndNeverPassesTheDeadline) {
  Build();
  v1::InspectReport some;
  some.add_findings()->set_rule("cn.resident_id");
  some.mutable_findings(0)->set_count(1);
  some.mutable_findings(0)->set_distinct(1);
  inspector_->answer = [some](const auto&) { return some; };
  sync_delay_ms_ = 800;
  auto future = Submit(milliseconds(300));
  const auto start = std::chrono::steady_clock::now();
  const Answered answered = future.get();
  EXPECT_LE(answered.at - start, milliseconds(300));
  // Would have been a report; what is not durable in time gets the fallback.
  EXPECT_EQ(answered.verdict.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(answered.verdict.rule(), "timeout");
  EXPECT_EQ(pipeline_->counters().answered_before_durable, 1u);
  EXPECT_TRUE(pipeline_->Drain(milliseconds(10'000)));
  EXPECT_TRUE(spool_->WaitPast(1, milliseconds(5000)));
  const auto records = Records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].incident().verdict().rule(), "some-client-data");
  EXPECT_EQ(records[1].incident().verdict().rule(), "timeout");
}

TEST_F(PipelineTest, SmallAmountsAddUpOverTimeAndTheirKeysStayHere) {
  Build();
  CountOverTime();
  EXPECT_EQ(Submit().get().verdict.rule(), "some");
  EXPECT_EQ(Submit().get().verdict.rule(), "some");
  const v1::Verdict third = Submit().get().verdict;
  EXPECT_EQ(third.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(third.trace(0).why(), "cn.id: 8 found, 8 distinct here, 24 within 8h");
  // What was stopped has not left.
  EXPECT_EQ(Submit().get().verdict.trace(0).why(), "cn.id: 8 found, 8 distinct here, 24 within 8h");
  uid_ = 0xFFFF;  // somebody else
  EXPECT_EQ(Submit().get().verdict.trace(0).why(), "cn.id: 8 distinct here, 8 within 8h, needs 20");
  const auto records = Records();
  ASSERT_EQ(records.size(), 5u);
  for (const v1::SpoolRecord& record : records) {
    ASSERT_EQ(record.incident().findings_size(), 1);
    EXPECT_EQ(record.incident().findings(0).value_keys_size(), 0);
    EXPECT_EQ(record.incident().findings(0).distinct(), 8u);
  }
}

TEST_F(PipelineTest, WhatReportOnlyLetsThroughCounts) {
  Build();
  CountOverTime();
  for (int i = 0; i < 3; ++i) Submit(milliseconds(5000), true).get();
  EXPECT_EQ(Submit().get().verdict.trace(0).why(), "cn.id: 8 found, 8 distinct here, 32 within 8h");
}

TEST_F(PipelineTest, WhatIsAnsweredWithoutInspectionDoesNotCount) {
  Build();
  CountOverTime();
  inspector_->hold = true;
  EXPECT_EQ(Submit(milliseconds(300)).get().verdict.rule(), "timeout");
  inspector_->hold = false;
  inspector_->Release();
  EXPECT_EQ(Submit().get().verdict.trace(0).why(), "cn.id: 8 distinct here, 8 within 8h, needs 20");
}

// Decided as a report, answered as a block, as its incident was late.
TEST_F(PipelineTest, AVerdictThatIsTakenBackTakesItsValuesBack) {
  Build();
  CountOverTime();
  sync_delay_ms_ = 800;
  EXPECT_EQ(Submit(milliseconds(300)).get().verdict.rule(), "timeout");
  sync_delay_ms_ = 0;
  EXPECT_EQ(ledger_.stats().values, 0u);
  EXPECT_EQ(Submit().get().verdict.trace(0).why(), "cn.id: 8 distinct here, 8 within 8h, needs 20");
}

TEST_F(PipelineTest, EventsAtOneTimeDoNotPassBesideEachOther) {
  Build();
  CountOverTime();
  sync_delay_ms_ = 20;  // so that many are decided before the first is answered
  std::vector<std::future<Answered>> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(Submit(milliseconds(20'000)));
  int passed = 0;
  for (auto& future : waiting) passed += Stops(future.get().verdict.action()) ? 0 : 1;
  EXPECT_EQ(passed, 2);
  EXPECT_EQ(ledger_.stats().values, 16u);
}

TEST_F(PipelineTest, FullDiskStillBlocks) {
  Build();
  inspector_->answer = [](const auto&) { return Marked(); };
  disk_.SetCapacity(0);
  EXPECT_EQ(Submit().get().verdict.action(), v1::ACTION_BLOCK);
  EXPECT_TRUE(pipeline_->Drain(milliseconds(5000)));
  EXPECT_EQ(pipeline_->counters().not_kept, 1u);
  EXPECT_EQ(spool_->stats().refused, 1u);
}

TEST_F(PipelineTest, BoundedEventsInFlight) {
  PipelineOptions options;
  options.events_max = 4;
  Build(options);
  inspector_->hold = true;
  std::vector<std::future<Answered>> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(Submit());
  const Answered refused = Submit().get();
  EXPECT_EQ(refused.verdict.action(), v1::ACTION_BLOCK);
  EXPECT_EQ(refused.verdict.rule(), "overloaded");
  inspector_->Release();
  for (auto& future : waiting) EXPECT_EQ(future.get().verdict.action(), v1::ACTION_ALLOW);
  EXPECT_EQ(pipeline_->counters().overloaded, 1u);
  EXPECT_EQ(Records().size(), 1u);
}

TEST_F(PipelineTest, WithoutInspectorOrPolicyNothingPasses) {
  Build();
  pipeline_->SetInspector(nullptr);
  EXPECT_EQ(Submit().get().verdict.rule(), "overloaded");
  pipeline_->SetPolicy(std::make_shared<PolicyInForce>());
  EXPECT_EQ(Submit().get().verdict.action(), v1::ACTION_BLOCK);
}

TEST_F(PipelineTest, RefusalsAndAgentEventsAreRecorded) {
  Build();
  v1::Verdict verdict;
  verdict.set_action(v1::ACTION_BLOCK);
  verdict.set_basis(v1::VERDICT_BASIS_DEVICE_MODE);
  v1::EventContext context;
  context.mutable_user()->set_uid(0);
  pipeline_->RecordRefusal(context, verdict);
  pipeline_->Report(v1::AgentEvent::KIND_GUARD_FAILED, "why");
  ASSERT_TRUE(pipeline_->Drain(milliseconds(5000)));
  ASSERT_TRUE(spool_->WaitPast(1, milliseconds(5000)));
  int incidents = 0;
  int events = 0;
  for (const auto& record : Records()) {
    if (record.has_incident()) {
      ++incidents;
      EXPECT_EQ(record.incident().event().user().name(), "root");
      EXPECT_EQ(record.incident().verdict().basis(), v1::VERDICT_BASIS_DEVICE_MODE);
    } else {
      ++events;
      EXPECT_EQ(record.event().detail(), "why");
      EXPECT_EQ(record.event().count(), 1u);
    }
  }
  EXPECT_EQ(incidents, 1);
  EXPECT_EQ(events, 1);
}

TEST_F(PipelineTest, ManyAtOnceAreEachAnsweredOnce) {
  Build();
  std::atomic<int> turn{0};
  inspector_->answer = [&](const auto&) {
    return ++turn % 2 == 0 ? Marked() : v1::InspectReport();
  };
  std::vector<std::future<Answered>> waiting;
  for (int i = 0; i < 400; ++i) waiting.push_back(Submit(milliseconds(20'000)));
  int blocked = 0;
  for (auto& future : waiting) blocked += Stops(future.get().verdict.action()) ? 1 : 0;
  EXPECT_EQ(blocked, 200);
  EXPECT_EQ(Records().size(), 200u);
}

}  // namespace
}  // namespace shoumi::agent
