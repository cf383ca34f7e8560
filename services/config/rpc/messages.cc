#include "services/config/rpc/messages.h"

#include "absl/strings/str_cat.h"
#include "services/config/domain/fleet_diagnostics.h"

namespace fleetcast::config {
namespace {

std::string NameOf(const CircuitKey& key) {
  return absl::StrCat("plants/", key.plant_id, "/circuits/", key.circuit_id);
}

v1::PlantCalendar::Span ToSpan(const Span& span) {
  v1::PlantCalendar::Span message;
  message.set_begin(span.begin);
  message.set_end(span.end);
  return message;
}

void ToMessage(const TrainingConfig& training, v1::TrainingConfig* message) {
  message->set_cutoff_date(training.cutoff_date);
  message->set_environment_version(training.environment_version);
  v1::Hyperparameters* hyperparameters = message->mutable_hyperparameters();
  hyperparameters->set_sequence_length(training.hyperparameters.sequence_length);
  hyperparameters->set_lstm_units(training.hyperparameters.lstm_units);
  hyperparameters->set_dropout(training.hyperparameters.dropout);
  hyperparameters->set_learning_rate(training.hyperparameters.learning_rate);
  hyperparameters->set_batch_size(training.hyperparameters.batch_size);
  hyperparameters->set_epochs(training.hyperparameters.epochs);
  v1::DataFilters* filters = message->mutable_data_filters();
  filters->set_sensor_id(training.data_filters.sensor_id);
  filters->mutable_feature_columns()->Assign(training.data_filters.feature_columns.begin(),
                                             training.data_filters.feature_columns.end());
  filters->set_target_column(training.data_filters.target_column);
  if (training.data_filters.minimum) filters->set_minimum(*training.data_filters.minimum);
  if (training.data_filters.maximum) filters->set_maximum(*training.data_filters.maximum);
  message->mutable_forecast()->set_horizon(training.forecast.horizon);
  message->mutable_forecast()->mutable_interval_levels()->Assign(
      training.forecast.interval_levels.begin(), training.forecast.interval_levels.end());
  message->set_seed(training.seed);
  message->set_precision(training.precision);
  if (training.base_version) message->set_base_version(*training.base_version);
  if (!training.plant_calendar) return;
  v1::PlantCalendar& calendar = *message->mutable_calendar();
  calendar.set_name(training.calendar.value_or(""));
  calendar.set_time_zone(training.plant_calendar->time_zone);
  calendar.mutable_holidays()->Assign(training.plant_calendar->holidays.begin(),
                                      training.plant_calendar->holidays.end());
  for (const Span& span : training.plant_calendar->shifts) *calendar.add_shifts() = ToSpan(span);
  for (const Span& span : training.plant_calendar->maintenance)
    *calendar.add_maintenance() = ToSpan(span);
}

void ToMessage(const DeploymentConfig& deployment, v1::DeploymentConfig* message) {
  message->set_compute_instance_type(deployment.compute_instance_type);
  message->set_mini_batch_size(deployment.mini_batch_size);
  message->set_timeout_minutes(deployment.timeout_minutes);
  message->set_instance_count(deployment.instance_count);
  message->set_max_concurrency_per_instance(deployment.max_concurrency_per_instance);
  message->set_error_threshold(deployment.error_threshold);
  message->mutable_retry_settings()->set_max_retries(deployment.retry_settings.max_retries);
  message->mutable_retry_settings()->set_timeout_seconds(deployment.retry_settings.timeout_seconds);
  message->set_fallback(deployment.fallback == "none"
                            ? v1::DeploymentConfig::FALLBACK_NONE
                            : v1::DeploymentConfig::FALLBACK_EARLIER_VERSION_OR_NAIVE);
}

v1::CircuitChange::Kind KindOf(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kAdded:
      return v1::CircuitChange::KIND_ADDED;
    case ChangeKind::kModified:
      return v1::CircuitChange::KIND_MODIFIED;
    case ChangeKind::kRemoved:
      return v1::CircuitChange::KIND_REMOVED;
  }
  return v1::CircuitChange::KIND_UNSPECIFIED;
}

v1::CircuitChange::Effect EffectOf(ChangeEffect effect) {
  switch (effect) {
    case ChangeEffect::kRetrain:
      return v1::CircuitChange::EFFECT_RETRAIN;
    case ChangeEffect::kRedeploy:
      return v1::CircuitChange::EFFECT_REDEPLOY;
    case ChangeEffect::kRetire:
      return v1::CircuitChange::EFFECT_RETIRE;
    case ChangeEffect::kNone:
      return v1::CircuitChange::EFFECT_NONE;
  }
  return v1::CircuitChange::EFFECT_UNSPECIFIED;
}

v1::FieldChange::Source SourceOf(FieldChange::Source source) {
  switch (source) {
    case FieldChange::Source::kCircuitFile:
      return v1::FieldChange::SOURCE_CIRCUIT_FILE;
    case FieldChange::Source::kPlantDefaults:
      return v1::FieldChange::SOURCE_PLANT_DEFAULTS;
    case FieldChange::Source::kRepositoryDefaults:
      return v1::FieldChange::SOURCE_REPOSITORY_DEFAULTS;
    case FieldChange::Source::kBuiltIn:
      return v1::FieldChange::SOURCE_BUILT_IN;
    case FieldChange::Source::kMasterList:
      return v1::FieldChange::SOURCE_MASTER_LIST;
    case FieldChange::Source::kCalendar:
      return v1::FieldChange::SOURCE_CALENDAR;
  }
  return v1::FieldChange::SOURCE_UNSPECIFIED;
}

}  // namespace

