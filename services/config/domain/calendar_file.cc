#include "services/config/domain/calendar_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "common/base/nearest_word.h"
#include "common/base/sha256.h"
#include "services/config/domain/circuit_file.h"
#include "services/config/domain/scalar.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

constexpr std::int64_t kDayMinutes = 1440, kWeekMinutes = 7 * kDayMinutes;
constexpr ValueRange kTextLength{1, 32};

// Ascending, those that touch or overlap made one.
std::vector<Span> Union(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (joined.empty() || span.begin > joined.back().end)
      joined.push_back(span);
    else
      joined.back().end = std::max(joined.back().end, span.end);
  }
  return joined;
}

// "06:30" in minutes; up to "24:00".
std::optional<std::int64_t> MinutesOf(const std::string& text) {
  const bool form =
      text.size() == 5 && text[2] == ':' && std::all_of(text.begin(), text.end(), [](char c) {
        return c == ':' || absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  if (!form || text[0] == ':' || text[1] == ':' || text[3] == ':' || text[4] == ':')
    return std::nullopt;
  const std::int64_t hours = (text[0] - '0') * 10 + (text[1] - '0');
  const std::int64_t minutes = (text[3] - '0') * 10 + (text[4] - '0');
  const std::int64_t all = hours * 60 + minutes;
  if (minutes > 59 || all > kDayMinutes) return std::nullopt;
  return all;
}

std::int64_t DayOf(const std::string& date) {
  absl::CivilDay day;
  const bool parsed = absl::ParseCivilTime(date, &day);
  return parsed ? day - absl::CivilDay(1970, 1, 1) : 0;
}

class CalendarReader {
 public:
  CalendarReader(const YamlDocument& document, CalendarFile& file)
      : document_(document), file_(file) {}

  void Read(const YamlNode& root) {
    const auto [holidays, shifts, maintenance] =
        Fields<3>(root, FieldPath(), {"holidays", "shifts", "maintenance"});
    if (holidays != nullptr) ReadHolidays(*holidays, FieldPath("holidays"));
    if (shifts != nullptr)
      ForEach(*shifts, FieldPath("shifts"),
              [this](const YamlNode& node, const FieldPath& field) { ReadShift(node, field); });
    if (maintenance != nullptr)
      ForEach(
          *maintenance, FieldPath("maintenance"),
          [this](const YamlNode& node, const FieldPath& field) { ReadMaintenance(node, field); });
    file_.local.shifts = Union(std::move(file_.local.shifts));
    file_.local.maintenance = Union(std::move(file_.local.maintenance));
  }

 private:
  void Complain(const YamlNode& node, const FieldPath& field, const char* reason,
                const std::string& message, const std::string& remedy) {
    Report(file_.diagnostics, node.mark, field.Text(), reason,
           absl::StrCat("`", field.Text(), "` ", message), remedy);
  }

  // The values of `known`, nullptr for what is not there.
  template <std::size_t N>
  std::array<const YamlNode*, N> Fields(const YamlNode& node, const FieldPath& field,
                                        const std::array<const char*, N>& known) {
    std::array<const YamlNode*, N> values{};
    if (node.kind != YamlNode::Kind::kMapping) {
      Complain(node, field, "WRONG_TYPE", "is no mapping", "write `key: value` lines");
      return values;
    }
    for (const MappingEntry& entry : ReadMapping(document_, node, field, file_.diagnostics)) {
      const auto found = std::find(known.begin(), known.end(), entry.name());
      if (found != known.end()) {
        values[static_cast<std::size_t>(found - known.begin())] = &document_.at(entry.value);
        continue;
      }
      const std::string name = Excerpt(entry.name());
      const auto nearest = NearestWord(entry.name(), {known.begin(), known.end()});
      Complain(*entry.key, FieldPath(field, name), "UNKNOWN_KEY", "is no key of a calendar",
               nearest ? absl::StrCat("did you mean `", *nearest, "`?") : "leave it out");
    }
    return values;
  }

  template <typename Visit>
  void ForEach(const YamlNode& list, const FieldPath& field, const Visit& visit) {
    if (list.kind == YamlNode::Kind::kNull) return;
    if (list.kind != YamlNode::Kind::kSequence || list.children.size() > kMostCalendarItems) {
      const bool long_list = list.kind == YamlNode::Kind::kSequence;
      Complain(list, field, long_list ? "WRONG_LENGTH" : "WRONG_TYPE",
               long_list ? absl::StrCat("has ", list.children.size(), " items") : "is no list",
               absl::StrCat("write a list of at most ", kMostCalendarItems, " items"));
      return;
    }
    for (std::size_t i = 0; i < list.children.size(); ++i)
      visit(document_.at(list.children[i]), FieldPath(field, i));
  }

  void ReadHolidays(const YamlNode& list, const FieldPath& field) {
    std::vector<std::int64_t>& days = file_.local.holidays;
    ForEach(list, field, [&](const YamlNode& node, const FieldPath& place) {
      if (const auto date = ReadText(KeyType::kDate, {}, place, node, file_.diagnostics))
        days.push_back(DayOf(*date));
    });
    std::sort(days.begin(), days.end());
    days.erase(std::unique(days.begin(), days.end()), days.end());
  }

  std::optional<std::string> Text(const YamlNode* value, const YamlNode& entry,
                                  const FieldPath& field) {
    if (value != nullptr)
      return ReadText(KeyType::kName, kTextLength, field, *value, file_.diagnostics);
    Complain(entry, field, "MISSING_KEY", "is missing", "write from when to when");
    return std::nullopt;
  }

  std::optional<std::int64_t> Minutes(const YamlNode* value, const YamlNode& entry,
                                      const FieldPath& field) {
    const auto text = Text(value, entry, field);
    if (!text) return std::nullopt;
    const auto minutes = MinutesOf(*text);
    if (!minutes)
      Complain(*value, field, "MALFORMED", absl::StrCat("is \"", Excerpt(*text), "\""),
               "write a time of the day in quotes: \"06:00\", up to \"24:00\"");
    return minutes;
  }

  std::vector<std::int64_t> Days(const YamlNode* value, const YamlNode& entry,
                                 const FieldPath& field) {
    std::vector<std::int64_t> days;
    if (value == nullptr) {
      Complain(entry, field, "MISSING_KEY", "is missing", "write on which days: [monday, tuesday]");
      return days;
    }
    ForEach(*value, field, [&](const YamlNode& node, const FieldPath& place) {
      const auto name = ReadText(KeyType::kName, kTextLength, place, node, file_.diagnostics);
      if (!name) return;
      const auto found = std::find(kWeekdays.begin(), kWeekdays.end(), *name);
      if (found != kWeekdays.end()) return days.push_back(found - kWeekdays.begin());
      Complain(node, place, "UNKNOWN_VALUE", absl::StrCat("is \"", Excerpt(*name), "\""),
               absl::StrCat("write one of ", absl::StrJoin(kWeekdays, ", ")));
    });
    return days;
  }

  // One that ends when it begins, or before, ends on the next day.
  void ReadShift(const YamlNode& node, const FieldPath& field) {
    const auto [days, from, to] = Fields<3>(node, field, {"days", "from", "to"});
    if (node.kind != YamlNode::Kind::kMapping) return;
    const std::vector<std::int64_t> on = Days(days, node, FieldPath(field, "days"));
    const auto begin = Minutes(from, node, FieldPath(field, "from"));
    const auto end = Minutes(to, node, FieldPath(field, "to"));
    if (!begin || !end) return;
    for (const std::int64_t day : on) {
      const std::int64_t first = day * kDayMinutes + *begin;
      const std::int64_t last = day * kDayMinutes + *end + (*end <= *begin ? kDayMinutes : 0);
      file_.local.shifts.push_back({first, std::min(last, kWeekMinutes)});
      if (last > kWeekMinutes) file_.local.shifts.push_back({0, last - kWeekMinutes});
    }
  }

  std::optional<std::int64_t> LocalSeconds(const YamlNode* value, const YamlNode& entry,
                                           const FieldPath& field) {
    const auto text = Text(value, entry, field);
    if (!text) return std::nullopt;
    const auto minutes =
        text->size() == 16 && (*text)[10] == ' ' ? MinutesOf(text->substr(11)) : std::nullopt;
    if (minutes && IsCalendarDate(text->substr(0, 10)))
      return DayOf(text->substr(0, 10)) * 86'400 + *minutes * 60;
    Complain(*value, field, "MALFORMED", absl::StrCat("is \"", Excerpt(*text), "\""),
             "write a local time in quotes: \"2025-08-02 06:00\"");
    return std::nullopt;
  }

  void ReadMaintenance(const YamlNode& node, const FieldPath& field) {
    const auto [from, to] = Fields<2>(node, field, {"from", "to"});
    if (node.kind != YamlNode::Kind::kMapping) return;
    const auto begin = LocalSeconds(from, node, FieldPath(field, "from"));
    const auto end = LocalSeconds(to, node, FieldPath(field, "to"));
    if (!begin || !end) return;
    if (*begin < *end)
      file_.local.maintenance.push_back({*begin, *end});
    else
      Complain(node, field, "OUT_OF_RANGE", "ends before it begins", "let `to` be after `from`");
  }

  const YamlDocument& document_;
  CalendarFile& file_;
};

std::string SpansJson(const std::vector<Span>& spans) {
  return absl::StrCat("[",
                      absl::StrJoin(spans, ",",
                                    [](std::string* out, const Span& span) {
                                      absl::StrAppend(out, "[", span.begin, ",", span.end, "]");
                                    }),
                      "]");
}

}  // namespace

CalendarFile ReadCalendarFile(const ParsedYaml& yaml, const std::string& path) {
  CalendarFile file{.local = {}, .diagnostics = yaml.diagnostics};
  if (yaml.document) {
    const YamlNode& root = yaml.document->at(yaml.document->root);
    // One of nothing but comments has no holiday yet.
    if (root.kind != YamlNode::Kind::kNull) CalendarReader(*yaml.document, file).Read(root);
  }
  for (Diagnostic& diagnostic : file.diagnostics) diagnostic.path = path;
  return file;
}

PlantCalendar CalendarIn(const std::string& time_zone, const PlantCalendar& local) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!time_zone.empty()) absl::LoadTimeZone(time_zone, &zone);
  const auto unix = [&zone](std::int64_t local_seconds) {
    return absl::ToUnixSeconds(
        absl::FromCivil(absl::CivilSecond(1970, 1, 1) + local_seconds, zone));
  };
  PlantCalendar calendar = local;
  calendar.time_zone = time_zone;
  for (Span& span : calendar.maintenance) span = {unix(span.begin), unix(span.end)};
  // What lies within an hour that the clock leaves out is no time at all.
  std::erase_if(calendar.maintenance, [](const Span& span) { return span.begin >= span.end; });
  return calendar;
}

std::string CalendarJson(const PlantCalendar& calendar) {
  return absl::StrCat("{\"time_zone\":\"", calendar.time_zone, "\",\"holidays\":[",
                      absl::StrJoin(calendar.holidays, ","),
                      "],\"shifts\":", SpansJson(calendar.shifts),
                      ",\"maintenance\":", SpansJson(calendar.maintenance), "}");
}

std::string CalendarText(const PlantCalendar& calendar) {
  return absl::StrCat(calendar.holidays.size(), " holidays, ", calendar.shifts.size(),
                      " shifts a week, ", calendar.maintenance.size(), " times of maintenance (",
                      Sha256Hex(CalendarJson(calendar)).substr(0, 8), ")");
}

std::size_t Calendars::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + config::ApproximateBytes(diagnostics);
  for (const auto& [name, file] : files)
    bytes += sizeof file + name.size() + config::ApproximateBytes(file.diagnostics) +
             file.local.holidays.size() * sizeof(std::int64_t) +
             (file.local.shifts.size() + file.local.maintenance.size()) * sizeof(Span);
  return bytes;
}

}  // namespace fleetcast::config
