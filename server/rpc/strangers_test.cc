#include <grpcpp/generic/generic_stub.h>
#include <openssl/ssl.h>

#include <map>
#include <thread>
#include <vector>

#include "common/crypto/crypto.h"
#include "server/rpc/testing/fixture.h"
#include "server/rpc/testing/forge.h"
#include "server/rpc/testing/test_agent.h"

namespace shoumi::server {
namespace {

using absl::StatusCode;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

const ServiceDescriptor& AgentMethods() {
  return *v1::EnrolRequest::descriptor()->file()->service(0);
}
const ServiceDescriptor& OperatorMethods() {
  return *v1::LoginRequest::descriptor()->file()->service(0);
}

std::vector<const MethodDescriptor*> MethodsOf(
    const std::vector<const ServiceDescriptor*>& services) {
  std::vector<const MethodDescriptor*> methods;
  for (const ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

class StrangersTest : public RpcTest {
 protected:
  // Calls any method with an empty request; on the wire all shapes of calls are alike.
  static absl::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                           const MethodDescriptor& method, std::string_view token = "") {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    SetDeadline(context);
    if (!token.empty()) SetToken(context, token);
    grpc::CompletionQueue queue;
    const auto step = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
    };
    const auto call = stub.PrepareCall(
        &context, "/" + method.service()->full_name() + "/" + method.name(), &queue);
    call->StartCall(nullptr);
    step();
    const grpc::Slice nothing;
    call->WriteLast(grpc::ByteBuffer(&nothing, 1), {}, nullptr);
    step();
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    step();
    grpc::Status status;
    call->Finish(&status, nullptr);
    step();
    return FromGrpc(status);
  }

  // Every method, with the code that each must end with; `others` where nothing is listed.
  void ExpectCodes(const std::vector<const ServiceDescriptor*>& of, const Certificate& certificate,
                   std::string_view token, StatusCode others,
                   const std::map<std::string, StatusCode>& listed) {
    const auto methods = MethodsOf(of);
    EXPECT_FALSE(methods.empty());
    for (const MethodDescriptor* method : methods) {
      const auto it = listed.find(method->name());
      const auto status = Call(Connect(certificate), *method, token);
      EXPECT_EQ(status.code(), it == listed.end() ? others : it->second)
          << method->full_name() << ": " << status;
    }
  }

  // What a device of this certificate gets for opening a session.
  absl::Status SessionWith(const Certificate& certificate) const {
    TestAgent agent(Connect(certificate));
    agent.SendHello();
    return agent.End();
  }

  absl::Status EnrolWith(std::string_view token, std::string_view csr_pem) {
    return Enrol(EnrolmentRequest(token, csr_pem));
  }
};

const std::string& GoodRequest() {
  static const std::string csr = crypto::CreateCsr(crypto::NewEcKeyPem(), "any").value();
  return csr;
}

TEST_F(StrangersTest, NoMethodAnswersACallerWithoutIdentity) {
  const std::map<std::string, StatusCode> own = {{"Enrol", StatusCode::kInvalidArgument}};
  for (const std::string_view token :
       {"", "guessed", "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8"}) {
    ExpectCodes({&AgentMethods(), &OperatorMethods()}, {}, token, StatusCode::kUnauthenticated,
                own);
  }
  EXPECT_EQ(EnrolWith("guessed", GoodRequest()).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Login("admin", "guessed").status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(fleet->counters().sessions, 0U);
  EXPECT_THAT(log.text(), HasSubstr("127.0.0.1 refused"));
}

TEST_F(StrangersTest, ADeviceIsNoOperatorAndAnOperatorNoDevice) {
  const TestDevice device = EnrolDevice();
  ExpectCodes({&OperatorMethods()}, device.certificate, "", StatusCode::kUnauthenticated, {});
  ExpectCodes({&AgentMethods()}, {}, AdminToken(), StatusCode::kUnauthenticated,
              {{"Enrol", StatusCode::kInvalidArgument}});
}

TEST_F(StrangersTest, TheOneTimePasswordOpensNothingButItsOwnChange) {
  const std::map<std::string, StatusCode> allowed = {
      {"Login", StatusCode::kUnauthenticated},
      {"ChangePassword", StatusCode::kInvalidArgument},
      {"Logout", StatusCode::kOk}};
  for (const MethodDescriptor* method : MethodsOf({&OperatorMethods()})) {
    const std::string token = Login("admin", one_time).value().token();  // Logout ends it
    const auto it = allowed.find(method->name());
    EXPECT_EQ(Call(Connect(), *method, token).code(),
              it == allowed.end() ? StatusCode::kFailedPrecondition : it->second)
        << method->name();
  }
}

TEST_F(StrangersTest, AnOperatorTokenEnds) {
  const std::string token = AdminToken();
  clock.Advance(operator_options.token_valid - seconds(60));
  EXPECT_TRUE(Operate(&v1::OperatorService::Stub::ListDevices, {}, token).ok());
  clock.Advance(seconds(60));
  ExpectCodes({&OperatorMethods()}, {}, token, StatusCode::kUnauthenticated, {});
}

TEST_F(StrangersTest, LoginsAreThrottledForEachSourceAndEachAddress) {
  peer_limits.calls_per_window_max = 10;
  StopServer();
  StartServer();
  for (uint32_t i = 0; i < operator_options.login.failures_per_source_max; ++i) {
    EXPECT_EQ(Login("admin", "guess").status().code(), StatusCode::kUnauthenticated);
  }
  // The right password gains nothing now: else guessing could go on.
  EXPECT_EQ(Login("admin", one_time).status().code(), StatusCode::kResourceExhausted);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Login("u" + std::to_string(i), "guess").status().code(),
              StatusCode::kUnauthenticated);
  }
  const auto eleventh = Login("other", "guess").status();
  EXPECT_EQ(eleventh.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(eleventh.message()), HasSubstr("from this address"));
  EXPECT_EQ(EnrolWith(EnrolmentToken(), GoodRequest()).code(), StatusCode::kResourceExhausted);
  clock.Advance(seconds(60));
  EXPECT_TRUE(Login("admin", one_time).ok());
}

TEST_F(StrangersTest, TheNetworkOfACallerIsWhatItCanTakeAddressesFrom) {
  EXPECT_EQ(NetworkOf("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(NetworkOf("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(NetworkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
  EXPECT_EQ(NetworkOf("2001:db8:1:2::ffff"), "2001:db8:1:2::");
  EXPECT_EQ(NetworkOf("fe80::1%eth0"), "fe80::");
  EXPECT_EQ(NetworkOf("::1"), "::");
  EXPECT_EQ(NetworkOf("unix"), "unix");
}

TEST_F(StrangersTest, AnEnrolmentTokenWorksOnceAndNotForever) {
  const std::string token = EnrolmentToken();
  EXPECT_TRUE(EnrolWith(token, GoodRequest()).ok());
  EXPECT_EQ(EnrolWith(token, GoodRequest()).code(), StatusCode::kPermissionDenied);
  const std::string old = EnrolmentToken(seconds(60));
  clock.Advance(seconds(60));
  EXPECT_EQ(EnrolWith(old, GoodRequest()).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(store->ListDevices("", 100)->size(), 1U);
}

TEST_F(StrangersTest, WeakKeysAreRefusedAndWhatARequestAsksForIsIgnored) {
  const std::string token = EnrolmentToken();
  for (const std::string& weak : {RsaRequest(1024), RsaRequest(2048), std::string("rubbish"),
                                  GoodRequest().substr(0, GoodRequest().size() / 2)}) {
    EXPECT_EQ(EnrolWith(token, weak).code(), StatusCode::kInvalidArgument);
  }
  const TestDevice other = EnrolDevice();
  v1::EnrolResponse response;
  const auto status =
      Enrol(EnrolmentRequest(token, RequestToBeAnAuthority(other.device_id)), &response);
  ASSERT_TRUE(status.ok()) << status;
  const auto info = crypto::ParseCertificate(response.certificate_pem()).value();
  EXPECT_EQ(info.common_name, response.device_id());
  EXPECT_NE(info.common_name, other.device_id);
  EXPECT_FALSE(info.is_ca);
  EXPECT_FALSE(info.server_auth);
  EXPECT_TRUE(info.client_auth);
}

TEST_F(StrangersTest, CertificatesOfOthersDoNotPass) {
  const auto now = clock.WallNow();
  const crypto::Validity validity{now - hours(1), now + hours(1)};
  const TestDevice device = EnrolDevice();
  ASSERT_EQ(SessionWith(Issue("nobody")).code(), StatusCode::kPermissionDenied);

  crypto::Issuer foreign;
  foreign.key_pem = crypto::NewEcKeyPem();
  // The name of our authority, and the id of a device that exists.
  foreign.certificate_pem = crypto::CreateCa(foreign.key_pem, "Shoumi CA", validity).value();
  Certificate forged;
  forged.key_pem = crypto::NewEcKeyPem();
  forged.certificate_pem =
      crypto::IssueClientCertificate(foreign, crypto::CreateCsr(forged.key_pem, "x").value(),
                                     device.device_id, validity)
          .value();
  Certificate self_signed;
  self_signed.key_pem = crypto::NewEcKeyPem();
  self_signed.certificate_pem =
      crypto::CreateCa(self_signed.key_pem, device.device_id, validity).value();
  const Certificate of_the_server{authority->server_certificate_pem(), authority->server_key_pem()};
  Certificate over;
  over.key_pem = crypto::NewEcKeyPem();
  over.certificate_pem = authority
                             ->IssueDevice(crypto::CreateCsr(over.key_pem, "x").value(),
                                           device.device_id, now - hours(24 * 91))
                             .value();
  for (const auto& [name, certificate] :
       {std::pair{"foreign authority", forged}, std::pair{"self-signed", self_signed},
        std::pair{"the server's own", of_the_server}, std::pair{"over", over}}) {
    const auto status = SessionWith(certificate);
    // TLS itself refuses: the caller sees no more than a connection that breaks.
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << name << ": " << status;
  }
  EXPECT_EQ(fleet->counters().sessions, 0U);
  EXPECT_THAT(log.text(), HasSubstr("certificate verify failed"));
}

TEST_F(StrangersTest, OnlyTls12AndLaterAndNothingInClear) {
  EXPECT_EQ(HandshakeProblem(Address(), TLS1_3_VERSION), "");
  EXPECT_EQ(HandshakeProblem(Address(), TLS1_2_VERSION), "");
  EXPECT_NE(HandshakeProblem(Address(), TLS1_1_VERSION), "");
  EXPECT_NE(HandshakeProblem(Address(), TLS1_VERSION), "");
  EXPECT_THAT(log.text(), HasSubstr("unsupported protocol"));
  const auto plain = grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(Call(plain, *OperatorMethods().FindMethodByName("Login")).code(),
            StatusCode::kUnavailable);
}

TEST_F(StrangersTest, ConnectionsThatDoNothingAreClosed) {
  bounds.handshake_ms_max = 2000;
  bounds.connection_idle_ms_max = 300;
  StopServer();
  StartServer();
  EXPECT_TRUE(ClosesASilentConnection(Address(), seconds(20)));
  const auto channel = Connect();
  const auto deadline = std::chrono::system_clock::now() + seconds(20);
  ASSERT_TRUE(channel->WaitForConnected(deadline));
  EXPECT_TRUE(channel->WaitForStateChange(GRPC_CHANNEL_READY, deadline));
  // A session is not idle, however little it says.
  TestAgent agent(Connect(EnrolDevice().certificate));
  ASSERT_TRUE(agent.Greet());
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  ASSERT_TRUE(agent.Send({EventRecord(1)}));
  EXPECT_TRUE(agent.Next().has_ack());
}

TEST_F(StrangersTest, ARevokedDeviceIsOutAtOnceAndStaysOut) {
  const TestDevice device = EnrolDevice();
  const TestDevice other = EnrolDevice("pc-2");
  const std::string token = AdminToken();
  TestAgent agent(Connect(device.certificate));
  TestAgent bystander(Connect(other.certificate));
  ASSERT_TRUE(agent.Greet());
  ASSERT_TRUE(bystander.Greet());

  v1::RevokeDeviceRequest revoke;
  revoke.set_device_id(device.device_id);
  ASSERT_TRUE(Operate(&v1::OperatorService::Stub::RevokeDevice, revoke, token).ok());
  const auto ended = agent.End();
  EXPECT_EQ(ended.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(ended.message()), HasSubstr("revoked"));
  ExpectCodes({&AgentMethods()}, device.certificate, "", StatusCode::kPermissionDenied,
              {{"Enrol", StatusCode::kInvalidArgument}});
  EXPECT_EQ(Device(device.device_id, token).status(), "revoked");

  ASSERT_TRUE(bystander.Send({EventRecord(1)}));
  EXPECT_EQ(bystander.Next().ack().sequence(), 1U);
  revoke.set_device_id("no such device");
  EXPECT_EQ(Operate(&v1::OperatorService::Stub::RevokeDevice, revoke, token).status().code(),
            StatusCode::kNotFound);
}

TEST_F(StrangersTest, RecordsBelongToTheDeviceOfTheCertificate) {
  const TestDevice mine = EnrolDevice("pc-1");
  const TestDevice theirs = EnrolDevice("pc-2");
  const std::string token = AdminToken();
  TestAgent them(Connect(theirs.certificate));
  ASSERT_TRUE(them.Greet());
  const auto real = IncidentRecord(1);
  ASSERT_TRUE(them.Send({real}));
  ASSERT_EQ(them.Next().ack().sequence(), 1U);

  // The same id from another device, and a Hello under the other's name.
  TestAgent me(Connect(mine.certificate));
  ASSERT_TRUE(me.SendHello(0, "pc-2"));
  ASSERT_TRUE(me.Next().has_welcome());
  auto forged = real;
  forged.mutable_incident()->mutable_verdict()->set_action(v1::ACTION_ALLOW);
  ASSERT_TRUE(me.Send({forged, IncidentRecord(2)}));
  ASSERT_EQ(me.Next().ack().sequence(), 2U);

  EXPECT_EQ(ingest->counters().id_conflicts, 1U);
  v1::GetIncidentRequest get;
  get.set_incident_id(real.incident().incident_id());
  const auto kept = Operate(&v1::OperatorService::Stub::GetIncident, get, token).value();
  EXPECT_EQ(kept.summary().device_id(), theirs.device_id);
  EXPECT_EQ(kept.incident().verdict().action(), v1::ACTION_BLOCK);
  v1::ListIncidentsRequest list;
  list.set_device_id(mine.device_id);
  EXPECT_EQ(Operate(&v1::OperatorService::Stub::ListIncidents, list, token)->total(), 1U);
  EXPECT_THAT(log.text(), HasSubstr("belong to another device"));
}

TEST_F(StrangersTest, ARenewedCertificateIsForTheSameDevice) {
  const TestDevice device = EnrolDevice();
  const auto stub = v1::AgentService::NewStub(Connect(device.certificate));
  v1::RenewCertificateRequest request;
  request.set_csr_pem(RequestToBeAnAuthority("another-device"));
  grpc::ClientContext context;
  SetDeadline(context);
  v1::RenewCertificateResponse response;
  ASSERT_TRUE(stub->RenewCertificate(&context, request, &response).ok());
  const auto info = crypto::ParseCertificate(response.certificate_pem()).value();
  EXPECT_EQ(info.common_name, device.device_id);
  EXPECT_FALSE(info.is_ca);
}

TEST_F(StrangersTest, ACertificateThatEndsEndsTheSession) {
  const TestDevice device = EnrolDevice();
  TestAgent agent(Connect(device.certificate));
  ASSERT_TRUE(agent.Greet());
  clock.Advance(hours(24 * 90));
  // Idle as well by then; whichever is seen first, the stream ends.
  EXPECT_NE(agent.End().code(), StatusCode::kOk);
  EXPECT_EQ(SessionWith(device.certificate).code(), StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace shoumi::server
