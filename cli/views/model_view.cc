#include "cli/views/model_view.h"

#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/names.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using registry::v1::Champion;
using registry::v1::ChampionEvent;
using registry::v1::ModelVersion;
using Align = Column::Align;

bool IsBase(const ModelVersion& version) { return version.name().starts_with(kPlantBase); }

// "P001/C001", of a plant's base "P001 (12 circuits)".
std::string CircuitOf(const ModelVersion& version) {
  if (IsBase(version))
    return absl::StrCat(TagOf(version, "plant_id"), " (", TagOf(version, "circuit_count"),
                        TagOf(version, "circuit_count") == "1" ? " circuit)" : " circuits)");
  return TagOf(version, "plant_id") + "/" + TagOf(version, "circuit_id");
}

std::string PullRequestOf(const ModelVersion& version) {
  const std::string number = TagOf(version, "pr_number");
  return number.empty() ? "" : "#" + number;
}

// "mae 1.11, naive_mae 1.34".
std::string PairsText(const google::protobuf::Map<std::string, std::string>& pairs) {
  const std::map<std::string, std::string> ordered(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [key, value] : ordered) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", key, " ", value);
  }
  return text;
}

// Counts, such as the number of windows, as whole numbers.
std::string MetricText(double value) {
  const bool whole = std::fabs(value) < 1e9 && value == std::floor(value);
  return whole ? absl::StrCat(static_cast<std::int64_t>(value)) : NumberText(value);
}

}  // namespace

double MetricOf(const ModelVersion& version, const std::string& key) {
  const auto found = version.metrics().find(key);
  return found == version.metrics().end() ? std::numeric_limits<double>::quiet_NaN()
                                          : found->second;
}

std::string TagOf(const ModelVersion& version, const std::string& key) {
  const auto found = version.tags().find(key);
  return found == version.tags().end() ? "" : found->second;
}

Table ModelVersionsTable(const std::vector<ModelVersion>& versions,
                         const std::set<std::string>& champions, absl::Time now) {
  Table table({{"VERSION", Align::kRight},
               {"CIRCUIT"},
               {"ROLE"},
               {"CUTOFF"},
               {"MAE", Align::kRight},
               {"RMSE", Align::kRight},
               {"R2", Align::kRight},
               {"SKILL", Align::kRight},
               {"PR"},
               {"COMMIT"},
               {"CREATED"}});
  for (const auto& version : versions) {
    const bool champion = champions.contains(version.name());
    table.AddRow({absl::StrCat(version.version()), CircuitOf(version),
                  champion          ? Cell("champion", Style::kGood)
                  : IsBase(version) ? Cell("base", Style::kDim)
                                    : Cell("candidate", Style::kDim),
                  TagOf(version, "cutoff_date"), NumberText(MetricOf(version, "mae")),
                  NumberText(MetricOf(version, "rmse")), NumberText(MetricOf(version, "r2")),
                  SkillCell(MetricOf(version, "skill")), PullRequestOf(version),
                  ShortCommit(TagOf(version, "git_commit_sha")),
                  AgoCell(version.create_time(), now)});
  }
  return table;
}

std::string ModelVersionText(const ModelVersion& version, const std::optional<ModelVersion>& base,
                             const Terminal& terminal) {
  Properties text;
  text.Add("version", {absl::StrCat(version.version()), Style::kBold});
  text.Add("name", version.name());
  text.Add(IsBase(version) ? "base of" : "circuit", CircuitOf(version));
  text.Add("created", MinuteText(TimeOf(version.create_time())));
  text.Add("artifact", absl::StrCat("sha256:", version.artifact_sha256().substr(0, 16), "…, ",
                                    BytesText(version.artifact_size_bytes())));
  text.Add("run", version.run());
  text.Add("trained on", version.data_asset_version());
  if (base)
    text.Add("started from",
             absl::StrCat(base->name(), ", of ", CircuitOf(*base), " up to ",
                          TagOf(*base, "cutoff_date"), ": ", base->data_asset_version()));
  text.Add("trained in", version.environment_version());
  text.AddGiven("training job", version.training_job());
  std::string result = text.Render(terminal);

  Table tags({{"TAG"}, {"VALUE"}});
  const std::map<std::string, std::string> ordered_tags(version.tags().begin(),
                                                        version.tags().end());
  for (const auto& [key, value] : ordered_tags) {
    // A list, as `members` is one, has a line for each.
    const std::vector<std::string> lines = absl::StrSplit(value, "; ");
    tags.AddRow({key, lines[0]});
    for (std::size_t i = 1; i < lines.size(); ++i) tags.AddContinuation(lines[i]);
  }
  result += "\n" + tags.Render(terminal);

  if (!version.metrics().empty()) {
    Table metrics({{"METRIC"}, {"VALUE", Align::kRight}});
    const std::map<std::string, double> ordered(version.metrics().begin(), version.metrics().end());
    for (const auto& [key, value] : ordered) metrics.AddRow({key, MetricText(value)});
    result += "\n" + metrics.Render(terminal);
  }
  return result;
}

Table ChampionsTable(const std::vector<Champion>& champions, absl::Time now) {
  Table table({{"CIRCUIT"}, {"CHAMPION", Align::kRight}, {"BEFORE"}, {"SINCE"}, {"BY"}, {"WHY"}});
  for (const auto& champion : champions) {
    table.AddRow({champion.plant_id() + "/" + champion.circuit_id(),
                  absl::StrCat("v", champion.version()),
                  ShortVersion(champion.previous_model_version()),
                  AgoCell(champion.set_time(), now), champion.actor(), WhyText(champion.reason())});
  }
  return table;
}

Table LineageTable(const registry::v1::Lineage& lineage) {
  using registry::v1::LineageEdge;
  Table table({{"WHAT"}, {"RELATION"}, {"TO WHAT"}, {"DETAILS"}});
  for (const auto& edge : lineage.edges()) {
    const std::string relation =
        WithoutPrefix(LineageEdge::Relation_Name(edge.relation()), "RELATION_");
    table.AddRow({edge.subject(),
                  absl::StrReplaceAll(absl::AsciiStrToLower(relation), {{"_", " "}}), edge.object(),
                  PairsText(edge.details())});
  }
  return table;
}

Table ChampionEventsTable(const std::vector<ChampionEvent>& events, absl::Time now) {
  Table table(
      {{"WHEN"}, {"CIRCUIT"}, {"WHAT"}, {"CHAMPION"}, {"REPLACED"}, {"BY"}, {"WHY"}, {"EVIDENCE"}});
  for (const auto& event : events) {
    table.AddRow({AgoCell(event.create_time(), now), event.plant_id() + "/" + event.circuit_id(),
                  WithoutPrefix(ChampionEvent::Kind_Name(event.kind()), "KIND_"),
                  ShortVersion(event.model_version()), ShortVersion(event.replaced_model_version()),
                  event.actor(), WhyText(event.reason()), PairsText(event.evidence())});
  }
  return table;
}

}  // namespace fleetcast::cli
