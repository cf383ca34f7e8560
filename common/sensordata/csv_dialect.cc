#include "common/sensordata/csv_dialect.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_number.h"
#include "common/sensordata/windows_1252.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kMaxColumns = 10'000;
constexpr std::int64_t kSampledLines = 200;
constexpr char kSeparators[] = {',', ';', '\t', '|'};

// The cells of one column, as far as they were looked at.
struct ColumnVotes {
  TimeVotes time;
  std::int64_t cells = 0;
  std::int64_t told = 0;  // cells in the time format that the settings give
  std::int64_t points = 0, commas = 0, sure_commas = 0;

  void Add(std::string_view cell, const CsvOptions& options) {
    if (cell.empty()) return;
    ++cells;
    if (options.time_format && ParseMoment(cell, *options.time_format)) ++told;
    time.Add(cell);
    AddNumber(cell);
  }
  void AddNumber(std::string_view cell) {
    if (IsDecimal(cell, '.')) ++points;
    if (!IsDecimal(cell, ',')) return;
    ++commas;
    if (!MayGroupThousands(cell, ',')) ++sure_commas;
  }
  [[nodiscard]] bool IsTime(const CsvOptions& options) const {
    if (options.time_format) return cells > 0 && 2 * told >= cells;
    return time.Format().has_value();
  }
};

// What one separator makes of the file.
class Reading {
 public:
  Reading(std::string_view text, const std::string& path, const CsvOptions& options, char separator)
      : lines_(text, separator), path_(&path), options_(&options) {
    dialect_.separator = separator;
    dialect_.time_zone = options.time_zone;
    dialect_.missing = options.missing;
    header_status_ = TakeHeader();
    columns_.resize(dialect_.header.size());
    while (header_status_.ok() && sampled_ < kSampledLines && TakeLine()) {
    }
  }

  [[nodiscard]] std::size_t columns() const { return columns_.size(); }
  [[nodiscard]] std::int64_t regular_lines() const { return regular_; }
  [[nodiscard]] bool has_time() const { return sampled_ > 0 && TimeColumn().ok(); }

  absl::StatusOr<CsvDialect> Decide() && {
    FLEETCAST_RETURN_IF_ERROR(header_status_);
    FLEETCAST_RETURN_IF_ERROR(CheckHeader());
    FLEETCAST_ASSIGN_OR_RETURN(dialect_.time_column, TimeColumn());
    const std::size_t time = dialect_.time_column;
    dialect_.time_of_day_follows = columns_[time].time.OnlyDates() && time + 1 < columns() &&
                                   columns_[time + 1].time.OnlyTimesOfDay();
    while (IsOpen() && TakeLine()) {
    }
    FLEETCAST_RETURN_IF_ERROR(DecideTime());
    FLEETCAST_RETURN_IF_ERROR(DecideDecimal());
    return std::move(dialect_);
  }

 private:
  [[nodiscard]] absl::Status Malformed(const std::string& column,
                                       const std::string& problem) const {
    return MalformedCsv(*path_, std::max<std::int64_t>(1, header_line_), column, problem);
  }

  absl::Status TakeHeader() {
    if (!lines_.NextHeader()) {
      return Malformed(
          "",
          "the file has no whole line with text; it needs a header: timestamp, then the columns");
    }
    header_line_ = lines_.number();
    if (!lines_.Split()) return Malformed("", "a quote is not closed in the header");
    if (lines_.fields().size() > kMaxColumns + 1) {
      return Malformed("", "the header has more than " + std::to_string(kMaxColumns) + " columns");
    }
    dialect_.latin1 = options_->latin1.value_or(!IsUtf8(lines_.line()));
    dialect_.header.reserve(lines_.fields().size());
    for (const std::string_view field : lines_.fields())
      dialect_.header.push_back(dialect_.latin1 ? Utf8OfWindows1252(field) : std::string(field));
    return absl::OkStatus();
  }

