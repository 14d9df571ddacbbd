#pragma once

#include <algorithm>
#include <ctime>
#include <functional>
#include <vector>

namespace shoumi::benchmarks {

// Seconds of the processor, so that what else runs on the machine costs less of the figure.
inline double Seconds(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  const double start = now();
  work();
  return now() - start;
}

// `values` is not empty.
inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace shoumi::benchmarks
