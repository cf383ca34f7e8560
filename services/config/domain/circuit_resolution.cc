#include "services/config/domain/circuit_resolution.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/nearest_word.h"
#include "services/config/domain/canonical.h"
#include "services/config/domain/master_list.h"
#include "services/config/domain/scalar.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

class Resolver {
 public:
  Resolver(const std::string& plant_id, const std::string& circuit_id,
           const std::vector<CircuitLayer>& layers, const PlantSurroundings& surroundings)
      : plant_id_(plant_id),
        circuit_id_(circuit_id),
        layers_(layers),
        surroundings_(surroundings) {}

  CircuitResolution Resolve() {
    CircuitConfig config;
    result_.sources.resize(CircuitKeys().size());
    const std::vector<Key>& keys = CircuitKeys();
    for (std::size_t i = 0; i < keys.size(); ++i) ResolveKey(i, keys[i], config);
    CheckPlace("plant_id", config.plant_id, plant_id_);
    CheckPlace("circuit_id", config.circuit_id, circuit_id_);
    CheckBounds(config.training.data_filters);
    AddCalendar(config.training);
    for (const CircuitLayer& layer : layers_)
      for (const Diagnostic& diagnostic : layer.file->diagnostics) Add(layer.path, diagnostic);
    std::sort(
        result_.diagnostics.begin(), result_.diagnostics.end(),
        [](const Diagnostic& a, const Diagnostic& b) { return ReportOrder(a) < ReportOrder(b); });
    if (HasError(result_.diagnostics)) return std::move(result_);
    result_.training_hash = TrainingHash(config);
    result_.deployment_hash = DeploymentHash(config);
    result_.config = std::move(config);
    return std::move(result_);
  }

 private:
  void ResolveKey(std::size_t index, const Key& key, CircuitConfig& config) {
    bool refused = false;
    for (const CircuitLayer& layer : layers_) {
      const auto& values = layer.file->values;
      const auto value =
          std::lower_bound(values.begin(), values.end(), index,
                           [](const FileValue& a, std::size_t b) { return a.key < b; });
      if (value != values.end() && value->key == index) {
        result_.sources[index] = {layer.position, value->mark};
        return key.set(config, value->value);
      }
      const auto& bad = layer.file->refused;
      refused =
          refused || !layer.file->readable || std::find(bad.begin(), bad.end(), index) != bad.end();
    }
    if (key.fallback) return key.set(config, *key.fallback);
    if (key.derived != nullptr) return key.set(config, key.derived(config));
    if (!refused) ReportMissing(key);
  }

  // The place of the innermost section that the circuit's own file has.
  void ReportMissing(const Key& key) {
    Mark mark{1, 1};
    std::size_t longest = 0;
    for (const auto& [section, at] : layers_.front().file->sections)
      if (!section.empty() && key.path.starts_with(section + ".") && section.size() > longest) {
        longest = section.size();
        mark = at;
      }
    Diagnostics missing;
    Report(missing, mark, key.path, "MISSING_KEY", absl::StrCat("`", key.path, "` is missing"),
           absl::StrCat("add it: ", TypeText(key.type)));
    Add(layers_.front().path, missing.front());
  }

  void CheckPlace(const std::string& field, const std::string& written, const std::string& place) {
    if (written.empty() || written == place) return;
    const std::size_t index = *FindCircuitKey(field);
    Diagnostics mismatch;
    for (const FileValue& value : layers_.front().file->values)
      if (value.key == index)
        Report(mismatch, value.mark, field, "ID_MISMATCH",
               absl::StrCat("`", field, "` is ", written, ", but the file stands where ", place,
                            " belongs"),
               absl::StrCat("write ", place, ", or move the file to config/plants/",
                            field == "plant_id" ? written : plant_id_, "/",
                            field == "plant_id" ? circuit_id_ : written, ".yml"));
    for (const Diagnostic& diagnostic : mismatch) Add(layers_.front().path, diagnostic);
  }

