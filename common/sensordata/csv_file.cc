#include "common/sensordata/csv_file.h"

#include <algorithm>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_lines.h"
#include "common/sensordata/csv_number.h"
#include "common/sensordata/local_clock.h"
#include "common/sensordata/selection.h"

namespace fleetcast::sensordata {
namespace {

// Roughly what these take in a line, for the room that is made ahead.
constexpr std::size_t kBytesOfTime = 16, kBytesOfNumber = 7;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// The bytes of `name` that every encoding has.
std::string AsciiOf(std::string name) {
  name.erase(std::remove_if(name.begin(), name.end(), [](char c) { return c < 0x20 || c > 0x7E; }),
             name.end());
  return name;
}

// A text where a number should be.
struct Text {
  std::int64_t line = 0;  // 0: there is none
  std::string cell;
};

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& path, const ReadRequest& request,
            const CsvDialect& dialect, const QualityPolicy& quality)
      : lines_(text, dialect.separator),
        path_(path),
        request_(request),
        dialect_(dialect),
        quality_(quality),
        clock_(dialect.time_zone),
        expected_rows_(text.size() / (kBytesOfTime + kBytesOfNumber * dialect.header.size())) {}

  absl::StatusOr<RawReadings> Parse() && {
    lines_.NextHeader();
    FLEETCAST_RETURN_IF_ERROR(ChooseColumns());
    ChooseQuality();
    readings_.unix_seconds.reserve(expected_rows_);
    readings_.values.reserve(std::min(expected_rows_ * places_.size(), request_.max_values));
    while (lines_.NextLine()) FLEETCAST_RETURN_IF_ERROR(ReadRow());
    FLEETCAST_RETURN_IF_ERROR(LeaveOutTexts());
    if (request_.last_rows) KeepLastRows(readings_, *request_.last_rows);
    return std::move(readings_);
  }

 private:
  absl::Status Malformed(const std::string& column, const std::string& problem) const {
    return MalformedCsv(path_, lines_.number(), column, problem);
  }
  [[nodiscard]] const std::vector<std::string>& header() const { return dialect_.header; }
  [[nodiscard]] bool IsTime(std::size_t place) const {
    return place == dialect_.time_column ||
           (dialect_.time_of_day_follows && place == dialect_.time_column + 1);
  }

  absl::Status ChooseColumns() {
    readings_.columns = request_.columns;
    std::set<std::string> seen;
    std::vector<std::string> others;
    others.reserve(header().size());
    for (std::size_t i = 0; i < header().size(); ++i) {
      if (IsTime(i)) continue;
      others.push_back(header()[i]);
      if (!IsColumnName(header()[i])) continue;
      const bool twice = !seen.insert(header()[i]).second;
      if (request_.columns.empty() && !twice) readings_.columns.push_back(header()[i]);
      if (twice && (request_.columns.empty() || IsAskedFor(header()[i])))
        return Malformed(header()[i], "the header names this column twice");
    }
    if (readings_.columns.empty()) return Unnameable(others.empty() ? "" : others.front());
    for (const std::string& column : readings_.columns) {
      const std::size_t place = PlaceOf(column);
      if (place == header().size()) return Missing(column, others);
      places_.push_back(place);
    }
    texts_.resize(places_.size());
    return absl::OkStatus();
  }

  [[nodiscard]] bool IsAskedFor(const std::string& column) const {
    return std::find(request_.columns.begin(), request_.columns.end(), column) !=
           request_.columns.end();
  }

  // The header's size if it has no such column.
  [[nodiscard]] std::size_t PlaceOf(const std::string& column) const {
    for (std::size_t i = 0; i < header().size(); ++i)
      if (!IsTime(i) && header()[i] == column) return i;
    return header().size();
  }

  // A file saved in another encoding has the column, too, under other bytes.
  [[nodiscard]] absl::Status Missing(const std::string& column,
                                     const std::vector<std::string>& others) const {
    for (const std::string& other : others)
      if (!IsColumnName(other) && !other.empty() && AsciiOf(other) == AsciiOf(column))
        return Unnameable(other);
    return ColumnMissing(request_.sensor_id, column, others);
  }

  [[nodiscard]] absl::Status Unnameable(const std::string& column) const {
    return Malformed(column,
                     "no configuration can name this column, which is no printable UTF-8 of up to "
                     "200 bytes; save the file as UTF-8");
  }

