#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shoumi/v1/finding.pb.h"
#include "shoumi/v1/policy.pb.h"
#include "shoumi/v1/state.pb.h"

// Words of the contract in the reader's language.
namespace shoumi {

// Empty where a document has no level.
const char* LevelText(v1::Level level);
const char* ReasonText(v1::UnscannedReason reason);
const char* CoverageText(v1::Coverage coverage);
const char* ModeText(v1::UsbMode mode);

// "contracts 12: 412 units in common, 30.5 % of it, 80.0 % of this document".
std::string DocumentText(const v1::RegisteredDocument& document);

// For people, a word of policies (an action, a severity, a level, a channel): in English as
// policies spell it. What is no such word comes back as it is, also unescaped.
std::string WordText(std::string_view word);
// For people, why a channel is not covered or the server not connected, likewise.
std::string DetailText(std::string_view detail);

// "1 file", "3 files"; `chinese` is the measure word with the noun: "3 个文件".
std::string Counted(uint64_t count, const char* one, const char* many, const char* chinese);

}  // namespace shoumi
