#include "cli/commands/known.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/names.h"
#include "cli/session.h"
#include "cli/transport/config_methods.h"
#include "cli/transport/inference_methods.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

bool CircuitIsUnknown(Session& session, const std::string& circuit) {
  inference::v1::GetCircuitStatusRequest status;
  status.set_name(circuit + "/status");
  if (!absl::IsNotFound(session.Call(inference_rpc::kGetCircuitStatus, status).status()))
    return false;
  config::v1::GetCircuitRequest configured;
  configured.set_name(circuit);
  return absl::IsNotFound(session.Call(config_rpc::kGetCircuit, configured).status());
}

bool PlantIsUnknown(Session& session, const std::string& plant) {
  inference::v1::SummarizeFleetRequest summary;
  summary.set_parent(plant);
  const auto counted = session.Call(inference_rpc::kSummarizeFleet, summary);
  if (!counted.ok() || counted->circuits() > 0) return false;
  config::v1::ListCircuitsRequest configured;
  configured.set_parent(plant);
  configured.set_page_size(1);
  const auto listed = session.Call(config_rpc::kListCircuits, configured);
  return listed.ok() ? listed->circuits().empty() && listed->unsound_circuit_count() == 0
                     : absl::IsNotFound(listed.status());
}

}  // namespace

absl::Status CheckKnown(Session& session, const std::string& circuits) {
  constexpr absl::string_view kWhole = "/circuits/-";
  if (absl::StartsWith(circuits, "plants/-/")) return absl::OkStatus();
  const bool whole = absl::EndsWith(circuits, kWhole);
  const std::string plant(absl::StripSuffix(circuits, kWhole));
  if (whole ? !PlantIsUnknown(session, plant) : !CircuitIsUnknown(session, circuits))
    return absl::OkStatus();
  return Refused(
      absl::StatusCode::kNotFound, whole ? "PLANT_UNKNOWN" : "CIRCUIT_UNKNOWN",
      absl::StrCat("nobody knows the ",
                   whole ? "plant " + LastPart(plant) : "circuit " + ShortCircuit(circuits),
                   ": the configuration does not name it, no release ever did, and nothing was "
                   "deployed of it; `fleetcast config list` and `fleetcast fleet status` list what "
                   "there is"));
}

absl::Status CheckPlantKnown(Session& session, const std::string& plant) {
  if (plant.empty() || plant == "-") return absl::OkStatus();
  return CheckKnown(session, NameIn("plants", plant) + "/circuits/-");
}

}  // namespace fleetcast::cli