  // Takes the columns of quality out of those that are read. Numbers are none unless the settings
  // say which codes they are.
  void ChooseQuality() {
    std::vector<std::string> available = header();
    for (std::size_t i = 0; i < available.size(); ++i)
      if (IsTime(i)) available[i].clear();
    QualityColumns found =
        FindQualityColumns(available, readings_.columns, request_.columns, quality_);
    std::set<std::size_t> taken;
    const auto take = [&](std::optional<std::size_t>& place) {
      if (!place) return;
      if (!IsUnreadCode(*place))
        taken.insert(*place);
      else
        place.reset();
    };
    take(found.row);
    for (auto& place : found.cells) take(place);
    for (std::size_t i = places_.size(); i-- > 0;) {
      if (taken.count(places_[i]) == 0) continue;
      const auto at = static_cast<std::ptrdiff_t>(i);
      places_.erase(places_.begin() + at);
      readings_.columns.erase(readings_.columns.begin() + at);
      found.cells.erase(found.cells.begin() + at);
      texts_.pop_back();
    }
    qualities_ = std::move(found);
    has_quality_ = qualities_.any();
  }

  // Whether the column's first cell is a number that no setting explains.
  bool IsUnreadCode(std::size_t place) {
    if (quality_.codes != QualityCodes::kNone || unread_codes_.count(place) > 0)
      return unread_codes_.count(place) > 0;
    CsvLines lines = lines_;
    while (lines.NextLine()) {
      if (!lines.Split() || lines.fields().size() <= place) continue;
      const std::string_view cell = lines.fields()[place];
      if (cell.empty()) continue;
      if (!IsCode(cell)) return false;
      unread_codes_.insert(place);
      readings_.issues.push_back(UnreadQuality(header()[place]));
      return true;
    }
    return false;
  }

  absl::Status ReadRow() {
    const bool split = lines_.Split();
    const auto& fields = lines_.fields();
    const std::size_t time_fields = dialect_.time_column + (dialect_.time_of_day_follows ? 2 : 1);
    if (fields.size() < time_fields) return split ? TooFewFields() : UnclosedQuote();
    FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t time, ReadTime());
    if (request_.from_unix_seconds && time < *request_.from_unix_seconds) return absl::OkStatus();
    if (request_.before_unix_seconds && time >= *request_.before_unix_seconds)
      return absl::OkStatus();
    if (!split) return UnclosedQuote();
    FLEETCAST_RETURN_IF_ERROR(CheckFields());
    if (readings_.values.size() + places_.size() > request_.max_values)
      return TooLarge(request_, path_, std::to_string(request_.max_values) + " values");
    readings_.unix_seconds.push_back(time);
    const std::size_t row = readings_.values.size();
    readings_.values.resize(row + places_.size(), kMissing);
    for (std::size_t i = 0; i < places_.size(); ++i)
      FLEETCAST_RETURN_IF_ERROR(ReadValue(i, readings_.values[row + i]));
    return has_quality_ ? ReadQualities() : absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> ReadTime() {
    std::string_view cell = lines_.fields()[dialect_.time_column];
    if (dialect_.time_of_day_follows) {
      joined_ = absl::StrCat(std::string(cell), " ",
                             std::string(lines_.fields()[dialect_.time_column + 1]));
      cell = joined_;
    }
    const auto moment = ParseMoment(cell, dialect_.time_format);
    if (!moment) {
      return Malformed(header()[dialect_.time_column],
                       QuotedUtf8(cell, 40) +
                           (dialect_.time_format == TimeFormat::kIso
                                ? " is no timestamp; write 2025-12-09 10:00:00 or "
                                  "2025-12-09T10:00:00Z, in UTC"
                                : " is no time of the format " + NameOf(dialect_.time_format) +
                                      ", which the file has; see sensor-csv-time-format"));
    }
    if (moment->has_offset) return moment->unix_seconds;
    const auto time = clock_.UnixSeconds(moment->unix_seconds);
    if (time) return *time;
    return Malformed(header()[dialect_.time_column],
                     QuotedUtf8(cell, 40) + " does not exist in " + dialect_.time_zone.name() +
                         ", where clocks are put forward then; set sensor-csv-time-zone to the "
                         "zone of the clock that wrote the file");
  }

  [[nodiscard]] absl::Status UnclosedQuote() const {
    const std::size_t place = std::min(lines_.fields().size(), header().size() - 1);
    return Malformed(header()[place], "a quote is not closed");
  }

  [[nodiscard]] absl::Status TooFewFields() const {
    return Malformed("", "has " + std::to_string(lines_.fields().size()) +
                             " fields, the header has " + std::to_string(header().size()));
  }

  // Separators at the end of a line, or of the header, make fields that say nothing.
  [[nodiscard]] absl::Status CheckFields() const {
    const auto& fields = lines_.fields();
    for (std::size_t i = header().size(); i < fields.size(); ++i)
      if (!fields[i].empty())
        return Malformed("", "more fields than the header's " + std::to_string(header().size()));
    for (std::size_t i = fields.size(); i < header().size(); ++i)
      if (!header()[i].empty()) return TooFewFields();
    return absl::OkStatus();
  }

