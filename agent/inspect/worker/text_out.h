#pragma once

#include <string_view>

#include "common/fd.h"
#include "shoumi/v1/finding.pb.h"

namespace shoumi::inspect {

// The text of an inspection on its way to who asked to see it. Blocks while the other end does not
// read; once it is gone the rest is dropped. Single-threaded.
class TextOut {
 public:
  explicit TextOut(UniqueFd socket) : socket_(std::move(socket)) {}

  void BeginPart(std::string_view part, v1::PartKind kind);
  void Text(std::string_view utf8);

 private:
  UniqueFd socket_;
};

}  // namespace shoumi::inspect
