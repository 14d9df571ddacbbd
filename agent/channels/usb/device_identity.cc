#include "agent/channels/usb/device_identity.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <libudev.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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

struct SysfsFacts {
  bool removable = false;
  std::string whole_disk;  // kernel name
};

SysfsFacts ReadSysfs(dev_t number, v1::Device* device) {
  SysfsFacts facts;
  std::error_code error;
  fs::path path =
      fs::canonical(fmt::format("/sys/dev/block/{}:{}", major(number), minor(number)), error);
  if (error) return facts;
  if (fs::exists(path / "partition", error)) path = path.parent_path();
  facts.whole_disk = path.filename();
  facts.removable = Attribute(path / "removable") == "1";
  const std::string text = path.string();
  if (text.find("/mmc_host/") != std::string::npos) {
    device->set_bus("mmc");
    facts.removable |= Attribute(path / "device" / "type") == "SD";
    device->set_serial(Attribute(path / "device" / "serial"));
  } else if (facts.whole_disk.starts_with("loop")) {
    device->set_bus("loop");
    facts.removable = false;
  }
  for (fs::path at = path; at.has_relative_path() && at != "/sys"; at = at.parent_path()) {
    if (!fs::exists(at / "idVendor", error)) continue;
    device->set_bus("usb");
    device->set_vendor_id(Attribute(at / "idVendor"));
    device->set_product_id(Attribute(at / "idProduct"));
    device->set_serial(Attribute(at / "serial"));
    facts.removable = true;
    break;
  }
  return facts;
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
  device->set_label(property("ID_FS_LABEL"));
  return bus == "usb";
}

const ExtraDevice* NamedByOptions(const std::string& node, const std::string& whole_disk,
                                  const UsbOptions& options) {
  for (const ExtraDevice& extra : options.extra_devices) {
    if (::fnmatch(extra.node.c_str(), node.c_str(), 0) != 0) continue;
    if (extra.backing_file.empty() || Attribute(fs::path("/sys/block") / whole_disk /
                                                "loop/backing_file") == extra.backing_file) {
      return &extra;
    }
  }
  return nullptr;
}

bool Fits(const std::string& wanted, const std::string& is) {
  return wanted == "*" || wanted == is;
}

}  // namespace

std::optional<DeviceIdentity> IdentifyRemovable(const MountEntry& entry,
                                                const UsbOptions& options) {
  struct stat st {};
  if (!entry.source.starts_with('/') || ::stat(entry.source.c_str(), &st) != 0 ||
      !S_ISBLK(st.st_mode)) {
    return std::nullopt;
  }
  DeviceIdentity identity;
  v1::Device& device = identity.device;
  device.set_node(entry.source);
  device.set_file_system(entry.file_system);
  device.set_mount_point(entry.mount_point);
  const SysfsFacts facts = ReadSysfs(st.st_rdev, &device);
  const bool udev_usb = AddFromUdev(st.st_rdev, &device);
  const ExtraDevice* const extra = NamedByOptions(entry.source, facts.whole_disk, options);
  if (!facts.removable && !udev_usb && extra == nullptr) return std::nullopt;
  if (extra != nullptr) {
    if (device.vendor_id().empty()) device.set_vendor_id(extra->vendor_id);
    if (device.product_id().empty()) device.set_product_id(extra->product_id);
    if (device.serial().empty()) device.set_serial(extra->serial);
  }
  identity.nodes.push_back(entry.source);
  const std::string whole = "/dev/" + facts.whole_disk;
  if (!facts.whole_disk.empty() && whole != entry.source) identity.nodes.push_back(whole);
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
