#include "services/trainer/adapters/config_catalog.h"

#include "absl/strings/str_cat.h"
#include "common/base/resource_name.h"
#include "common/base/stale_name.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

namespace v1 = config::v1;

constexpr absl::Duration kTimeout = absl::Seconds(30);
// Where config may have to fetch from its remote first: requests have a max_staleness of 0, so that
// names stand for what they are now, and a commit that one replica has just resolved is fetched at
// once by another.
constexpr absl::Duration kFetchTimeout = absl::Seconds(45);
constexpr int kPageSize = 1000;
// From here on one listing is cheaper than a call for each.
constexpr std::size_t kFewCircuits = 50;

std::vector<Span> SpansOf(
    const google::protobuf::RepeatedPtrField<v1::PlantCalendar::Span>& messages) {
  std::vector<Span> spans;
  for (const auto& message : messages) spans.push_back({message.begin(), message.end()});
  return spans;
}

PlantCalendar CalendarOf(const v1::PlantCalendar& message) {
  return {.time_zone = message.time_zone(),
          .holidays = {message.holidays().begin(), message.holidays().end()},
          .shifts = SpansOf(message.shifts()),
          .maintenance = SpansOf(message.maintenance())};
}

CircuitConfig ConfigOf(const v1::Circuit& circuit) {
  const v1::TrainingConfig& training = circuit.training();
  const v1::Hyperparameters& given = training.hyperparameters();
  const v1::DataFilters& filters = training.data_filters();
  return {.plant_id = circuit.plant_id(),
          .circuit_id = circuit.circuit_id(),
          .plant_display_name = circuit.plant_display_name(),
          .display_name = circuit.display_name(),
          .cutoff_date = training.cutoff_date(),
          .environment_version = training.environment_version(),
          .hyperparameters = {.sequence_length = given.sequence_length(),
                              .lstm_units = given.lstm_units(),
                              .dropout = given.dropout(),
                              .learning_rate = given.learning_rate(),
                              .batch_size = given.batch_size(),
                              .epochs = given.epochs()},
          .sensor_id = filters.sensor_id(),
          .feature_columns = {filters.feature_columns().begin(), filters.feature_columns().end()},
          .target_column = filters.target_column(),
          .minimum = filters.has_minimum() ? std::optional(filters.minimum()) : std::nullopt,
          .maximum = filters.has_maximum() ? std::optional(filters.maximum()) : std::nullopt,
          .horizon = training.forecast().horizon(),
          .interval_levels = {training.forecast().interval_levels().begin(),
                              training.forecast().interval_levels().end()},
          .seed = training.seed(),
          .precision = training.precision(),
          .base_version = training.base_version(),
          .calendar = training.has_calendar() ? std::optional(CalendarOf(training.calendar()))
                                              : std::nullopt,
          .training_hash = circuit.training_hash(),
          .commit = circuit.commit(),
          .path = circuit.path()};
}

// UNAVAILABLE unless the names in a request stood for what they are now.
absl::Status CheckFresh(const std::string& names, const v1::Freshness& freshness) {
  if (!freshness.stale()) return absl::OkStatus();
  return MayHaveMoved(names, NotFetched(freshness.reason(), freshness.message(),
                                        absl::FromUnixSeconds(freshness.fetch_time().seconds())));
}

// What of all pages of an answer concerns training.
struct Changes {
  std::string merge_base_commit, head_commit;
  std::set<std::pair<std::string, std::string>> to_retrain;
  v1::Diagnostic first_error;
  int error_count = 0;

  void Add(const v1::DetectChangesResponse& page) {
    merge_base_commit = page.merge_base_commit();
    head_commit = page.head_commit();
    for (const v1::Diagnostic& diagnostic : page.diagnostics())
      if (diagnostic.severity() == v1::Diagnostic::SEVERITY_ERROR && error_count++ == 0)
        first_error = diagnostic;
    for (const v1::CircuitChange& change : page.changes())
      if (change.effect() == v1::CircuitChange::EFFECT_RETRAIN)
        to_retrain.emplace(change.plant_id(), change.circuit_id());
  }
};

// FAILED_PRECONDITION naming the first error.
absl::Status CheckSound(const Changes& changes) {
  if (changes.error_count == 0) return absl::OkStatus();
  const v1::Diagnostic& first = changes.first_error;
  const std::string more = changes.error_count > 1 ? absl::StrCat(" (and ", changes.error_count - 1,
                                                                  " more: call ValidateRevision)")
                                                   : "";
  return Refused(
      absl::StatusCode::kFailedPrecondition, "CONFIGURATION_UNSOUND",
      absl::StrCat(first.path(), ":", first.line(), ":", first.column(), ": ", first.field(),
                   first.field().empty() ? "" : ": ", first.message(), "; ", first.remedy(), more),
      {{"commit", changes.head_commit},
       {"path", first.path()},
       {"line", absl::StrCat(first.line())},
       {"column", absl::StrCat(first.column())},
       {"field", first.field()},
       {"remedy", first.remedy()},
       {"error_count", absl::StrCat(changes.error_count)}});
}

ResolvedCircuits Resolved(const std::string& commit,
                          std::map<std::pair<std::string, std::string>, CircuitConfig> circuits) {
  ResolvedCircuits resolved;
  resolved.commit = commit;
  for (auto& [key, circuit] : circuits) resolved.circuits.push_back(std::move(circuit));
  return resolved;
}

}  // namespace

