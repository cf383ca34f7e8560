#include "cli/commands/config.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/commands/config_validate.h"
#include "cli/names.h"
#include "cli/output/text.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/config_methods.h"
#include "cli/views/config_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace v1 = config::v1;

// Diagnostics go to standard error where they accompany an answer. True if one is an error.
template <typename Diagnostics>
bool NoteDiagnostics(Session& session, const Diagnostics& diagnostics) {
  bool errors = false;
  const bool color = session.error_terminal().color;
  for (const auto& diagnostic : diagnostics) {
    errors = errors || diagnostic.severity() == v1::Diagnostic::SEVERITY_ERROR;
    std::cerr << DiagnosticText(diagnostic, color);
  }
  return errors;
}

std::string CheckAge(const std::string& text) {
  absl::Duration age;
  if (absl::ParseDuration(text, &age) && age >= absl::ZeroDuration() && age <= absl::Hours(1e5))
    return "";
  return "\"" + text + "\" is no age; write for example 0s, 30s or 5m";
}

// --max-staleness: "" leaves the age to the service.
template <typename Request>
void SetMaxStaleness(const std::string& text, Request& request) {
  absl::Duration age;
  if (text.empty() || !absl::ParseDuration(text, &age)) return;  // CheckAge let it pass
  request.mutable_max_staleness()->set_seconds(absl::IDivDuration(age, absl::Seconds(1), &age));
  request.mutable_max_staleness()->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(age)));
}

void AddMaxStaleness(CLI::App& verb, std::string& text) {
  verb.add_option("--max-staleness", text,
                  "fetch first if the last fetch is older, where the service follows a remote; 0s "
                  "fetches in any case")
      ->check(CheckAge)
      ->type_name("DURATION");
}

struct ChangesOptions {
  std::string base = "origin/main";
  std::string head = "HEAD";
  std::string max_staleness;
  bool matrix = false;
  std::string system;  // azure, github; empty: the API's plain list
  int shard_size = 0;  // 0: as many as a matrix may have
};

v1::DetectChangesRequest::MatrixFormat FormatOf(const std::string& system) {
  if (system == "azure") return v1::DetectChangesRequest::MATRIX_FORMAT_AZURE_PIPELINES;
  if (system == "github") return v1::DetectChangesRequest::MATRIX_FORMAT_GITHUB_ACTIONS;
  return v1::DetectChangesRequest::MATRIX_FORMAT_UNSPECIFIED;
}

// Puts a page after those before it, as if there were one.
void Append(v1::DetectChangesResponse page, v1::DetectChangesResponse& all) {
  const int fields = all.field_changes_size();
  for (v1::CircuitChange& change : *page.mutable_changes())
    for (int& place : *change.mutable_field_change_indexes()) place += fields;
  nlohmann::ordered_json matrix = nlohmann::ordered_json::array();
  for (const std::string& part : {all.matrix_json(), page.matrix_json()}) {
    const auto rows = nlohmann::ordered_json::parse(part, nullptr, /*allow_exceptions=*/false);
    if (rows.is_array()) matrix.insert(matrix.end(), rows.begin(), rows.end());
  }
  all.MergeFrom(page);
  all.set_matrix_json(matrix.dump());
  all.clear_next_page_token();
}

// One line of JSON: the list, or each shard.
void PrintMatrix(const v1::DetectChangesResponse& response, const ChangesOptions& options) {
  if (options.system.empty()) std::cout << response.matrix_json() << "\n";
  for (const std::string& shard : response.matrix_shards_json()) std::cout << shard << "\n";
  std::cout << std::flush;
}

absl::Status Changes(Session& session, const ChangesOptions& options) {
  v1::DetectChangesRequest request;
  request.set_base_revision(options.base);
  request.set_head_revision(options.head);
  SetMaxStaleness(options.max_staleness, request);
  request.set_matrix_format(FormatOf(options.system));
  request.set_matrix_shard_size(options.shard_size);
  v1::DetectChangesResponse response;
  FLEETCAST_RETURN_IF_ERROR(
      EachPage(session, config_rpc::kDetectChanges, request,
               [&](v1::DetectChangesResponse page) { Append(std::move(page), response); }));
  if (options.matrix) {
    PrintMatrix(response, options);
  } else {
    session.Show(response, [&](const Terminal& terminal) {
      const std::string range =
          ShortCommit(response.merge_base_commit()) + ".." + ShortCommit(response.head_commit());
      if (response.changes().empty()) return "no circuit changed in " + range + "\n";
      return ChangesTable(response).Render(terminal) + "\n" +
             Count(response.changes_size(), "circuit") + " changed in " + range + "\n";
    });
  }
  NoteStale(session, response.freshness());
  if (NoteDiagnostics(session, response.diagnostics())) session.set_exit_code(ExitCode::kFailed);
  return absl::OkStatus();
}

struct ShowOptions {
  std::string circuit;
  std::string revision;
  std::string max_staleness;
};