  absl::Status CheckHeader() const {
    const bool is_data =
        std::any_of(dialect_.header.begin(), dialect_.header.end(), [](const std::string& name) {
          return ParseMoment(name, TimeFormat::kIso) || ParseMoment(name, TimeFormat::kDayFirst) ||
                 ParseMoment(name, TimeFormat::kMonthFirst);
        });
    if (is_data) {
      return Malformed("", "the first line is data; a header is needed: timestamp, columns");
    }
    if (columns() >= 2) return absl::OkStatus();
    return Malformed("",
                     "the header has one column; a timestamp and at least one value are needed, "
                     "separated by commas, semicolons, tabs or |");
  }

  bool TakeLine() {
    if (!lines_.NextLine()) return false;
    if (!lines_.Split()) return true;  // reading says where
    const auto& fields = lines_.fields();
    if (sampled_++ == 0) first_cell_ = {std::string(fields.front()), lines_.number()};
    if (fields.size() == columns()) ++regular_;
    for (std::size_t i = 0; i < std::min(columns(), fields.size()); ++i)
      columns_[i].Add(fields[i], *options_);
    return true;
  }

  [[nodiscard]] absl::StatusOr<std::size_t> TimeColumn() const {
    const auto& header = dialect_.header;
    if (!options_->time_column.empty()) {
      const auto found = std::find(header.begin(), header.end(), options_->time_column);
      if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
      return Malformed(options_->time_column,
                       "the header lacks this column, which setting sensor-csv-time-column names");
    }
    if (sampled_ == 0 || columns_.front().IsTime(*options_)) return 0;
    for (const bool text : {true, false}) {  // of numbers it is less sure that they are times
      std::vector<std::size_t> found;
      for (std::size_t i = 1; i < columns(); ++i)
        if (columns_[i].IsTime(*options_) && columns_[i].time.IsText() == text) found.push_back(i);
      if (found.size() == 1) return found.front();
      if (found.size() > 1) return SeveralTimes(header[found[0]], header[found[1]]);
    }
    return MalformedCsv(*path_, first_cell_.second, header.front(),
                        QuotedUtf8(first_cell_.first, 40) +
                            " is no timestamp, and no other column holds any; write 2025-12-09 "
                            "10:00:00 or 2025-12-09T10:00:00Z, in UTC, or set "
                            "sensor-csv-time-column and sensor-csv-time-format");
  }

  [[nodiscard]] absl::Status SeveralTimes(const std::string& one, const std::string& other) const {
    return Malformed(one, "holds times, and so does " + QuotedUtf8(other, 80) +
                              "; name the rows' own with setting sensor-csv-time-column");
  }

  // Whether further lines may still decide something.
  [[nodiscard]] bool IsOpen() const {
    if (!options_->time_format && columns_[dialect_.time_column].time.Ambiguous()) return true;
    if (options_->decimal || dialect_.separator == ',') return false;
    const ColumnVotes all = Numbers();
    return all.points == 0 && all.commas == 0;
  }

  absl::Status DecideTime() {
    const TimeVotes& votes = columns_[dialect_.time_column].time;
    if (options_->time_format) {
      dialect_.time_format = *options_->time_format;
    } else if (votes.Ambiguous()) {
      return Malformed(dialect_.header[dialect_.time_column],
                       "day and month could be either in every time of the file, as in 01/02/2025; "
                       "set sensor-csv-time-format to day_first or month_first");
    } else {
      dialect_.time_format = votes.Format().value_or(TimeFormat::kIso);
    }
    return absl::OkStatus();
  }

  // The votes of all columns but the time's.
  [[nodiscard]] ColumnVotes Numbers() const {
    ColumnVotes all;
    for (std::size_t i = 0; i < columns(); ++i) {
      if (i == dialect_.time_column) continue;
      all.points += columns_[i].points;
      all.commas += columns_[i].commas;
      all.sure_commas += columns_[i].sure_commas;
    }
    return all;
  }

