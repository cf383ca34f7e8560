#include "cli/commands/training_actions.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/commands/follow.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/trainer_methods.h"
#include "cli/views/proto_text.h"
#include "cli/views/training_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

using Jobs = std::vector<trainer::v1::TrainingJob>;

constexpr char kNoRuns[] =
    "no training runs; start one with `fleetcast training start --head BRANCH` or `--circuits`";

// `id` as a full name; the latest run's if it is empty.
absl::StatusOr<std::string> RunName(Session& session, const std::string& id) {
  if (!id.empty()) return NameIn("trainingRuns", id);
  trainer::v1::ListTrainingRunsRequest request;
  request.set_page_size(1);
  FLEETCAST_ASSIGN_OR_RETURN(const auto latest,
                             session.Call(trainer_rpc::kListTrainingRuns, request));
  if (latest.training_runs().empty()) return absl::NotFoundError(kNoRuns);
  return latest.training_runs(0).name();
}

// The run and its jobs: as one document, or for people.
void ShowRun(Session& session, const trainer::v1::TrainingRun& run, const Jobs& jobs) {
  if (session.format() == OutputFormat::kTable) {
    session.Show(run, [&](const Terminal& terminal) {
      return TrainingRunText(run, jobs, terminal, session.Now());
    });
    return;
  }
  auto document = ToJson(run);
  document["jobs"] = nlohmann::ordered_json::array();
  for (const auto& job : jobs) document["jobs"].push_back(ToJson(job));
  session.Show(document, nullptr);
}

void SayHowItEnded(Session& session, const trainer::v1::TrainingRun& run, const Jobs& jobs) {
  const std::string took = SpanText(run.start_time(), run.end_time(), session.Now());
  session.Say(absl::StrCat("training run ", LastPart(run.name()), " ", StateText(run),
                           run.state_reason().empty() ? "" : ": " + OneLine(run.state_reason()),
                           took.empty() ? "" : " (" + took + ")"));
  std::vector<std::pair<std::string, std::string>> failures;
  for (const auto& job : jobs) {
    if (job.state() == trainer::v1::TrainingJob::STATE_FAILED) {
      failures.emplace_back(SubjectText(job), FailureText(job));
    }
  }
  ReportFailures(session, failures);
  if (!failures.empty()) {
    session.Note("train them again: fleetcast training retry " + LastPart(run.name()));
  }
  if (run.state() != trainer::v1::TrainingRun::STATE_SUCCEEDED)
    session.set_exit_code(ExitCode::kFailed);
}

absl::Status WatchRun(Session& session, const std::string& name) {
  trainer::v1::WatchTrainingRunRequest request;
  request.set_name(name);
  trainer::v1::TrainingRun run;
  std::map<std::string, trainer::v1::TrainingJob> jobs;
  const FollowText text{.what = "training run " + LastPart(name),
                        .come_back = "fleetcast training watch " + LastPart(name)};
  FLEETCAST_ASSIGN_OR_RETURN(
      const bool ended,
      Follow(session, text,
             [&](const ProgressSink& sink, const auto& on_message, const auto& on_idle) {
               return session.Stream(
                   trainer_rpc::kWatchTrainingRun, request,
                   [&](const trainer::v1::WatchTrainingRunResponse& event) {
                     on_message();
                     if (event.has_training_run()) run = event.training_run();
                     if (event.has_training_job()) {
                       jobs[event.training_job().name()] = event.training_job();
                       sink(ProgressOf(event.training_job()));
                     }
                   },
                   on_idle);
             }));
  if (!ended) return absl::OkStatus();
  Jobs ordered;
  for (auto& [job_name, job] : jobs) ordered.push_back(std::move(job));
  if (session.format() != OutputFormat::kTable) ShowRun(session, run, ordered);
  SayHowItEnded(session, run, ordered);
  return absl::OkStatus();
}

// "3 circuits", "1 plant's base".
std::string WhatText(const trainer::v1::TrainingRun& run) {
  const int jobs = run.job_counts().total();
  if (!run.spec().circuit_selection().plant_base()) return Count(jobs, "circuit");
  return jobs == 1 ? "1 plant's base" : absl::StrCat(jobs, " plants' bases");
}

// After a run was made: follow it, or say how to.
absl::Status Started(Session& session, const trainer::v1::TrainingRun& run, bool watch) {
  const std::string id = LastPart(run.name());
  const int jobs = run.job_counts().total();
  if (watch && jobs > 0) {
    session.Say(absl::StrCat("training run ", id, " with ", WhatText(run), " at ",
                             ShortCommit(run.commit())));
    return WatchRun(session, run.name());
  }
  session.Show(run, [&](const Terminal&) {
    if (jobs == 0) {
      return absl::StrCat("training run ", id, " ", StateText(run), ": ",
                          OneLine(run.state_reason()), "\n");
    }
    return absl::StrCat("training run ", id, " with ", WhatText(run), " at ",
                        ShortCommit(run.commit()), "\nfollow it: fleetcast training watch ", id,
                        "\n");
  });
  return absl::OkStatus();
}

