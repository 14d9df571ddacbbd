#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/inspect/extract/fuzz/run.h"
#include "agent/inspect/extract/ooxml/ooxml.h"
#include "agent/inspect/extract/testing/zip_writer.h"

// The input is one XML part of a package; its root element decides how it is read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shoumi::inspect::ZipWriter package;
  shoumi::inspect::ZipWriter::Options stored;
  stored.deflate = false;
  package.Add("[Content_Types].xml", "<Types/>", stored);
  package.Add("part1.xml", shoumi::inspect::FuzzBytes(data, size), stored);
  shoumi::inspect::FuzzFormat(shoumi::inspect::kPackageFormat, package.Finish());
  return 0;
}
