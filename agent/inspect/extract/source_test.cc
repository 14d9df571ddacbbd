#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>

#include "agent/inspect/extract/testing/recording_sink.h"
#include "common/fd.h"
#include "gtest/gtest.h"

namespace shoumi::inspect {
namespace {

UniqueFd TemporaryFile() {
  std::string path = ::testing::TempDir() + "shoumi-source-XXXXXX";
  UniqueFd fd(::mkstemp(path.data()));
  ::unlink(path.c_str());
  return fd;
}

TEST(FdSource, ReadsWhatIsThereAndNoMore) {
  const UniqueFd fd = TemporaryFile();
  ASSERT_TRUE(WriteAll(fd.get(), "hello").ok());
  const auto source = MakeFdSource(fd.get());
  EXPECT_EQ(source->size(), 5U);
  std::array<char, 16> out;
  ASSERT_TRUE(source->ReadAt(1, out).ok());
  EXPECT_EQ(*source->ReadAt(1, out), 4U);
  EXPECT_EQ(std::string_view(out.data(), 4), "ello");
  EXPECT_EQ(*source->ReadAt(5, out), 0U);
}

TEST(FdSource, AHoleCostsNothing) {
  const UniqueFd fd = TemporaryFile();
  constexpr off_t kFar = off_t{1} << 40;  // 1 TiB
  if (::ftruncate(fd.get(), kFar) != 0) GTEST_SKIP() << "file system without large sparse files";
  ASSERT_EQ(::pwrite(fd.get(), "\nsecret 110101199003070000\n", 27, kFar - 4096), 27);
  const auto source = MakeFdSource(fd.get());
  if (source->NextData(0) == 0) GTEST_SKIP() << "file system without SEEK_DATA";
  RecordingSink sink;
  Context context(Limits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(5));
  ExtractDocument("sparse", *source, context);
  EXPECT_NE(sink.AllText().find("110101199003070000"), std::string::npos) << sink.Gaps();
  EXPECT_TRUE(sink.gaps.empty()) << sink.Gaps();
}

TEST(FdSource, AnUnreadableDescriptorIsAGap) {
  const UniqueFd fd(::open("/proc/self/exe", O_PATH));
  ASSERT_TRUE(fd.ok());
  const auto source = MakeFdSource(fd.get());
  RecordingSink sink;
  Context context(Limits(), sink, std::chrono::steady_clock::now() + std::chrono::seconds(5));
  ExtractDocument("x", *source, context);
  EXPECT_TRUE(sink.HasGap(v1::UNSCANNED_REASON_CORRUPT)) << sink.Gaps();
}

}  // namespace
}  // namespace shoumi::inspect
