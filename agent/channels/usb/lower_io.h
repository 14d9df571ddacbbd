#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace shoumi::agent::usb {

// "/proc/self/fd/N": the way to an O_PATH descriptor's file that follows no name.
std::string ProcPath(int fd);

// Copies [start, end) from one file to the same place in another, within the kernel where it can.
// 0 or an errno value.
[[nodiscard]] int CopyRange(int from, int to, uint64_t start, uint64_t end);

// pread/pwrite of everything, retried on EINTR. A read past the end of file fills zeros.
[[nodiscard]] int ReadFully(int fd, char* buffer, uint64_t bytes, uint64_t offset);
[[nodiscard]] int WriteFully(int fd, const char* buffer, uint64_t bytes, uint64_t offset);

// Makes a hole, or writes zeros where the file system knows none.
[[nodiscard]] int ZeroRange(int fd, uint64_t start, uint64_t end);

}  // namespace shoumi::agent::usb
