// What is reported of a file, exactly: for each text its reasons and the places that they name.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/config/domain/circuit_resolution.h"
#include "services/config/domain/scalar.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config {
namespace {

using testing::CircuitText;
using Edits = std::vector<std::pair<std::string, std::string>>;
using Lines = std::vector<std::string>;

// "line:column REASON field" of each, warnings marked by a w.
Lines Summary(const Diagnostics& diagnostics) {
  Lines lines;
  for (const Diagnostic& each : diagnostics)
    lines.push_back(absl::StrCat(each.mark.line, ":", each.mark.column, " ", each.reason,
                                 each.field.empty() ? "" : " ", each.field,
                                 each.severity == Severity::kWarning ? " w" : ""));
  return lines;
}

Diagnostics DiagnosticsOf(const std::string& text, FileKind kind = FileKind::kCircuit) {
  return ReadCircuitFile(ParseYaml(text), kind).diagnostics;
}

struct EditCase {
  Edits edits;
  Lines expected;
};

// Each in a sound circuit's file, whose other lines stay as they are.
void ExpectEach(const std::vector<EditCase>& cases) {
  for (const EditCase& c : cases)
    EXPECT_EQ(Summary(DiagnosticsOf(CircuitText("P001", "C001", c.edits))), c.expected)
        << c.edits[0].second;
}

struct TextCase {
  std::string text;
  Lines expected;
};

void ExpectEachText(const std::vector<TextCase>& cases) {
  for (const TextCase& c : cases)
    EXPECT_EQ(Summary(DiagnosticsOf(c.text, FileKind::kDefaults)), c.expected) << c.text;
}

constexpr char kEpochs[] = "epochs: 50";
constexpr char kDate[] = "\"2025-12-09\"";
constexpr char kVersion[] = "\"1.5.0\"";
constexpr char kColumn[] = "\"pressure\"";
constexpr char kBadEpochs[] = "13:13 AMBIGUOUS_SCALAR training.hyperparameters.epochs";
constexpr char kNoNumber[] = "13:13 WRONG_TYPE training.hyperparameters.epochs";
constexpr char kNoText[] = "6:24 WRONG_TYPE training.environment_version";
constexpr char kNoColumn[] = "16:38 WRONG_TYPE training.data_filters.feature_columns[1]";

// A file of defaults that says `path: value` and nothing else, its value on the last line.
std::string DefaultsText(const std::string& path, const std::string& value) {
  std::string text, indent;
  for (const auto part : absl::StrSplit(path, '.')) {
    absl::StrAppend(&text, text.empty() ? "" : ":\n", indent, std::string(part));
    indent += "  ";
  }
  return absl::StrCat(text, ": ", value, "\n");
}

TEST(Diagnostics, EveryNumberIsHeldToItsRangeAndEveryTextToItsLength) {
  for (const Key& key : CircuitKeys()) {
    if (key.scope == KeyScope::kIdentity) continue;
    const auto summary = [&key](const std::string& value) {
      return Summary(DiagnosticsOf(DefaultsText(key.path, value), FileKind::kDefaults));
    };
    const auto depth = static_cast<int>(std::count(key.path.begin(), key.path.end(), '.'));
    const std::size_t name = key.path.size() - key.path.rfind('.') - 1;
    const std::string place = absl::StrCat(depth + 1, ":", 2 * depth + name + 3, " ");
    const bool number = key.type == KeyType::kInteger || key.type == KeyType::kNumber;
    if (number) {
      const double step =
          key.type == KeyType::kInteger ? 1 : std::max(1e-6, 1e-12 * key.range.maximum);
      const double least = key.range.minimum + (key.range.above_minimum ? step : 0);
      EXPECT_EQ(summary(Yaml11Number(NumberText(least))), Lines{});
      EXPECT_EQ(summary(NumberText(key.range.maximum)), Lines{});
      for (const double outside : {key.range.minimum - step, key.range.maximum + step})
        EXPECT_EQ(summary(NumberText(outside)), (Lines{place + "OUT_OF_RANGE " + key.path}));
      EXPECT_EQ(summary("text"), (Lines{place + "WRONG_TYPE " + key.path}));
    } else if (key.type == KeyType::kToken || key.type == KeyType::kName) {
      const auto most = static_cast<std::size_t>(key.range.maximum);
      EXPECT_EQ(summary(std::string(most, 'x')), Lines{});
      EXPECT_EQ(summary(std::string(most + 1, 'x')), (Lines{place + "MALFORMED " + key.path}));
      EXPECT_EQ(summary("''"), (Lines{place + "MALFORMED " + key.path}));
      EXPECT_EQ(summary("12"), (Lines{place + "WRONG_TYPE " + key.path}));
    }
    EXPECT_EQ(summary("{a: b}"), (Lines{place + "WRONG_TYPE " + key.path}));
  }
}

TEST(Diagnostics, DatesAreDaysOfTheCalendar) {
  const std::string invalid = "5:16 INVALID_DATE training.cutoff_date";
  const std::string no_date = "5:16 WRONG_TYPE training.cutoff_date";
  ExpectEach({{{{kDate, "2024-02-29"}}, {}},
              {{{kDate, "\"2025-02-30\""}}, {invalid}},
              {{{kDate, "2025-02-30"}}, {invalid}},
              {{{kDate, "2025-02-29"}}, {invalid}},
              {{{kDate, "1900-02-29"}}, {invalid}},
              {{{kDate, "2000-02-29"}}, {}},
              {{{kDate, "2025-04-31"}}, {invalid}},
              {{{kDate, "2025-13-01"}}, {invalid}},
              {{{kDate, "2025-00-10"}}, {invalid}},
              {{{kDate, "2025-12-00"}}, {invalid}},
              {{{kDate, "2025-1-9"}}, {no_date}},
              {{{kDate, "20251209"}}, {no_date}},
              {{{kDate, "\"2025-12-09 \""}}, {no_date}},
              {{{kDate, "2025-12-09T00:00:00Z"}}, {no_date}},
              {{{kDate, "2025-12-09 10:00"}}, {no_date}},
              {{{kDate, "09.12.2025"}}, {no_date}},
              {{{kDate, "2025"}}, {no_date}},
              {{{kDate, "yesterday"}}, {no_date}}});
}

TEST(Diagnostics, WhatYamlReadersReadDifferentlyIsRefusedAsNumberAndAsText) {
  for (const char* text : {"1_000", "0o17", "017", "0x1F", "0b101", "1:30", "190:20:30", ".nan",
                           "-.inf", ".Inf", "1__0", "+0x1F"})
    ExpectEach({{{{kEpochs, absl::StrCat("epochs: ", text)}}, {kBadEpochs}},
                {{{kVersion, text}}, {kNoText}},
                {{{kColumn, text}}, {kNoColumn}},
                {{{kColumn, absl::StrCat("\"", text, "\"")}}, {}}});
  for (const char* text : {"no", "No", "YES", "on", "Off", "true", "FALSE"})
    ExpectEach({{{{kEpochs, absl::StrCat("epochs: ", text)}}, {kNoNumber}},
                {{{kVersion, text}}, {kNoText}},
                {{{kColumn, text}}, {kNoColumn}},
                {{{kColumn, absl::StrCat("'", text, "'")}}, {}}});
  for (const char* text : {"~", "null", "Null", "NULL", ""})
    ExpectEach({{{{kEpochs, absl::StrCat("epochs: ", text)}},
                 {"13:5 WRONG_TYPE training.hyperparameters.epochs"}},
                {{{kVersion, text}}, {"6:3 WRONG_TYPE training.environment_version"}}});
  ExpectEach({{{{kVersion, "1.5"}}, {kNoText}},
              {{{kVersion, "2025-12-09"}}, {kNoText}},
              {{{kVersion, "1e3"}}, {kNoText}},
              {{{kEpochs, "epochs: 2025-12-09"}}, {kNoNumber}}});
}

TEST(Diagnostics, ExponentThatYaml11TakesForTextIsANumberAndAWarning) {
  for (const auto& [text, common] :
       {std::pair("1e-3", "1.0e-3"), {"1.5e-1", ""}, {"2E-1", "2.0E-1"}}) {
    const Diagnostics diagnostics = DiagnosticsOf(
        CircuitText("P001", "C001", {{"dropout: 0.2", absl::StrCat("dropout: ", text)}}));
    EXPECT_FALSE(HasError(diagnostics)) << text;
    ASSERT_EQ(diagnostics.size(), *common == '\0' ? 0u : 1u) << text;
    if (diagnostics.empty()) continue;
    EXPECT_EQ(diagnostics[0].reason, "AMBIGUOUS_SCALAR");
    EXPECT_EQ(diagnostics[0].mark, (Mark{10, 14}));
    EXPECT_EQ(diagnostics[0].remedy, absl::StrCat("write ", common, ", or plain digits"));
  }
}

TEST(Diagnostics, KeysStandOnce) {
  ExpectEach({{{{kEpochs, "epochs: 50\n    \"epochs\": 50"}},
               {"14:5 DUPLICATE_KEY training.hyperparameters.epochs"}},
              {{{kEpochs, "epochs: 50\n    epochs: 1\n    epochs: 2"}},
               {"14:5 DUPLICATE_KEY training.hyperparameters.epochs",
                "15:5 DUPLICATE_KEY training.hyperparameters.epochs"}},
              {{{"\ndeployment:", "\ntraining:\n  seed: 1\ndeployment:"}},
               {"18:1 DUPLICATE_KEY training"}},
              {{{kEpochs, "epochs: 50\n  forecast: {horizon: 1, horizon: 2}"}},
               {"14:26 DUPLICATE_KEY training.forecast.horizon"}},
              {{{"plant_id: \"P001\"", "plant_id: \"P001\"\nplant_id: P002"}},
               {"2:1 DUPLICATE_KEY plant_id"}}});
}

TEST(Diagnostics, UnknownKeyNamesTheNearestKnownOneOrWhereItBelongs) {
  struct Case {
    Edits edits;
    std::string place, remedy;
  };
  const std::vector<Case> cases = {
      {{{"lstm_units", "lstm_unit"}}, "9:5", "did you mean `lstm_units`?"},
      {{{"epochs:", "Epochs:"}}, "13:5", "did you mean `epochs`?"},
      {{{"batch_size", "batch-size"}}, "12:5", "did you mean `batch_size`?"},
      {{{"learning_rate", "learningrate"}}, "11:5", "did you mean `learning_rate`?"},
      {{{"deployment:", "deploiment:"}}, "18:1", "did you mean `deployment`?"},
      {{{"timeout_minutes: 60", "timeout_minutes: 60\n  epochs: 3"}},
       "22:3",
       "it belongs at `training.hyperparameters.epochs`"},
      {{{"plant_id: \"P001\"", "plant_id: \"P001\"\nhorizon: 3"}},
       "2:1",
       "it belongs at `training.forecast.horizon`"},
      {{{kEpochs, "epochs: 50\n    optimizer: adam"}},
       "14:5",
       "leave it out; the keys here are sequence_length, lstm_units, dropout, learning_rate, "
       "batch_size, epochs"}};
  for (const Case& c : cases) {
    const Diagnostics diagnostics = DiagnosticsOf(CircuitText("P001", "C001", c.edits));
    ASSERT_EQ(diagnostics.size(), 1u) << c.place;
    EXPECT_EQ(absl::StrCat(diagnostics[0].mark.line, ":", diagnostics[0].mark.column), c.place);
    EXPECT_EQ(diagnostics[0].reason, "UNKNOWN_KEY");
    EXPECT_EQ(diagnostics[0].remedy, c.remedy);
  }
}

TEST(Diagnostics, BytesThatAreNoPlainTextAreNamedAtTheirPlace) {
  ExpectEachText({{"training:\n  seed: \xFF\n", {"2:9 INVALID_UTF8"}},
                  {"# \xC3\xA4\nk: \xC3", {"2:4 INVALID_UTF8"}},
                  {"k: \xED\xA0\x80\n", {"1:4 INVALID_UTF8"}},      // a surrogate
                  {"k: \xC0\xAF\n", {"1:4 INVALID_UTF8"}},          // an overlong form
                  {"k: \xF4\x90\x80\x80\n", {"1:4 INVALID_UTF8"}},  // above U+10FFFF
                  {"\xFE\xFFk", {"1:1 INVALID_UTF8"}},              // UTF-16
                  {std::string("k: \0 1\n", 7), {"1:4 CONTROL_CHARACTER"}},
                  {"training:\n  seed: 1\x1B[31m\n", {"2:10 CONTROL_CHARACTER"}},
                  {"k: \x7F\n", {"1:4 CONTROL_CHARACTER"}},
                  {"# \xE2\x80\xA8seed: 1\n", {"1:3 CONTROL_CHARACTER"}},
                  {"# \xC2\x85seed: 1\n", {"1:3 CONTROL_CHARACTER"}},
                  {"\xEF\xBB\xBFtraining:\n  seed: 1\n", {"1:1 BYTE_ORDER_MARK w"}},
                  {"\xEF\xBB\xBFtraining:\n  seed: x\n",
                   {"1:1 BYTE_ORDER_MARK w", "2:9 WRONG_TYPE training.seed"}},
                  {"\xEF\xBB\xBFsed: 1\n", {"1:1 BYTE_ORDER_MARK w", "1:1 UNKNOWN_KEY sed"}}});
}

TEST(Diagnostics, LineEndsAndTabs) {
  ExpectEachText({{"training:\r\n  seed: 1\r\n", {}},
                  {"training:\r\n  seed: x\r\n  sed: 1\r\n",
                   {"2:9 WRONG_TYPE training.seed", "3:3 UNKNOWN_KEY training.sed"}},
                  {"training:\r  seed: 1\r", {"1:10 CONTROL_CHARACTER"}},
                  {"training:\n  seed: 1\r", {"2:10 CONTROL_CHARACTER"}},
                  {"training:\n\tseed: 1\n", {"2:1 TAB_INDENTATION"}},
                  {"training:\n  seed: 1\n\tprecision: float32\n", {"3:1 TAB_INDENTATION"}},
                  {"training:\n  seed:\t1\n", {}},
                  {"training:\n  seed: 1\t# one\n", {}},
                  {"training:\n  seed: 1   \n\n\n", {}}});
}

TEST(Diagnostics, OneFileIsOneDocument) {
  ExpectEachText({{"---\ntraining: {seed: 1}\n", {}},
                  {"training: {seed: 1}\n...\n", {}},
                  {"%YAML 1.2\n---\ntraining: {seed: 1}\n", {}},
                  {"training: {seed: 1}\n---\ntraining: {seed: 2}\n", {"2:1 MULTIPLE_DOCUMENTS"}},
                  {"training: {seed: 1}\n---\n", {"2:1 MULTIPLE_DOCUMENTS"}},
                  {"training: {seed: 1}\n...\nx\n", {"3:1 YAML_SYNTAX"}},
                  {"{}\n", {}},
                  {"", {}},
                  {"[]\n", {"1:1 NOT_A_MAPPING"}},
                  {"50\n", {"1:1 NOT_A_MAPPING"}}});
}

TEST(Diagnostics, MergeKeysAreRefusedAndAnchorsRead) {
  ExpectEachText(
      {{"training:\n  hyperparameters: &h {epochs: 3}\n  <<: *h\n", {"3:3 MERGE_KEY training.<<"}},
       {"<<: {training: {seed: 1}}\n", {"1:1 MERGE_KEY <<"}},
       {"<<: [{a: 1}, {b: 2}]\n", {"1:1 MERGE_KEY <<"}},
       {"'<<': 1\n", {"1:1 UNKNOWN_KEY <<"}},
       {"training: {seed: &s 24, forecast: {horizon: *s}}\n", {}},
       {"training: {seed: &s 2400, forecast: {horizon: *s}}\n",
        {"1:18 OUT_OF_RANGE training.forecast.horizon"}},
       {"training: {seed: *s}\n", {"1:18 YAML_SYNTAX"}},
       {"training: &t {forecast: *t}\n", {"1:15 UNKNOWN_KEY training.forecast.forecast"}}});
}

TEST(Diagnostics, KeysAreText) {
  ExpectEachText({{"[a]: 1\n", {"1:1 WRONG_KEY"}},
                  {"? {a: b}\n: 1\n", {"1:3 WRONG_KEY"}},
                  {"~: 1\n", {"1:1 WRONG_KEY"}},
                  {"1: 1\n", {"1:1 UNKNOWN_KEY 1"}},
                  {"training:\n  true: 1\n", {"2:3 UNKNOWN_KEY training.true"}},
                  {"training: [seed]\n", {"1:1 WRONG_TYPE training"}},
                  {"training: !!map {seed: 1}\n", {"1:1 WRONG_TYPE training"}},
                  {"training: {seed: !!int 1}\n", {"1:18 UNSUPPORTED_TAG training.seed"}},
                  {"training: {seed: !x 1}\n", {"1:18 UNSUPPORTED_TAG training.seed"}}});
}

TEST(Diagnostics, SyntaxIsReportedWhereItBreaks) {
  ExpectEachText({{"a: b: c\n", {"1:5 YAML_SYNTAX"}},
                  {"a: \"b\n", {"2:1 YAML_SYNTAX"}},
                  {"a: \"b", {"1:6 YAML_SYNTAX"}},
                  {"a: &x 'b''\n", {"2:1 YAML_SYNTAX"}},
                  {"a: \"b\\\"\n", {"2:1 YAML_SYNTAX"}},
                  {"a: [1\n", {"2:1 YAML_SYNTAX"}},
                  {"a: 1\n b: 2\n", {"2:3 YAML_SYNTAX"}},
                  {"a: @b\n", {"1:4 YAML_SYNTAX"}},
                  {"a: \"\\q\"\n", {"1:5 YAML_SYNTAX"}}});
}

}  // namespace
}  // namespace fleetcast::config
