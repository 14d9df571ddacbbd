#pragma once

#include <string>
#include <vector>

#include "shoumi/v1/operator_service.pb.h"

namespace shoumi::ctl {

std::string DeviceTable(const std::vector<v1::DeviceRow>& devices, bool colour);
// All of one device. Every text in it is escaped.
std::string DeviceText(const v1::DeviceRow& device, bool colour);

}  // namespace shoumi::ctl
