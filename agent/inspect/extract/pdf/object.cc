#include "agent/inspect/extract/pdf/object.h"

#include <cstdlib>
#include <new>

namespace shoumi::inspect {
namespace {

struct Free {
  void operator()(unsigned char* bytes) const { std::free(bytes); }
};

}  // namespace

std::optional<std::pair<int, int>> PdfObject::Id() const {
  if (!Is(qpdf_oh_is_indirect)) return std::nullopt;
  return std::pair(qpdf_oh_get_object_id(pdf_, handle_), qpdf_oh_get_generation(pdf_, handle_));
}

PdfObject PdfObject::Key(const char* key) const {
  // Asking what has no keys would be an error of its own.
  return {pdf_, IsDictionary() ? qpdf_oh_get_key(pdf_, handle_, key) : qpdf_oh_new_null(pdf_)};
}

PdfObject PdfObject::Item(int index) const {
  return {pdf_, qpdf_oh_get_array_item(pdf_, handle_, index)};
}

std::string PdfObject::Text() const {
  const char* const text = qpdf_oh_get_utf8_value(pdf_, handle_);
  return {text, qpdf_get_last_string_length(pdf_)};
}

std::optional<std::string> PdfObject::Bytes() const {
  QPDF_BOOL unpacked = 0;
  unsigned char* data = nullptr;
  size_t size = 0;
  const QPDF_ERROR_CODE code =
      qpdf_oh_get_stream_data(pdf_, handle_, qpdf_dl_specialized, &unpacked, &data, &size);
  const std::unique_ptr<unsigned char, Free> owned(data);
  if ((code & QPDF_ERRORS) != 0 || unpacked == 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(data), size);
}

PdfObjects::PdfObjects(std::string_view bytes) : pdf_(qpdf_init()) {
  if (pdf_ == nullptr) throw std::bad_alloc();
  // Its messages may quote the document.
  qpdf_silence_errors(pdf_.get());
  qpdf_set_suppress_warnings(pdf_.get(), 1);
  const QPDF_ERROR_CODE code =
      qpdf_read_memory(pdf_.get(), "pdf", bytes.data(), bytes.size(), nullptr);
  ok_ = (code & QPDF_ERRORS) == 0;
  if (!ok_) static_cast<void>(TakeFailed());
}

bool PdfObjects::TakeFailed() {
  bool failed = false;
  while (qpdf_has_error(pdf_.get()) != 0) {
    static_cast<void>(qpdf_get_error(pdf_.get()));
    failed = true;
  }
  return failed;
}

}  // namespace shoumi::inspect
