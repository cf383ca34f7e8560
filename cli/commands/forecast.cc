#include "cli/commands/forecast.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/command.h"
#include "cli/commands/known.h"
#include "cli/names.h"
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

struct ForecastListOptions {
  std::string circuits = "all";
  bool all_issues = false;
  std::string since;
  std::string as_of;
  std::string model_version;
  std::string filter;
  std::int64_t limit = 100;
};

absl::StatusOr<std::string> ForecastFilter(const ForecastListOptions& options) {
  std::vector<std::string> terms;
  if (!options.filter.empty()) terms.push_back("(" + options.filter + ")");
  if (!options.since.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const absl::Time since,
                               ParseTime("--since", options.since, DayMeans::kItsBeginning));
    terms.push_back("issue_time >= \"" +
                    absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", since, absl::UTCTimeZone()) + "\"");
  }
  if (!options.model_version.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string name, ModelVersionName(options.model_version));
    terms.push_back("model_version = \"" + name + "\"");
  }
  return absl::StrJoin(terms, " AND ");
}

absl::Status ListForecasts(Session& session, const ForecastListOptions& options) {
  v1::ListForecastsRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_parent(), CircuitsName(options.circuits));
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_filter(), ForecastFilter(options));
  request.set_latest_only(!options.all_issues);
  if (!options.as_of.empty()) {
    if (options.all_issues)
      return InvalidField("--as-of", "gives one forecast a circuit: leave out --history");
    FLEETCAST_ASSIGN_OR_RETURN(const absl::Time as_of, ParseTime("--as-of", options.as_of));
    *request.mutable_as_of() = ToTimestamp(as_of);
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto forecasts,
      ListAll(session, inference_rpc::kListForecasts, request, options.limit,
              [](v1::ListForecastsResponse* page) { return page->mutable_forecasts(); }));
  if (forecasts.empty()) FLEETCAST_RETURN_IF_ERROR(CheckKnown(session, request.parent()));
  session.ShowList(
      forecasts, [&] { return ForecastsTable(forecasts, session.Now()); },
      request.has_as_of() ? "no forecast of now had been made by then; backfills count from when "
                            "they were made"
      : request.filter().empty() ? "no forecasts yet; `fleetcast sweep start` makes them"
                                 : "no forecast matches");
  return absl::OkStatus();
}

// The circuit's latest forecast, or that of `id`.
absl::Status ShowForecast(Session& session, const std::string& circuit, const std::string& id) {
  const auto show = [&session](const v1::Forecast& forecast) {
    session.Show(forecast,
                 [&](const Terminal& terminal) { return ForecastText(forecast, terminal); });
    return absl::OkStatus();
  };
  v1::ListForecastsRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_parent(), CircuitName(circuit));
  if (!id.empty()) {
    v1::GetForecastRequest get;
    get.set_name(absl::StrCat(request.parent(), "/forecasts/", LastPart(id)));
    FLEETCAST_ASSIGN_OR_RETURN(const auto forecast, session.Call(inference_rpc::kGetForecast, get));
    return show(forecast);
  }
  request.set_latest_only(true);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto forecasts,
      ListAll(session, inference_rpc::kListForecasts, request, 0,
              [](v1::ListForecastsResponse* page) { return page->mutable_forecasts(); }));
  if (!forecasts.empty()) return show(forecasts.front());
  FLEETCAST_RETURN_IF_ERROR(CheckKnown(session, request.parent()));
  const std::string short_name = ShortCircuit(request.parent());
  return Refused(absl::StatusCode::kNotFound, "NO_FORECAST",
                 "there is no forecast of " + short_name +
                     " yet; make one with `fleetcast sweep start --circuit " + short_name + "`");
}

struct WithdrawOptions {
  std::string circuit, id, actor, reason;
};

absl::Status Withdraw(Session& session, const WithdrawOptions& options) {
  v1::WithdrawForecastRequest request;
  request.set_request_id(session.RequestId());
  FLEETCAST_ASSIGN_OR_RETURN(const std::string circuit, CircuitName(options.circuit));
  request.set_name(absl::StrCat(circuit, "/forecasts/", LastPart(options.id)));
  request.set_actor(ActorOf(options.actor));
  request.set_reason(options.reason);
  FLEETCAST_ASSIGN_OR_RETURN(const auto forecast,
                             session.Call(inference_rpc::kWithdrawForecast, request));
  session.Show(forecast,
               [&](const Terminal& terminal) { return ForecastText(forecast, terminal); });
  return absl::OkStatus();
}

}  // namespace

void AddForecastCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "forecast", "the stored forecasts");
  const auto list = std::make_shared<ForecastListOptions>();
  CLI::App& list_verb =
      AddVerb(noun, session,
              {.name = "list",
               .about = "each circuit's latest forecast, or with --history the earlier ones too",
               .examples = "fleetcast forecast list\n"
                           "fleetcast forecast list P001 -o json\n"
                           "fleetcast forecast list P001/C001 --history --since 2025-12-01"},
              [&session, list] { return ListForecasts(session, *list); });
  list_verb.add_option("circuits", list->circuits, "PLANT/CIRCUIT or PLANT (all)");
  list_verb.add_flag("--history", list->all_issues, "earlier forecasts too");
  list_verb.add_option("--since", list->since, "issued at this time or later")->type_name("TIME");
  list_verb.add_option("--model-version", list->model_version, "made by this version");
  list_verb.add_option("--filter", list->filter,
                       "over issue_time, create_time, model_version, source");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();

  list_verb
      .add_option("--as-of", list->as_of, "what was each circuit's latest forecast at this time")
      ->type_name("TIME");

  const auto circuit = std::make_shared<std::string>();
  const auto id = std::make_shared<std::string>();
  CLI::App& show_verb =
      AddVerb(noun, session,
              {.name = "show",
               .about = "every step of a circuit's latest forecast",
               .examples = "fleetcast forecast show P001/C001\n"
                           "fleetcast forecast show P001/C001 --id 20251209T230000Z-v12 -o json"},
              [&session, circuit, id] { return ShowForecast(session, *circuit, *id); });
  show_verb.add_option("circuit", *circuit, "PLANT/CIRCUIT")->required();
  show_verb.add_option("--id", *id, "an earlier forecast, by the end of its name");

  const auto withdraw = std::make_shared<WithdrawOptions>();
  CLI::App& withdraw_verb = AddVerb(
      noun, session,
      {.name = "withdraw",
       .about = "say that a forecast is not to be used; the one before it is the latest then",
       .examples = "fleetcast forecast withdraw P001/C001 --id 20251209T230000Z-v12 "
                   "--reason 'the last reading was wrong'"},
      [&session, withdraw] { return Withdraw(session, *withdraw); });
  withdraw_verb.add_option("circuit", withdraw->circuit, "PLANT/CIRCUIT")->required();
  withdraw_verb.add_option("--id", withdraw->id, "which, by the end of its name")->required();
  withdraw_verb.add_option("--reason", withdraw->reason, "why, for the history")->required();
  withdraw_verb.add_option("--actor", withdraw->actor, "who asks, for the history [your account]");
}

}  // namespace fleetcast::cli
