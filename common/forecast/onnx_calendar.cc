#include "common/forecast/onnx_calendar.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/forecast/onnx_graph.h"

namespace fleetcast::forecast {
namespace {

// Every value is int64 [batch, rows] but the last.
class GraphOfCalendar {
 public:
  GraphOfCalendar(const CalendarProfile& profile, const InputLayout& layout, OnnxBuilder& graph)
      : profile_(profile), layout_(layout), graph_(graph) {}

  void Put() {
    const OnnxValue times = Times();
    const OnnxValue local = LocalOf(times);
    const OnnxValue day = Do("Div", local, Whole("day_seconds", kDaySeconds), "day");
    const OnnxValue second = Do("Mod", local, Whole("seconds_of_day", kDaySeconds), "second");
    const OnnxValue kind = WithMaintenance(times, KindOf(day, second));
    const OnnxValue slot = Do("Div", second, Whole("slot_seconds", profile_.slot_seconds), "slot");
    const auto slots = static_cast<std::int64_t>(profile_.slots());
    const OnnxValue cell =
        Do("Add", Do("Mul", kind, Whole("slots", slots), "first_cell"), slot, "cell");
    const auto cells = static_cast<std::int64_t>(profile_.values.size());
    graph_.Node("Gather", {graph_.Doubles(Name("values"), {cells}, profile_.values), cell},
                kOnnxExpected);
  }

 private:
  static std::string Name(const std::string& name) { return "calendar." + name; }
  OnnxValue Whole(const std::string& name, std::int64_t value) {
    return graph_.Integers(Name(name), {value});
  }
  OnnxValue Do(const char* operation, const OnnxValue& a, const OnnxValue& b,
               const std::string& name) {
    return graph_.Node(operation, {a, b}, Name(name));
  }

  // Of the window's rows and the horizon's.
  OnnxValue Times() {
    std::vector<std::int64_t> offsets;
    for (auto row = 1 - static_cast<std::int64_t>(layout_.input_rows()); row <= layout_.horizon;
         ++row) {
      offsets.push_back(row * layout_.step_seconds);
    }
    return Do("Add", graph_.Node("Unsqueeze", {kOnnxTime, Whole("axis", 1)}, Name("last_time")),
              graph_.Integers(Name("rows"), offsets), "times");
  }

  OnnxValue LocalOf(const OnnxValue& times) {
    const std::vector<ClockChange>& clock = profile_.clock;
    OnnxValue first = Do("Add", times, Whole("first_offset", clock[0].offset_seconds), "first");
    if (clock.size() == 1) return first;
    std::vector<std::int64_t> changes, by;
    for (std::size_t i = 1; i < clock.size(); ++i) {
      changes.push_back(clock[i].unix_seconds);
      by.push_back(clock[i].offset_seconds - clock[i - 1].offset_seconds);
    }
    return Do("Add", first, SumReached(times, changes, by, "clock"), "local");
  }

  // The kinds of working days; maintenance comes later.
  OnnxValue KindOf(const OnnxValue& day, const OnnxValue& second) {
    const PlantCalendar& calendar = profile_.calendar;
    const OnnxValue weekday =
        Do("Mod", Do("Add", day, Whole("monday", 3), "days"), Whole("week", 7), "weekday");
    OnnxValue of_week =
        graph_.Node("Gather", {graph_.Integers(Name("of_week"), {0, 0, 0, 0, 0, 1, 2}), weekday},
                    Name("day_of_week"));
    OnnxValue works;
    if (!calendar.shifts.empty()) {
      const OnnxValue minute =
          Do("Add", Do("Mul", weekday, Whole("day_minutes", 1440), "minute_of_midnight"),
             Do("Div", second, Whole("minute_seconds", 60), "minute_of_day"), "minute");
      works = CountSpans(minute, calendar.shifts, "shift");
    }
    if (!calendar.holidays.empty()) {
      std::vector<Span> days;
      for (const std::int64_t each : calendar.holidays) days.push_back({each, each + 1});
      const OnnxValue holiday = CountSpans(day, days, "holiday");
      const OnnxValue to_sunday = Do("Sub", Whole("sunday", 2), of_week, "to_sunday");
      of_week = Do("Add", of_week, Do("Mul", holiday, to_sunday, "moved"), "kind_of_day");
      if (!works.empty()) {
        works = Do("Mul", works, Do("Sub", Whole("one", 1), holiday, "no_holiday"), "works");
      }
    }
    const OnnxValue rest = Do("Mul", of_week, Whole("two", 2), "kind_of_rest");
    return works.empty() ? rest : Do("Add", rest, works, "kind_of_hour");
  }

  OnnxValue WithMaintenance(const OnnxValue& times, const OnnxValue& kind) {
    if (profile_.calendar.maintenance.empty()) return kind;
    const OnnxValue maintained = CountSpans(times, profile_.calendar.maintenance, "maintenance");
    const OnnxValue rest = Do("Sub", Whole("maintained", kWorkdayKinds), kind, "to_maintained");
    return Do("Add", kind, Do("Mul", maintained, rest, "stopped"), "kind");
  }

  // How many of the spans hold `at`.
  OnnxValue CountSpans(const OnnxValue& at, const std::vector<Span>& spans,
                       const std::string& name) {
    std::vector<std::int64_t> begins, ends;
    for (const Span& span : spans) {
      begins.push_back(span.begin);
      ends.push_back(span.end);
    }
    const std::vector<std::int64_t> ones(spans.size(), 1);
    return Do("Sub", SumReached(at, begins, ones, name + ".begun"),
              SumReached(at, ends, ones, name + ".ended"), name);
  }

  // The sum of the `weights` whose `from` is reached by `at`.
  OnnxValue SumReached(const OnnxValue& at, const std::vector<std::int64_t>& from,
                       const std::vector<std::int64_t>& weights, const std::string& name) {
    const OnnxValue axis = Whole(name + ".axis", 2);
    const OnnxValue each = graph_.Node("Unsqueeze", {at, axis}, Name(name + ".each"));
    const OnnxValue reached = graph_.Cast(
        Do("GreaterOrEqual", each, graph_.Integers(Name(name + ".from"), from), name + ".reached"),
        OnnxType::kInt64, Name(name + ".ones"));
    const OnnxValue weighed =
        Do("Mul", reached, graph_.Integers(Name(name + ".weights"), weights), name + ".weighed");
    return graph_.Node("ReduceSum", {weighed, axis}, Name(name),
                       {{.name = "keepdims", .integers = {0}}});
  }

  const CalendarProfile& profile_;
  const InputLayout& layout_;
  OnnxBuilder& graph_;
};

}  // namespace

void PutExpected(const CalendarProfile& profile, const InputLayout& layout, OnnxBuilder& graph) {
  GraphOfCalendar(profile, layout, graph).Put();
}

}  // namespace fleetcast::forecast
