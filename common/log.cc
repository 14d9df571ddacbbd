#include "common/log.h"

#include <memory>

#include "fmt/format.h"
#include "google/protobuf/text_format.h"
#include "shoumi/v1/options.pb.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_color_sinks.h"

namespace shoumi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

std::string Replacement(const FieldDescriptor& field, std::string_view value) {
  if (field.options().GetExtension(v1::secret)) return "<secret>";
  return fmt::format("<client data, {} bytes>", value.size());
}

void MaskField(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    const std::string value = reflection.GetString(message, &field);
    if (!value.empty()) reflection.SetString(&message, &field, Replacement(field, value));
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const std::string value = reflection.GetRepeatedString(message, &field, i);
    reflection.SetRepeatedString(&message, &field, i, Replacement(field, value));
  }
}

void Mask(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const auto& options = field->options();
    if (IsText(*field)) {
      if (options.GetExtension(v1::client_data) || options.GetExtension(v1::secret)) {
        MaskField(message, *field);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        Mask(*reflection.MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Mask(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

// %v on one line: what others send us cannot make lines of its own. In JSON also with the escapes
// that JSON needs (RFC 8259, 7).
class OneLineText final : public spdlog::custom_flag_formatter {
 public:
  explicit OneLineText(bool json) : json_(json) {}
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const auto put = [&](std::string_view text) {
      out.append(text.data(), text.data() + text.size());
    };
    for (const char c : std::string_view(message.payload.data(), message.payload.size())) {
      if (json_ && (c == '"' || c == '\\')) {
        put(std::string{'\\', c});
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        put(fmt::format("\\u{:04x}", static_cast<unsigned char>(c)));
      } else {
        out.push_back(c);
      }
    }
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<OneLineText>(json_);
  }

 private:
  const bool json_;
};

}  // namespace

void SetUpLogging(std::string_view component, std::string_view level, bool json) {
  auto logger = spdlog::stderr_color_mt(std::string(component));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<OneLineText>('*', json);
  formatter->set_pattern(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","component":"%n","text":"%*"})"
           : "%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %n: %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

std::string ForLog(const Message& message) {
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  Mask(*copy);
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(*copy, &text);
  return text;
}

}  // namespace shoumi
