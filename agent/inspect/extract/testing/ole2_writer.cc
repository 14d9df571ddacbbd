#include "agent/inspect/extract/testing/ole2_writer.h"

#include <algorithm>
#include <cstdint>

namespace shoumi::inspect {
namespace {

constexpr size_t kSector = 512;
constexpr uint32_t kEnd = 0xFFFFFFFE;
constexpr uint32_t kFree = 0xFFFFFFFF;

void Put(std::string& out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(i < 8 ? static_cast<char>(value >> (8 * i)) : '\0');
}

std::string Entry(const std::string& name, int type, uint32_t first, size_t bytes) {
  std::string entry;
  for (const char c : name) entry += {c, '\0'};
  entry.resize(64, '\0');
  Put(entry, 2 * name.size() + 2, 2);
  Put(entry, static_cast<uint64_t>(type), 1);
  entry.resize(116, '\0');
  Put(entry, first, 4);
  Put(entry, bytes, 8);
  return entry;
}

}  // namespace

std::string MakeOle2(const std::vector<std::pair<std::string, std::string>>& streams) {
  // Sector 0: table. Then the directory, then the streams.
  std::string directory = Entry("Root Entry", 5, kEnd, 0);
  std::string data;
  std::vector<uint32_t> table = {0xFFFFFFFD};
  const size_t directory_sectors = (128 * (streams.size() + 1) + kSector - 1) / kSector;
  for (size_t i = 1; i <= directory_sectors; ++i) {
    table.push_back(i == directory_sectors ? kEnd : static_cast<uint32_t>(i + 1));
  }
  for (const auto& [name, bytes] : streams) {
    std::string padded = bytes;
    padded.resize((std::max<size_t>(bytes.size(), 4096) + kSector - 1) / kSector * kSector, '\0');
    directory += Entry(name, 2, static_cast<uint32_t>(table.size()), padded.size());
    for (size_t left = padded.size() / kSector; left > 0; --left) {
      table.push_back(left == 1 ? kEnd : static_cast<uint32_t>(table.size() + 1));
    }
    data += padded;
  }
  directory.resize(directory_sectors * kSector, '\0');
  std::string out = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
  out.resize(24, '\0');
  Put(out, 0x3E, 2);
  Put(out, 3, 2);
  Put(out, 0xFFFE, 2);
  Put(out, 9, 2);
  Put(out, 6, 2);
  out.resize(44, '\0');
  Put(out, 1, 4);
  Put(out, 1, 4);
  Put(out, 0, 4);
  Put(out, 4096, 4);
  Put(out, kEnd, 4);
  Put(out, 0, 4);
  Put(out, kEnd, 4);
  Put(out, 0, 4);
  Put(out, 0, 4);
  for (int i = 1; i < 109; ++i) Put(out, kFree, 4);
  for (size_t i = 0; i < kSector / 4; ++i) Put(out, i < table.size() ? table[i] : kFree, 4);
  return out + directory + data;
}

std::string MakeOleNative(const std::string& label, const std::string& bytes) {
  std::string out;
  Put(out, 0, 4);
  Put(out, 2, 2);
  out += label + '\0' + "C:\\" + label + '\0';
  Put(out, 3, 4);
  Put(out, label.size() + 1, 4);
  out += label + '\0';
  Put(out, bytes.size(), 4);
  return out + bytes;
}

}  // namespace shoumi::inspect
