#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/local/stack.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

class StackRecordTest : public ::testing::Test {
 protected:
  StackRecordTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~StackRecordTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(StackRecordTest, WhatIsWrittenIsRead) {
  StackRecord record{.state = "running",
                     .supervisor = {.pid = 12, .start_ticks = 34},
                     .database = "host=/tmp/x dbname=y",
                     .postgres_pid = 56};
  record.services.push_back({.name = "trainer-1",
                             .service = "trainer",
                             .port = 7002,
                             .process = ProcessIdentity{.pid = 78, .start_ticks = 90},
                             .start_time = absl::FromUnixSeconds(1'765'238'400),
                             .restarts = 2,
                             .last_exit = "killed by signal 9"});
  record.services.push_back({.name = "trainer-2", .service = "trainer", .port = 7011});
  ASSERT_TRUE(WriteRecord(folder_, record).ok());
  const auto read = ReadRecord(folder_);
  ASSERT_TRUE(read.ok() && *read) << read.status();
  EXPECT_EQ(ToJson(**read), ToJson(record));
  EXPECT_EQ((*read)->services[0].process->pid, 78);
  EXPECT_FALSE((*read)->services[1].process);
}

TEST_F(StackRecordTest, TheFirstReplicaGivesTheServicesPort) {
  StackRecord record;
  record.services = {{.name = "trainer-1", .service = "trainer", .port = 7002},
                     {.name = "trainer-2", .service = "trainer", .port = 7011}};
  EXPECT_EQ(ToJson(record).at("ports").at("trainer"), 7002);
}

TEST_F(StackRecordTest, NoRecordIsNoStackAndADamagedOneAnError) {
  EXPECT_FALSE(ReadRecord(folder_).value());
  std::ofstream(RecordFile(folder_)) << "{\"state\": 1";
  EXPECT_EQ(ReasonOf(ReadRecord(folder_).status()), "STACK_RECORD_DAMAGED");
}

}  // namespace
}  // namespace fleetcast::cli
