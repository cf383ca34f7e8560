#include "common/sensordata/csv_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <set>

#include "absl/strings/match.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/selection.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kMaxColumns = 10'000;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string AsciiOf(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; }),
             text.end());
  return text;
}

bool SaysMissing(std::string_view text) {
  for (const char* word : {"nan", "na", "n/a", "null"}) {
    if (text.size() == std::strlen(word) &&
        absl::EqualsIgnoreCase(absl::string_view(text.data(), text.size()), word)) {
      return true;
    }
  }
  return false;
}

// False if `text` is no number and does not say that it is missing.
bool ParseNumber(std::string_view text, double& value) {
  if (text.empty()) {
    value = kMissing;
    return true;
  }
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end == text.data() + text.size()) {
    if (error == std::errc()) return true;
    if (error == std::errc::result_out_of_range) {  // written with more range than a double has
      value = std::strtod(std::string(text).c_str(), nullptr);
      return true;
    }
  }
  value = kMissing;
  return SaysMissing(text);
}

// Splits a file into lines and fields without copying; only a field with "" inside is copied.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {
    if (rest_.substr(0, 3) == "\xEF\xBB\xBF") rest_.remove_prefix(3);
  }

  // Moves to the next line that is not blank; false at the end.
  bool NextLine() {
    while (!rest_.empty()) {
      const std::size_t newline = rest_.find('\n');
      line_ = rest_.substr(0, newline);
      rest_.remove_prefix(newline == std::string_view::npos ? rest_.size() : newline + 1);
      if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
      ++number_;
      if (!Trim(line_).empty()) {
        at_end_ = false;
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool has_field() const { return !at_end_; }

  // The line's next field; only where has_field(). False for a quote out of place.
  bool NextField(std::string_view& field) {
    if (const std::string_view blank_free = Trim(line_);
        !blank_free.empty() && blank_free.front() == '"') {
      line_ = blank_free;
      return NextQuoted(field);
    }
    const void* comma = std::memchr(line_.data(), ',', line_.size());
    if (comma == nullptr) {
      field = Trim(line_);
      at_end_ = true;
    } else {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(comma) - line_.data());
      field = Trim(line_.substr(0, length));
      line_.remove_prefix(length + 1);
    }
    return true;
  }

  [[nodiscard]] std::int64_t number() const { return number_; }

 private:
  bool NextQuoted(std::string_view& field) {
    unquoted_.clear();
    std::size_t i = 1;
    for (;; ++i) {
      if (i >= line_.size()) return false;
      if (line_[i] != '"') {
        unquoted_.push_back(line_[i]);
      } else if (i + 1 < line_.size() && line_[i + 1] == '"') {
        unquoted_.push_back(line_[i++]);
      } else {
        break;
      }
    }
    field = Trim(unquoted_);
    line_ = Trim(line_.substr(i + 1));
    if (line_.empty()) {
      at_end_ = true;
      return true;
    }
    if (line_.front() != ',') return false;
    line_.remove_prefix(1);
    return true;
  }

  std::string_view rest_, line_;
  std::string unquoted_;
  std::int64_t number_ = 0;
  bool at_end_ = true;
};

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& path, const ReadRequest& request)
      : reader_(text), path_(path), request_(request) {
    readings_.values.reserve(std::min(text.size() / 12, request.max_values));
    readings_.unix_seconds.reserve(text.size() / 48);
  }

  absl::StatusOr<RawReadings> Parse() && {
    FLEETCAST_RETURN_IF_ERROR(ReadHeader());
    FLEETCAST_RETURN_IF_ERROR(ChooseColumns());
    while (reader_.NextLine()) FLEETCAST_RETURN_IF_ERROR(ReadRow());
    if (request_.last_rows) KeepLastRows(readings_, *request_.last_rows);
    return std::move(readings_);
  }

 private:
  absl::Status Malformed(const std::string& column, const std::string& problem) const {
    const std::string line = std::to_string(reader_.number());
    return Refused(
        absl::StatusCode::kFailedPrecondition, "SENSOR_DATA_MALFORMED",
        path_ + " line " + line + (column.empty() ? "" : ", column " + QuotedUtf8(column, 80)) +
            ": " + problem,
        {{"file", path_}, {"line", line}, {"column", column}, {"sensor_id", request_.sensor_id}});
  }

  absl::Status ReadHeader() {
    if (!reader_.NextLine()) {
      return Malformed("", "the file is empty; it needs a header: timestamp, then the columns");
    }
    std::set<std::string> seen;
    std::string_view field;
    while (reader_.has_field()) {
      if (!reader_.NextField(field)) return Malformed("", "a quote is not closed in the header");
      if (field.empty()) return Malformed("", "a column of the header has no name");
      if (IsColumnName(field) && !seen.emplace(field).second) {
        return Malformed(std::string(field), "the header names this column twice");
      }
      if (header_.size() > kMaxColumns) {
        return Malformed("",
                         "the header has more than " + std::to_string(kMaxColumns) + " columns");
      }
      header_.emplace_back(field);
    }
    if (ParseTimestamp(header_.front())) {
      return Malformed("", "the first line is data; a header is needed: timestamp, columns");
    }
    if (header_.size() < 2) {
      return Malformed("",
                       "the header has one column; a timestamp and at least one value are "
                       "needed, separated by commas");
    }
    return absl::OkStatus();
  }

  absl::Status ChooseColumns() {
    readings_.columns = request_.columns;
    if (request_.columns.empty())
      std::copy_if(header_.begin() + 1, header_.end(), std::back_inserter(readings_.columns),
                   IsColumnName);
    if (readings_.columns.empty()) return Unnameable(header_[1]);
    targets_.assign(header_.size(), -1);
    for (std::size_t i = 0; i < readings_.columns.size(); ++i) {
      const auto found = std::find(header_.begin() + 1, header_.end(), readings_.columns[i]);
      if (found == header_.end()) return Missing(readings_.columns[i]);
      targets_[static_cast<std::size_t>(found - header_.begin())] = static_cast<int>(i);
    }
    return absl::OkStatus();
  }

  // A file saved in another encoding has the column, too, under other bytes.
  [[nodiscard]] absl::Status Missing(const std::string& column) const {
    for (std::size_t i = 1; i < header_.size(); ++i)
      if (!IsColumnName(header_[i]) && AsciiOf(header_[i]) == AsciiOf(column))
        return Unnameable(header_[i]);
    return ColumnMissing(request_.sensor_id, column, {header_.begin() + 1, header_.end()});
  }

  [[nodiscard]] absl::Status Unnameable(const std::string& column) const {
    return Malformed(column,
                     "no configuration can name this column, which is no printable UTF-8 of up to "
                     "200 bytes; save the file as UTF-8");
  }

  absl::Status ReadRow() {
    std::string_view field;
    if (!reader_.NextField(field)) return Malformed(header_[0], "a quote is not closed");
    const auto time = ParseTimestamp(field);
    if (!time) {
      return Malformed(header_[0], QuotedUtf8(field, 40) +
                                       " is no timestamp; write 2025-12-09 10:00:00 or "
                                       "2025-12-09T10:00:00Z, in UTC");
    }
    if (request_.from_unix_seconds && *time < *request_.from_unix_seconds) return absl::OkStatus();
    if (request_.before_unix_seconds && *time >= *request_.before_unix_seconds) {
      return absl::OkStatus();
    }
    if (readings_.values.size() + readings_.columns.size() > request_.max_values) {
      return TooLarge(request_, path_, std::to_string(request_.max_values) + " values");
    }
    readings_.unix_seconds.push_back(*time);
    readings_.values.resize(readings_.values.size() + readings_.columns.size(), kMissing);
    return ReadValues(readings_.values.data() + readings_.values.size() - readings_.columns.size());
  }

  absl::Status ReadValues(double* row) {
    std::size_t index = 1;
    std::string_view field;
    for (; reader_.has_field(); ++index) {
      if (index >= header_.size()) {
        return Malformed("", "more fields than the header's " + std::to_string(header_.size()));
      }
      if (!reader_.NextField(field)) return Malformed(header_[index], "a quote is not closed");
      if (targets_[index] < 0) continue;
      if (!ParseNumber(field, row[targets_[index]])) {
        return Malformed(header_[index],
                         QuotedUtf8(field, 40) + " is no number; leave a missing cell empty");
      }
    }
    if (index < header_.size()) {
      return Malformed("", "has " + std::to_string(index) + " fields, the header has " +
                               std::to_string(header_.size()));
    }
    return absl::OkStatus();
  }

  CsvReader reader_;
  const std::string& path_;
  const ReadRequest& request_;
  std::vector<std::string> header_;
  std::vector<int> targets_;  // by field of a line: its column in readings_, or -1
  RawReadings readings_;
};

}  // namespace

absl::StatusOr<RawReadings> ParseCsv(std::string_view text, const std::string& path,
                                     const ReadRequest& request) {
  return CsvParser(text, path, request).Parse();
}

}  // namespace fleetcast::sensordata
