#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "qpdf/qpdf-c.h"

namespace shoumi::inspect {

// The objects of a PDF (ISO 32000-1, 7.3), by qpdf's C interface: its C++ headers do not compile
// with every compiler this is built with. What is damaged is null, as what is not there.
class PdfObject {
 public:
  PdfObject(qpdf_data pdf, qpdf_oh handle) : pdf_(pdf), handle_(handle) {}
  PdfObject(PdfObject&& other) noexcept
      : pdf_(std::exchange(other.pdf_, nullptr)), handle_(other.handle_) {}
  PdfObject(const PdfObject&) = delete;
  PdfObject& operator=(const PdfObject&) = delete;
  ~PdfObject() {
    if (pdf_ != nullptr) qpdf_oh_release(pdf_, handle_);
  }

  [[nodiscard]] bool IsDictionary() const { return Is(qpdf_oh_is_dictionary); }
  [[nodiscard]] bool IsArray() const { return Is(qpdf_oh_is_array); }
  [[nodiscard]] bool IsString() const { return Is(qpdf_oh_is_string); }
  [[nodiscard]] bool IsStream() const { return Is(qpdf_oh_is_stream); }
  // Object and generation number; none for an object within another.
  [[nodiscard]] std::optional<std::pair<int, int>> Id() const;

  [[nodiscard]] bool Has(const char* key) const { return qpdf_oh_has_key(pdf_, handle_, key) != 0; }
  [[nodiscard]] PdfObject Key(const char* key) const;
  [[nodiscard]] int Items() const { return qpdf_oh_get_array_n_items(pdf_, handle_); }
  [[nodiscard]] PdfObject Item(int index) const;
  // A text string (7.9.2.2) in UTF-8, which may be broken where the string is.
  [[nodiscard]] std::string Text() const;
  // The content of a stream, unpacked; nullopt when that fails.
  [[nodiscard]] std::optional<std::string> Bytes() const;

 private:
  bool Is(QPDF_BOOL (*what)(qpdf_data, qpdf_oh)) const { return what(pdf_, handle_) != 0; }

  qpdf_data pdf_;
  qpdf_oh handle_;
};

class PdfObjects {
 public:
  // `bytes` must outlive it. Damaged files are mended where that is possible.
  explicit PdfObjects(std::string_view bytes);

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] PdfObject Root() const { return {pdf_.get(), qpdf_get_root(pdf_.get())}; }
  // Whether anything could not be read since it was asked last.
  [[nodiscard]] bool TakeFailed();

 private:
  struct Close {
    void operator()(qpdf_data pdf) const { qpdf_cleanup(&pdf); }
  };
  std::unique_ptr<std::remove_pointer_t<qpdf_data>, Close> pdf_;
  bool ok_ = false;
};

}  // namespace shoumi::inspect
