#include "server/indexes/delta.h"

#include <gtest/gtest.h>

#include <random>

namespace shoumi::server {
namespace {

std::string RandomBytes(std::mt19937_64& random, size_t bytes, unsigned values = 256) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random() % values);
  return text;
}

// The blob again, with each step held against what it promises.
std::string Applied(std::string_view base, const Delta& delta) {
  std::string blob;
  for (const Delta::Step& step : delta.steps) {
    EXPECT_EQ(step.offset, blob.size());
    EXPECT_GT(step.bytes, 0U);
    const std::string_view from = step.copied ? base : std::string_view(delta.data);
    EXPECT_LE(step.from + step.bytes, from.size());
    EXPECT_TRUE(!step.copied || step.bytes >= kCopyBytesMin);
    blob += from.substr(step.from, step.bytes);
  }
  return blob;
}

DeltaBounds Unbounded() {
  return {size_t{1} << 30, nullptr};
}

std::string Edited(std::mt19937_64& random, std::string text) {
  const size_t edits = random() % 20;
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = text.empty() ? 0 : random() % text.size();
    const size_t bytes = random() % 300;
    switch (random() % 4) {
      case 0:
        text.insert(at, RandomBytes(random, bytes));
        break;
      case 1:
        text.erase(at, bytes);
        break;
      case 2:
        text.replace(at, bytes, RandomBytes(random, std::min(bytes, text.size() - at)));
        break;
      default: {  // moved
        const std::string part = text.substr(at, bytes * 10);
        text.erase(at, bytes * 10);
        text.insert(text.empty() ? 0 : random() % text.size(), part);
      }
    }
  }
  return text;
}

TEST(DeltaTest, RandomEditsGiveBackExactlyTheBlob) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 500; ++round) {
    // Few different bytes: many blocks are alike, and most matches are short.
    const unsigned values = round % 3 == 0 ? 2 : 256;
    const std::string base = RandomBytes(random, random() % 20'000, values);
    const std::string blob = Edited(random, base);
    const auto delta = MakeDelta(base, blob, Unbounded());
    ASSERT_TRUE(delta.has_value());
    ASSERT_EQ(Applied(base, *delta), blob) << round;
  }
}

TEST(DeltaTest, CostsWhatChanged) {
  std::mt19937_64 random(5);
  const std::string base = RandomBytes(random, 1 << 20);
  std::string blob = base;
  for (int i = 0; i < 20; ++i) blob.replace(random() % blob.size(), 10, "0123456789");
  for (int i = 0; i < 20; ++i) blob.insert(random() % blob.size(), "0123456789");
  for (int i = 0; i < 20; ++i) blob.erase(random() % blob.size(), 10);
  const auto delta = MakeDelta(base, blob, Unbounded());
  ASSERT_TRUE(delta.has_value());
  EXPECT_EQ(Applied(base, *delta), blob);
  EXPECT_LE(delta->data.size(), 40U * 10);  // not a byte more than came
  EXPECT_LE(delta->steps.size(), 121U);
  const auto same = MakeDelta(base, base, Unbounded());
  EXPECT_EQ(same->steps.size(), 1U);
  EXPECT_TRUE(same->data.empty());
}

// Ranges that stand elsewhere, as when a section before them has grown.
TEST(DeltaTest, FindsWhatWasMovedFar) {
  std::mt19937_64 random(6);
  const std::string base = RandomBytes(random, 1 << 20);
  const std::string grown = RandomBytes(random, 5000);
  const std::string blob =
      base.substr(700'000) + grown + base.substr(0, 300'000) + base.substr(300'001, 399'999);
  const auto delta = MakeDelta(base, blob, Unbounded());
  EXPECT_EQ(Applied(base, *delta), blob);
  EXPECT_LE(delta->data.size(), grown.size());
}

TEST(DeltaTest, EmptyAndTinyBlobs) {
  for (const std::string_view base : {"", "a", "0123456789012345678901234567890"}) {
    for (const std::string_view blob : {"", "a", "0123456789012345678901234567890"}) {
      const auto delta = MakeDelta(base, blob, Unbounded());
      ASSERT_TRUE(delta.has_value());
      EXPECT_EQ(Applied(base, *delta), blob);
    }
  }
}

// What would make a search by hash slow: blocks that are all alike, or nearly.
TEST(DeltaTest, NoInputTakesLong) {
  const size_t bytes = 4 << 20;
  std::string nearly(bytes, '\0');
  for (size_t at = 40; at < bytes; at += 61) nearly[at] = static_cast<char>(at % 251 + 1);
  std::string other(bytes, '\0');
  for (size_t at = 17; at < bytes; at += 59) other[at] = static_cast<char>(at % 241 + 1);
  const std::string zeros(bytes, '\0');
  for (const auto& [base, blob] :
       {std::pair(zeros, nearly), std::pair(nearly, zeros), std::pair(nearly, other)}) {
    size_t asked = 0;
    const auto delta = MakeDelta(base, blob, {size_t{1} << 30, [&asked] {
                                                ++asked;
                                                return false;
                                              }});
    ASSERT_TRUE(delta.has_value());
    EXPECT_EQ(Applied(base, *delta), blob);
    EXPECT_LE(asked, bytes / (1 << 16) + 1);
  }
}

TEST(DeltaTest, GivesUpAtItsBounds) {
  std::mt19937_64 random(8);
  const std::string base = RandomBytes(random, 1 << 20);
  const std::string other = RandomBytes(random, 1 << 20);
  EXPECT_FALSE(MakeDelta(base, other, {1 << 19, nullptr}).has_value());
  EXPECT_TRUE(MakeDelta(base, base, {1 << 19, nullptr}).has_value());
  EXPECT_FALSE(MakeDelta(base, other, {size_t{1} << 30, [] { return true; }}).has_value());
}

}  // namespace
}  // namespace shoumi::server