void ToMessage(const PlantOutline& plant, v1::Plant* message) {
  message->set_name(absl::StrCat("plants/", plant.plant_id));
  message->set_plant_id(plant.plant_id);
  message->set_display_name(plant.display_name);
  message->set_circuit_count(static_cast<int>(plant.circuits.size()));
  message->set_time_zone(plant.time_zone);
}

void ToMessage(const ResolvedCircuit& circuit, const std::string& commit, v1::Circuit* message) {
  const CircuitKey& key = circuit.key();
  message->set_name(NameOf(key));
  message->set_plant_id(key.plant_id);
  message->set_circuit_id(key.circuit_id);
  message->set_plant_display_name(circuit.plant->display_name);
  message->set_display_name(circuit.outline->display_name);
  ToMessage(circuit.resolution->config->training, message->mutable_training());
  ToMessage(circuit.resolution->config->deployment, message->mutable_deployment());
  message->set_training_hash(circuit.resolution->training_hash);
  message->set_deployment_hash(circuit.resolution->deployment_hash);
  message->set_commit(commit);
  message->set_path(circuit.outline->PathOf(0));
}

void ToMessage(const ResolvedCircuit& circuit, v1::UnsoundCircuit* message) {
  const CircuitErrors errors = ErrorsOf(circuit);
  message->set_name(NameOf(circuit.key()));
  ToMessage(errors.first, message->mutable_first_error());
  message->set_error_count(errors.count);
}

void ToMessage(const Diagnostic& diagnostic, v1::Diagnostic* message) {
  message->set_severity(diagnostic.severity == Severity::kError ? v1::Diagnostic::SEVERITY_ERROR
                                                                : v1::Diagnostic::SEVERITY_WARNING);
  message->set_path(diagnostic.path);
  message->set_line(diagnostic.mark.line);
  message->set_column(diagnostic.mark.column);
  message->set_field(diagnostic.field);
  message->set_reason(diagnostic.reason);
  message->set_message(diagnostic.message);
  message->set_remedy(diagnostic.remedy);
  message->set_plant_id(diagnostic.plant_id);
  message->set_circuit_id(diagnostic.circuit_id);
}

void ToMessage(const CircuitChange& change, v1::CircuitChange* message) {
  message->set_plant_id(change.key.plant_id);
  message->set_circuit_id(change.key.circuit_id);
  message->set_cutoff_date(change.cutoff_date);
  message->set_kind(KindOf(change.kind));
  message->set_effect(EffectOf(change.effect));
}

void ToMessage(const FieldChange& field, v1::FieldChange* message) {
  message->set_field(field.field);
  message->set_old_value(field.old_value);
  message->set_new_value(field.new_value);
  message->set_source(SourceOf(field.source));
  message->set_path(field.path);
  message->set_line(field.mark.line);
  message->set_column(field.mark.column);
}

void ToMessage(const Freshness& freshness, v1::Freshness* message) {
  if (freshness.fetch_time)
    message->mutable_fetch_time()->set_seconds(absl::ToUnixSeconds(*freshness.fetch_time));
  message->set_stale(freshness.stale);
  message->set_reason(freshness.reason);
  message->set_message(freshness.message);
}

}  // namespace fleetcast::config
