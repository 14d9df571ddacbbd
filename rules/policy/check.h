#pragma once

#include <string>
#include <vector>

#include "rules/policy/problems.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::rules {

// Everything that can be wrong with a policy whatever it was written in.
void CheckInto(const v1::Policy& policy, const std::vector<std::string>& detectors,
               Problems& problems);

// Parts of it, each in its own file.
void CheckExpressions(const v1::Policy& policy, const std::vector<std::string>& detectors,
                      Problems& problems);
void CheckConditions(const v1::Conditions& conditions, const std::string& path, Problems& problems);
void CheckUsb(const v1::UsbPolicy& usb, Problems& problems);
void CheckChannels(const v1::Policy& policy, Problems& problems);
// An entry of `conditions.programs` or `conditions.sources`.
void CheckProgram(const std::string& text, const std::string& path, Problems& problems);

// Four lower-case hex digits or "*".
[[nodiscard]] bool IsUsbId(std::string_view text);
[[nodiscard]] bool IsValidUtf8(std::string_view text);

}  // namespace shoumi::rules
