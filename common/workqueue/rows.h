// Rows of the work queue's tables: which columns are read, and how they become its nouns.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "common/workqueue/task.h"

namespace fleetcast::workqueue {

// Select lists for GroupOf and TaskOf: of task_groups g, and of tasks t LEFT JOIN task_holds h.
// "{s}" stands for the schema.
extern const char kGroupColumns[];
extern const char kTaskColumns[];

[[nodiscard]] Group GroupOf(const pqxx::row& row);
[[nodiscard]] Task TaskOf(const pqxx::row& row);

// nullopt for NULL.
[[nodiscard]] std::optional<Failure> FailureOf(const pqxx::field& json);
// A failure as it is stored. `time` is the database's: it is added there.
[[nodiscard]] std::string JsonOf(const Failure& failure);

// Milliseconds, as SQL has them: "null" for an infinite duration.
[[nodiscard]] nlohmann::json MillisecondsOf(absl::Duration duration);

}  // namespace fleetcast::workqueue
