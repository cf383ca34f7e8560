#include "cli/commands/sweep_actions.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/follow.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/time_input.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace v1 = inference::v1;
using Invocations = std::vector<v1::Invocation>;

constexpr char kNoSweeps[] = "no sweeps; make one with `fleetcast sweep start`";

absl::StatusOr<std::string> SweepName(Session& session, const std::string& id) {
  if (!id.empty()) return NameIn("sweeps", id);
  v1::ListSweepsRequest request;
  request.set_page_size(1);
  FLEETCAST_ASSIGN_OR_RETURN(const auto latest, session.Call(inference_rpc::kListSweeps, request));
  if (latest.sweeps().empty()) return absl::NotFoundError(kNoSweeps);
  return latest.sweeps(0).name();
}

absl::StatusOr<v1::Sweep> GetSweep(Session& session, const std::string& name) {
  v1::GetSweepRequest request;
  request.set_name(name);
  return session.Call(inference_rpc::kGetSweep, request);
}

// The sweep and its invocations: as one document, or for people.
void ShowWhole(Session& session, const v1::Sweep& sweep, const Invocations& invocations) {
  if (session.format() == OutputFormat::kTable) {
    session.Show(sweep, [&](const Terminal& terminal) {
      return SweepText(sweep, invocations, terminal, session.Now());
    });
    return;
  }
  auto document = ToJson(sweep);
  document["invocations"] = nlohmann::ordered_json::array();
  for (const auto& invocation : invocations) {
    document["invocations"].push_back(ToJson(invocation));
  }
  session.Show(document, nullptr);
}

void SayHowItEnded(Session& session, const v1::Sweep& sweep, const Invocations& invocations) {
  const std::string took = SpanText(sweep.start_time(), sweep.end_time(), session.Now());
  session.Say(absl::StrCat("sweep ", LastPart(sweep.name()), " ", StateText(sweep),
                           sweep.state_reason().empty() ? "" : ": " + OneLine(sweep.state_reason()),
                           took.empty() ? "" : " (" + took + ")"));
  std::vector<std::pair<std::string, std::string>> failures;
  for (const auto& invocation : invocations) {
    if (invocation.state() == v1::Invocation::STATE_FAILED) {
      failures.emplace_back(invocation.plant_id() + "/" + invocation.circuit_id(),
                            FailureText(invocation));
    }
  }
  ReportFailures(session, failures);
  if (!failures.empty()) {
    session.Note("try them again: fleetcast sweep retry " + LastPart(sweep.name()));
  }
  if (sweep.state() != v1::Sweep::STATE_SUCCEEDED) session.set_exit_code(ExitCode::kFailed);
}

absl::Status WatchByName(Session& session, const std::string& name) {
  v1::WatchSweepRequest request;
  request.set_name(name);
  v1::Sweep sweep;
  std::map<std::string, v1::Invocation> invocations;
  const FollowText text{.what = "sweep " + LastPart(name),
                        .come_back = "fleetcast sweep watch " + LastPart(name)};
  FLEETCAST_ASSIGN_OR_RETURN(
      const bool ended,
      Follow(session, text,
             [&](const ProgressSink& sink, const auto& on_message, const auto& on_idle) {
               return session.Stream(
                   inference_rpc::kWatchSweep, request,
                   [&](const v1::WatchSweepResponse& event) {
                     on_message();
                     if (event.has_sweep()) sweep = event.sweep();
                     for (const auto& invocation : event.invocations()) {
                       invocations[invocation.name()] = invocation;
                       sink(ProgressOf(invocation));
                     }
                   },
                   on_idle);
             }));
  if (!ended) return absl::OkStatus();
  Invocations ordered;
  for (auto& [invocation_name, invocation] : invocations) {
    ordered.push_back(std::move(invocation));
  }
  if (session.format() != OutputFormat::kTable) ShowWhole(session, sweep, ordered);
  SayHowItEnded(session, sweep, ordered);
  return absl::OkStatus();
}

}  // namespace

