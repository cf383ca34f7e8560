#include "cli/views/config_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using config::v1::CircuitChange;
using Align = Column::Align;

Cell EffectCell(CircuitChange::Effect effect) {
  const std::string text = WithoutPrefix(CircuitChange::Effect_Name(effect), "EFFECT_");
  if (effect == CircuitChange::EFFECT_RETRAIN) return {text, Style::kBold};
  return {text, effect == CircuitChange::EFFECT_NONE ? Style::kDim : Style::kPlain};
}

// What changed, and where the new value stands unless that is the circuit's own file.
std::string FieldText(const config::v1::FieldChange& field) {
  std::string text = absl::StrCat(field.field(), ": ", OneLine(field.old_value()), " -> ",
                                  OneLine(field.new_value()));
  if (field.source() != config::v1::FieldChange::SOURCE_CIRCUIT_FILE && !field.path().empty())
    absl::StrAppend(&text, " (", OneLine(field.path()), ":", field.line(), ")");
  return text;
}

std::string Numbers(const google::protobuf::RepeatedField<double>& values) {
  return absl::StrJoin(values, ", ",
                       [](std::string* out, double value) { absl::StrAppend(out, value, "%"); });
}

}  // namespace

Table ChangesTable(const config::v1::DetectChangesResponse& response) {
  Table table({{"CIRCUIT"}, {"KIND"}, {"EFFECT"}, {"CUTOFF"}, {"CHANGED"}});
  for (const auto& change : response.changes()) {
    std::vector<std::string> fields;
    for (const int place : change.field_change_indexes())
      if (place >= 0 && place < response.field_changes_size())
        fields.push_back(FieldText(response.field_changes(place)));
    table.AddRow({change.plant_id() + "/" + change.circuit_id(),
                  WithoutPrefix(CircuitChange::Kind_Name(change.kind()), "KIND_"),
                  EffectCell(change.effect()), change.cutoff_date(),
                  fields.empty() ? "" : fields[0]});
    for (std::size_t i = 1; i < fields.size(); ++i) table.AddContinuation(fields[i]);
  }
  return table;
}

Table CircuitsTable(const std::vector<config::v1::Circuit>& circuits) {
  Table table({{"CIRCUIT"},
               {"SENSOR"},
               {"TARGET"},
               {"CUTOFF"},
               {"ENVIRONMENT"},
               {"EPOCHS", Align::kRight},
               {"UNITS", Align::kRight},
               {"HORIZON", Align::kRight},
               {"NAME"}});
  for (const auto& circuit : circuits) {
    const auto& training = circuit.training();
    table.AddRow({circuit.plant_id() + "/" + circuit.circuit_id(),
                  training.data_filters().sensor_id(), training.data_filters().target_column(),
                  training.cutoff_date(), training.environment_version(),
                  absl::StrCat(training.hyperparameters().epochs()),
                  absl::StrCat(training.hyperparameters().lstm_units()),
                  absl::StrCat(training.forecast().horizon()), circuit.display_name()});
  }
  return table;
}

std::string CircuitText(const config::v1::Circuit& circuit, const Terminal& terminal) {
  const auto& training = circuit.training();
  const auto& hyper = training.hyperparameters();
  const auto& deployment = circuit.deployment();
  Properties text;
  text.Add("circuit", {circuit.plant_id() + "/" + circuit.circuit_id(), Style::kBold});
  text.AddGiven("name", circuit.display_name());
  text.AddGiven("plant", circuit.plant_display_name());
  text.Add("file", absl::StrCat(circuit.path(), " at ", ShortCommit(circuit.commit())));
  text.Add("sensor", training.data_filters().sensor_id());
  text.Add("features", absl::StrJoin(training.data_filters().feature_columns(), ", "));
  text.Add("target", training.data_filters().target_column());
  if (training.data_filters().has_minimum() || training.data_filters().has_maximum()) {
    const auto& filters = training.data_filters();
    text.Add("its range",
             absl::StrCat(filters.has_minimum() ? NumberText(filters.minimum()) : "any", " to ",
                          filters.has_maximum() ? NumberText(filters.maximum()) : "any"));
  }
  text.Add("forecast", absl::StrCat(training.forecast().horizon(), " steps, intervals ",
                                    Numbers(training.forecast().interval_levels())));
  if (training.has_calendar()) {
    const auto& calendar = training.calendar();
    text.Add("calendar", absl::StrCat(calendar.name(), calendar.name().empty() ? "" : ", ",
                                      calendar.time_zone().empty() ? "UTC" : calendar.time_zone(),
                                      ", ", calendar.holidays_size(), " holidays, ",
                                      calendar.shifts_size(), " shifts a week, ",
                                      calendar.maintenance_size(), " times of maintenance"));
  }
  text.Add("cutoff date", training.cutoff_date());
  text.Add("environment", training.environment_version());
  text.Add("model", absl::StrCat("LSTM of ", hyper.lstm_units(), " units over ",
                                 hyper.sequence_length(), " steps, dropout ", hyper.dropout()));
  text.Add("learning", absl::StrCat(Count(hyper.epochs(), "epoch"), " at most, batches of ",
                                    hyper.batch_size(), ", rate ", hyper.learning_rate(), ", seed ",
                                    training.seed(), ", ", training.precision()));
  text.Add("runs on",
           absl::StrCat(deployment.instance_count(), " × ", deployment.compute_instance_type(),
                        ", ", deployment.max_concurrency_per_instance(), " at once each"));
  text.Add("batches", absl::StrCat("of ", Count(deployment.mini_batch_size(), "row"), ", within ",
                                   Count(deployment.timeout_minutes(), "minute"), ", ",
                                   deployment.retry_settings().max_retries(), " retries"));
  text.Add("fallback", deployment.fallback() == config::v1::DeploymentConfig::FALLBACK_NONE
                           ? "none"
                           : "the earlier version, else a naive forecast");
  text.Add("training hash", {circuit.training_hash().substr(0, 16), Style::kDim});
  text.Add("deployment hash", {circuit.deployment_hash().substr(0, 16), Style::kDim});
  return text.Render(terminal);
}

std::string DiagnosticText(const config::v1::Diagnostic& diagnostic, bool color) {
  const bool error = diagnostic.severity() == config::v1::Diagnostic::SEVERITY_ERROR;
  std::string text = OneLine(diagnostic.path());
  if (diagnostic.line() > 0) {
    absl::StrAppend(&text, ":", diagnostic.line(), ":", diagnostic.column());
  }
  text = Styled(text, Style::kBold, color) + ": " +
         Styled(error ? "error:" : "warning:", error ? Style::kBad : Style::kWarning, color) + " ";
  if (!diagnostic.field().empty()) absl::StrAppend(&text, OneLine(diagnostic.field()), ": ");
  absl::StrAppend(&text, OneLine(diagnostic.message()), " [", diagnostic.reason(), "]\n");
  if (!diagnostic.remedy().empty()) {
    absl::StrAppend(&text, "    ", OneLine(diagnostic.remedy()), "\n");
  }
  return text;
}

}  // namespace fleetcast::cli
