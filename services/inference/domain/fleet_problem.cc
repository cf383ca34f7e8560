#include "services/inference/domain/fleet_problem.h"

#include "absl/strings/str_cat.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

std::vector<FleetProblem> ProblemsOf(const std::vector<Schedule>& schedules,
                                     const std::set<std::string>& deployed,
                                     const std::string& plant_id) {
  std::vector<FleetProblem> problems;
  for (const Schedule& schedule : schedules) {
    if (schedule.paused) continue;
    std::set<std::string> missing;
    for (const std::string& plant : schedule.spec.plant_ids)
      if (!deployed.contains(plant) && (plant_id.empty() || plant == plant_id))
        missing.insert(plant);
    if (missing.empty()) continue;
    problems.push_back(
        {.severity = Severity::kError,
         .reason = "PLANT_NOT_DEPLOYED",
         .message = absl::StrCat(
             ScheduleResource(schedule.id), " asks for forecasts of ",
             NamedPlants({missing.begin(), missing.end()}),
             ", of which nothing is deployed: release or deploy circuits of it, or take it out "
             "with `fleetcast schedule update ",
             schedule.id, " --plants ...`"),
         .resource = ScheduleResource(schedule.id)});
  }
  return problems;
}

std::optional<FleetProblem> ProblemOf(const FollowedBranch& branch, absl::Time now) {
  FleetProblem problem{.severity = Severity::kError, .resource = branch.branch};
  if (now - branch.check_time > kUnseenAfter) {
    problem.reason = "RELEASE_BRANCH_UNSEEN";
    problem.message =
        absl::StrCat("nobody has looked at the head of ", branch.branch, " since ",
                     absl::FormatTime("%Y-%m-%d %H:%M UTC", branch.check_time, absl::UTCTimeZone()),
                     ": does an inference replica run with --release-branch?");
  } else if (!branch.reason.empty()) {
    problem.reason = branch.reason;
    problem.message = branch.message;
  } else if (!branch.rival.empty()) {
    problem.reason = "TWO_RELEASE_BRANCHES";
    problem.message = absl::StrCat("the head of ", branch.branch,
                                   " is kept in force, but some inference replica runs with "
                                   "--release-branch ",
                                   branch.rival, ", whose head is not: give all the same branch");
  } else {
    return std::nullopt;
  }
  return problem;
}

std::optional<FleetProblem> ProblemOf(std::optional<absl::Time> newest_reading, absl::Time now) {
  if (!newest_reading || now - *newest_reading <= kFleetStaleAfter) return std::nullopt;
  return FleetProblem{
      .severity = Severity::kWarning,
      .reason = "READINGS_STALE",
      .message =
          absl::StrCat("no sensor has readings after ",
                       absl::FormatTime("%Y-%m-%d %H:%M UTC", *newest_reading, absl::UTCTimeZone()),
                       ", ", absl::ToInt64Hours(now - *newest_reading) / 24,
                       " days ago, and the forecasts begin there: does the source still get any?"),
      .resource = {}};
}

}  // namespace fleetcast::inference
