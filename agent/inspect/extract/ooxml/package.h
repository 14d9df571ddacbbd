#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/ooxml/part.h"
#include "agent/inspect/extract/ooxml/roots.h"
#include "agent/inspect/extract/ooxml/sheet.h"
#include "agent/inspect/extract/zip/archive.h"

namespace shoumi::inspect {

// One package: sorts its members by what they are, reads the XML parts, hands embedded documents to
// Context::Nested, and names each picture and other part that holds no text to read (UNSUPPORTED).
class PackageReader {
 public:
  PackageReader(ZipArchive& archive, Context& context) : archive_(archive), context_(context) {}

  void Read();

 private:
  struct Member {
    const ZipArchive::Entry* entry = nullptr;
    Root root = Root::kNotXml;
    bool binary = false;  // of xlsb
    std::string part;     // "header1"
    uint64_t number = 0;  // 1 of header1
  };

  bool Sort();
  void SortMember(const ZipArchive::Entry& entry);
  void ReadMember(const Member& member);
  void ReadXml(const Member& member, Source& source);
  std::unique_ptr<PartReader> ReaderFor(const Member& member);

  ZipArchive& archive_;
  Context& context_;
  std::vector<Member> members_;
  SharedStrings strings_;
  uint64_t first_slide_ = 0;
};

}  // namespace shoumi::inspect
