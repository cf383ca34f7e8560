#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using inference::v1::Invocation;
using inference::v1::Sweep;
using workqueue::v1::Failure;
using Align = Column::Align;

std::string PlantsText(const google::protobuf::RepeatedPtrField<std::string>& plant_ids) {
  return plant_ids.empty() ? "whole fleet" : absl::StrJoin(plant_ids, ", ");
}

// "P001, P002", or "P001/C001, P001/C002 and 7 more" where circuits were asked for.
std::string AskedForText(const Sweep& sweep) {
  constexpr int kNamed = 5;
  if (sweep.circuits().empty()) return PlantsText(sweep.plant_ids());
  std::vector<std::string> named;
  for (int i = 0; i < std::min(kNamed, sweep.circuits_size()); ++i)
    named.push_back(ShortCircuit(sweep.circuits(i)));
  const int more = sweep.circuits_size() - kNamed;
  return absl::StrCat(absl::StrJoin(named, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "");
}

std::string CountsText(const inference::v1::InvocationCounts& counts) {
  std::string text = absl::StrCat(counts.succeeded(), "/", counts.total());
  if (counts.failed() > 0) absl::StrAppend(&text, ", ", counts.failed(), " failed");
  if (counts.on_fallback() > 0) absl::StrAppend(&text, ", ", counts.on_fallback(), " on fallback");
  return text;
}

// "8750/8760 windows, nothing new to read in 12, 10 failed (first …)"
std::string ProgressText(const inference::v1::BackfillProgress& progress) {
  std::string text = absl::StrCat(progress.made_count(), "/", progress.window_count(), " windows");
  if (progress.repeated_count() > 0)
    absl::StrAppend(&text, ", nothing new to read in ", progress.repeated_count());
  if (progress.failed_count() > 0)
    absl::StrAppend(&text, ", ", progress.failed_count(), " failed (first ",
                    progress.first_failure(), ")");
  return text;
}

std::string BackfillText(const inference::v1::Backfill& backfill) {
  return absl::StrCat(MinuteText(TimeOf(backfill.start_time())), " to ",
                      MinuteText(TimeOf(backfill.end_time())), " every ",
                      absl::FormatDuration(absl::Seconds(backfill.every().seconds())), ", ",
                      backfill.window_count(), " windows a circuit");
}

std::string AsOfText(const Sweep& sweep) {
  if (sweep.has_backfill()) return BackfillText(sweep.backfill());
  return sweep.has_as_of() ? MinuteText(TimeOf(sweep.as_of())) : "the latest readings";
}

std::string MadeBy(const Sweep& sweep) {
  if (!sweep.schedule().empty()) return "schedule " + LastPart(sweep.schedule());
  if (!sweep.retry_of().empty()) return "retry of " + LastPart(sweep.retry_of());
  return "hand";
}

std::string ResultText(const Invocation& invocation) {
  if (invocation.state() == Invocation::STATE_FAILED) return FailureText(invocation);
  if (invocation.has_backfill_progress() && invocation.state() != Invocation::STATE_QUEUED)
    return ProgressText(invocation.backfill_progress());
  if (invocation.state() == Invocation::STATE_SUCCEEDED) {
    if (!invocation.source_reason().empty())
      return absl::StrCat("on fallback: ", OneLine(invocation.source_reason()));
    return absl::StrCat(ShortVersion(invocation.model()), " from ",
                        MinuteText(TimeOf(invocation.issue_time())));
  }
  return invocation.state_reason();
}

Table InvocationsTable(const std::vector<Invocation>& invocations, absl::Time now) {
  Table table({{"CIRCUIT"},
               {"STATE"},
               {"MODEL", Align::kRight},
               {"TRIES", Align::kRight},
               {"TIME", Align::kRight},
               {"RESULT"}});
  for (const auto& invocation : invocations) {
    table.AddRow({invocation.plant_id() + "/" + invocation.circuit_id(),
                  StateCell(WithoutPrefix(Invocation::State_Name(invocation.state()), "STATE_")),
                  ShortVersion(invocation.model()),
                  absl::StrCat(invocation.attempt_count(), "/", invocation.max_attempts()),
                  SpanText(invocation.start_time(), invocation.end_time(), now),
                  ResultText(invocation)});
  }
  return table;
}

Standing StandingOf(Invocation::State state) {
  switch (state) {
    case Invocation::STATE_RUNNING:
      return Standing::kRunning;
    case Invocation::STATE_SUCCEEDED:
      return Standing::kSucceeded;
    case Invocation::STATE_FAILED:
      return Standing::kFailed;
    case Invocation::STATE_CANCELLED:
      return Standing::kCancelled;
    default:
      return Standing::kQueued;
  }
}

}  // namespace

