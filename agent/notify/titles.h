#pragma once

#include <string_view>

#include "shoumi/v1/verdict.pb.h"

namespace shoumi::agent {

struct Title {
  std::string_view zh;
  std::string_view en;
};

// What decided, for people: a rule's own title, else words for what is no rule.
Title TitleOf(const v1::Verdict& verdict);

}  // namespace shoumi::agent