  absl::Status ReadValue(std::size_t column, double& value) {
    const auto& fields = lines_.fields();
    const std::string_view cell =
        places_[column] < fields.size() ? fields[places_[column]] : std::string_view();
    if (cell.empty() || ParseNumber(cell, dialect_.decimal, value)) return absl::OkStatus();
    value = kMissing;
    if (SaysMissing(cell, dialect_.missing)) return absl::OkStatus();
    Text& text = texts_[column];
    if (text.line == 0) text = {lines_.number(), std::string(cell)};
    return request_.columns.empty() ? absl::OkStatus() : NoNumber(column);
  }

  [[nodiscard]] absl::Status NoNumber(std::size_t column) const {
    const Text& text = texts_[column];
    const bool comma = dialect_.decimal == ',';
    const std::string remedy =
        text.cell.find(comma ? '.' : ',') == std::string::npos
            ? "; leave a missing cell empty"
            : absl::StrCat("; the file's decimal sign is a ", comma ? "comma" : "point",
                           ", and thousands are not grouped; see sensor-csv-decimal");
    return MalformedCsv(path_, text.line, readings_.columns[column],
                        QuotedUtf8(text.cell, 40) + " is no number" + remedy);
  }

  absl::Status ReadQualities() {
    FLEETCAST_ASSIGN_OR_RETURN(const Quality row, QualityAt(qualities_.row));
    double* const values = readings_.values.data() + (readings_.values.size() - places_.size());
    for (std::size_t i = 0; i < places_.size(); ++i) {
      FLEETCAST_ASSIGN_OR_RETURN(const Quality cell, QualityAt(qualities_.cells[i]));
      readings_.quality.push_back(std::max(row, cell));
      if (readings_.quality.back() == Quality::kBad) values[i] = kMissing;
    }
    return absl::OkStatus();
  }

  [[nodiscard]] absl::StatusOr<Quality> QualityAt(const std::optional<std::size_t>& place) const {
    if (!place || *place >= lines_.fields().size()) return Quality::kGood;
    const std::string_view cell = lines_.fields()[*place];
    if (const auto quality = ParseQuality(cell, quality_)) return *quality;
    return Malformed(header()[*place], QuotedUtf8(cell, 40) + QualityRemedy());
  }

  // Columns with texts are taken out of readings that were not asked for by name.
  absl::Status LeaveOutTexts() {
    std::vector<std::size_t> kept;
    kept.reserve(texts_.size());
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (texts_[i].line == 0) {
        kept.push_back(i);
        continue;
      }
      const std::string& column = readings_.columns[i];
      readings_.issues.push_back(
          {DataIssue::Kind::kTextColumn, column, 1,
           absl::StrCat("column '", column, "' is left out: ", QuotedUtf8(texts_[i].cell, 40),
                        " in line ", texts_[i].line, " is no number")});
    }
    if (kept.empty() && !texts_.empty()) return NoNumber(0);
    KeepColumns(readings_, kept);
    return absl::OkStatus();
  }

  CsvLines lines_;
  const std::string& path_;
  const ReadRequest& request_;
  const CsvDialect& dialect_;
  const QualityPolicy& quality_;
  LocalClock clock_;
  std::size_t expected_rows_;
  std::vector<std::size_t> places_;  // [columns], in the header
  std::vector<Text> texts_;          // [columns], the first of each
  QualityColumns qualities_;
  bool has_quality_ = false;
  std::set<std::size_t> unread_codes_;  // by place
  std::string joined_;
  RawReadings readings_;
};

// `text` without a last line that has no newline.
std::string_view FinishedLines(std::string_view text) {
  const std::size_t end = text.rfind('\n');
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace

absl::StatusOr<CsvTable> ParseCsv(std::string_view text, const std::string& path,
                                  const ReadRequest& request, const CsvFormat& format) {
  const std::string_view finished = FinishedLines(text);
  CsvTable table;
  FLEETCAST_ASSIGN_OR_RETURN(table.dialect, FindCsvDialect(finished, path, format.csv));
  FLEETCAST_ASSIGN_OR_RETURN(
      table.readings, CsvParser(finished, path, request, table.dialect, format.quality).Parse());
  const std::string_view unfinished = text.substr(finished.size());
  if (!TrimBlanks(unfinished).empty()) {
    table.readings.issues.push_back(
        {DataIssue::Kind::kUnfinishedLine, "", 1,
         absl::StrCat("the last line, ", QuotedUtf8(unfinished, 80),
                      ", has no newline; it is left alone until it has")});
  }
  return table;
}

}  // namespace fleetcast::sensordata