absl::Status FillSource(const TrainingStart& options, trainer::v1::TrainingRunSpec& spec) {
  const bool plant_base = !options.plants.empty();
  const auto circuits = SplitList(plant_base ? options.plants : options.circuits);
  if (circuits.empty()) {
    if (options.head.empty()) {
      return InvalidField("--head",
                          "say what to train: --head BRANCH (with --base) for what a branch "
                          "changes, --circuits P001/C001,... for circuits by name, or "
                          "--plant-base P001,... for what a plant's circuits have in common");
    }
    auto& range = *spec.mutable_revision_range();
    range.set_base_revision(options.base.empty() ? "origin/main" : options.base);
    range.set_head_revision(options.head);
    return absl::OkStatus();
  }
  if (!options.base.empty()) {
    return InvalidField("--base",
                        absl::StrCat("--base goes with --head, not with ",
                                     plant_base ? "--plant-base" : "--circuits", ": leave it out"));
  }
  auto& selection = *spec.mutable_circuit_selection();
  selection.set_revision(options.revision);
  selection.set_plant_base(plant_base);
  for (const auto& circuit : circuits) {
    FLEETCAST_ASSIGN_OR_RETURN(*selection.add_circuits(), CircuitsName(circuit));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StartTraining(Session& session, const TrainingStart& options) {
  trainer::v1::CreateTrainingRunRequest request;
  request.set_request_id(session.RequestId());
  auto& spec = *request.mutable_training_run_spec();
  FLEETCAST_RETURN_IF_ERROR(FillSource(options, spec));
  if (options.pull_request > 0) {
    spec.mutable_pull_request()->set_number(options.pull_request);
    spec.mutable_pull_request()->set_author(options.author);
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto run,
                             session.Call(trainer_rpc::kCreateTrainingRun, request));
  return Started(session, run, options.watch);
}

absl::Status WatchTraining(Session& session, const std::string& id) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string name, RunName(session, id));
  return WatchRun(session, name);
}

absl::Status ShowTraining(Session& session, const std::string& id) {
  trainer::v1::GetTrainingRunRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), RunName(session, id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto run, session.Call(trainer_rpc::kGetTrainingRun, request));
  trainer::v1::ListTrainingJobsRequest jobs_request;
  jobs_request.set_parent(run.name());
  FLEETCAST_ASSIGN_OR_RETURN(const Jobs jobs,
                             ListAll(session, trainer_rpc::kListTrainingJobs, jobs_request, 0,
                                     [](trainer::v1::ListTrainingJobsResponse* page) {
                                       return page->mutable_training_jobs();
                                     }));
  ShowRun(session, run, jobs);
  return absl::OkStatus();
}

absl::Status ListTrainings(Session& session, const TrainingList& options) {
  trainer::v1::ListTrainingRunsRequest request;
  request.set_filter(options.filter);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto runs, ListAll(session, trainer_rpc::kListTrainingRuns, request, options.limit,
                               [](trainer::v1::ListTrainingRunsResponse* page) {
                                 return page->mutable_training_runs();
                               }));
  session.ShowList(
      runs, [&] { return TrainingRunsTable(runs, session.Now()); },
      options.filter.empty() ? kNoRuns : "no training run matches the filter");
  return absl::OkStatus();
}

absl::Status CancelTraining(Session& session, const TrainingCancel& options) {
  const std::string run_name = NameIn("trainingRuns", options.id);
  if (options.circuit.empty()) {
    trainer::v1::CancelTrainingRunRequest request;
    request.set_request_id(session.RequestId());
    request.set_name(run_name);
    FLEETCAST_ASSIGN_OR_RETURN(const auto run,
                               session.Call(trainer_rpc::kCancelTrainingRun, request));
    session.Show(run, [&](const Terminal&) {
      return HasEnded(run) ? "training run " + LastPart(run.name()) + " " + StateText(run) + "\n"
                           : "training run " + LastPart(run.name()) +
                                 " is being cancelled; running circuits stop at their next "
                                 "heartbeat\n";
    });
    return absl::OkStatus();
  }
  trainer::v1::CancelTrainingJobRequest request;
  request.set_request_id(session.RequestId());
  std::string job_id = options.circuit;  // a plant's
  if (absl::StrContains(job_id, '/')) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string circuit, CircuitName(options.circuit));
    job_id = absl::StrReplaceAll(ShortCircuit(circuit), {{"/", "."}});
  }
  request.set_name(absl::StrCat(run_name, "/jobs/", job_id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto job,
                             session.Call(trainer_rpc::kCancelTrainingJob, request));
  session.Show(job, [&](const Terminal&) {
    return SubjectText(job) + ": cancellation asked for; the others of the run go on\n";
  });
  return absl::OkStatus();
}

absl::Status RetryTraining(Session& session, const TrainingRetry& options) {
  trainer::v1::RetryTrainingRunRequest request;
  request.set_request_id(session.RequestId());
  request.set_name(NameIn("trainingRuns", options.id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto run, session.Call(trainer_rpc::kRetryTrainingRun, request));
  return Started(session, run, options.watch);
}

}  // namespace fleetcast::cli
