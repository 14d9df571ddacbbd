#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "common/bounded_queue.h"
#include "common/crypto/crypto.h"
#include "common/fd.h"
#include "common/ids.h"
#include "common/log.h"
#include "common/text.h"
#include "shoumi/v1/agent_service.pb.h"
#include "shoumi/v1/incident.pb.h"

namespace shoumi {
namespace {

TEST(Fd, ReplaceFileKeepsModeAndLeavesNoTemporary) {
  const auto folder = std::filesystem::temp_directory_path() / ("shoumi-" + NewUuid());
  ASSERT_TRUE(MakeFolders(folder, 0700).ok());
  ASSERT_TRUE(ReplaceFile(folder / "a", "one", 0600).ok());
  ASSERT_TRUE(ReplaceFile(folder / "a", "two", 0640).ok());
  EXPECT_EQ(ReadFile(folder / "a", 100).value(), "two");
  struct stat info {};
  ASSERT_EQ(::stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(Fd, ReadFileHoldsItsBound) {
  const auto path = std::filesystem::temp_directory_path() / ("shoumi-" + NewUuid());
  ASSERT_TRUE(ReplaceFile(path, std::string(1000, 'x'), 0600).ok());
  EXPECT_EQ(ReadFile(path, 1000)->size(), 1000u);
  EXPECT_EQ(ReadFile(path, 999).status().code(), absl::StatusCode::kResourceExhausted);
  std::filesystem::remove(path);
  EXPECT_EQ(ReadFile(path, 999).status().code(), absl::StatusCode::kNotFound);
}

TEST(Queue, CountsWhatTheBoundRefuses) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.TryPush(2));
  EXPECT_FALSE(queue.TryPush(3));
  EXPECT_EQ(queue.refused(), 1u);
  EXPECT_EQ(queue.Pop(std::chrono::milliseconds(0)), 1);
  queue.Close();
  EXPECT_FALSE(queue.TryPush(4));
  EXPECT_EQ(queue.Pop(std::chrono::milliseconds(0)), 2);
  EXPECT_EQ(queue.Pop(std::chrono::milliseconds(0)), std::nullopt);
}

TEST(Crypto, SealOpensOnlyWithSameKeyAndAssociatedData) {
  const std::string key = crypto::RandomBytes(32);
  const std::string sealed = crypto::Seal(key, "plain", "record 1");
  EXPECT_EQ(crypto::Open(key, sealed, "record 1").value(), "plain");
  EXPECT_FALSE(crypto::Open(key, sealed, "record 2").ok());
  EXPECT_FALSE(crypto::Open(crypto::RandomBytes(32), sealed, "record 1").ok());
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string bad = sealed;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(crypto::Open(key, bad, "record 1").ok()) << i;
    EXPECT_FALSE(crypto::Open(key, sealed.substr(0, i), "record 1").ok()) << i;
  }
}

// RFC 8032, 7.1, test 2.
TEST(Crypto, AFileHasTheDigestOfItsBytes) {
  const std::string bytes(3'000'000, 'x');
  const std::string path = ::testing::TempDir() + "digest";
  ASSERT_TRUE(ReplaceFile(path, bytes, 0600).ok());
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(crypto::Sha256HexOfFile(fd.get()).value(), crypto::Sha256Hex(bytes));
  EXPECT_EQ(crypto::Sha256HexOfFile(fd.get()).value(), crypto::Sha256Hex(bytes));
  EXPECT_FALSE(crypto::Sha256HexOfFile(-1).ok());
}

TEST(Crypto, Ed25519KnownAnswer) {
  const auto key = crypto::SigningKeyFromSeed(
      crypto::FromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value());
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(crypto::ToHex(key->public_key),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const std::string signature = crypto::Sign(*key, "\x72");
  EXPECT_EQ(crypto::ToHex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(crypto::Verify(key->public_key, "\x72", signature));
  EXPECT_FALSE(crypto::Verify(key->public_key, "\x73", signature));
}

TEST(Ids, UuidIsVersion4) {
  const std::string id = NewUuid();
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_NE(id, NewUuid());
}

TEST(Ids, OnlyLowerCaseUuidsAreUuids) {
  EXPECT_TRUE(IsUuid(NewUuid()));
  for (const char* bad :
       {"", "x", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-00000000000G",
        "00000000-0000-0000-0000-00000000000A", "000000000-000-0000-0000-000000000000"}) {
    EXPECT_FALSE(IsUuid(bad)) << bad;
  }
}

TEST(Text, IsNeverCutInsideACharacter) {
  EXPECT_EQ(ClipUtf8("密级", 6), "密级");
  EXPECT_EQ(ClipUtf8("密级", 5), "密");
  EXPECT_EQ(ClipUtf8("密级", 3), "密");
  EXPECT_EQ(ClipUtf8("密级", 2), "");
  EXPECT_EQ(ClipUtf8("abc", 2), "ab");
}

TEST(Log, OneRecordIsOneLine) {
  const auto before = spdlog::default_logger();
  for (const bool json : {false, true}) {
    SetUpLogging(json ? "json" : "plain", "info", json);
    testing::internal::CaptureStderr();
    spdlog::info("said \"no\"\nforged\x1b[2J line");
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_NE(text.find("\\u000aforged\\u001b[2J line"), std::string::npos) << text;
    EXPECT_NE(text.find(json ? R"(\"no\")" : R"("no")"), std::string::npos) << text;
  }
  spdlog::set_default_logger(before);
}

TEST(Log, MasksAnnotatedFieldsAtAnyDepth) {
  v1::Incident incident;
  incident.set_incident_id("visible");
  incident.mutable_event()->set_content_name("client-name.docx");
  incident.add_findings()->add_matches()->set_masked("138****5678");
  const std::string text = ForLog(incident);
  EXPECT_NE(text.find("visible"), std::string::npos);
  EXPECT_EQ(text.find("client-name"), std::string::npos) << text;
  EXPECT_EQ(text.find("5678"), std::string::npos) << text;
  v1::EnrolRequest request;
  request.set_token("s3cret");
  EXPECT_EQ(ForLog(request).find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace shoumi