absl::Status SweepStarted(Session& session, const v1::Sweep& sweep, bool watch) {
  const std::string id = LastPart(sweep.name());
  const int total = sweep.counts().total();
  if (watch && total > 0) {
    session.Say(absl::StrCat("sweep ", id, " of ", Count(total, "circuit")));
    return WatchByName(session, sweep.name());
  }
  session.Show(sweep, [&](const Terminal&) {
    if (total == 0) {
      return absl::StrCat("sweep ", id, " ", StateText(sweep), ": ", OneLine(sweep.state_reason()),
                          "\ndeploy first: fleetcast release create main\n");
    }
    return absl::StrCat("sweep ", id, " of ", Count(total, "circuit"),
                        "\nfollow it: fleetcast sweep watch ", id, "\n");
  });
  if (!sweep.missing_plant_ids().empty()) {
    session.Note(
        absl::StrCat("nothing is deployed of ", absl::StrJoin(sweep.missing_plant_ids(), ", ")));
  }
  if (HasEnded(sweep) && sweep.state() != v1::Sweep::STATE_SUCCEEDED)
    session.set_exit_code(ExitCode::kFailed);
  return absl::OkStatus();
}

absl::Status StartSweep(Session& session, const SweepStart& options) {
  google::protobuf::Timestamp as_of;
  if (!options.as_of.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const absl::Time time, ParseTime("--as-of", options.as_of));
    as_of = ToTimestamp(time);
  }
  const std::vector<std::string> circuits = SplitList(options.circuits);
  if (circuits.size() != 1) {
    v1::InvokeFleetRequest request;
    request.set_request_id(session.RequestId());
    for (const auto& plant : PlantIds(options.plants)) request.add_plant_ids(plant);
    for (const auto& circuit : circuits) {
      FLEETCAST_ASSIGN_OR_RETURN(*request.add_circuits(), CircuitName(circuit));
    }
    if (!options.as_of.empty()) *request.mutable_as_of() = as_of;
    FLEETCAST_ASSIGN_OR_RETURN(const auto sweep,
                               session.Call(inference_rpc::kInvokeFleet, request));
    return SweepStarted(session, sweep, options.watch);
  }
  v1::InvokeDeploymentRequest request;
  request.set_request_id(session.RequestId());
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), DeploymentName(circuits.front()));
  if (!options.as_of.empty()) *request.mutable_as_of() = as_of;
  FLEETCAST_ASSIGN_OR_RETURN(const auto invocation,
                             session.Call(inference_rpc::kInvokeDeployment, request));
  const std::string sweep_name =
      invocation.name().substr(0, invocation.name().find("/invocations/"));
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweep, GetSweep(session, sweep_name));
  return SweepStarted(session, sweep, options.watch);
}

absl::Status WatchSweep(Session& session, const std::string& id) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string name, SweepName(session, id));
  return WatchByName(session, name);
}

absl::Status ShowSweep(Session& session, const std::string& id) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string name, SweepName(session, id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweep, GetSweep(session, name));
  v1::ListInvocationsRequest request;
  request.set_parent(name);
  FLEETCAST_ASSIGN_OR_RETURN(
      const Invocations invocations,
      ListAll(session, inference_rpc::kListInvocations, request, 0,
              [](v1::ListInvocationsResponse* page) { return page->mutable_invocations(); }));
  ShowWhole(session, sweep, invocations);
  return absl::OkStatus();
}

absl::Status ListSweeps(Session& session, const SweepList& options) {
  v1::ListSweepsRequest request;
  request.set_filter(options.filter);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto sweeps,
      ListAll(session, inference_rpc::kListSweeps, request, options.limit,
              [](v1::ListSweepsResponse* page) { return page->mutable_sweeps(); }));
  session.ShowList(
      sweeps, [&] { return SweepsTable(sweeps, session.Now()); },
      options.filter.empty() ? kNoSweeps : "no sweep matches the filter");
  return absl::OkStatus();
}

absl::Status CancelSweep(Session& session, const std::string& id) {
  v1::CancelSweepRequest request;
  request.set_request_id(session.RequestId());
  request.set_name(NameIn("sweeps", id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweep, session.Call(inference_rpc::kCancelSweep, request));
  session.Show(sweep, [&](const Terminal&) {
    return absl::StrCat("sweep ", LastPart(sweep.name()), " ", StateText(sweep), ": ",
                        OneLine(sweep.state_reason()), "\n");
  });
  return absl::OkStatus();
}

absl::Status RetrySweep(Session& session, const SweepRetry& options) {
  v1::RetrySweepRequest request;
  request.set_request_id(session.RequestId());
  request.set_name(NameIn("sweeps", options.id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweep, session.Call(inference_rpc::kRetrySweep, request));
  return SweepStarted(session, sweep, options.watch);
}

}  // namespace fleetcast::cli