absl::Status ShowCircuit(Session& session, const ShowOptions& options) {
  v1::GetCircuitRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), CircuitName(options.circuit));
  request.set_revision(options.revision);
  SetMaxStaleness(options.max_staleness, request);
  FLEETCAST_ASSIGN_OR_RETURN(const auto response, session.Call(config_rpc::kGetCircuit, request));
  session.Show(response, [&](const Terminal& terminal) { return CircuitText(response, terminal); });
  NoteStale(session, response.freshness());
  return absl::OkStatus();
}

struct ListOptions {
  std::string plant = "-";
  std::string revision;
  std::string max_staleness;
  std::string filter;
  std::int64_t limit = 0;
};

absl::Status ListCircuits(Session& session, const ListOptions& options) {
  v1::ListCircuitsRequest request;
  request.set_parent(NameIn("plants", options.plant));
  request.set_revision(options.revision);
  SetMaxStaleness(options.max_staleness, request);
  request.set_filter(options.filter);
  int unsound = 0;
  v1::Freshness freshness;
  FLEETCAST_ASSIGN_OR_RETURN(const auto circuits,
                             ListAll(session, config_rpc::kListCircuits, request, options.limit,
                                     [&](v1::ListCircuitsResponse* page) {
                                       unsound = page->unsound_circuit_count();
                                       if (!freshness.stale()) freshness = page->freshness();
                                       return page->mutable_circuits();
                                     }));
  session.ShowList(
      circuits, [&] { return CircuitsTable(circuits); },
      "no circuit matches; `fleetcast config validate` says what is wrong with those "
      "that are left out");
  NoteStale(session, freshness);
  if (unsound > 0) {
    session.Note(absl::StrCat(Count(unsound, "unsound circuit"),
                              " left out: see `fleetcast config validate`"));
  }
  return absl::OkStatus();
}

void AddChanges(CLI::App& noun, Session& session) {
  const auto changes = std::make_shared<ChangesOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "changes",
       .about = "what a branch changes, circuit by circuit, and what each change calls for",
       .examples = "fleetcast config changes --base origin/main --head my-branch\n"
                   "fleetcast config changes --head origin/my-branch --max-staleness 0s\n"
                   "fleetcast config changes --head my-branch --matrix          # a list, for jq\n"
                   "fleetcast config changes --head my-branch --matrix github --shard-size 100"},
      [&session, changes, &noun] {
        changes->matrix = noun.get_subcommand("changes")->count("--matrix") > 0;
        return Changes(session, *changes);
      });
  verb.add_option("--base", changes->base, "what it will be merged into")
      ->type_name("REVISION")
      ->capture_default_str();
  verb.add_option("--head", changes->head, "the branch, tag or commit with the changes")
      ->type_name("REVISION")
      ->capture_default_str();
  AddMaxStaleness(verb, changes->max_staleness);
  CLI::Option* const matrix =
      verb.add_option("--matrix", changes->system,
                      "print only the circuits to retrain: one line of JSON, or one for each "
                      "shard of what that system reads")
          ->type_name("[azure|github]")
          ->expected(0, 1)
          ->check(CLI::IsMember(std::set<std::string>{"azure", "github"}));
  verb.add_option("--shard-size", changes->shard_size,
                  "at most this many circuits a line, up to 256 (256)")
      ->needs(matrix);
}

}  // namespace

void NoteStale(Session& session, const v1::Freshness& freshness) {
  if (freshness.stale())
    session.Note(
        absl::StrCat("answered from what was fetched before: ", OneLine(freshness.message())));
}

void AddConfigCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "config", "the fleet's configuration at any git revision");

  AddChanges(noun, session);

  AddConfigValidateCommand(noun, session);

  const auto show = std::make_shared<ShowOptions>();
  CLI::App& show_verb =
      AddVerb(noun, session,
              {.name = "show",
               .about = "one circuit's configuration, defaults filled in",
               .examples = "fleetcast config show P001/C001\n"
                           "fleetcast config show plants/P001/circuits/C001 --revision v1 -o yaml"},
              [&session, show] { return ShowCircuit(session, *show); });
  show_verb.add_option("circuit", show->circuit, "PLANT/CIRCUIT")->required();
  show_verb.add_option("--revision", show->revision, "branch, tag or commit (HEAD)");
  AddMaxStaleness(show_verb, show->max_staleness);

  const auto list = std::make_shared<ListOptions>();
  CLI::App& list_verb = AddVerb(
      noun, session,
      {.name = "list",
       .about = "circuits with their main settings",
       .examples = "fleetcast config list --plant P001\n"
                   "fleetcast config list --filter 'training.cutoff_date < \"2025-12-01\"'"},
      [&session, list] { return ListCircuits(session, *list); });
  list_verb.add_option("--plant", list->plant, "only this plant (all)");
  list_verb.add_option("--revision", list->revision, "branch, tag or commit (HEAD)");
  AddMaxStaleness(list_verb, list->max_staleness);
  list_verb.add_option("--filter", list->filter, "as in the API: training.forecast.horizon = 24");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();
}

}  // namespace fleetcast::cli
