#include "agent/channels/attachments/file_systems.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace shoumi::agent::attachments {
namespace {

TEST(KindOf, WhatMayHoldUsersFiles) {
  for (const char* type : {"ext4", "xfs", "btrfs", "tmpfs", "vfat", "exfat", "ntfs3", "overlay"}) {
    EXPECT_EQ(KindOf(type), FileSystemKind::kLocal) << type;
  }
  for (const char* type : {"fuse", "fuse.portal", "fuse.shoumi", "fuseblk", "nfs4", "cifs"}) {
    EXPECT_EQ(KindOf(type), FileSystemKind::kServed) << type;
  }
  for (const char* type : {"proc", "sysfs", "cgroup2", "squashfs", "fusectl", "devtmpfs", ""}) {
    EXPECT_EQ(KindOf(type), FileSystemKind::kNone) << type;
  }
}

TEST(ParseFileSystems, EachOnceWithAllItsMounts) {
  const std::vector<FileSystem> systems = ParseFileSystems(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "23 22 0:20 / /proc rw - proc proc rw\n"
      "30 22 8:2 / /home rw shared:2 master:3 - xfs /dev/sda2 rw,attr2\n"
      "31 22 8:2 /li /srv/with\\040space rw - xfs /dev/sda2 rw,attr2\n"
      "40 22 0:44 / /run/user/1000/doc rw - fuse.portal portal rw,user_id=1000,group_id=1001\n"
      "41 22 0:45 / /mnt/shared rw - fuse.sshfs x rw,user_id=1000,group_id=1001,allow_other\n"
      "50 22 0:50 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw\n"
      "not a line\n\n60 22 8\n");
  ASSERT_EQ(systems.size(), 4u);
  EXPECT_EQ(systems[0].mount_point, "/");
  EXPECT_EQ(systems[0].device, makedev(8, 1));
  EXPECT_EQ(systems[0].only_user, -1);
  EXPECT_EQ(systems[1].type, "xfs");
  ASSERT_EQ(systems[1].mounts.size(), 2u);
  EXPECT_EQ(systems[1].mounts[1], std::make_pair(31, std::string("/srv/with space")));
  EXPECT_EQ(systems[2].kind, FileSystemKind::kServed);
  EXPECT_EQ(systems[2].only_user, 1000);
  EXPECT_EQ(systems[2].only_group, 1001);
  EXPECT_EQ(systems[3].only_user, -1);
}

TEST(OpenMount, OfWhatIsNotThere) {
  FileSystem system;
  EXPECT_FALSE(OpenMount(system).ok());
  system.mounts = {{1, "/nowhere/at/all"}, {2'000'000'000, "/"}};
  EXPECT_FALSE(OpenMount(system).ok());
}

}  // namespace
}  // namespace shoumi::agent::attachments
