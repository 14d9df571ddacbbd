#include "server/main/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoumi::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Options, ConfigFileSetsEverything) {
  ServerOptions options;
  ASSERT_TRUE(ReadConfig("s.yaml",
                         "state: /srv/shoumi\nlisten: 10.0.0.1:9\nmetrics_listen: \"\"\n"
                         "packs: /packs\nadmin_password_file: /p\nnames: [a.example, b.example]\n"
                         "log_level: debug\nlog_json: true\nstop_s: 3\n",
                         options)
                  .ok());
  EXPECT_EQ(options.state, "/srv/shoumi");
  EXPECT_EQ(options.listen, "10.0.0.1:9");
  EXPECT_EQ(options.metrics_listen, "");
  EXPECT_EQ(options.packs, "/packs");
  EXPECT_EQ(options.admin_password_file, "/p");
  EXPECT_THAT(options.names, ElementsAre("a.example", "b.example"));
  EXPECT_EQ(options.log_level, "debug");
  EXPECT_TRUE(options.log_json);
  EXPECT_EQ(options.stop_max.count(), 3);
  EXPECT_TRUE(CheckOptions(options).ok());
}

TEST(Options, EveryProblemHasFileAndLine) {
  ServerOptions options;
  const auto status =
      ReadConfig("s.yaml", "listen: [1, 2]\nlisten_on: x\nlog_json: perhaps\n", options);
  EXPECT_EQ(std::string(status.message()),
            "s.yaml:1: \"listen\" has a value of the wrong kind\n"
            "s.yaml:2: no setting \"listen_on\"\n"
            "s.yaml:3: \"log_json\" has a value of the wrong kind");
  EXPECT_THAT(std::string(ReadConfig("s.yaml", "a: b: c\n", options).message()),
              HasSubstr("s.yaml:1:"));
  EXPECT_FALSE(ReadConfig("s.yaml", "- list\n", options).ok());
  EXPECT_TRUE(ReadConfig("s.yaml", "", options).ok());
}

TEST(Options, InsecureAndSenselessOnesAreRefused) {
  ServerOptions options;
  options.metrics_listen = "0.0.0.0:9464";
  EXPECT_THAT(std::string(CheckOptions(options).message()), HasSubstr("loopback"));
  for (const char* address : {"7443", ":7443", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:70000",
                              "10.0.0.1:-1", "10.0.0.1:7443 "}) {
    options = {};
    options.listen = address;
    EXPECT_THAT(std::string(CheckOptions(options).message()), HasSubstr("not HOST:PORT"))
        << address;
  }
  options = {};
  options.metrics_listen = "127.0.0.1:70000";
  EXPECT_THAT(std::string(CheckOptions(options).message()), HasSubstr("not HOST:PORT"));
  options = {};
  options.log_level = "loud";
  EXPECT_FALSE(CheckOptions(options).ok());
  options = {};
  options.stop_max = std::chrono::seconds(0);
  EXPECT_FALSE(CheckOptions(options).ok());
  options.stop_max = std::chrono::seconds(601);
  EXPECT_FALSE(CheckOptions(options).ok());
  EXPECT_TRUE(CheckOptions({}).ok());
}

}  // namespace
}  // namespace shoumi::server
