#include "common/base/log.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

namespace fleetcast {
namespace {

nlohmann::json LineOf(const std::function<void()>& log) {
  ::testing::internal::CaptureStderr();
  log();
  const std::string text = ::testing::internal::GetCapturedStderr();
  if (text.empty()) return nullptr;
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  return nlohmann::json::parse(text);
}

TEST(LogTest, ALineIsOneJsonObjectWithItsFields) {
  StartLogging("fleetcast-test", LogLevel::kInfo);
  const auto line = LineOf([] { LogInfo("two\nlines \"quoted\" \xff", {{"job", "P001-C001"}}); });
  EXPECT_EQ(line.at("level"), "info");
  EXPECT_EQ(line.at("service"), "fleetcast-test");
  EXPECT_EQ(line.at("job"), "P001-C001");
  EXPECT_EQ(line.at("message"), "two\nlines \"quoted\" \\xFF");
  EXPECT_EQ(line.at("time").get<std::string>().size(), 24u);
}

TEST(LogTest, ALineIsValidJsonWhateverBytesAreLogged) {
  const ScopedLogFields scoped(LogFields{{"sensor", "\xC3"}});
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes += static_cast<char>(c);
  const auto line = LineOf([&] {
    LogError(bytes, {{"cell",
                      "21 \xB0"
                      "C"},
                     {"all", bytes}});
  });
  EXPECT_EQ(line.at("sensor"), "\\xC3");
  EXPECT_EQ(line.at("cell"),
            "21 \\xB0"
            "C");
  EXPECT_TRUE(line.at("message").get<std::string>().starts_with("\\x00\\x01"));
  EXPECT_LE(LineOf([] { LogError(std::string(1'000'000, '\x80')); }).dump().size(), 20'000u);
}

TEST(LogTest, LinesBelowTheThresholdAreDropped) {
  StartLogging("fleetcast-test", LogLevel::kWarning);
  EXPECT_TRUE(LineOf([] { LogInfo("quiet"); }).is_null());
  EXPECT_EQ(LineOf([] { LogError("loud"); }).at("level"), "error");
  StartLogging("fleetcast-test", LogLevel::kInfo);
}

TEST(LogTest, ScopedFieldsNestAndEndWithTheirScope) {
  const ScopedLogFields request(LogFields{{"request_id", "r1"}});
  {
    const ScopedLogFields job(LogFields{{"job", "j1"}, {"request_id", "r2"}});
    const auto line = LineOf([] { LogInfo("inside"); });
    EXPECT_EQ(line.at("job"), "j1");
    EXPECT_EQ(line.at("request_id"), "r2");
    EXPECT_EQ(CurrentLogField("request_id"), "r2");
  }
  const auto line = LineOf([] { LogInfo("outside"); });
  EXPECT_FALSE(line.contains("job"));
  EXPECT_EQ(CurrentLogField("request_id"), "r1");
}

TEST(LogTest, ScopedFieldsBelongToTheirThread) {
  const ScopedLogFields request(LogFields{{"request_id", "r1"}});
  std::string seen = "nothing yet";
  std::thread([&] { seen = CurrentLogField("request_id"); }).join();
  EXPECT_EQ(seen, "");
}

}  // namespace
}  // namespace fleetcast
