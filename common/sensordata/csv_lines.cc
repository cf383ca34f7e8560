#include "common/sensordata/csv_lines.h"

#include <cstring>

namespace fleetcast::sensordata {

char DeclaredSeparator(std::string_view first_line) {
  return first_line.size() == 5 && first_line.substr(0, 4) == "sep=" ? first_line.back() : '\0';
}

CsvLines::CsvLines(std::string_view text, char separator)
    : rest_(text), separator_(separator), blanks_(separator == '\t' ? " " : " \t") {
  if (rest_.substr(0, 3) == "\xEF\xBB\xBF") rest_.remove_prefix(3);
}

bool CsvLines::NextLine() {
  while (!rest_.empty()) {
    const std::size_t newline = rest_.find('\n');
    line_ = rest_.substr(0, newline);
    rest_.remove_prefix(newline == std::string_view::npos ? rest_.size() : newline + 1);
    if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
    ++number_;
    if (!TrimBlanks(line_).empty()) return true;
  }
  return false;
}

bool CsvLines::NextHeader() {
  if (!NextLine()) return false;
  return DeclaredSeparator(line_) == 0 || NextLine();
}

bool CsvLines::Split() {
  fields_.clear();
  unquoted_.clear();
  unsplit_ = line_;
  for (ended_ = false; !ended_;) {
    if (BeginsWithQuote()) {
      if (!SplitQuoted()) return false;
      continue;
    }
    const void* found = std::memchr(unsplit_.data(), separator_, unsplit_.size());
    if (found == nullptr) {
      fields_.push_back(TrimBlanks(unsplit_));
      return true;
    }
    const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - unsplit_.data());
    fields_.push_back(TrimBlanks(unsplit_.substr(0, length)));
    unsplit_.remove_prefix(length + 1);
  }
  return true;
}

// Takes blanks before a quote away.
bool CsvLines::BeginsWithQuote() {
  if (unsplit_.empty() || unsplit_.front() > '"') return false;  // nearly all
  const std::size_t quote = unsplit_.find_first_not_of(blanks_);
  if (quote == std::string_view::npos || unsplit_[quote] != '"') return false;
  unsplit_.remove_prefix(quote);
  return true;
}

// A field in quotes, which unsplit_ begins with.
bool CsvLines::SplitQuoted() {
  std::size_t end = unsplit_.find('"', 1);
  std::string_view field;
  if (end != std::string_view::npos && unsplit_.substr(end, 2) != "\"\"") {
    field = unsplit_.substr(1, end - 1);
  } else {
    std::string& text = unquoted_.emplace_back();
    for (end = 1;; ++end) {
      if (end >= unsplit_.size()) return false;
      if (unsplit_[end] != '"') {
        text.push_back(unsplit_[end]);
      } else if (unsplit_.substr(end, 2) == "\"\"") {
        text.push_back(unsplit_[end++]);
      } else {
        break;
      }
    }
    field = text;
  }
  unsplit_.remove_prefix(end + 1);
  const std::size_t next = unsplit_.find_first_not_of(blanks_);
  ended_ = next == std::string_view::npos;
  if (!ended_ && unsplit_[next] != separator_) return false;
  if (!ended_) unsplit_.remove_prefix(next + 1);
  fields_.push_back(TrimBlanks(field));
  return true;
}

}  // namespace fleetcast::sensordata
