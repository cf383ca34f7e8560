#include "services/trainer/domain/cutoff.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fleetcast::trainer {
namespace {

constexpr char kNotOver[] = "CUTOFF_DAY_NOT_OVER", kInFuture[] = "CUTOFF_IN_FUTURE";
constexpr std::size_t kCircuitsNamed = 3;

}  // namespace

std::optional<CutoffWarning> WarnOfCutoff(const std::string& cutoff_date, absl::Time now) {
  const std::string today = absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone());
  if (cutoff_date == today)
    return CutoffWarning{kNotOver,
                         absl::StrCat("the cutoff day ", cutoff_date,
                                      " is not over in UTC: readings of it that come later are "
                                      "not trained on")};
  if (cutoff_date > today)
    return CutoffWarning{kInFuture, absl::StrCat("the cutoff date ", cutoff_date,
                                                 " is in the future: everything that had come by ",
                                                 today, " was trained on")};
  return std::nullopt;
}

std::string CutoffNote(const std::vector<CircuitConfig>& circuits, absl::Time now) {
  std::map<std::string, std::vector<std::string>> by_kind;
  for (const CircuitConfig& circuit : circuits)
    if (const auto warning = WarnOfCutoff(circuit.cutoff_date, now))
      by_kind[warning->kind].push_back(
          absl::StrCat(circuit.plant_id, "/", circuit.circuit_id, " (", circuit.cutoff_date, ")"));
  return absl::StrJoin(by_kind, "; ", [](std::string* out, const auto& each) {
    std::vector<std::string> named = each.second;
    const std::size_t count = named.size();
    if (count > kCircuitsNamed) named.resize(kCircuitsNamed);
    absl::StrAppend(
        out, "the cutoff date of ", count, count == 1 ? " circuit" : " circuits",
        each.first == kNotOver ? " is today, which is not over in UTC: " : " is in the future: ",
        absl::StrJoin(named, ", "));
    if (count > kCircuitsNamed) absl::StrAppend(out, " and ", count - kCircuitsNamed, " more");
  });
}

}  // namespace fleetcast::trainer
