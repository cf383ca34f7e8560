#include "services/registry/domain/champion.h"

#include "absl/strings/str_cat.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

std::string VersionText(std::int64_t version) {
  return version == 0 ? "none" : absl::StrCat("version ", version);
}

absl::Status CheckExpected(const CircuitName& circuit, std::int64_t present,
                           std::int64_t expected) {
  if (present == expected) return absl::OkStatus();
  return Refused(
      absl::StatusCode::kAborted, "CHAMPION_CHANGED",
      absl::StrCat("the champion of ", circuit.Text(), " is ", VersionText(present), ", not ",
                   VersionText(expected), " as expected; read it again and decide anew"),
      {{"circuit", circuit.Text()},
       {"current_version", absl::StrCat(present)},
       {"expected_current_version", absl::StrCat(expected)}});
}

}  // namespace

std::string ChampionEventKindText(ChampionEventKind kind) {
  switch (kind) {
    case ChampionEventKind::kPromoted:
      return "PROMOTED";
    case ChampionEventKind::kRolledBack:
      return "ROLLED_BACK";
    case ChampionEventKind::kRemoved:
      return "REMOVED";
  }
  return "";
}

ChampionEventKind ChampionEventKindOf(const std::string& text) {
  for (const auto kind : {ChampionEventKind::kRolledBack, ChampionEventKind::kRemoved})
    if (ChampionEventKindText(kind) == text) return kind;
  return ChampionEventKind::kPromoted;
}

std::string ChampionEvent::NameText() const {
  return absl::StrCat(circuit.Text(), "/championEvents/", event);
}

absl::Status CheckChampionCause(const ChampionCause& cause, std::int64_t expected_version) {
  if (expected_version < 0) {
    return InvalidField("expected_current_version",
                        "must be the present champion's version number, or 0 for none");
  }
  FLEETCAST_RETURN_IF_ERROR(CheckRequiredText("reason", cause.reason, 2000));
  FLEETCAST_RETURN_IF_ERROR(CheckText("actor", cause.actor, 200));
  return CheckStringMap("evidence", cause.evidence, {.entries = 50, .value_bytes = 1000});
}

absl::Status CheckVersionOfCircuit(const ModelVersionName& version, const StringMap& tags,
                                   const CircuitName& circuit) {
  const auto tag = [&](const char* key) {
    const auto found = tags.find(key);
    return found == tags.end() ? std::string() : found->second;
  };
  if (tag("plant_id") == circuit.plant_id && tag("circuit_id") == circuit.circuit_id) {
    return absl::OkStatus();
  }
  const std::string trained_for =
      version.model_id == kPlantBase
          ? absl::StrCat(" is the base of plant ", tag("plant_id"),
                         ", which circuits start from (`training.base_version`),")
          : absl::StrCat(" was trained for plant ", tag("plant_id"), ", circuit ",
                         tag("circuit_id"));
  return Refused(absl::StatusCode::kFailedPrecondition, "CHAMPION_OF_OTHER_CIRCUIT",
                 absl::StrCat(version.Text(), trained_for, " and cannot be champion of plant ",
                              circuit.plant_id, ", circuit ", circuit.circuit_id),
                 {{"model_version", version.Text()},
                  {"version_plant_id", tag("plant_id")},
                  {"version_circuit_id", tag("circuit_id")},
                  {"plant_id", circuit.plant_id},
                  {"circuit_id", circuit.circuit_id}});
}

absl::StatusOr<std::optional<ChampionEvent>> DecidePromotion(
    const CircuitName& circuit, const std::optional<ChampionEvent>& present, std::int64_t version,
    std::int64_t expected_version, const ChampionCause& cause) {
  const std::int64_t present_version = present.has_value() ? present->version : 0;
  FLEETCAST_RETURN_IF_ERROR(CheckExpected(circuit, present_version, expected_version));
  if (present_version == version) return std::nullopt;
  ChampionEvent event;
  event.circuit = circuit;
  event.kind = ChampionEventKind::kPromoted;
  event.version = version;
  event.replaced_version = present_version;
  event.beneath = present.has_value() ? present->event : 0;
  event.cause = cause;
  return event;
}

absl::StatusOr<ChampionEvent> DecideRollback(const ChampionEvent& present,
                                             const std::optional<ChampionEvent>& beneath,
                                             std::int64_t expected_version,
                                             const ChampionCause& cause) {
  FLEETCAST_RETURN_IF_ERROR(CheckExpected(present.circuit, present.version, expected_version));
  if (!beneath.has_value()) {
    return Refused(
        absl::StatusCode::kFailedPrecondition, "NO_PREVIOUS_CHAMPION",
        absl::StrCat("version ", present.version, " is the first champion of ",
                     present.circuit.Text(), "; there is none to return to: set another instead"),
        {{"circuit", present.circuit.Text()}, {"current_version", absl::StrCat(present.version)}});
  }
  ChampionEvent event;
  event.circuit = present.circuit;
  event.kind = ChampionEventKind::kRolledBack;
  event.version = beneath->version;
  event.replaced_version = present.version;
  event.beneath = beneath->beneath;
  event.cause = cause;
  return event;
}

absl::StatusOr<ChampionEvent> DecideRemoval(const ChampionEvent& present,
                                            std::int64_t expected_version,
                                            const ChampionCause& cause) {
  FLEETCAST_RETURN_IF_ERROR(CheckExpected(present.circuit, present.version, expected_version));
  ChampionEvent event;
  event.circuit = present.circuit;
  event.kind = ChampionEventKind::kRemoved;
  event.version = present.version;
  event.replaced_version = present.version;
  event.cause = cause;
  return event;
}

absl::Status ChampionNotFound(const CircuitName& circuit) {
  return ResourceNotFound("Champion", circuit.ChampionText(),
                          "no version has been made champion of this circuit yet");
}

absl::StatusOr<std::optional<Filter>> ParseChampionFilter(const std::string& text) {
  static const FilterFields fields = {{"plant_id"},
                                      {"circuit_id"},
                                      {"version", FilterKind::kInteger},
                                      {"actor"},
                                      {"set_time", FilterKind::kTime}};
  return ParseFilter(text, fields);
}

std::optional<std::string> ChampionField(const Champion& champion, const std::string& field) {
  if (field == "plant_id") return champion.event.circuit.plant_id;
  if (field == "circuit_id") return champion.event.circuit.circuit_id;
  if (field == "version") return FilterText(champion.event.version);
  if (field == "actor") return champion.event.cause.actor;
  if (field == "set_time") return FilterText(champion.event.create_time);
  return std::nullopt;
}

}  // namespace fleetcast::registry
