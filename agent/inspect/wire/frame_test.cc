#include "agent/inspect/wire/frame.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "shoumi/v1/inspect.pb.h"

namespace shoumi::inspect {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    left.Reset(ends[0]);
    right.Reset(ends[1]);
  }
  UniqueFd left;
  UniqueFd right;
};

TEST(Frame, CarriesAMessageLargerThanTheSocketBuffer) {
  Pair pair;
  v1::InspectorConfig sent;
  sent.add_packs()->set_yaml(std::string(3 << 20, 'y'));
  std::thread sender([&] { EXPECT_TRUE(SendFrame(pair.left.get(), sent).ok()); });
  v1::InspectorConfig got;
  EXPECT_TRUE(ReceiveFrame(pair.right.get(), kConfigBytesMax, got).ok());
  sender.join();
  EXPECT_EQ(got.packs(0).yaml(), sent.packs(0).yaml());
}

TEST(Frame, DescriptorsTravelWithTheirFrame) {
  Pair pair;
  Pair passed;
  v1::InspectRequest request;
  request.set_id(7);
  ASSERT_TRUE(SendFrame(pair.left.get(), v1::InspectRequest()).ok());
  const int fds[] = {passed.left.get(), passed.right.get()};
  ASSERT_TRUE(SendFrame(pair.left.get(), request, fds).ok());

  std::vector<UniqueFd> got;
  v1::InspectRequest message;
  ASSERT_TRUE(ReceiveFrame(pair.right.get(), kRequestBytesMax, message, &got).ok());
  EXPECT_TRUE(got.empty());
  ASSERT_TRUE(ReceiveFrame(pair.right.get(), kRequestBytesMax, message, &got).ok());
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(message.id(), 7U);
  EXPECT_NE(::fcntl(got[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_EQ(::write(got[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(passed.right.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}

TEST(Frame, EndsOfTheStreamAreToldApart) {
  Pair pair;
  ASSERT_EQ(::write(pair.left.get(), "\x10\0\0\0half", 8), 8);
  pair.left.Reset();
  v1::InspectRequest message;
  EXPECT_TRUE(absl::IsDataLoss(ReceiveFrame(pair.right.get(), 100, message)));
  EXPECT_TRUE(absl::IsOutOfRange(ReceiveFrame(pair.right.get(), 100, message)));
}

TEST(Frame, LengthIsBounded) {
  Pair pair;
  ASSERT_EQ(::write(pair.left.get(), "\x65\0\0\0", 4), 4);
  v1::InspectRequest message;
  const absl::Status status = ReceiveFrame(pair.right.get(), 100, message);
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("bound is 100"));
}

TEST(Frame, BytesThatAreNoMessage) {
  Pair pair;
  ASSERT_EQ(::write(pair.left.get(), "\x04\0\0\0\xff\xff\xff\xff", 8), 8);
  v1::InspectRequest message;
  EXPECT_TRUE(absl::IsDataLoss(ReceiveFrame(pair.right.get(), 100, message)));
}

TEST(Frame, InvalidUtf8InAStringFieldIsRefused) {
  Pair pair;
  // SpawnedWorker.error = "\xff"
  ASSERT_EQ(::write(pair.left.get(), "\x03\0\0\0\x12\x01\xff", 7), 7);
  v1::SpawnedWorker message;
  EXPECT_TRUE(absl::IsDataLoss(ReceiveFrame(pair.right.get(), 100, message)));
}

TEST(Frame, DeadlineEndsTheWait) {
  Pair pair;
  v1::InspectRequest message;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(ReceiveFrame(pair.right.get(), 100, message, nullptr, deadline)));
}

TEST(Frame, AClosedPeerIsAnErrorNotASignal) {
  Pair pair;
  pair.right.Reset();
  EXPECT_FALSE(SendFrame(pair.left.get(), v1::SpawnWorker()).ok());
}

}  // namespace
}  // namespace shoumi::inspect
