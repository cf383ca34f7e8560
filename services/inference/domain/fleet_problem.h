// What is out of the ordinary and is no single circuit's, so that no circuit's conditions tell it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/inference/domain/condition.h"
#include "services/inference/domain/followed_branch.h"
#include "services/inference/domain/schedule.h"

namespace fleetcast::inference {

struct FleetProblem {
  Severity severity = Severity::kError;
  std::string reason;    // UPPER_SNAKE
  std::string message;   // what it is and what to do
  std::string resource;  // what it is about
};

// Active schedules that ask for plants of which nothing is deployed; of `plant_id` alone, unless it
// is "". `deployed` are the plants that have a deployment, that one among them.
[[nodiscard]] std::vector<FleetProblem> ProblemsOf(const std::vector<Schedule>& schedules,
                                                   const std::set<std::string>& deployed,
                                                   const std::string& plant_id);

// Of the branch that is followed: its head could not be put in force, or nobody has looked at it
// for kUnseenAfter. nullopt where all is well.
inline constexpr absl::Duration kUnseenAfter = absl::Minutes(5);
[[nodiscard]] std::optional<FleetProblem> ProblemOf(const FollowedBranch& branch, absl::Time now);

// Of the newest reading of all sensors that forecasts have been made from: no forecast can be told
// from one that is up to date by comparing sensors where all of them stand still.
inline constexpr absl::Duration kFleetStaleAfter = absl::Hours(48);
[[nodiscard]] std::optional<FleetProblem> ProblemOf(std::optional<absl::Time> newest_reading,
                                                    absl::Time now);

}  // namespace fleetcast::inference
