#include "services/config/domain/encoding.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleetcast::config {
namespace {

TEST(Encoding, PlainAndMultilingualTextIsSound) {
  EXPECT_TRUE(CheckEncoding("").empty());
  EXPECT_TRUE(CheckEncoding("a: b\r\n\tc: d\n").empty());
  EXPECT_TRUE(CheckEncoding("gr\xC3\xBC\xC3\x9F: \xE6\x97\xA5 \xF0\x9F\x98\x80\n").empty());
}

TEST(Encoding, FirstByteThatIsNoUtf8IsReportedWithItsPlace) {
  for (const std::string& bad :
       std::vector<std::string>{"\xFF", "\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                                "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE6\x97"}) {
    const Diagnostics diagnostics = CheckEncoding("a: b\nc\xC3\xA4: " + bad);
    ASSERT_EQ(diagnostics.size(), 1u);
    EXPECT_EQ(diagnostics[0].reason, "INVALID_UTF8");
    EXPECT_EQ(diagnostics[0].mark, (Mark{2, 6}));
  }
}

TEST(Encoding, Utf16IsReportedAndNotGuessed) {
  const Diagnostics diagnostics =
      CheckEncoding(std::string("\xFF\xFE"
                                "a\0:\0",
                                6));
  ASSERT_FALSE(diagnostics.empty());
  EXPECT_EQ(diagnostics[0].reason, "INVALID_UTF8");
}

TEST(Encoding, ControlCharacterIsAnErrorAndAByteOrderMarkAWarning) {
  const Diagnostics control = CheckEncoding(std::string("a: \0\0b", 6));
  ASSERT_EQ(control.size(), 1u);
  EXPECT_EQ(control[0].reason, "CONTROL_CHARACTER");
  EXPECT_EQ(control[0].mark, (Mark{1, 4}));
  const Diagnostics mark = CheckEncoding(
      "\xEF\xBB\xBF"
      "a: b");
  ASSERT_EQ(mark.size(), 1u);
  EXPECT_EQ(mark[0].reason, "BYTE_ORDER_MARK");
  EXPECT_EQ(mark[0].severity, Severity::kWarning);
}

}  // namespace
}  // namespace fleetcast::config
