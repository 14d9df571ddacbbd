#include "agent/inspect/extract/text/decoder.h"

#include <array>

#include "agent/inspect/extract/utf8.h"
#include "unicode/ucnv.h"

namespace shoumi::inspect {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

Converter Open(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  return U_SUCCESS(error) ? std::move(converter) : nullptr;
}

}  // namespace

struct Decoder::Converters {
  Converter from;
  Converter to;
  std::array<UChar, 8192> pivot;
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
};

Decoder::Decoder(Charset charset) : converters_(std::make_unique<Converters>()) {
  const std::string name(ConverterName(charset));
  converters_->from = Open(name.c_str());
  converters_->to = Open("UTF-8");
}

Decoder::~Decoder() = default;

void Decoder::Decode(std::string_view bytes, bool last, std::string& out) {
  Converters& own = *converters_;
  if (own.from == nullptr || own.to == nullptr) {
    out.append(RepairUtf8(bytes));  // the ICU of this system lacks the table
    return;
  }
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  std::array<char, 32 << 10> block;
  UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
  while (error == U_BUFFER_OVERFLOW_ERROR) {
    error = U_ZERO_ERROR;
    char* target = block.data();
    ucnv_convertEx(own.to.get(), own.from.get(), &target, block.data() + block.size(), &source, end,
                   own.pivot.data(), &own.pivot_source, &own.pivot_target,
                   own.pivot.data() + own.pivot.size(), false, last, &error);
    out.append(block.data(), static_cast<size_t>(target - block.data()));
  }
}

}  // namespace shoumi::inspect
