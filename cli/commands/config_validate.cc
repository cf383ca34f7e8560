#include "cli/commands/config_validate.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/config.h"
#include "cli/names.h"
#include "cli/offline/validation.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/config_methods.h"
#include "cli/views/annotations.h"
#include "cli/views/config_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace v1 = config::v1;

struct ValidateOptions {
  std::vector<std::string> targets;  // paths, or one revision
  std::string revision;              // one that is called as a file is
  bool service = false;
  bool allow_other_owner = false;
};

absl::StatusOr<v1::ValidateRevisionResponse> AskService(Session& session,
                                                        const std::string& revision) {
  v1::ValidateRevisionRequest request;
  request.set_revision(revision);
  v1::ValidateRevisionResponse all;
  FLEETCAST_RETURN_IF_ERROR(EachPage(session, config_rpc::kValidateRevision, request,
                                     [&](const v1::ValidateRevisionResponse& page) {
                                       all.MergeFrom(page);
                                       all.clear_next_page_token();
                                     }));
  return all;
}

absl::StatusOr<v1::ValidateRevisionResponse> Answer(Session& session,
                                                    const ValidateOptions& options) {
  const auto& targets = options.targets;
  if (!options.revision.empty() && !targets.empty())
    return InvalidField("--revision", "goes without paths; validate one or the other");
  const bool paths = std::any_of(targets.begin(), targets.end(), IsPath);
  if (paths && options.service)
    return InvalidField("--service", "goes without paths: the service reads commits");
  const bool repository =
      !options.service && !paths && !(targets.empty() && options.revision.empty());
  if (options.allow_other_owner && !repository)
    return InvalidField("--allow-other-owner",
                        "is for a revision of the repository around; leave it out");
  if (paths) return ValidatePaths(targets);
  if (targets.size() > 1)
    return InvalidField("revision", absl::StrCat("\"", targets[1], "\" is one too many, and no ",
                                                 "file; name one revision, or files"));
  const std::string revision = targets.empty() ? options.revision : targets.front();
  if (options.service) return AskService(session, revision);
  if (revision.empty()) return ValidatePaths({"."});
  return ValidateRevision(revision, options.allow_other_owner);
}

std::string SummaryText(const v1::ValidateRevisionResponse& response, bool color) {
  std::string text = response.commit().empty() ? "" : ShortCommit(response.commit()) + ": ";
  absl::StrAppend(&text, Count(response.circuit_count(), "circuit"), ", ");
  if (response.valid()) return text + Styled("sound", Style::kGood, color) + "\n";
  const int unsound = response.unsound_circuit_count();
  return text +
         Styled(unsound > 0 ? absl::StrCat(unsound, " of them unsound") : "unsound", Style::kBad,
                color) +
         "\n";
}

std::string ReportText(const v1::ValidateRevisionResponse& response, const Terminal& terminal) {
  std::string text;
  for (const auto& diagnostic : response.diagnostics())
    text += DiagnosticText(diagnostic, terminal.color);
  return text + SummaryText(response, terminal.color);
}

// The annotations alone on standard output, the summary for whoever reads the log on the other.
void PrintAnnotations(Session& session, const v1::ValidateRevisionResponse& response) {
  const bool github = session.format() == OutputFormat::kGithub;
  for (const auto& diagnostic : response.diagnostics())
    std::cout << (github ? GithubAnnotation(diagnostic) : AzureAnnotation(diagnostic));
  std::cout << std::flush;
  std::cerr << SummaryText(response, session.error_terminal().color) << std::flush;
}

absl::Status Validate(Session& session, const ValidateOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto response, Answer(session, options));
  if (session.annotates())
    PrintAnnotations(session, response);
  else
    session.Show(response,
                 [&](const Terminal& terminal) { return ReportText(response, terminal); });
  NoteStale(session, response.freshness());
  if (!response.valid()) session.set_exit_code(ExitCode::kFailed);
  return absl::OkStatus();
}

}  // namespace

void AddConfigValidateCommand(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<ValidateOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "validate",
       .about = "everything that is wrong with files or a revision, without a service; exit code 1 "
                "if something is",
       .examples = "fleetcast config validate                    # the files of ./config/\n"
                   "fleetcast config validate config/plants/P001/C001.yml\n"
                   "fleetcast config validate my-branch          # of the repository around\n"
                   "fleetcast config validate main --service     # asks the config service\n"
                   "fleetcast config validate . -o github        # or azure: annotations",
       .annotates = true},
      [&session, options] { return Validate(session, *options); });
  verb.add_option("target", options->targets,
                  "paths (.): the folder above config/, or files and folders in it; or a branch, "
                  "tag or commit of the git repository that the current folder lies in")
      ->type_name("PATH|REVISION");
  verb.add_option("--revision", options->revision,
                  "branch, tag or commit that is called as a file is")
      ->type_name("REVISION");
  verb.add_flag(
      "--service", options->service,
      "ask the config service for the revision (HEAD), which may know more of the remote");
  verb.add_flag("--allow-other-owner", options->allow_other_owner,
                "read a repository that belongs to another user");
}

}  // namespace fleetcast::cli
