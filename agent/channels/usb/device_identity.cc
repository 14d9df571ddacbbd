#include "agent/channels/usb/device_identity.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <libudev.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "common/fd.h"

namespace shoumi::agent::usb {
namespace {

namespace fs = std::filesystem;

std::string Attribute(const fs::path& path) {
  const auto text = ReadFile(path, 4096);
  if (!text.ok()) return "";
  std::string value = *text;
  while (!value.empty() && (value.back() == '\n' || value.back() == ' ')) value.pop_back();
  return value;
}

// A block device: a partition, or a whole disk.
struct Block {
  dev_t number = 0;
  fs::path sysfs;
  fs::path disk;  // sysfs folder of the whole disk; its own when it is one

  [[nodiscard]] bool IsPartition() const { return sysfs != disk; }
};

std::optional<Block> BlockOf(dev_t number) {
  std::error_code error;
  Block block;
  block.number = number;
  block.sysfs =
      fs::canonical(fmt::format("/sys/dev/block/{}:{}", major(number), minor(number)), error);
  if (error) return std::nullopt;
  block.disk =
      fs::exists(block.sysfs / "partition", error) ? block.sysfs.parent_path() : block.sysfs;
  return block;
}

// The kernel writes a slash of a device's name as '!'.
std::string NodeOf(const fs::path& sysfs) {
  std::string name = sysfs.filename();
  std::replace(name.begin(), name.end(), '!', '/');
  return "/dev/" + name;
}

std::optional<dev_t> NumberIn(const fs::path& file) {
  unsigned major_number = 0;
  unsigned minor_number = 0;
  if (std::sscanf(Attribute(file).c_str(), "%u:%u", &major_number, &minor_number) != 2) {
    return std::nullopt;
  }
  return makedev(major_number, minor_number);
}

std::optional<dev_t> NumberOfNode(const std::string& node) {
  struct stat st {};
  if (::stat(node.c_str(), &st) != 0 || !S_ISBLK(st.st_mode)) return std::nullopt;
  return st.st_rdev;
}

// Devices that `block` lies on: an encrypted stick is a mapped device over the stick's partition.
std::vector<dev_t> NumbersBelow(const Block& block) {
  std::vector<dev_t> below;
  std::error_code error;
  for (const auto& slave : fs::directory_iterator(block.disk / "slaves", error)) {
    if (const auto number = NumberIn(slave.path() / "dev")) below.push_back(*number);
  }
  const std::string backing = Attribute(block.disk / "loop/backing_file");
  if (const auto number = backing.empty() ? std::nullopt : NumberOfNode(backing)) {
    below.push_back(*number);
  }
  return below;
}

// The device and all it lies on, itself first.
std::vector<Block> StackOf(dev_t number) {
  constexpr size_t kBlocksMax = 64;
  std::vector<Block> stack;
  std::vector<dev_t> todo = {number};
  for (size_t i = 0; i < todo.size() && stack.size() < kBlocksMax; ++i) {
    const auto block = BlockOf(todo[i]);
    if (!block) continue;
    for (const dev_t below : NumbersBelow(*block)) {
      if (std::find(todo.begin(), todo.end(), below) == todo.end()) todo.push_back(below);
    }
    stack.push_back(*block);
  }
  return stack;
}

size_t PartitionsOf(const fs::path& disk) {
  std::error_code error;
  size_t partitions = 0;
  for (const auto& entry : fs::directory_iterator(disk, error)) {
    std::error_code none;
    if (fs::exists(entry.path() / "partition", none)) ++partitions;
  }
  return partitions;
}

// Fills in what is not known yet; true when the device is removable.
bool AddFromSysfs(const Block& block, v1::Device* device) {
  std::error_code error;
  bool removable = Attribute(block.disk / "removable") == "1";
  if (block.disk.string().find("/mmc_host/") != std::string::npos) {
    device->set_bus("mmc");
    removable |= Attribute(block.disk / "device" / "type") == "SD";
    if (device->serial().empty()) device->set_serial(Attribute(block.disk / "device" / "serial"));
  } else if (block.disk.filename().string().starts_with("loop")) {
    if (device->bus().empty()) device->set_bus("loop");
    removable = false;
  }
  for (fs::path at = block.disk; at.has_relative_path() && at != "/sys"; at = at.parent_path()) {
    if (!fs::exists(at / "idVendor", error)) continue;
    device->set_bus("usb");
    device->set_vendor_id(Attribute(at / "idVendor"));
    device->set_product_id(Attribute(at / "idProduct"));
    device->set_serial(Attribute(at / "serial"));
    removable = true;
    break;
  }
  return removable;
}

struct UdevRelease {
  void operator()(udev* u) const { udev_unref(u); }
  void operator()(udev_device* d) const { udev_device_unref(d); }
};

// Without a running udev its database is empty and nothing is added to what sysfs says.
bool AddFromUdev(dev_t number, v1::Device* device) {
  const std::unique_ptr<udev, UdevRelease> context(udev_new());
  if (!context) return false;
  const std::unique_ptr<udev_device, UdevRelease> found(
      udev_device_new_from_devnum(context.get(), 'b', number));
  if (!found) return false;
  const auto property = [&](const char* name) {
    const char* const value = udev_device_get_property_value(found.get(), name);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string bus = property("ID_BUS");
  if (device->bus().empty()) device->set_bus(bus);
  if (device->vendor_id().empty()) device->set_vendor_id(property("ID_VENDOR_ID"));
  if (device->product_id().empty()) device->set_product_id(property("ID_MODEL_ID"));
  if (device->serial().empty()) device->set_serial(property("ID_SERIAL_SHORT"));
  if (device->label().empty()) device->set_label(property("ID_FS_LABEL"));
  return bus == "usb";
}

const ExtraDevice* NamedByOptions(const Block& block, const UsbOptions& options) {
  const std::string node = NodeOf(block.sysfs);
  for (const ExtraDevice& extra : options.extra_devices) {
    if (::fnmatch(extra.node.c_str(), node.c_str(), 0) != 0) continue;
    if (extra.backing_file.empty() ||
        Attribute(block.disk / "loop/backing_file") == extra.backing_file) {
      return &extra;
    }
  }
  return nullptr;
}

void AddNodes(const Block& block, DeviceIdentity* identity) {
  identity->nodes.push_back(NodeOf(block.sysfs));
  identity->own_nodes.push_back(identity->nodes.back());
  if (!block.IsPartition()) return;
  identity->nodes.push_back(NodeOf(block.disk));
  if (PartitionsOf(block.disk) == 1) identity->own_nodes.push_back(identity->nodes.back());
}

bool Fits(const std::string& wanted, const std::string& is) {
  return wanted == "*" || wanted == is;
}

}  // namespace

std::optional<DeviceIdentity> IdentifyRemovable(dev_t number, const UsbOptions& options) {
  DeviceIdentity identity;
  v1::Device& device = identity.device;
  bool removable = false;
  const ExtraDevice* extra = nullptr;
  for (const Block& block : StackOf(number)) {
    removable |= AddFromSysfs(block, &device);
    removable |= AddFromUdev(block.number, &device);
    if (extra == nullptr) extra = NamedByOptions(block, options);
    AddNodes(block, &identity);
  }
  if (!removable && extra == nullptr) return std::nullopt;
  if (const auto block = BlockOf(number); block && !block->IsPartition()) {
    identity.has_partitions = PartitionsOf(block->disk) > 0;
  }
  if (extra != nullptr) {
    if (device.vendor_id().empty()) device.set_vendor_id(extra->vendor_id);
    if (device.product_id().empty()) device.set_product_id(extra->product_id);
    if (device.serial().empty()) device.set_serial(extra->serial);
  }
  return identity;
}

std::optional<DeviceIdentity> IdentifyRemovable(const MountEntry& entry,
                                                const UsbOptions& options) {
  // The number is the kernel's; the name was the mounting program's, and may be gone. A file system
  // over several devices (btrfs) has a number of its own, which names none of them.
  std::optional<dev_t> number = entry.device;
  if (major(entry.device) == 0) number = NumberOfNode(entry.source);
  if (!number) return std::nullopt;
  std::optional<DeviceIdentity> identity = IdentifyRemovable(*number, options);
  if (!identity) return std::nullopt;
  identity->device.set_node(entry.source);
  identity->device.set_file_system(entry.file_system);
  identity->device.set_mount_point(entry.mount_point);
  return identity;
}

v1::UsbMode ModeFor(const v1::UsbPolicy& policy, const v1::Device& device) {
  for (const v1::UsbDevice& entry : policy.devices()) {
    if (Fits(entry.vendor_id(), device.vendor_id()) &&
        Fits(entry.product_id(), device.product_id()) && Fits(entry.serial(), device.serial())) {
      return entry.mode();
    }
  }
  return policy.mode();
}

}  // namespace shoumi::agent::usb
