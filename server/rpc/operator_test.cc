#include <algorithm>

#include "common/crypto/crypto.h"
#include "server/rpc/testing/fixture.h"
#include "server/rpc/testing/test_agent.h"

namespace shoumi::server {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Stub = v1::OperatorService::Stub;

constexpr std::string_view kBroken = "name: test\nrules: 7\n";

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

class OperatorTest : public RpcTest {
 protected:
  // A connected agent whose records are stored when this returns.
  TestDevice DeviceWith(const std::vector<v1::SpoolRecord>& records,
                        std::string_view hostname = "pc-1") {
    const TestDevice device = EnrolDevice(hostname);
    TestAgent agent(Connect(device.certificate));
    EXPECT_TRUE(agent.Greet());
    EXPECT_TRUE(agent.Send(records));
    EXPECT_EQ(agent.Next().ack().sequence(), records.back().sequence());
    return device;
  }

  // Sizes of all pages of a list; `rows` gets their rows.
  template <typename Request, typename Response, typename Rows>
  std::vector<int> Pages(OperatorMethod<Request, Response> method, Request request,
                         std::string_view token, Rows rows) {
    std::vector<int> sizes;
    do {
      const auto page = Operate(method, request, token);
      if (!page.ok() || sizes.size() > 100) {
        ADD_FAILURE() << page.status();
        break;
      }
      sizes.push_back(rows(*page));
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return sizes;
  }

  template <typename Request, typename Response>
  void ExpectPageBounds(OperatorMethod<Request, Response> method, std::string_view token,
                        const std::vector<std::string>& bad_tokens) {
    Request request;
    request.set_page_size(1000);
    EXPECT_TRUE(Operate(method, request, token).ok());
    request.set_page_size(1001);
    EXPECT_EQ(Operate(method, request, token).status().code(), StatusCode::kInvalidArgument);
    request.set_page_size(0);
    for (const std::string& bad : bad_tokens) {
      request.set_page_token(bad);
      const auto status = Operate(method, request, token).status();
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument)
          << Request::descriptor()->name() << " with token " << bad;
    }
  }
};

TEST_F(OperatorTest, ListsComeInPages) {
  std::vector<v1::SpoolRecord> records;
  for (uint64_t i = 1; i <= 5; ++i) records.push_back(IncidentRecord(i));
  for (uint64_t i = 6; i <= 8; ++i) records.push_back(EventRecord(i));
  const TestDevice device = DeviceWith(records);
  (void)EnrolDevice("pc-2");
  (void)EnrolDevice("pc-3");
  const std::string token = AdminToken();

  std::vector<std::string> ids;
  v1::ListIncidentsRequest incidents;
  incidents.set_page_size(2);
  incidents.set_action("block");
  EXPECT_THAT(Pages(&Stub::ListIncidents, incidents, token,
                    [&](const v1::ListIncidentsResponse& page) {
                      EXPECT_EQ(page.total(), 5U);
                      for (const auto& row : page.incidents()) ids.push_back(row.incident_id());
                      return page.incidents_size();
                    }),
              ElementsAre(2, 2, 1));
  std::reverse(ids.begin(), ids.end());
  ASSERT_EQ(ids.size(), 5U);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(ids[i], records[i].incident().incident_id());
  incidents.set_rule("another-rule");
  EXPECT_EQ(Operate(&Stub::ListIncidents, incidents, token)->total(), 0U);

  v1::ListAgentEventsRequest events;
  events.set_page_size(2);
  events.set_device_id(device.device_id);
  EXPECT_THAT(Pages(&Stub::ListAgentEvents, events, token,
                    [](const v1::ListAgentEventsResponse& page) { return page.events_size(); }),
              ElementsAre(2, 1));

  std::vector<std::string> hostnames;
  v1::ListDevicesRequest list;
  list.set_page_size(2);
  EXPECT_THAT(Pages(&Stub::ListDevices, list, token,
                    [&](const v1::ListDevicesResponse& page) {
                      for (const auto& row : page.devices()) hostnames.push_back(row.hostname());
                      return page.devices_size();
                    }),
              ElementsAre(2, 1));
  EXPECT_THAT(hostnames, testing::UnorderedElementsAre("pc-1", "pc-2", "pc-3"));
}

TEST_F(OperatorTest, PageSizesAndTokensHaveBounds) {
  const std::string token = AdminToken();
  const std::vector<std::string> bad = {
      "x", "-1", "0", "1x", " 1", "9223372036854775808", "'; DROP TABLE incidents; --"};
  ExpectPageBounds(&Stub::ListIncidents, token, bad);
  ExpectPageBounds(&Stub::ListAgentEvents, token, bad);
  ExpectPageBounds(&Stub::ListReleaseRequests, token, bad);
  ExpectPageBounds(&Stub::ListDevices, token, {"x", "1", std::string(36, 'g')});
  v1::ListIncidentsRequest request;
  request.set_rule(std::string(257, 'r'));
  EXPECT_EQ(Operate(&Stub::ListIncidents, request, token).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(OperatorTest, APageStaysSmallWhateverDevicesSend) {
  std::vector<v1::SpoolRecord> records;
  for (uint64_t i = 1; i <= 6; ++i) {
    records.push_back(IncidentRecord(i));
    auto& event = *records.back().mutable_incident()->mutable_event();
    event.set_content_name(std::string(400'000, 'n'));
    event.mutable_user()->set_name(std::string(400'000, 'u'));
  }
  for (uint64_t i = 7; i <= 86; ++i) {
    records.push_back(EventRecord(i));
    records.back().mutable_event()->set_detail(std::string(60'000, 'd'));
  }
  const TestDevice device = EnrolDevice();
  TestAgent agent(Connect(device.certificate));
  ASSERT_TRUE(agent.Greet());
  for (const auto& record : records) {
    ASSERT_TRUE(agent.Send({record}));
    ASSERT_EQ(agent.Next().ack().sequence(), record.sequence());
  }
  const std::string token = AdminToken();
  // gRPC callers take 4 MiB at most: a larger page is none.
  EXPECT_THAT(Pages(&Stub::ListIncidents, v1::ListIncidentsRequest(), token,
                    [](const v1::ListIncidentsResponse& page) { return page.incidents_size(); }),
              ElementsAre(6));
  int events = 0;
  v1::ListAgentEventsRequest every;
  every.set_page_size(1000);
  for (const int size :
       Pages(&Stub::ListAgentEvents, every, token,
             [](const v1::ListAgentEventsResponse& page) { return page.events_size(); })) {
    events += size;
  }
  EXPECT_EQ(events, 80);
  // Nothing was cut from the incident itself.
  v1::GetIncidentRequest get;
  get.set_incident_id(records[0].incident().incident_id());
  EXPECT_EQ(Operate(&Stub::GetIncident, get, token)->incident().event().content_name().size(),
            400'000U);
}

TEST_F(OperatorTest, AnIncidentIsFoundByNumberAndById) {
  const auto record = IncidentRecord(1);
  (void)DeviceWith({record});
  const std::string token = AdminToken();
  v1::GetIncidentRequest by_number;
  by_number.set_number(1);
  v1::GetIncidentRequest by_id;
  by_id.set_incident_id(record.incident().incident_id());
  for (const auto& request : {by_number, by_id}) {
    const auto found = Operate(&Stub::GetIncident, request, token).value();
    EXPECT_EQ(found.summary().number(), 1U);
    EXPECT_EQ(found.summary().hostname(), "pc-1");
    EXPECT_EQ(found.incident().SerializeAsString(), record.incident().SerializeAsString());
  }
  EXPECT_EQ(Operate(&Stub::GetIncident, {}, token).status().code(), StatusCode::kInvalidArgument);
  for (const uint64_t number : {uint64_t{0}, uint64_t{2}, ~uint64_t{0}}) {
    by_number.set_number(number);
    EXPECT_EQ(Operate(&Stub::GetIncident, by_number, token).status().code(), StatusCode::kNotFound);
  }
  for (const std::string id : {"", "' OR 1 = 1 --"}) {
    by_id.set_incident_id(id);
    EXPECT_EQ(Operate(&Stub::GetIncident, by_id, token).status().code(), StatusCode::kNotFound);
  }
}

TEST_F(OperatorTest, ABrokenPolicyIsSaidWithFileAndLineAndAppliesNothing) {
  const std::string token = AdminToken();
  TestAgent agent(Connect(EnrolDevice().certificate));
  ASSERT_TRUE(agent.Greet());
  v1::CheckPolicyRequest check;
  check.mutable_source()->set_policy_file("mine.yaml");
  check.mutable_source()->set_policy_yaml(std::string(kBroken));
  const auto checked = Operate(&Stub::CheckPolicy, check, token).value();
  EXPECT_FALSE(checked.ok());
  ASSERT_GT(checked.problems_size(), 0);
  EXPECT_EQ(checked.problems(0).file(), "mine.yaml");
  EXPECT_TRUE(std::any_of(checked.problems().begin(), checked.problems().end(),
                          [](const auto& problem) { return problem.line() == 2; }));
  const auto refused = ApplyPolicy(kBroken, token).value();
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(refused.version(), 0U);
  EXPECT_GT(refused.problems_size(), 0);
  EXPECT_EQ(Operate(&Stub::GetPolicy, {}, token).status().code(), StatusCode::kNotFound);

  check.mutable_source()->set_policy_yaml(starter);
  EXPECT_TRUE(Operate(&Stub::CheckPolicy, check, token)->ok());
  EXPECT_EQ(Operate(&Stub::GetPolicy, {}, token).status().code(), StatusCode::kNotFound);
  check.mutable_source()->clear_policy_yaml();
  EXPECT_EQ(Operate(&Stub::CheckPolicy, check, token).status().code(),
            StatusCode::kInvalidArgument);

  // A broken pack: named by its own file.
  check.mutable_source()->set_policy_yaml(starter);
  auto& pack = *check.mutable_source()->add_packs();
  pack.set_name("broken-pack");
  pack.set_yaml("name: broken-pack\ndetectors: 7\n");
  const auto packs = Operate(&Stub::CheckPolicy, check, token).value();
  EXPECT_FALSE(packs.ok());
  ASSERT_GT(packs.problems_size(), 0);
  EXPECT_THAT(packs.problems(0).file(), HasSubstr("broken-pack"));

  // No agent has heard of any of it.
  ASSERT_TRUE(agent.Send({EventRecord(1)}));
  EXPECT_TRUE(agent.Next().has_ack());
}

TEST_F(OperatorTest, VersionsOnlyGrowAlsoOverARestart) {
  std::string token = AdminToken();
  ASSERT_EQ(ApplyPolicy(starter, token)->version(), 1U);
  const auto second = ApplyPolicy(Replaced(starter, "name: starter", "name: second"), token);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->version(), 2U);
  const std::string key = policy->public_key();
  const std::string fingerprint = authority->ca_fingerprint();
  const TestDevice device = EnrolDevice();

  StopServer();
  StartServer();
  EXPECT_EQ(policy->public_key(), key);
  EXPECT_EQ(authority->ca_fingerprint(), fingerprint);
  auto current = Operate(&Stub::GetPolicy, {}, token);  // the login is still good
  ASSERT_TRUE(current.ok()) << current.status();
  EXPECT_EQ(current->version(), 2U);
  EXPECT_EQ(current->author(), "admin");
  EXPECT_EQ(current->policy().name(), "second");
  TestAgent agent(Connect(device.certificate));
  ASSERT_TRUE(agent.Greet(1));
  EXPECT_EQ(agent.Next().policy().version(), 2U);

  // Back to the first content is forward to version 3.
  ASSERT_EQ(ApplyPolicy(starter, token)->version(), 3U);
  EXPECT_EQ(agent.Next().policy().version(), 3U);
  EXPECT_EQ(Operate(&Stub::GetPolicy, {}, token)->policy().name(), "starter");
}

TEST_F(OperatorTest, AnUnderstoodPolicyWithWarningsIsApplied) {
  const std::string token = AdminToken();
  const auto applied = ApplyPolicy(Replaced(starter, "rules:\n",
                                            "rules:\n"
                                            "  - id: twice\n"
                                            "    title: {zh: 重复, en: Twice}\n"
                                            "    when: {detector: cn.mobile}\n"
                                            "    conditions: {channels: [usb, usb]}\n"
                                            "    action: report\n"
                                            "    severity: low\n"),
                                   token);
  ASSERT_TRUE(applied.ok()) << applied.status();
  ASSERT_GT(applied->problems_size(), 0);
  EXPECT_TRUE(applied->ok()) << applied->DebugString();
  for (const auto& problem : applied->problems()) {
    EXPECT_EQ(problem.severity(), v1::PackProblem::SEVERITY_WARNING);
    EXPECT_GT(problem.line(), 0U);
  }
  EXPECT_EQ(applied->version(), 1U);
}

TEST_F(OperatorTest, TheLogHoldsNoClientDataAndNoSecret) {
  const std::string password = one_time;
  const std::string token = AdminToken();
  (void)Login("typed-password-as-user", "wrong-secret");
  const std::string enrolment = Operate(&Stub::CreateEnrolmentToken, {}, token)->token();
  (void)Enrol(EnrolmentRequest(enrolment, "rubbish-request"));
  const std::string csr = crypto::CreateCsr(crypto::NewEcKeyPem(), "any").value();
  EXPECT_TRUE(Enrol(EnrolmentRequest(enrolment, csr)).ok());
  EXPECT_FALSE(Enrol(EnrolmentRequest(enrolment, csr)).ok());
  auto record = IncidentRecord(1);
  auto& event = *record.mutable_incident()->mutable_event();
  event.set_content_name("client-name.xlsx");
  event.set_destination("/media/client-folder");
  auto& match = *record.mutable_incident()->add_findings()->add_matches();
  record.mutable_incident()->mutable_findings(0)->set_rule("cn.mobile");
  match.set_part("client-part");
  match.set_masked("138****8000");
  const TestDevice device = DeviceWith({record}, "pc-logged");
  auto bad = record;
  bad.set_sequence(2);
  bad.mutable_incident()->clear_verdict();
  {
    TestAgent agent(Connect(device.certificate));
    ASSERT_TRUE(agent.Greet());
    ASSERT_TRUE(agent.Send({bad}));
    EXPECT_EQ(agent.End().code(), StatusCode::kInvalidArgument);
  }
  (void)ApplyPolicy(starter, token);
  (void)ApplyPolicy(kBroken, token);
  (void)Operate(&Stub::ListDevices, {}, "stolen-token");
  StopServer();

  const std::string text = log.text();
  // It is the log of all this …
  EXPECT_THAT(text, AllOf(HasSubstr(device.device_id), HasSubstr("pc-logged"),
                          HasSubstr("operator admin logged in"), HasSubstr("login from 127.0.0.1"),
                          HasSubstr("enrolment from 127.0.0.1"), HasSubstr("as version 1")));
  // … without any of this.
  for (const std::string& secret :
       {password, std::string(kPassword), token, enrolment, std::string("typed-password-as-user"),
        std::string("wrong-secret"), std::string("stolen-token"), std::string("client-name"),
        std::string("client-folder"), std::string("client-part"), std::string("138****8000"),
        std::string("rubbish-request"), std::string("BEGIN ")}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace shoumi::server
