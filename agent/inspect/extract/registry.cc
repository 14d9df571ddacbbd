#include "agent/inspect/extract/archive/archive_format.h"
#include "agent/inspect/extract/extract.h"
#include "agent/inspect/extract/html/html.h"
#include "agent/inspect/extract/mail/mail.h"
#include "agent/inspect/extract/odf/odf.h"
#include "agent/inspect/extract/ofd/ofd.h"
#include "agent/inspect/extract/ole2/ole2.h"
#include "agent/inspect/extract/ooxml/ooxml.h"
#include "agent/inspect/extract/outlook/msg.h"
#include "agent/inspect/extract/outlook/tnef.h"
#include "agent/inspect/extract/pdf/pdf.h"
#include "agent/inspect/extract/rtf/rtf.h"
#include "agent/inspect/extract/signatures/signatures.h"
#include "agent/inspect/extract/sqlite/sqlite_format.h"
#include "agent/inspect/extract/text/text.h"
#include "agent/inspect/extract/zip/zip_format.h"

namespace shoumi::inspect {

std::span<const Format* const> Formats() {
  static constexpr const Format* kFormats[] = {
      &kPdfFormat,        //
      &kRtfFormat,        //
      &kSqliteFormat,     //
      &kMsgFormat,        // before other compound files
      &kOle2Format,       //
      &kTnefFormat,       //
      &kArchiveFormat,    //
      &kSignatureFormat,  // what is recognised but not read
      &kDocxFormat,       //
      &kXlsxFormat,       //
      &kPptxFormat,       //
      &kPackageFormat,    //
      &kOfdFormat,        // before OpenDocument, whose marks any package can carry
      &kOdfFormat,        //
      &kZipFormat,        //
      &kOdfXmlFormat,     //
      &kHtmlFormat,       //
      &kMailFormat,       //
      &kTextFormat,
  };
  return kFormats;
}

}  // namespace shoumi::inspect
