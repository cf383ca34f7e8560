#include "services/inference/storage/forecast_query.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/inference/storage/forecast_rows.h"

namespace fleetcast::inference {
namespace {

absl::StatusOr<db::SqlField> FieldOf(const std::string& field) {
  if (field == "model_version") {
    return db::SqlField{.expression =
                            "CASE WHEN f.model_version = 0 THEN ''"
                            " ELSE 'models/sensor-model/versions/' || f.model_version END"};
  }
  if (field == "invocation") {
    return db::SqlField{.expression =
                            "'sweeps/' || f.sweep_id || '/invocations/' || f.plant_id"
                            " || '.' || f.circuit_id"};
  }
  return db::SqlField{.expression = "f." + field};  // issue_time, create_time or source
}

// One list: whose forecasts, and in which order its index has them.
class Listing {
 public:
  Listing(const CircuitId& scope, Parameters* parameters)
      : scope_(scope), parameters_(parameters) {}

  [[nodiscard]] std::string Order() const {
    return OneCircuit() ? " ORDER BY f.issue_time DESC, f.model_version DESC LIMIT "
                        : " ORDER BY f.issue_time DESC, f.plant_id, f.circuit_id,"
                          " (-f.model_version) LIMIT ";
  }

  // "f.plant_id = $2 AND "
  [[nodiscard]] std::string Scope() {
    std::string condition;
    if (!scope_.plant_id.empty()) {
      absl::StrAppend(&condition, "f.plant_id = ", parameters_->Bind(scope_.plant_id), " AND ");
    }
    if (!scope_.circuit_id.empty()) {
      absl::StrAppend(&condition, "f.circuit_id = ", parameters_->Bind(scope_.circuit_id), " AND ");
    }
    return condition;
  }

  // What follows the sort key `after`, as conditions that an index serves each as one range, one
  // after the other in the list. In a single condition, the rows of the same issue time that came
  // before would be read again for every page.
  [[nodiscard]] std::vector<std::string> RangesAfter(const std::vector<std::string>& after) {
    const std::string time = absl::StrCat("(timestamptz 'epoch' + ", parameters_->Bind(after[0]),
                                          "::bigint * interval '1 microsecond')");
    const std::string version = absl::StrCat(parameters_->Bind(after[3]), "::bigint");
    if (OneCircuit()) {
      // The first half leaves partitions out.
      return {absl::StrCat("f.issue_time <= ", time, " AND (f.issue_time, f.model_version) < (",
                           time, ", ", version, ")")};
    }
    const std::string circuit = parameters_->Bind(after[2]);
    const std::string rest = absl::StrCat(circuit, ", -", version, ")");
    const std::string same_time =
        scope_.plant_id.empty() ? absl::StrCat("(f.plant_id, f.circuit_id, (-f.model_version)) > (",
                                               parameters_->Bind(after[1]), ", ", rest)
                                : absl::StrCat("(f.circuit_id, (-f.model_version)) > (", rest);
    return {absl::StrCat("f.issue_time = ", time, " AND ", same_time),
            absl::StrCat("f.issue_time < ", time)};
  }

 private:
  [[nodiscard]] bool OneCircuit() const {
    return !scope_.plant_id.empty() && !scope_.circuit_id.empty();
  }

  const CircuitId& scope_;
  Parameters* parameters_;
};

// For each circuit, one look into the index of each partition; the circuits come in order, so that
// nobody looks farther than the page.
absl::StatusOr<ForecastStatement> AsOfStatement(const ForecastQuery& query,
                                                const PageRequest& page) {
  Parameters parameters;
  const std::string limit = absl::StrCat(parameters.Bind(absl::StrCat(page.size + 1)), "::integer");
  const std::string time =
      absl::StrCat("(timestamptz 'epoch' + ", parameters.Bind(MicrosOf(*query.as_of)),
                   "::bigint * interval '1 microsecond')");
  std::string scope = "TRUE";
  if (!query.circuit.plant_id.empty())
    absl::StrAppend(&scope, " AND l.plant_id = ", parameters.Bind(query.circuit.plant_id));
  if (!query.circuit.circuit_id.empty())
    absl::StrAppend(&scope, " AND l.circuit_id = ", parameters.Bind(query.circuit.circuit_id));
  if (page.after.size() == 4)
    absl::StrAppend(&scope, " AND (l.plant_id, l.circuit_id) > (", parameters.Bind(page.after[1]),
                    ", ", parameters.Bind(page.after[2]), ")");
  FLEETCAST_ASSIGN_OR_RETURN(const std::string condition, parameters.Bind(query.filter, FieldOf));
  return ForecastStatement{
      absl::StrCat(
          "SELECT ", ForecastColumns(query.all_steps),
          " FROM (SELECT l.plant_id, l.circuit_id FROM inference.circuit_statuses l WHERE ", scope,
          " ORDER BY l.plant_id, l.circuit_id OFFSET 0) l CROSS JOIN LATERAL ("
          "SELECT f.* FROM inference.forecasts f WHERE f.plant_id = l.plant_id"
          " AND f.circuit_id = l.circuit_id AND f.newest AND f.create_time <= ",
          time, " AND (f.withdraw_time IS NULL OR f.withdraw_time > ", time,
          ") ORDER BY f.create_time DESC LIMIT 1) f WHERE ", condition,
          " ORDER BY l.plant_id, l.circuit_id LIMIT ", limit),
      std::move(parameters)};
}

}  // namespace

absl::StatusOr<ForecastStatement> ListForecastsStatement(const ForecastQuery& query,
                                                         const PageRequest& page) {
  if (query.as_of) return AsOfStatement(query, page);
  Parameters parameters;
  const std::string limit = absl::StrCat(parameters.Bind(absl::StrCat(page.size + 1)), "::integer");
  Listing listing(query.circuit, &parameters);
  const std::string scope = listing.Scope();
  std::vector<std::string> ranges = {"TRUE"};
  if (page.after.size() == 4) ranges = listing.RangesAfter(page.after);
  FLEETCAST_ASSIGN_OR_RETURN(const std::string condition, parameters.Bind(query.filter, FieldOf));
  const std::string order = absl::StrCat(listing.Order(), limit);
  std::vector<std::string> parts;
  parts.reserve(ranges.size());
  for (const std::string& range : ranges) {
    parts.push_back(absl::StrCat("(SELECT f.* FROM inference.",
                                 query.latest_only ? "latest_forecasts" : "forecasts", " f WHERE ",
                                 scope, range, " AND ", condition, order, ")"));
  }
  return ForecastStatement{absl::StrCat("SELECT ", ForecastColumns(query.all_steps), " FROM (",
                                        absl::StrJoin(parts, " UNION ALL "), ") f", order),
                           std::move(parameters)};
}

}  // namespace fleetcast::inference
