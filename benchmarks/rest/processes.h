#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

// Processes as /proc shows them (proc(5)).
namespace shoumi::benchmarks {

struct Memory {
  uint64_t pss_kib = 0;   // shared pages divided among those who share them
  uint64_t anon_kib = 0;  // of it in memory that no file backs
  uint64_t file_kib = 0;  // of it in mapped files: programs and libraries
  uint64_t rss_kib = 0;
};

// The process and all its descendants, parents before children.
std::vector<pid_t> TreeOf(pid_t root);
std::string NameOf(pid_t pid);
Memory MemoryOf(pid_t pid);
// Time of the processor that the threads of the process that run now have used.
uint64_t NanosOf(pid_t pid);

}  // namespace shoumi::benchmarks
