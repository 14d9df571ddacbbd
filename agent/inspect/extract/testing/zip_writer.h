#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoumi::inspect {

// Zip files for tests, byte by byte, so that hostile ones can be made as well.
class ZipWriter {
 public:
  struct Options {
    bool deflate = true;
    bool utf8_flag = true;
    bool encrypted_flag = false;
    uint16_t method = 0xffff;     // overrides the true one in both headers
    int64_t declared_bytes = -1;  // overrides the unpacked size
    bool damage = false;          // flips bytes in the middle of the packed data
  };

  void Add(std::string_view name, std::string_view bytes) { Add(name, bytes, Options()); }
  void Add(std::string_view name, std::string_view bytes, const Options& options);
  // The packed bytes of the member added last once more, as a member of their own.
  void AddCopy(std::string_view name);
  // A second name for the packed bytes of the member added last.
  void AddOverlapping(std::string_view name);
  // The finished file.
  [[nodiscard]] std::string Finish() const;

 private:
  struct Member {
    std::string name;
    uint16_t flags = 0;
    uint16_t method = 0;
    uint32_t crc = 0;
    uint32_t packed = 0;
    uint32_t bytes = 0;
    uint32_t offset = 0;
  };

  void AddPacked(Member member, std::string_view packed);

  std::string data_;
  std::vector<Member> members_;
};

// A zip of these members, in order.
std::string MakeZip(const std::vector<std::pair<std::string, std::string>>& members);

// `bytes` packed by raw deflate (RFC 1951).
std::string Deflate(std::string_view bytes);

}  // namespace shoumi::inspect
