#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/engine/validator.h"

// For tests: a value in its text, judged from every anchor the engine may hand over.
namespace shoumi::rules {

inline constexpr std::string_view kTestToday = "2026-11-24";

inline Judgement JudgeAt(std::string_view validator, std::string_view text, size_t from, size_t to,
                         v1::PartKind kind = v1::PART_KIND_BODY) {
  Candidate candidate;
  candidate.text = text;
  candidate.from = from;
  candidate.to = to;
  candidate.kind = kind;
  candidate.today = kTestToday;
  return FindValidator(validator)->judge(candidate);
}

// `written` inside `text` is accepted as `value`, whole extent, whatever part of it is the anchor.
inline void ExpectFound(std::string_view validator, std::string_view text, std::string_view written,
                        std::string_view value) {
  const size_t from = text.find(written);
  ASSERT_NE(from, std::string_view::npos) << text;
  const size_t to = from + written.size();
  const size_t half = from + written.size() / 2;
  const size_t anchors[][2] = {{from, to}, {from, half}, {half, to}, {to, to}};
  for (const auto& anchor : anchors) {
    const Judgement judged = JudgeAt(validator, text, anchor[0], anchor[1]);
    EXPECT_TRUE(judged.accepted()) << text << " from " << anchor[0] - from << " to "
                                   << anchor[1] - from << ": " << RejectName(judged.reject);
    EXPECT_EQ(judged.value, value) << text;
    EXPECT_EQ(judged.from, from) << text;
    EXPECT_EQ(judged.to, to) << text;
  }
}

// `written` inside `text` is refused for this reason.
inline void ExpectRefused(std::string_view validator, std::string_view text,
                          std::string_view written, Reject reject) {
  const size_t from = text.find(written);
  ASSERT_NE(from, std::string_view::npos) << text;
  const Judgement judged = JudgeAt(validator, text, from, from + written.size());
  EXPECT_EQ(RejectName(judged.reject), RejectName(reject)) << text << " as " << judged.value;
}

}  // namespace shoumi::rules
