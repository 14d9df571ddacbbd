#include "server/indexes/document_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi::server {
namespace {

using testing::ElementsAre;

std::vector<uint32_t> Numbered(const std::vector<DocumentRowData>& before,
                               std::vector<DocumentRowData> documents) {
  NumberDocuments(before, documents);
  std::vector<uint32_t> numbers;
  for (const DocumentRowData& document : documents) numbers.push_back(document.number);
  return numbers;
}

TEST(DocumentNumbersTest, StayWithDocumentsAndAreUsedAgain) {
  EXPECT_THAT(Numbered({}, {{0, "b", "2", 0}, {0, "a", "1", 0}}), ElementsAre(1, 2));
  const std::vector<DocumentRowData> before = {
      {1, "a", "1", 0}, {2, "b", "2", 0}, {3, "c", "3", 0}, {5, "e", "5", 0}};
  // Another order, one gone, two that are new.
  EXPECT_THAT(Numbered(before, {{0, "new", "9", 0},
                                {0, "e", "5", 0},
                                {0, "a", "1", 0},
                                {0, "newer", "8", 0},
                                {0, "c", "3", 0}}),
              ElementsAre(2, 5, 1, 4, 3));
  // Edited, and renamed: the title goes before the content.
  EXPECT_THAT(Numbered(before, {{0, "a", "11", 0}, {0, "other", "2", 0}, {0, "c", "5", 0}}),
              ElementsAre(1, 2, 3));
}

TEST(DocumentNumbersTest, AreNeverGivenTwice) {
  const std::vector<DocumentRowData> before = {{1, "a", "1", 0}, {2, "a", "1", 0}};
  EXPECT_THAT(Numbered(before, {{0, "a", "1", 0}, {0, "a", "1", 0}, {0, "a", "1", 0}}),
              testing::UnorderedElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace shoumi::server
