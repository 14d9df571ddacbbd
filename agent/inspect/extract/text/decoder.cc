#include "agent/inspect/extract/text/decoder.h"

#include <array>

#include "agent/inspect/extract/utf8.h"
#include "unicode/ucnv.h"
#include "unicode/ucnv_err.h"

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

void CountAndSubstitute(const void* counter, UConverterToUnicodeArgs* arguments, const char* bytes,
                        int32_t length, UConverterCallbackReason reason, UErrorCode* error) {
  if (reason <= UCNV_IRREGULAR) ++*static_cast<uint64_t*>(const_cast<void*>(counter));
  UCNV_TO_U_CALLBACK_SUBSTITUTE(nullptr, arguments, bytes, length, reason, error);
}

}  // namespace

struct Decoder::Converters {
  Converter from;
  Converter to;
  std::array<UChar, 8192> pivot;
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
};

Decoder::Decoder(Charset charset) : Decoder(std::string(ConverterName(charset))) {}

Decoder::Decoder(const std::string& name) : converters_(std::make_unique<Converters>()) {
  converters_->from = Open(name.empty() ? "UTF-8" : name.c_str());
  converters_->to = Open("UTF-8");
  if (converters_->from == nullptr) return;
  UErrorCode error = U_ZERO_ERROR;
  ucnv_setToUCallBack(converters_->from.get(), CountAndSubstitute, &invalid_, nullptr, nullptr,
                      &error);
}

Decoder::~Decoder() = default;

bool Decoder::Knows(const std::string& name) {
  return !name.empty() && Open(name.c_str()) != nullptr;
}

void Decoder::Decode(std::string_view bytes, bool last, std::string& out) {
  Converters& own = *converters_;
  if (own.from == nullptr || own.to == nullptr) {
    out.append(RepairUtf8(bytes, &invalid_));  // the ICU of this system lacks the table
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
  if (U_FAILURE(error)) ++invalid_;
}

}  // namespace shoumi::inspect
