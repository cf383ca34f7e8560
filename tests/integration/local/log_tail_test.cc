#include "cli/local/log_tail.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace fleetcast::cli {
namespace {

class LogTailTest : public ::testing::Test {
 protected:
  LogTailTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
    std::filesystem::create_directories(folder_ + "/logs");
  }
  ~LogTailTest() override { std::filesystem::remove_all(folder_); }

  void Append(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/logs/" + name + ".log", std::ios::app) << text;
  }
  std::string Read(const std::function<void(const LogTail::OnLine&)>& read) {
    std::string all;
    read([&](const std::string& name, const std::string& line) { all += name + ":" + line + ";"; });
    return all;
  }
  std::string Last(LogTail& tail, std::size_t lines) {
    return Read([&](const LogTail::OnLine& on_line) { tail.Last(lines, on_line); });
  }
  std::string Added(LogTail& tail) {
    return Read([&](const LogTail::OnLine& on_line) { tail.Added(on_line); });
  }

  std::string folder_;
};

TEST_F(LogTailTest, LogsAreFoundByName) {
  Append("trainer-1", "x\n");
  Append("config", "x\n");
  EXPECT_EQ(LogNames(folder_), (std::vector<std::string>{"config", "trainer-1"}));
}

TEST_F(LogTailTest, TheLastLinesComeFirstThenWhatIsAdded) {
  Append("a", "1\n2\n\n4\n5");
  LogTail tail(folder_, {"a", "absent"});
  EXPECT_EQ(Last(tail, 2), "a:;a:4;");
  Append("a", "6\n7\n");
  EXPECT_EQ(Added(tail), "a:56;a:7;");
  EXPECT_EQ(Added(tail), "");
  Append("absent", "here now\n");
  EXPECT_EQ(Added(tail), "absent:here now;");
}

TEST_F(LogTailTest, FewerLinesThanAskedAreAllOfThem) {
  Append("a", "1\n2\n");
  LogTail tail(folder_, {"a"});
  EXPECT_EQ(Last(tail, 100), "a:1;a:2;");
  EXPECT_EQ(Last(tail, 0), "");
}

TEST_F(LogTailTest, ALogThatWasEmptiedIsReadAgain) {
  Append("a", "1\n2\n3\n");
  LogTail tail(folder_, {"a"});
  EXPECT_EQ(Last(tail, 1), "a:3;");
  std::ofstream(folder_ + "/logs/a.log") << "new\n";
  EXPECT_EQ(Added(tail), "a:new;");
}

}  // namespace
}  // namespace fleetcast::cli
