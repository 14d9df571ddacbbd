#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/cli/result.h"

namespace shoumi::cli {

// Results on standard output, messages and the progress bar on standard error. The bar is drawn on
// a terminal only and is out of the way of every line printed. Not thread-safe.
class Printer {
 public:
  struct Options {
    bool json = false;
    bool explain = false;
    bool progress = false;  // wanted, for folders
    uint64_t files = 0;     // of the whole run
  };
  explicit Printer(const Options& options);
  ~Printer();
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  void Result(const FileResult& result);
  void Message(std::string_view line);
  // Redraws the bar when its time has come.
  void Tick();
  // Counts of the run; nothing with `json`.
  void Summary();

 private:
  void Text(const FileResult& result);
  void ClearBar();

  const Options options_;
  const bool bar_;
  const bool colour_;
  bool bar_drawn_ = false;
  uint64_t last_draw_ms_ = 0;
  uint64_t done_ = 0;
  uint64_t matches_ = 0;
  uint64_t unscanned_ = 0;
};

}  // namespace shoumi::cli