  absl::Status DecideDecimal() {
    const ColumnVotes all = Numbers();
    if (options_->decimal) {
      dialect_.decimal = *options_->decimal;
    } else if (all.points > 0 && all.commas > 0) {
      return Malformed("", "numbers are written with a point (column " + ColumnWith('.') +
                               ") and with a comma (column " + ColumnWith(',') +
                               "); set sensor-csv-decimal to point or comma");
    } else if (all.commas > 0 && all.sure_commas == 0 && dialect_.separator == ',') {
      return Malformed("", "a comma in column " + ColumnWith(',') +
                               " may be a decimal sign or group thousands, as in \"1,234\"; set "
                               "sensor-csv-decimal to comma, or write numbers without groups");
    } else if (all.commas > 0) {
      dialect_.decimal = ',';
    }
    return absl::OkStatus();
  }

  [[nodiscard]] std::string ColumnWith(char sign) const {
    for (std::size_t i = 0; i < columns(); ++i) {
      const ColumnVotes& votes = columns_[i];
      if (i != dialect_.time_column && (sign == '.' ? votes.points : votes.commas) > 0)
        return QuotedUtf8(dialect_.header[i], 80);
    }
    return "";
  }

  CsvLines lines_;
  const std::string* path_;
  const CsvOptions* options_;
  CsvDialect dialect_;
  absl::Status header_status_;
  std::vector<ColumnVotes> columns_;
  std::int64_t header_line_ = 0, sampled_ = 0, regular_ = 0;
  std::pair<std::string, std::int64_t> first_cell_;  // of the first column, and its line
};

// The reading with the separator that fits best: with several columns, with times, with the most
// lines as wide as the header, with the most columns. Two that fit as well are refused.
absl::StatusOr<Reading> BestReading(std::vector<Reading> readings, const std::string& path) {
  const auto worth = [](const Reading& reading) {
    return std::tuple(reading.columns() > 1, reading.has_time(), reading.regular_lines());
  };
  std::stable_sort(readings.begin(), readings.end(), [&](const Reading& a, const Reading& b) {
    return std::pair(worth(a), a.columns()) > std::pair(worth(b), b.columns());
  });
  if (readings.size() > 1 && worth(readings[0]) == worth(readings[1]) &&
      readings[1].columns() > 1 && readings[1].has_time()) {
    return MalformedCsv(path, 1, "",
                        "two separators fit the file equally well; set sensor-csv-separator to "
                        "comma, semicolon, tab or pipe");
  }
  return std::move(readings.front());
}

std::vector<char> SeparatorsOf(std::string_view text, const CsvOptions& options) {
  if (options.separator) return {*options.separator};
  CsvLines lines(text, ',');
  lines.NextLine();
  if (const char declared = DeclaredSeparator(lines.line()); declared != 0) return {declared};
  return {std::begin(kSeparators), std::end(kSeparators)};
}

}  // namespace

absl::Status MalformedCsv(const std::string& path, std::int64_t line, const std::string& column,
                          const std::string& problem) {
  return Refused(
      absl::StatusCode::kFailedPrecondition, "SENSOR_DATA_MALFORMED",
      absl::StrCat(path, " line ", line, column.empty() ? "" : ", column " + QuotedUtf8(column, 80),
                   ": ", problem),
      {{"file", path}, {"line", std::to_string(line)}, {"column", column}});
}

absl::StatusOr<CsvDialect> FindCsvDialect(std::string_view text, const std::string& path,
                                          const CsvOptions& options) {
  if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF")
    return MalformedCsv(path, 1, "", "the file is UTF-16; save it as UTF-8");
  const std::vector<char> separators = SeparatorsOf(text, options);
  std::vector<Reading> readings;
  readings.reserve(separators.size());
  for (const char separator : separators) {
    readings.emplace_back(text, path, options, separator);
  }
  FLEETCAST_ASSIGN_OR_RETURN(Reading best, BestReading(std::move(readings), path));
  return std::move(best).Decide();
}

}  // namespace fleetcast::sensordata
