#include "common/base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace fleetcast {
namespace {

constexpr std::size_t kEnough = 1000;

TEST(TextTest, PrintableTextStaysAsItIs) {
  for (const char* text :
       {"", "plain", "two\n\tlines", "Größe 12 °C", "日本", "\U0001F600", "\xEF\xBF\xBD"})
    EXPECT_EQ(PrintableUtf8(text, kEnough), text);
}

TEST(TextTest, BytesThatAreNoUtf8AreNamed) {
  EXPECT_EQ(PrintableUtf8("T (\xB0"
                          "C)",
                          kEnough),
            "T (\\xB0C)");
  EXPECT_EQ(PrintableUtf8("\xC0\x80", kEnough), "\\xC0\\x80");           // an overlong form
  EXPECT_EQ(PrintableUtf8("\xED\xA0\x80", kEnough), "\\xED\\xA0\\x80");  // a surrogate
  EXPECT_EQ(PrintableUtf8("\xF4\x90\x80\x80", kEnough), "\\xF4\\x90\\x80\\x80");  // too high
  EXPECT_EQ(PrintableUtf8("ends within \xE6\x97", kEnough), "ends within \\xE6\\x97");
}

TEST(TextTest, WhatSteersATerminalOrEndsACStringIsNamed) {
  EXPECT_EQ(PrintableUtf8(std::string("a\0b\x1b[31m\r\x7f", 10), kEnough),
            "a\\x00b\\x1B[31m\\x0D\\x7F");
  EXPECT_EQ(PrintableUtf8("\u009b1A \u2028 \u202e \u2066", kEnough),
            "\\u009B1A \\u2028 \\u202E \\u2066");
}

TEST(TextTest, AQuotedValueStaysOnOneLine) {
  EXPECT_EQ(QuotedUtf8("a\n\tb", kEnough), "\"a\\n\\tb\"");
  EXPECT_EQ(QuotedUtf8("abcdefgh", 6), "\"abc…\"");
}

TEST(TextTest, ALongTextIsCutBetweenCharacters) {
  EXPECT_EQ(PrintableUtf8("abcdef", 6), "abcdef");
  EXPECT_EQ(PrintableUtf8("abcdefg", 6), "abc…");
  EXPECT_EQ(PrintableUtf8("aü日本語", 8), "aü…");
  EXPECT_EQ(PrintableUtf8("aü日本語", 9), "aü日…");
  EXPECT_EQ(PrintableUtf8("a\xFF\xFF\xFF", 9), "a\\xFF…");  // nor within the name of a byte
  EXPECT_EQ(PrintableUtf8("abcd", 2), "");
  EXPECT_EQ(PrintableUtf8("abcd", 0), "");
}

TEST(TextTest, WhateverComesInWhatGoesOutIsBoundedUtf8AndStaysTheSame) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 40, '\0');
    for (char& c : text)
      c = static_cast<char>(i % 2 == 0 ? random() % 256
                                       : "\xE2\x80\xAE\xF0\x9F\x98\x80\xC2\x9B\0a"[random() % 11]);
    const std::size_t bound = random() % 60;
    const std::string printable = PrintableUtf8(text, bound);
    ASSERT_LE(printable.size(), bound);
    ASSERT_TRUE(IsUtf8(printable)) << printable;
    ASSERT_EQ(printable.find('\0'), std::string::npos);
    ASSERT_EQ(PrintableUtf8(printable, bound), printable);
  }
}

}  // namespace
}  // namespace fleetcast
