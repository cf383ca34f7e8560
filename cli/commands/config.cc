#include "cli/commands/config.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
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

struct ChangesOptions {
  std::string base = "origin/main";
  std::string head = "HEAD";
  bool matrix = false;
  std::string system;  // azure, github; empty: the API's plain list
  int shard_size = 0;  // 0: as many as a matrix may have
};

v1::DetectChangesRequest::MatrixFormat FormatOf(const std::string& system) {
  if (system == "azure") return v1::DetectChangesRequest::MATRIX_FORMAT_AZURE_PIPELINES;
  if (system == "github") return v1::DetectChangesRequest::MATRIX_FORMAT_GITHUB_ACTIONS;
  return v1::DetectChangesRequest::MATRIX_FORMAT_UNSPECIFIED;
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
  request.set_matrix_format(FormatOf(options.system));
  request.set_matrix_shard_size(options.shard_size);
  FLEETCAST_ASSIGN_OR_RETURN(const auto response,
                             session.Call(config_rpc::kDetectChanges, request));
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
  if (response.freshness().stale())
    session.Note(absl::StrCat("answered from what was fetched before: ",
                              OneLine(response.freshness().message())));
  if (NoteDiagnostics(session, response.diagnostics())) session.set_exit_code(ExitCode::kFailed);
  return absl::OkStatus();
}

absl::Status ShowCircuit(Session& session, const std::string& circuit,
                         const std::string& revision) {
  v1::GetCircuitRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), CircuitName(circuit));
  request.set_revision(revision);
  FLEETCAST_ASSIGN_OR_RETURN(const auto response, session.Call(config_rpc::kGetCircuit, request));
  session.Show(response, [&](const Terminal& terminal) { return CircuitText(response, terminal); });
  return absl::OkStatus();
}

struct ListOptions {
  std::string plant = "-";
  std::string revision;
  std::string filter;
  std::int64_t limit = 0;
};

absl::Status ListCircuits(Session& session, const ListOptions& options) {
  v1::ListCircuitsRequest request;
  request.set_parent(NameIn("plants", options.plant));
  request.set_revision(options.revision);
  request.set_filter(options.filter);
  int unsound = 0;
  FLEETCAST_ASSIGN_OR_RETURN(const auto circuits,
                             ListAll(session, config_rpc::kListCircuits, request, options.limit,
                                     [&unsound](v1::ListCircuitsResponse* page) {
                                       unsound = page->unsound_circuit_count();
                                       return page->mutable_circuits();
                                     }));
  session.ShowList(
      circuits, [&] { return CircuitsTable(circuits); },
      "no circuit matches; `fleetcast config validate` says what is wrong with those "
      "that are left out");
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
  CLI::Option* const matrix =
      verb.add_option("--matrix", changes->system,
                      "print only the circuits to retrain: one line of JSON, or one for each "
                      "shard of what that system reads")
          ->type_name("[azure|github]")
          ->expected(0, 1)
          ->check(CLI::IsMember(std::set<std::string>{"azure", "github"}).description(""));
  verb.add_option("--shard-size", changes->shard_size,
                  "at most this many circuits a line, up to 256 (256)")
      ->needs(matrix);
}

}  // namespace

void AddConfigCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "config", "the fleet's configuration at any git revision");

  AddChanges(noun, session);

  AddConfigValidateCommand(noun, session);

  const auto circuit = std::make_shared<std::string>();
  const auto show_revision = std::make_shared<std::string>();
  CLI::App& show_verb =
      AddVerb(noun, session,
              {.name = "show",
               .about = "one circuit's configuration, defaults filled in",
               .examples = "fleetcast config show P001/C001\n"
                           "fleetcast config show plants/P001/circuits/C001 --revision v1 -o yaml"},
              [&session, circuit, show_revision] {
                return ShowCircuit(session, *circuit, *show_revision);
              });
  show_verb.add_option("circuit", *circuit, "PLANT/CIRCUIT")->required();
  show_verb.add_option("--revision", *show_revision, "branch, tag or commit (HEAD)");

  const auto list = std::make_shared<ListOptions>();
  CLI::App& list_verb = AddVerb(
      noun, session,
      {.name = "list",
       .about = "circuits with their main settings",
       .examples = "fleetcast config list --plant P001\n"
                   "fleetcast config list --filter 'training.cutoff_date < \"2025-12-01\"'"},
      [&session, list] { return ListCircuits(session, *list); });
  list_verb.add_option("--plant", list->plant, "only this plant");
  list_verb.add_option("--revision", list->revision, "branch, tag or commit (HEAD)");
  list_verb.add_option("--filter", list->filter, "as in the API: training.forecast.horizon = 24");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();
}

}  // namespace fleetcast::cli
