#include "agent/main/channels.h"

#include "agent/channels/attachments/attachment_channel.h"
#include "agent/channels/clipboard/clipboard_channel.h"
#include "agent/channels/replay/replay_channel.h"
#include "agent/channels/usb/usb_channel.h"

namespace shoumi::agent {
namespace {

usb::UsbOptions UsbOptionsFrom(const AgentConfig& config) {
  usb::UsbOptions options;
  options.staging_folder =
      config.usb_staging_dir.empty() ? config.state_dir + "/staging" : config.usb_staging_dir;
  options.protected_nodes_file = config.state_dir + "/protected-nodes";
  for (const ExtraDevice& device : config.usb_extra_devices) {
    options.extra_devices.push_back(
        {device.node, device.backing_file, device.vendor_id, device.product_id, device.serial});
  }
  options.stage_memory_bytes_per_file_max = config.usb_stage_memory_bytes_per_file_max;
  options.stage_memory_bytes_max = config.usb_stage_memory_bytes_max;
  return options;
}

}  // namespace

std::vector<std::pair<std::string, std::unique_ptr<Channel>>> MakeChannels(
    const AgentConfig& config, SessionHub& sessions) {
  std::vector<std::pair<std::string, std::unique_ptr<Channel>>> channels;
  if (config.usb_enabled) {
    channels.emplace_back("usb", std::make_unique<usb::UsbChannel>(UsbOptionsFrom(config)));
  }
  if (config.attachments_enabled) {
    attachments::AttachmentOptions options;
    options.only_below = config.attachments_only_below;
    channels.emplace_back("attachment",
                          std::make_unique<attachments::AttachmentChannel>(std::move(options)));
  }
  if (config.clipboard_enabled) {
    channels.emplace_back("clipboard", std::make_unique<clipboard::ClipboardChannel>(
                                           clipboard::ClipboardOptions(), sessions));
  }
  if (config.replay_enabled) {
    replay::ReplayOptions options;
    options.folder = config.replay_folder;
    channels.emplace_back("replay", std::make_unique<replay::ReplayChannel>(options));
  }
  return channels;
}

bool NeedsRoot(const AgentConfig& config) {
  return config.usb_enabled || config.attachments_enabled;
}

}  // namespace shoumi::agent