  // Told where the stronger of the two layers has its bound: the other may be right for others.
  void CheckBounds(const DataFilters& filters) {
    if (!filters.minimum || !filters.maximum || *filters.minimum < *filters.maximum) return;
    const std::string path = "training.data_filters.";
    const ValueSource& minimum = result_.sources[*FindCircuitKey(path + "minimum")];
    const ValueSource& maximum = result_.sources[*FindCircuitKey(path + "maximum")];
    const bool at_minimum = minimum.layer <= maximum.layer;
    const ValueSource& source = at_minimum ? minimum : maximum;
    ReportAt(source, path + (at_minimum ? "minimum" : "maximum"), "OUT_OF_RANGE",
             absl::StrCat("`minimum` is ", NumberText(*filters.minimum),
                          ", which is not below `maximum`, ", NumberText(*filters.maximum)),
             "let the minimum be below the maximum, or leave one of them out");
  }

  void AddCalendar(TrainingConfig& training) {
    absl::TimeZone zone;
    const std::string& name = surroundings_.time_zone;
    if (!name.empty() && !absl::LoadTimeZone(name, &zone)) return ReportUnknownZone(name);
    PlantCalendar local;
    if (training.calendar) {
      static const Calendars kNone;
      const Calendars& all = surroundings_.calendars != nullptr ? *surroundings_.calendars : kNone;
      const auto found = all.files.find(*training.calendar);
      if (found == all.files.end()) return ReportMissingCalendar(*training.calendar, all);
      for (const Diagnostic& diagnostic : found->second.diagnostics)
        Add(diagnostic.path, diagnostic);
      local = found->second.local;
    }
    if (training.calendar || !name.empty()) training.plant_calendar = CalendarIn(name, local);
  }

  // None of the plant's times can be told.
  void ReportUnknownZone(const std::string& name) {
    Diagnostics one;
    Report(one, surroundings_.zone_mark, "time_zone", "UNKNOWN_VALUE",
           absl::StrCat("the time zone of plant ", plant_id_, " is \"", Excerpt(name),
                        "\", which is none that is known here"),
           "write a name such as Europe/Berlin, or install tzdata");
    Add(kMasterListPath, one.front());
  }

  void ReportMissingCalendar(const std::string& name, const Calendars& all) {
    std::vector<std::string> names;
    for (const auto& [known, file] : all.files) names.push_back(known);
    const auto nearest = NearestWord(name, names);
    const std::string path = "training.calendar";
    ReportAt(result_.sources[*FindCircuitKey(path)], path, "CALENDAR_MISSING",
             absl::StrCat("`", path, "` is ", name, ", and there is no file ", kCalendarsFolder,
                          "/", name, ".yml"),
             nearest ? absl::StrCat("did you mean `", *nearest, "`?") : "add the file");
  }

  // Where the value from `source` stands.
  void ReportAt(const ValueSource& source, const std::string& field, const std::string& reason,
                const std::string& message, const std::string& remedy) {
    Diagnostics one;
    Report(one, source.mark, field, reason, message, remedy);
    for (const CircuitLayer& layer : layers_)
      if (layer.position == source.layer) Add(layer.path, one.front());
  }

  void Add(const std::string& path, Diagnostic diagnostic) {
    diagnostic.path = path;
    diagnostic.plant_id = plant_id_;
    diagnostic.circuit_id = circuit_id_;
    result_.diagnostics.push_back(std::move(diagnostic));
  }

  const std::string& plant_id_;
  const std::string& circuit_id_;
  const std::vector<CircuitLayer>& layers_;
  const PlantSurroundings& surroundings_;
  CircuitResolution result_;
};

}  // namespace

CircuitResolution ResolveCircuit(const std::string& plant_id, const std::string& circuit_id,
                                 const std::vector<CircuitLayer>& layers,
                                 const PlantSurroundings& surroundings) {
  return Resolver(plant_id, circuit_id, layers, surroundings).Resolve();
}

std::size_t CircuitResolution::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + sources.capacity() * sizeof(ValueSource) +
                      training_hash.size() + deployment_hash.size() +
                      config::ApproximateBytes(diagnostics);
  if (config) {
    // Columns' names are all of it that may be large.
    constexpr std::size_t kOtherTexts = 300;
    const auto& columns = config->training.data_filters.feature_columns;
    bytes += kOtherTexts + columns.capacity() * sizeof(std::string);
    for (const std::string& column : columns) bytes += column.size();
    if (const auto& calendar = config->training.plant_calendar)
      bytes += calendar->holidays.size() * sizeof(std::int64_t) +
               (calendar->shifts.size() + calendar->maintenance.size()) * sizeof(Span);
  }
  return bytes;
}

}  // namespace fleetcast::config
