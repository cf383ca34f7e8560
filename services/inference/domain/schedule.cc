#include "services/inference/domain/schedule.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "services/inference/domain/cron.h"
#include "services/inference/domain/names.h"
#include "services/inference/domain/tick.h"

namespace fleetcast::inference {
namespace {

constexpr std::size_t kMaxPlants = 1000;
constexpr std::size_t kMaxDisplayName = 200;
// Replicas look every few seconds: with less, healthy ones would miss ticks.
constexpr absl::Duration kLeastCatchUpWindow = absl::Minutes(1);

void AppendViolations(const absl::Status& status, std::vector<FieldViolation>* violations) {
  if (const auto details = DetailsOf(status)) {
    violations->insert(violations->end(), details->field_violations.begin(),
                       details->field_violations.end());
  }
}

std::string TickText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

void AppendTimingViolations(const ScheduleSpec& spec, const absl::StatusOr<CronExpression>& cron,
                            std::vector<FieldViolation>* violations) {
  if (spec.catch_up_window < kLeastCatchUpWindow) {
    violations->push_back({"schedule.catch_up_window",
                           "must be a minute at least; leave it out to make up the latest missed "
                           "tick however late it is"});
  }
  if (spec.jitter < absl::ZeroDuration()) {
    violations->push_back({"schedule.jitter", "must not be negative"});
  } else if (cron.ok() && spec.jitter >= cron->ShortestGap()) {
    violations->push_back(
        {"schedule.jitter",
         absl::StrCat("must be shorter than the ", absl::FormatDuration(cron->ShortestGap()),
                      " between two ticks of the cron expression")});
  }
}

// The latest tick from `from` on that is due at `now`.
std::optional<absl::Time> LatestDue(const Schedule& schedule, const CronExpression& cron,
                                    absl::TimeZone zone, absl::Time from, absl::Time now) {
  std::optional<absl::Time> tick = LatestTick(cron, zone, from, now);
  while (tick && DueTime(schedule.id, schedule.spec, *tick) > now)
    tick = LatestTick(cron, zone, from, *tick - absl::Microseconds(1));
  return tick;
}

}  // namespace

absl::Status ValidateSchedule(const ScheduleSpec& spec) {
  std::vector<FieldViolation> violations;
  const absl::StatusOr<CronExpression> cron = CronExpression::Parse(spec.cron);
  AppendViolations(cron.status(), &violations);
  AppendViolations(FindTimeZone(spec.time_zone).status(), &violations);
  if (spec.display_name.size() > kMaxDisplayName) {
    violations.push_back({"schedule.display_name", "is longer than 200 bytes; shorten it"});
  }
  if (spec.plant_ids.size() > kMaxPlants) {
    violations.push_back(
        {"schedule.plant_ids", "more than 1000; leave it empty to sweep the whole fleet"});
  } else {
    for (std::size_t i = 0; i < spec.plant_ids.size(); ++i) {
      AppendViolations(ValidateId(absl::StrCat("schedule.plant_ids[", i, "]"), spec.plant_ids[i]),
                       &violations);
    }
  }
  AppendTimingViolations(spec, cron, &violations);
  if (violations.empty()) return absl::OkStatus();
  return InvalidFields(std::move(violations));
}

absl::StatusOr<absl::Time> FirstTick(const ScheduleSpec& spec, absl::Time now) {
  FLEETCAST_ASSIGN_OR_RETURN(const CronExpression cron, CronExpression::Parse(spec.cron));
  FLEETCAST_ASSIGN_OR_RETURN(const absl::TimeZone zone, FindTimeZone(spec.time_zone));
  const std::optional<absl::Time> next = NextTick(cron, zone, now);
  if (next) return *next;
  return InvalidField("schedule.cron",
                      absl::StrCat("\"", spec.cron, "\" does not tick within nine years"),
                      "CRON_INVALID");
}

absl::Time DueTime(const std::string& schedule_id, const ScheduleSpec& spec, absl::Time tick) {
  if (spec.jitter <= absl::ZeroDuration()) return tick;
  std::uint32_t share = 0;  // of 2^32
  const std::string hash = Sha256Hex(absl::StrCat(schedule_id, "@", absl::ToUnixMicros(tick)));
  const bool read = absl::SimpleHexAtoi(hash.substr(0, 8), &share);
  return read ? tick + absl::Floor(spec.jitter * (share / 4294967296.0), absl::Milliseconds(1))
              : tick;
}

absl::StatusOr<TickDecision> DecideTick(const Schedule& schedule, absl::Time now) {
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Time after_now, FirstTick(schedule.spec, now));
  const auto due_time = [&](absl::Time tick) { return DueTime(schedule.id, schedule.spec, tick); };
  const absl::Time first = schedule.next_tick.value_or(now);
  if (due_time(first) > now)
    return TickDecision{.tick = {}, .missed = {}, .next_tick = first, .due_time = due_time(first)};
  FLEETCAST_ASSIGN_OR_RETURN(const CronExpression cron, CronExpression::Parse(schedule.spec.cron));
  FLEETCAST_ASSIGN_OR_RETURN(const absl::TimeZone zone, FindTimeZone(schedule.spec.time_zone));
  TickDecision decision{.tick = LatestDue(schedule, cron, zone, first, now),
                        .missed = {},
                        .next_tick = after_now,
                        .due_time = {}};
  if (decision.tick) {
    const absl::Time tick = *decision.tick;
    decision.next_tick = NextTick(cron, zone, tick).value_or(after_now);
    const absl::Duration late = absl::Trunc(now - due_time(tick), absl::Seconds(1));
    const std::optional<absl::Time> before =
        LatestTick(cron, zone, first, tick - absl::Microseconds(1));
    if (late > schedule.spec.catch_up_window) {
      decision.tick.reset();
      decision.missed = {tick, "MISSED",
                         absl::StrCat("nobody took the tick of ", TickText(tick), " for ",
                                      absl::FormatDuration(late), ", and its catch-up window is ",
                                      absl::FormatDuration(schedule.spec.catch_up_window))};
    } else if (before) {
      decision.missed = {
          *before, "MISSED",
          absl::StrCat("nobody took the tick of ", TickText(*before), " before that of ",
                       TickText(tick), " came: only the latest is made up")};
    }
  }
  decision.due_time = due_time(decision.next_tick);
  return decision;
}

