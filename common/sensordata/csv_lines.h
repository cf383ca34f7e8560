// A CSV text as lines of fields.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace fleetcast::sensordata {

// `text` without blanks and tabs around it.
[[nodiscard]] inline std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Splits without copying; only a quoted field with "" inside is copied. A byte order mark, CR at
// the end of a line, blank lines and blanks around fields are passed over. Not thread safe.
class CsvLines {
 public:
  // `text` must outlive the reader.
  CsvLines(std::string_view text, char separator);

  // Moves to the next line that is not blank; false at the end.
  bool NextLine();
  // Moves to the header: the first line, or the second where the first is Excel's "sep=;".
  bool NextHeader();

  // Splits the line; false for a quote out of place, at the field after the last of fields().
  bool Split();
  // Of the line split last; they live until the next Split or the end of `text`.
  [[nodiscard]] const std::vector<std::string_view>& fields() const { return fields_; }

  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] std::int64_t number() const { return number_; }  // from 1; 0 before the first

 private:
  bool BeginsWithQuote();
  bool SplitQuoted();

  std::string_view rest_, line_, unsplit_;
  char separator_;
  const char* blanks_;  // around a field
  bool ended_ = true;   // the line has no further field
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  // stays where it is as it grows
  std::int64_t number_ = 0;
};

// The separator that Excel's "sep=;" in the first line names; 0 where that line is another.
[[nodiscard]] char DeclaredSeparator(std::string_view first_line);

}  // namespace fleetcast::sensordata
