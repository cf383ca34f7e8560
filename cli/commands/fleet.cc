#include "cli/commands/fleet.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/fleet_report.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/fleet_view.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::cli {
namespace {

namespace v1 = inference::v1;

struct StatusOptions {
  std::string plant = "-";
  std::string filter;
  std::int64_t limit = 200;
  bool check = false;
};

absl::Status Status(Session& session, const StatusOptions& options) {
  const std::string plant = NameIn("plants", options.plant);
  v1::SummarizeFleetRequest summary_request;
  summary_request.set_parent(plant);
  summary_request.set_filter(options.filter);
  FLEETCAST_ASSIGN_OR_RETURN(const v1::FleetSummary summary,
                             session.Call(inference_rpc::kSummarizeFleet, summary_request));
  if (summary.circuits() == 0 && options.plant != "-" && options.filter.empty())
    return absl::NotFoundError(absl::StrCat("--plant: no circuit of ",
                                            QuotedUtf8(options.plant, 80),
                                            " is known; list them with `fleetcast fleet status`"));
  v1::ListCircuitStatusesRequest request;
  request.set_parent(plant);
  request.set_filter(options.filter);
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<v1::CircuitStatus> circuits,
                             ListAll(session, inference_rpc::kListCircuitStatuses, request,
                                     options.limit, [](v1::ListCircuitStatusesResponse* page) {
                                       return page->mutable_circuit_statuses();
                                     }));
  if (session.format() != OutputFormat::kTable) {
    auto document = ToJson(summary);
    document["circuit_statuses"] = nlohmann::ordered_json::array();
    for (const auto& circuit : circuits) document["circuit_statuses"].push_back(ToJson(circuit));
    session.Show(document, nullptr);
  } else if (summary.circuits() == 0 && summary.problems().empty()) {
    session.Note(options.filter.empty()
                     ? "no circuits: no release has been made and nothing is deployed; put a "
                       "commit in force with `fleetcast release create main`"
                     : "no circuit matches the filter");
  } else {
    session.Show(summary, [&](const Terminal& terminal) {
      return FleetTable(circuits, session.Now()).Render(terminal) + "\n" +
             FleetSummaryText(summary, session.Now()) + "\n";
    });
  }
  if (options.check && TroubledCircuits(summary) + summary.problems_size() > 0)
    session.set_exit_code(ExitCode::kFailed);
  return absl::OkStatus();
}

}  // namespace

void AddFleetCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "fleet", "every circuit at a glance");
  const auto options = std::make_shared<StatusOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "status",
       .about = "per circuit: what serves it, its latest forecast, what is out of the ordinary",
       .examples = "fleetcast fleet status\n"
                   "fleetcast fleet status --plant P001 --limit 0\n"
                   "fleetcast fleet status --filter 'severity = ERROR OR severity = WARNING'\n"
                   "fleetcast fleet status --check > /dev/null || page-someone\n"
                   "fleetcast fleet status -o json | jq .by_condition"},
      [&session, options] { return Status(session, *options); });
  verb.add_option("--plant", options->plant, "only this plant (all)");
  verb.add_option("--filter", options->filter,
                  "over severity, conditions, plant_id, circuit_id, release, serving.skill ...");
  verb.add_option("--limit", options->limit, "circuits at most; 0 = all")->capture_default_str();
  verb.add_flag("--check", options->check,
                "exit code 1 if a circuit or the fleet has a problem; with --filter, if a circuit "
                "that it finds has one");
  AddFleetReportVerb(noun, session);
}

}  // namespace fleetcast::cli
