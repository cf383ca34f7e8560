#include "common/sensordata/source_settings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/postgres_source.h"

namespace fleetcast::sensordata {
namespace {

// The value that `word` names among `choices`.
template <typename Value>
absl::StatusOr<Value> Chosen(const std::string& setting, const std::string& word,
                             const std::vector<std::pair<std::string, Value>>& choices) {
  for (const auto& [name, value] : choices)
    if (name == word) return value;
  return InvalidField(
      setting, absl::StrCat(QuotedUtf8(word, 80), " is none of ",
                            absl::StrJoin(choices, ", ", [](std::string* text, const auto& choice) {
                              absl::StrAppend(text, choice.first);
                            })));
}

using MaybeChar = std::optional<char>;
using MaybeFormat = std::optional<TimeFormat>;
using MaybeBool = std::optional<bool>;

absl::StatusOr<MaybeFormat> TimeFormatOf(const std::string& word) {
  std::vector<std::pair<std::string, MaybeFormat>> choices = {{"auto", std::nullopt}};
  for (const char* name :
       {"iso", "day_first", "month_first", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"})
    choices.emplace_back(name, TimeFormatNamed(name));
  return Chosen("sensor_csv_time_format", word, choices);
}

absl::StatusOr<CsvOptions> CsvOptionsOf(const FormatSettings& settings) {
  CsvOptions options;
  FLEETCAST_ASSIGN_OR_RETURN(
      options.separator,
      Chosen<MaybeChar>(
          "sensor_csv_separator", settings.separator,
          {{"auto", {}}, {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'}}));
  FLEETCAST_ASSIGN_OR_RETURN(options.decimal,
                             Chosen<MaybeChar>("sensor_csv_decimal", settings.decimal,
                                               {{"auto", {}}, {"point", '.'}, {"comma", ','}}));
  options.time_column = settings.time_column;
  FLEETCAST_ASSIGN_OR_RETURN(options.time_format, TimeFormatOf(settings.time_format));
  if (!absl::LoadTimeZone(settings.time_zone, &options.time_zone)) {
    return InvalidField("sensor_csv_time_zone",
                        QuotedUtf8(settings.time_zone, 80) +
                            " is no time zone that this machine knows; write one like UTC or "
                            "Europe/Berlin (Debian: package tzdata)");
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      options.latin1, Chosen<MaybeBool>("sensor_csv_encoding", settings.encoding,
                                        {{"auto", {}}, {"utf-8", false}, {"latin-1", true}}));
  if (!settings.missing.empty())
    options.missing = absl::StrSplit(settings.missing, ',', absl::SkipEmpty());
  return options;
}

absl::StatusOr<QualityPolicy> QualityPolicyOf(const FormatSettings& settings) {
  QualityPolicy policy;
  policy.column = settings.quality_column == "none" ? "" : settings.quality_column;
  FLEETCAST_ASSIGN_OR_RETURN(policy.codes,
                             Chosen<QualityCodes>("sensor_quality_codes", settings.quality_codes,
                                                  {{"none", QualityCodes::kNone},
                                                   {"opc_ua", QualityCodes::kOpcUa},
                                                   {"opc_da", QualityCodes::kOpcDa}}));
  FLEETCAST_ASSIGN_OR_RETURN(policy.accept_uncertain,
                             Chosen<bool>("sensor_quality_uncertain", settings.quality_uncertain,
                                          {{"keep", true}, {"mask", false}}));
  return policy;
}

}  // namespace

const std::vector<FormatSetting>& AllFormatSettings() {
  using F = FormatSettings;
  static const auto* const settings = new std::vector<FormatSetting>{
      {"sensor_csv_separator", &F::separator,
       "csv: comma, semicolon, tab, pipe, or found in the file"},
      {"sensor_csv_decimal", &F::decimal, "csv: point, comma, or found in the file"},
      {"sensor_csv_time_column", &F::time_column, "csv: name of the time's column; else found"},
      {"sensor_csv_time_format", &F::time_format,
       "csv: iso, day_first, month_first, epoch_s, epoch_ms, epoch_us, epoch_ns, or found"},
      {"sensor_csv_time_zone", &F::time_zone,
       "csv: of times without an offset, like Europe/Berlin"},
      {"sensor_csv_encoding", &F::encoding, "csv: utf-8, latin-1, or found in the header"},
      {"sensor_csv_missing", &F::missing,
       "csv: further words for a missing cell, like ---,Bad Input"},
      {"sensor_quality_column", &F::quality_column,
       "column of Good, Uncertain, Bad; {column}_NAME says it of one column; none for no such"},
      {"sensor_quality_codes", &F::quality_codes,
       "what numbers in the quality column mean: none, opc_ua, opc_da"},
      {"sensor_quality_uncertain", &F::quality_uncertain, "keep or mask uncertain readings"}};
  return *settings;
}

absl::StatusOr<CsvFormat> FormatOf(const FormatSettings& settings) {
  CsvFormat format;
  FLEETCAST_ASSIGN_OR_RETURN(format.csv, CsvOptionsOf(settings));
  FLEETCAST_ASSIGN_OR_RETURN(format.quality, QualityPolicyOf(settings));
  return format;
}

absl::StatusOr<std::unique_ptr<SensorSource>> OpenSensorSource(const SourceSettings& settings) {
  if (settings.data.empty()) {
    return InvalidField("sensor_data",
                        "is empty; give the folder of CSV files or the connection string");
  }
  FLEETCAST_ASSIGN_OR_RETURN(CsvFormat format, FormatOf(settings.format));
  if (settings.kind == "csv") return std::make_unique<CsvSource>(settings.data, std::move(format));
  if (settings.kind == "postgres") {
    PostgresSourceOptions options{.dsn = settings.data,
                                  .table = settings.table,
                                  .id_column = settings.id_column,
                                  .time_column = settings.time_column,
                                  .quality = std::move(format.quality),
                                  .connections = settings.connections};
    return PostgresSource::Open(std::move(options));
  }
  return InvalidField("sensor_source", "'" + settings.kind + "' is neither csv nor postgres");
}

}  // namespace fleetcast::sensordata