OverlapDecision DecideOverlap(OverlapPolicy policy, absl::Time tick,
                              const std::vector<OpenSweep>& open) {
  OverlapDecision decision;
  if (open.empty()) return decision;
  switch (policy) {
    case OverlapPolicy::kSkip:
      decision.skipped = {tick, "OVERLAP",
                          absl::StrCat(SweepResource(open.front().id), " of the tick of ",
                                       TickText(open.front().tick),
                                       " had not ended at the tick of ", TickText(tick))};
      break;
    case OverlapPolicy::kQueue:
      break;
    case OverlapPolicy::kReplace:
      decision.replaced.reserve(open.size());
      for (const OpenSweep& sweep : open) decision.replaced.push_back(sweep.id);
      break;
  }
  return decision;
}

std::string Word(OverlapPolicy policy) {
  switch (policy) {
    case OverlapPolicy::kSkip:
      return "SKIP";
    case OverlapPolicy::kQueue:
      return "QUEUE";
    case OverlapPolicy::kReplace:
      return "REPLACE";
  }
  return "";
}

std::optional<OverlapPolicy> OverlapPolicyOf(const std::string& word) {
  for (const auto policy : {OverlapPolicy::kSkip, OverlapPolicy::kQueue, OverlapPolicy::kReplace})
    if (Word(policy) == word) return policy;
  return std::nullopt;
}

absl::Duration UntilNextLook(absl::Time now, std::optional<absl::Time> next, absl::Duration most,
                             double spread) {
  const absl::Duration poll = most * (1 - 0.2 * spread);
  return next ? std::clamp(*next - now, absl::ZeroDuration(), poll) : poll;
}

}  // namespace fleetcast::inference
