#include "cli/views/training_view.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/names.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using trainer::v1::GateOutcome;
using trainer::v1::TrainingJob;
using trainer::v1::TrainingProgress;
using trainer::v1::TrainingRun;
using Align = Column::Align;

std::string JobState(const TrainingJob& job) {
  return WithoutPrefix(TrainingJob::State_Name(job.state()), "STATE_");
}

std::string PhaseText(TrainingProgress::Phase phase) {
  if (phase == TrainingProgress::PHASE_UNSPECIFIED) return "";
  const std::string name = WithoutPrefix(TrainingProgress::Phase_Name(phase), "PHASE_");
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

// "P001/C001", "all of P001" or "whole fleet".
std::string CircuitsText(const std::string& name) {
  std::string circuit = ShortCircuit(name);
  if (circuit == "-/-") return "whole fleet";
  if (!absl::EndsWith(circuit, "/-")) return circuit;
  return "all of " + circuit.substr(0, circuit.size() - 2);
}

// "main..feature-1" or "P001/C001, P001/C002 at main".
std::string SourceText(const trainer::v1::TrainingRunSpec& spec) {
  if (spec.has_revision_range()) {
    return spec.revision_range().base_revision() + ".." + spec.revision_range().head_revision();
  }
  std::vector<std::string> circuits;
  for (const auto& name : spec.circuit_selection().circuits()) {
    if (circuits.size() == 3 && spec.circuit_selection().circuits_size() > 4) {
      circuits.push_back(
          absl::StrCat("and ", spec.circuit_selection().circuits_size() - 3, " more"));
      break;
    }
    circuits.push_back(CircuitsText(name));
  }
  return absl::StrCat(spec.circuit_selection().plant_base() ? "base of " : "",
                      absl::StrJoin(circuits, ", "), " at ", spec.circuit_selection().revision());
}

std::string PullRequestText(const trainer::v1::TrainingRunSpec& spec) {
  if (!spec.has_pull_request()) return "";
  const auto& pull_request = spec.pull_request();
  return absl::StrCat("#", pull_request.number(),
                      pull_request.author().empty() ? "" : " " + pull_request.author());
}

std::string JobsText(const trainer::v1::JobCounts& counts) {
  std::string text = absl::StrCat(counts.succeeded(), "/", counts.total());
  if (counts.failed() > 0) absl::StrAppend(&text, ", ", counts.failed(), " failed");
  return text;
}

std::string VerdictText(GateOutcome::Verdict verdict) {
  switch (verdict) {
    case GateOutcome::VERDICT_BETTER:
      return "better";
    case GateOutcome::VERDICT_NOT_BETTER:
      return "not better";
    case GateOutcome::VERDICT_AS_GOOD:
      return "as good";
    default:
      return "not comparable";
  }
}

// How the job ended, or what it does.
std::string ResultText(const TrainingJob& job) {
  if (job.state() == TrainingJob::STATE_FAILED) return FailureText(job);
  if (job.state() == TrainingJob::STATE_RUNNING && !job.progress().waits_for().empty())
    return absl::StrCat("waits: ", OneLine(job.progress().waits_for()));
  if (job.state() != TrainingJob::STATE_SUCCEEDED) return job.state_reason();
  const auto& gate = job.gate_outcome();
  std::string text = ShortVersion(job.model_version());
  if (gate.verdict() == GateOutcome::VERDICT_UNSPECIFIED)
    return absl::StrCat(text, ", ", job.state_reason());
  absl::StrAppend(&text, " ", VerdictText(gate.verdict()));
  // Without an error there was nothing to measure it on.
  if (gate.mae() > 0 || gate.test_windows() > 0)
    absl::StrAppend(&text, ", MAE ", NumberText(gate.mae()), ", skill ", PercentText(gate.skill()));
  if (gate.verdict() != GateOutcome::VERDICT_BETTER)
    absl::StrAppend(&text, ": ", WhyText(gate.why()));
  return text;
}

// Of a plant's base how many circuits have been read.
std::string EpochText(const TrainingProgress& progress) {
  if (progress.circuits() > 0)
    return absl::StrCat(progress.circuits_read(), "/", progress.circuits());
  if (progress.epochs() == 0) return "";
  return absl::StrCat(progress.epoch(), "/", progress.epochs());
}

Table JobsTable(const std::vector<TrainingJob>& jobs, absl::Time now) {
  Table table({{"CIRCUIT"},
               {"STATE"},
               {"CUTOFF"},
               {"EPOCH", Align::kRight},
               {"TIME", Align::kRight},
               {"TRIES", Align::kRight},
               {"RESULT"}});
  for (const auto& job : jobs) {
    table.AddRow({SubjectText(job), StateCell(JobState(job)), job.cutoff_date(),
                  EpochText(job.progress()), SpanText(job.start_time(), job.end_time(), now),
                  absl::StrCat(job.attempt_count()), ResultText(job)});
  }
  return table;
}

// What each model is made of, what was done to its data, and what is doubtful about it.
Table ModelsTable(const std::vector<TrainingJob>& jobs) {
  Table table({{"CIRCUIT"}, {"VERSION", Align::kRight}, {"MEMBERS AND REMARKS"}});
  for (const auto& job : jobs) {
    std::vector<std::string> lines;
    if (!job.base_version().empty())
      lines.push_back("starts from " + ShortVersion(job.base_version()));
    for (const std::string& text : {job.members(), job.remarks()})
      if (!text.empty()) lines.push_back(text);
    for (const std::string& warning : job.data_warnings()) lines.push_back(OneLine(warning));
    if (lines.empty()) continue;
    table.AddRow({SubjectText(job),
                  job.model_version().empty() ? "" : ShortVersion(job.model_version()), lines[0]});
    for (std::size_t i = 1; i < lines.size(); ++i) table.AddContinuation(lines[i]);
  }
  return table;
}

}  // namespace

