#include "common/base/page.h"

#include <gtest/gtest.h>

#include <cctype>

#include "common/base/status.h"

namespace fleetcast {
namespace {

TEST(PageTest, SizesAreDefaultedCoercedAndRefused) {
  EXPECT_EQ(ParsePage(0, "", "b")->size, 100);
  EXPECT_EQ(ParsePage(1, "", "b")->size, 1);
  EXPECT_EQ(ParsePage(1000, "", "b")->size, 1000);
  EXPECT_EQ(ParsePage(1001, "", "b")->size, 1000);
  EXPECT_EQ(ParsePage(-1, "", "b").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PageTest, ATokenCarriesTheKeyOfTheLastRow) {
  const std::vector<std::string> key = {"2025-12-09T00:00:00Z", "a/b \"c\" ü", ""};
  const auto page = ParsePage(10, MakePageToken(key, "binding"), "binding");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->after, key);
}

TEST(PageTest, TokensAreSafeInUrls) {
  for (const char c : MakePageToken({"\xc3\xbc?&=/+ ", "~"}, "b"))
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') << c;
}

TEST(PageTest, TheEndHasNoToken) { EXPECT_EQ(MakePageToken({}, "b"), ""); }

TEST(PageTest, ATokenOfAnotherRequestIsRefused) {
  EXPECT_EQ(ReasonOf(ParsePage(0, MakePageToken({"k"}, "a"), "b").status()), "INVALID_PAGE_TOKEN");
}

TEST(PageTest, ADamagedTokenIsRefused) {
  const std::string token = MakePageToken({"key"}, "b");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    const auto page = ParsePage(0, damaged, "b");
    // The last character holds unused bits, which say nothing.
    if (page.ok()) {
      EXPECT_EQ(page->after, std::vector<std::string>{"key"}) << i;
      EXPECT_GE(i + 2, token.size());
    }
  }
  for (const char* text : {"x", "!!", "W10", "WzEsMl0", "e30", "bnVsbA"})
    EXPECT_EQ(ReasonOf(ParsePage(0, text, "b").status()), "INVALID_PAGE_TOKEN") << text;
}

}  // namespace
}  // namespace fleetcast
