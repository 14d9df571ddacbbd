#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/channels/usb/mount_table.h"
#include "agent/channels/usb/options.h"
#include "shoumi/v1/event.pb.h"
#include "shoumi/v1/policy.pb.h"

namespace shoumi::agent::usb {

// A device that is to be guarded.
struct DeviceIdentity {
  v1::Device device;
  // Its own node, that of the whole disk, and of the devices below (dm-crypt, a loop device over
  // it): by each of them its content can be written.
  std::vector<std::string> nodes;
  std::vector<std::string> own_nodes;  // of these, those that hold nothing of other partitions
  bool has_partitions = false;         // a whole disk whose content lies in partitions
};

// From sysfs, and udev's database where there is one. Empty when `entry` is no mount of a block
// device, or of one that neither is removable nor is named by the options.
std::optional<DeviceIdentity> IdentifyRemovable(const MountEntry& entry, const UsbOptions& options);
// Of the block device of that number, which nobody need have mounted: without node, file system and
// mount point of the device.
std::optional<DeviceIdentity> IdentifyRemovable(dev_t number, const UsbOptions& options);

// The mode of the first entry that names the device, else the policy's own.
v1::UsbMode ModeFor(const v1::UsbPolicy& policy, const v1::Device& device);

}  // namespace shoumi::agent::usb
