// What a plain (unquoted) YAML scalar means. Where YAML 1.1 (PyYAML) and YAML 1.2 disagree it
// means nothing here: such a value must be written so that everybody reads the same.
#pragma once

#include <optional>
#include <string>

namespace fleetcast::config {

enum class ScalarMeaning {
  kText,
  kNumber,     // 50, -1, 0.2, .5, 1e-3
  kBoolean,    // true, no, On
  kDate,       // 2025-12-09
  kAmbiguous,  // 1_000, 0o17, 017, 0x1F, 1:30, .nan, .inf, 2025-1-9, 2025-12-09 10:00
};

[[nodiscard]] ScalarMeaning MeaningOf(const std::string& plain);

// A kNumber scalar as YAML 1.1 takes it for a number, too: 1e-3 is text there, 1.0e-3 is not. Most
// are that already.
[[nodiscard]] std::string Yaml11Number(const std::string& number);

// The number that a kNumber scalar stands for; infinite if it is beyond a double.
[[nodiscard]] double NumberOf(const std::string& number);

// Whether `text` is a real calendar date YYYY-MM-DD.
[[nodiscard]] bool IsCalendarDate(const std::string& text);

// `text` on one line, in at most 80 bytes (common/base/text.h).
[[nodiscard]] std::string Excerpt(const std::string& text);

// A file's name as ASCII, everything else shown as '?': names that could be ids are ASCII, and of
// the others only their being there is reported.
[[nodiscard]] std::string PrintableName(std::string name);

}  // namespace fleetcast::config