std::string SubjectText(const TrainingJob& job) {
  if (!job.circuit().empty()) return ShortCircuit(job.circuit());
  return job.circuit_id().empty() ? job.plant_id() + " (base)"
                                  : job.plant_id() + "/" + job.circuit_id();
}

bool HasEnded(const TrainingRun& run) {
  return run.state() == TrainingRun::STATE_SUCCEEDED || run.state() == TrainingRun::STATE_FAILED ||
         run.state() == TrainingRun::STATE_CANCELLED;
}

std::string StateText(const TrainingRun& run) {
  return WithoutPrefix(TrainingRun::State_Name(run.state()), "STATE_");
}

std::string FailureText(const TrainingJob& job) {
  if (!job.has_failure()) return job.state_reason();
  const auto& failure = job.failure();
  return absl::StrCat(WithoutPrefix(workqueue::v1::Failure::Kind_Name(failure.kind()), "KIND_"),
                      " ", failure.reason(), ": ", failure.message());
}

Table TrainingRunsTable(const std::vector<TrainingRun>& runs, absl::Time now) {
  Table table(
      {{"ID"}, {"STATE"}, {"JOBS"}, {"PR"}, {"CREATED"}, {"TIME", Align::kRight}, {"WHAT"}});
  for (const auto& run : runs) {
    table.AddRow({LastPart(run.name()), StateCell(StateText(run)), JobsText(run.job_counts()),
                  PullRequestText(run.spec()), AgoCell(run.create_time(), now),
                  SpanText(run.start_time(), run.end_time(), now), SourceText(run.spec())});
  }
  return table;
}

std::string TrainingRunText(const TrainingRun& run, const std::vector<TrainingJob>& jobs,
                            const Terminal& terminal, absl::Time now) {
  Properties text;
  text.Add("training run", {LastPart(run.name()), Style::kBold});
  text.Add("state", StateCell(StateText(run)));
  text.AddGiven("why", run.state_reason());
  text.Add("what", SourceText(run.spec()));
  text.Add("commit", ShortCommit(run.commit()));
  text.AddGiven("pull request", PullRequestText(run.spec()));
  text.AddGiven("retry of", LastPart(run.retry_of()));
  text.Add("created", MinuteText(TimeOf(run.create_time())) + " (" +
                          TimeAgo(TimeOf(run.create_time()), now) + ")");
  text.AddGiven("took", SpanText(run.start_time(), run.end_time(), now));
  std::string result = text.Render(terminal);
  if (!jobs.empty()) result += "\n" + JobsTable(jobs, now).Render(terminal);
  if (const Table models = ModelsTable(jobs); models.rows() > 0) {
    result += "\n" + models.Render(terminal);
  }
  return result;
}

CircuitProgress ProgressOf(const TrainingJob& job) {
  CircuitProgress progress;
  progress.circuit = SubjectText(job);
  switch (job.state()) {
    case TrainingJob::STATE_RUNNING:
      progress.standing = Standing::kRunning;
      break;
    case TrainingJob::STATE_SUCCEEDED:
      progress.standing = Standing::kSucceeded;
      break;
    case TrainingJob::STATE_FAILED:
      progress.standing = Standing::kFailed;
      break;
    case TrainingJob::STATE_CANCELLED:
      progress.standing = Standing::kCancelled;
      break;
    default:
      progress.standing = Standing::kQueued;
  }
  progress.phase = PhaseText(job.progress().phase());
  const bool reads = job.progress().circuits() > 0;
  progress.epoch = reads ? job.progress().circuits_read() : job.progress().epoch();
  progress.epochs = reads ? job.progress().circuits() : job.progress().epochs();
  // Both are zero until the first epoch has measured them.
  if (job.progress().validation_loss() > 0) {
    progress.loss = job.progress().validation_loss();
  } else if (job.progress().training_loss() > 0) {
    progress.loss = job.progress().training_loss();
  }
  progress.note = ResultText(job);
  progress.attempt = job.attempt_count();
  progress.start = TimeOf(job.start_time());
  progress.end = TimeOf(job.end_time());
  return progress;
}

}  // namespace fleetcast::cli
