#include "common/base/filter.h"

#include <gtest/gtest.h>

#include <map>

namespace fleetcast {
namespace {

// The tree as text: (AND (= a b) (OR …)).
std::string Shape(const Filter& filter) {
  static const std::map<FilterOperator, std::string> kNames = {
      {FilterOperator::kAnd, "AND"},           {FilterOperator::kOr, "OR"},
      {FilterOperator::kNot, "NOT"},           {FilterOperator::kEqual, "="},
      {FilterOperator::kNotEqual, "!="},       {FilterOperator::kLess, "<"},
      {FilterOperator::kLessOrEqual, "<="},    {FilterOperator::kGreater, ">"},
      {FilterOperator::kGreaterOrEqual, ">="}, {FilterOperator::kHas, ":"}};
  std::string text = "(" + kNames.at(filter.op);
  for (const Filter& operand : filter.operands) text += " " + Shape(operand);
  if (filter.operands.empty()) text += " " + filter.field + " " + filter.value;
  return text + ")";
}

std::string Parsed(const std::string& text) {
  const auto filter = ParseFilter(text);
  if (!filter.ok()) return std::string(filter.status().message());
  return *filter ? Shape(**filter) : "nothing";
}

TEST(FilterTest, EmptyTextIsNoFilter) {
  EXPECT_EQ(Parsed(""), "nothing");
  EXPECT_EQ(Parsed(" \t\n"), "nothing");
}

TEST(FilterTest, OrBindsTighterThanAnd) {
  EXPECT_EQ(Parsed("a = 1 AND b = 2 OR c = 3 AND d = 4"),
            "(AND (= a 1) (OR (= b 2) (= c 3)) (= d 4))");
  EXPECT_EQ(Parsed("(a = 1 AND b = 2) OR NOT c = 3"), "(OR (AND (= a 1) (= b 2)) (NOT (= c 3)))");
}

TEST(FilterTest, EveryOperatorAndLiteralIsRead) {
  EXPECT_EQ(Parsed("a!=x"), "(!= a x)");
  EXPECT_EQ(Parsed("a<=0.5"), "(<= a 0.5)");
  EXPECT_EQ(Parsed("a<-1e3"), "(< a -1e3)");
  EXPECT_EQ(Parsed("metrics.mae>=2"), "(>= metrics.mae 2)");
  EXPECT_EQ(Parsed("tags.plant_id:\"P0\""), "(: tags.plant_id P0)");
  EXPECT_EQ(Parsed("tags.plant_id:*"), "(: tags.plant_id *)");
  EXPECT_EQ(Parsed("a = 'it\\'s'"), "(= a it's)");
  EXPECT_EQ(Parsed("a = \"AND (\\\\) OR\""), "(= a AND (\\) OR)");
  EXPECT_EQ(Parsed("a = \"\""), "(= a )");
  EXPECT_EQ(Parsed("create_time > 2025-12-09T10:00:00Z AND a=b"),
            "(AND (> create_time 2025-12-09T10:00:00Z) (= a b))");
  EXPECT_EQ(Parsed("ORDER = ANDES"), "(= ORDER ANDES)");
  EXPECT_EQ(Parsed("metrics.\"val/loss\"<1"), "(< metrics.val/loss 1)");
  EXPECT_EQ(Parsed("tags.'it\\'s'.\"a \\\"b\\\"\" : \"*\""), "(: tags.it's.a \"b\" *)");
  EXPECT_EQ(Parsed("params.\"AND\" = 1 AND b = 2"), "(AND (= params.AND 1) (= b 2))");
}

TEST(FilterTest, AMistakeIsToldWithItsColumn) {
  EXPECT_EQ(Parsed("a"), "filter: at column 2: expected =, !=, <, <=, >, >= or : after \"a\"");
  EXPECT_EQ(Parsed("a == b"),
            "filter: at column 4: expected a value for \"a\", such as \"P001\" or 0.2");
  EXPECT_EQ(Parsed("a = b c = d"), "filter: at column 7: expected AND, OR or the end");
  EXPECT_EQ(Parsed("a = \"b"), "filter: at column 5: this quotation mark has no partner");
  EXPECT_EQ(Parsed("(a = b"), "filter: at column 1: this \"(\" has no partner");
  EXPECT_EQ(Parsed("a = b)"), "filter: at column 6: this \")\" has no partner");
  EXPECT_EQ(Parsed("a = b AND"),
            "filter: at column 10: expected a field such as tags.plant_id or tags.\"team/owner\"");
  EXPECT_EQ(Parsed("a..b = c"),
            "filter: at column 1: expected a field such as tags.plant_id or tags.\"team/owner\"");
  EXPECT_EQ(Parsed("a.\"b = c"), "filter: at column 3: this quotation mark has no partner");
  EXPECT_EQ(Parsed("a.\"b\"c = d").substr(0, 21), "filter: at column 1: ");
  EXPECT_EQ(Parsed(std::string("a = \"\0\"", 7)), "filter: holds a NUL byte; remove it");
  EXPECT_EQ(Parsed("NOT"),
            "filter: at column 4: expected a field such as tags.plant_id or tags.\"team/owner\"");
}

TEST(FilterTest, SizeAndDepthAreBounded) {
  const std::string inner = "a = b";
  EXPECT_TRUE(ParseFilter(std::string(64, '(') + inner + std::string(64, ')')).ok());
  EXPECT_FALSE(ParseFilter(std::string(65, '(') + inner + std::string(65, ')')).ok());
  EXPECT_FALSE(ParseFilter("a = " + std::string(5000, 'x')).ok());
  std::string many = "((a = 1) OR (b = 2))";
  for (int i = 0; i < 100; ++i) many += " AND ((a = 1) OR (b = 2))";
  EXPECT_TRUE(ParseFilter(many).ok()) << "depth counts nesting, not parentheses";
}

bool Selects(const std::string& text, const std::map<std::string, std::string>& row) {
  const auto filter = ParseFilter(text);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return Matches(**filter, [&](const std::string& field) -> std::optional<std::string> {
    const auto found = row.find(field);
    if (found == row.end()) return std::nullopt;
    return found->second;
  });
}

TEST(FilterTest, NumbersAreComparedAsNumbersAndTextAsText) {
  EXPECT_TRUE(Selects("mae < 10", {{"mae", "9.5"}}));
  EXPECT_FALSE(Selects("mae < 10", {{"mae", "11"}}));
  EXPECT_TRUE(Selects("version > 1.10x", {{"version", "1.9"}}));  // not both are numbers
  EXPECT_TRUE(Selects("mae > -1e3", {{"mae", "-2"}}));
  EXPECT_TRUE(Selects("version = 1.1", {{"version", "1.10"}}));
  EXPECT_FALSE(Selects("version = \"1.1\"", {{"version", "1.10"}}));
  EXPECT_FALSE(Selects("mae > 1", {{"mae", "-1e400"}})) << "no number: compared by bytes";
}

TEST(FilterTest, AMissingFieldSatisfiesOnlyNotEqual) {
  EXPECT_TRUE(Selects("a != 1", {}));
  for (const char* text : {"a = 1", "a < 1", "a >= 1", "a:1", "a:*"})
    EXPECT_FALSE(Selects(text, {})) << text;
  EXPECT_TRUE(Selects("NOT a = 1", {}));
}

TEST(FilterTest, HasFindsPartsAndPresence) {
  EXPECT_TRUE(Selects("a:00", {{"a", "P001"}}));
  EXPECT_FALSE(Selects("a:p", {{"a", "P001"}}));
  EXPECT_TRUE(Selects("a:*", {{"a", ""}}));
  EXPECT_FALSE(Selects("a:\"*\"", {{"a", ""}}));
}

TEST(FilterNumberTest, OnlyPlainNumbersAreNumbers) {
  for (const char* text : {"1e99", "0", "-1", "007", "0.25", "1e3", "1E-3", "2.5e+10"})
    EXPECT_TRUE(FilterNumber(text)) << text;
  for (const char* text :
       {"1e400", "1e-400", "", "-", "+1", ".5", "1.", "1e", "nan", "inf", "0x10", " 1", "1 ",
        "1.2.3", "2025-12-09", "11111111111111111111111111111111111111111"})
    EXPECT_FALSE(FilterNumber(text)) << text;
}

}  // namespace
}  // namespace fleetcast