absl::StatusOr<ResolvedCircuits> ConfigCatalog::ChangedCircuits(const std::string& base,
                                                                const std::string& head) {
  v1::DetectChangesRequest request;
  request.set_base_revision(base);
  request.set_head_revision(head);
  request.mutable_max_staleness();
  Changes changes;
  do {
    FLEETCAST_ASSIGN_OR_RETURN(
        const auto page,
        rpc::Call<v1::DetectChangesResponse>(kFetchTimeout, [&](auto* context, auto* response) {
          return stub_->DetectChanges(context, request, response);
        }));
    FLEETCAST_RETURN_IF_ERROR(
        CheckFresh(absl::StrCat("\"", base, "\" or \"", head, "\""), page.freshness()));
    changes.Add(page);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  FLEETCAST_RETURN_IF_ERROR(CheckSound(changes));
  Circuits circuits;
  FLEETCAST_RETURN_IF_ERROR(Fetch(changes.to_retrain, changes.head_commit, circuits));
  ResolvedCircuits resolved = Resolved(changes.head_commit, std::move(circuits));
  resolved.merge_base_commit = changes.merge_base_commit;
  return resolved;
}

absl::StatusOr<ResolvedCircuits> ConfigCatalog::NamedCircuits(const std::vector<std::string>& names,
                                                              const std::string& revision) {
  static const auto* const kPattern = new ResourceNamePattern("plants/{plant}/circuits/{circuit}");
  FLEETCAST_ASSIGN_OR_RETURN(const std::string commit, CommitOf(revision));
  std::set<CircuitKey> keys;
  std::set<std::string> parents;
  for (const std::string& name : names) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto ids, kPattern->ParseWithWildcards("circuits", name));
    if (ids[1] == "-")
      parents.insert("plants/" + ids[0]);
    else
      keys.emplace(ids[0], ids[1]);
  }
  if (parents.contains("plants/-")) parents = {"plants/-"};
  Circuits circuits;
  std::vector<UnsoundCircuit> unsound;
  for (const std::string& parent : parents)
    FLEETCAST_RETURN_IF_ERROR(List(parent, commit, circuits, unsound));
  FLEETCAST_RETURN_IF_ERROR(Fetch(keys, commit, circuits));
  ResolvedCircuits resolved = Resolved(commit, std::move(circuits));
  if (!unsound.empty())
    resolved.note =
        absl::StrCat(unsound.size(), unsound.size() == 1 ? " circuit is" : " circuits are",
                     " left out because of an unsound configuration; ValidateRevision says why");
  resolved.unsound = std::move(unsound);
  return resolved;
}

absl::Status ConfigCatalog::List(const std::string& parent, const std::string& commit,
                                 Circuits& circuits, std::vector<UnsoundCircuit>& unsound) {
  v1::ListCircuitsRequest request;
  request.set_parent(parent);
  request.set_revision(commit);
  request.mutable_max_staleness();
  request.set_page_size(kPageSize);
  for (;;) {
    FLEETCAST_ASSIGN_OR_RETURN(
        const auto page,
        rpc::Call<v1::ListCircuitsResponse>(kTimeout, [&](auto* context, auto* response) {
          return stub_->ListCircuits(context, request, response);
        }));
    for (const v1::Circuit& circuit : page.circuits())
      circuits[{circuit.plant_id(), circuit.circuit_id()}] = ConfigOf(circuit);
    for (const v1::UnsoundCircuit& circuit : page.unsound()) {
      const v1::Diagnostic& error = circuit.first_error();
      unsound.push_back({circuit.name().substr(circuit.name().rfind('/') + 1),
                         absl::StrCat(error.path(), ":", error.line(), ": ", error.message())});
    }
    if (page.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(page.next_page_token());
  }
}

absl::StatusOr<CircuitConfig> ConfigCatalog::Get(const std::string& name,
                                                 const std::string& commit) {
  v1::GetCircuitRequest request;
  request.set_name(name);
  request.set_revision(commit);
  request.mutable_max_staleness();
  FLEETCAST_ASSIGN_OR_RETURN(const auto circuit,
                             rpc::Call<v1::Circuit>(kTimeout, [&](auto* context, auto* response) {
                               return stub_->GetCircuit(context, request, response);
                             }));
  return ConfigOf(circuit);
}

absl::Status ConfigCatalog::Fetch(const std::set<CircuitKey>& keys, const std::string& commit,
                                  Circuits& circuits) {
  Circuits all;
  if (keys.size() > kFewCircuits) {
    std::vector<UnsoundCircuit> unsound;
    FLEETCAST_RETURN_IF_ERROR(List("plants/-", commit, all, unsound));
  }
  for (const CircuitKey& key : keys) {
    if (const auto known = all.find(key); known != all.end()) {
      circuits[key] = known->second;
      continue;
    }
    FLEETCAST_ASSIGN_OR_RETURN(circuits[key], Get(CircuitResource(key.first, key.second), commit));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ConfigCatalog::CommitOf(const std::string& revision) {
  v1::ListPlantsRequest request;
  request.set_revision(revision);
  request.set_page_size(1);
  request.mutable_max_staleness();
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto plants,
      rpc::Call<v1::ListPlantsResponse>(kFetchTimeout, [&](auto* context, auto* response) {
        return stub_->ListPlants(context, request, response);
      }));
  FLEETCAST_RETURN_IF_ERROR(CheckFresh(absl::StrCat("\"", revision, "\""), plants.freshness()));
  return plants.commit();
}

}  // namespace fleetcast::trainer