bool HasEnded(const Sweep& sweep) {
  return sweep.state() != Sweep::STATE_UNSPECIFIED && sweep.state() != Sweep::STATE_QUEUED &&
         sweep.state() != Sweep::STATE_RUNNING;
}

std::string StateText(const Sweep& sweep) {
  return WithoutPrefix(Sweep::State_Name(sweep.state()), "STATE_");
}

std::string FailureText(const Invocation& invocation) {
  if (!invocation.has_failure()) return invocation.state_reason();
  const auto& failure = invocation.failure();
  return absl::StrCat(WithoutPrefix(Failure::Kind_Name(failure.kind()), "KIND_"), " ",
                      failure.reason(), ": ", failure.message());
}

Table SweepsTable(const std::vector<Sweep>& sweeps, absl::Time now) {
  Table table({{"ID"},
               {"STATE"},
               {"FORECASTS"},
               {"CREATED"},
               {"TIME", Align::kRight},
               {"AS OF"},
               {"MADE BY"},
               {"PLANTS"}});
  for (const auto& sweep : sweeps) {
    table.AddRow({LastPart(sweep.name()), StateCell(StateText(sweep)), CountsText(sweep.counts()),
                  AgoCell(sweep.create_time(), now),
                  SpanText(sweep.start_time(), sweep.end_time(), now),
                  sweep.has_backfill() ? "backfill"
                  : sweep.has_as_of()  ? MinuteText(TimeOf(sweep.as_of()))
                                       : "latest",
                  MadeBy(sweep), AskedForText(sweep)});
  }
  return table;
}

std::string SweepText(const Sweep& sweep, const std::vector<Invocation>& invocations,
                      const Terminal& terminal, absl::Time now) {
  Properties text;
  text.Add("sweep", {LastPart(sweep.name()), Style::kBold});
  text.Add("state", StateCell(StateText(sweep)));
  text.AddGiven("why", sweep.state_reason());
  text.Add(sweep.circuits().empty() ? "plants" : "circuits", AskedForText(sweep));
  if (!sweep.missing_plant_ids().empty())
    text.Add("missing", {PlantsText(sweep.missing_plant_ids()), Style::kBad});
  for (const std::string& replaced : sweep.replaced_sweeps())
    text.Add("in place of", LastPart(replaced));
  text.Add("as of", AsOfText(sweep));
  text.Add("made by", MadeBy(sweep));
  text.Add("created", MinuteText(TimeOf(sweep.create_time())) + " (" +
                          TimeAgo(TimeOf(sweep.create_time()), now) + ")");
  text.AddGiven("took", SpanText(sweep.start_time(), sweep.end_time(), now));
  std::string result = text.Render(terminal);
  if (!invocations.empty()) result += "\n" + InvocationsTable(invocations, now).Render(terminal);
  return result;
}

CircuitProgress ProgressOf(const Invocation& invocation) {
  CircuitProgress progress;
  progress.circuit = invocation.plant_id() + "/" + invocation.circuit_id();
  progress.standing = StandingOf(invocation.state());
  progress.note = ResultText(invocation);
  progress.attempt = invocation.attempt_count();
  progress.start = TimeOf(invocation.start_time());
  progress.end = TimeOf(invocation.end_time());
  return progress;
}

}  // namespace fleetcast::cli
