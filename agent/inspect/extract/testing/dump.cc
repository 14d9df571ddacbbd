// extract_dump FILE…: the text of each part and what could not be read, for comparing extraction
// with other programs. A tool of development, never installed.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "agent/inspect/extract/extract.h"

namespace {

class PrintingSink final : public shoumi::inspect::PartSink {
 public:
  void BeginPart(std::string_view part, shoumi::v1::PartKind kind) override {
    std::fprintf(stderr, "part %s %.*s\n", shoumi::v1::PartKind_Name(kind).c_str(),
                 static_cast<int>(part.size()), part.data());
  }
  void Text(std::string_view utf8) override { std::fwrite(utf8.data(), 1, utf8.size(), stdout); }
  void EndPart() override { std::fputc('\n', stdout); }
  void Unscanned(std::string_view part, shoumi::v1::UnscannedReason reason,
                 std::string_view detail) override {
    std::fprintf(stderr, "gap %s %.*s: %.*s\n", shoumi::v1::UnscannedReason_Name(reason).c_str(),
                 static_cast<int>(part.size()), part.data(), static_cast<int>(detail.size()),
                 detail.data());
  }
};

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const int fd = ::open(argv[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      std::perror(argv[i]);
      return 1;
    }
    PrintingSink sink;
    const auto source = shoumi::inspect::MakeFdSource(fd);
    shoumi::inspect::Context context(shoumi::inspect::Limits(), sink,
                                     std::chrono::steady_clock::now() + std::chrono::seconds(60));
    shoumi::inspect::ExtractDocument("", *source, context);
    ::close(fd);
  }
  return 0;
}
