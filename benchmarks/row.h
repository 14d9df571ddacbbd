#pragma once

#include <string>

#include "fmt/format.h"

namespace shoumi::benchmarks {

// One result, as benchmarks/run.sh puts it in its table.
struct Row {
  std::string id;  // of the target, "T1"
  std::string what;
  std::string measured;
  std::string target;
  bool holds = false;
};

// Prints rows for people, or as tab-separated fields for run.sh.
class Report {
 public:
  explicit Report(bool fields) : fields_(fields) {}

  void Print(const Row& row) const {
    if (fields_) {
      fmt::print("{}\t{}\t{}\t{}\t{}\n", row.id, row.what, row.measured, row.target,
                 row.holds ? "yes" : "no");
    } else {
      fmt::print("{:<4} {:<46} {:>18}   target {:<14} {}\n", row.id, row.what, row.measured,
                 row.target, row.holds ? "holds" : "DOES NOT HOLD");
    }
  }

 private:
  const bool fields_;
};

}  // namespace shoumi::benchmarks
