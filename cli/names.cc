#include "cli/names.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

constexpr char kShortBase[] = "plant-base/";

using Ids = std::pair<std::string, std::string>;

// The two ids of "P001/C001" or of a name with plants/{}/circuits/{} in it.
std::optional<Ids> FindIds(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && !parts[0].empty() && !parts[1].empty() && parts[0] != "plants") {
    return Ids{parts[0], parts[1]};
  }
  for (std::size_t i = 0; i + 3 < parts.size(); ++i) {
    if (parts[i] == "plants" && parts[i + 2] == "circuits") return Ids{parts[i + 1], parts[i + 3]};
  }
  return std::nullopt;
}

absl::StatusOr<Ids> ParseIds(const std::string& text) {
  if (auto ids = FindIds(text)) return *std::move(ids);
  return InvalidField("circuit", "'" + text +
                                     "' is not a circuit: give PLANT/CIRCUIT such as P001/C001, or "
                                     "plants/P001/circuits/C001");
}

std::string Circuit(const Ids& ids) { return "plants/" + ids.first + "/circuits/" + ids.second; }

}  // namespace

absl::StatusOr<std::string> CircuitName(const std::string& text) {
  FLEETCAST_ASSIGN_OR_RETURN(const Ids ids, ParseIds(text));
  return Circuit(ids);
}

absl::StatusOr<std::string> CircuitsName(const std::string& text) {
  if (text == "all" || text == "-") return Circuit({"-", "-"});
  const std::string plant(absl::StripPrefix(text, "plants/"));
  if (!plant.empty() && !absl::StrContains(plant, '/')) return Circuit({plant, "-"});
  return CircuitName(text);
}

absl::StatusOr<std::string> ModelVersionName(const std::string& text) {
  if (absl::StartsWith(text, "models/")) return text;
  const bool base = absl::StartsWith(text, kShortBase);
  const std::string digits(absl::StripPrefix(text, base ? kShortBase : "v"));
  const bool number = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  if (number) return std::string(base ? kPlantBase : kModel) + "/versions/" + digits;
  return InvalidField("version",
                      "'" + text +
                          "' is not a model version: give its number such as 12, of a plant's "
                          "base plant-base/3, or models/sensor-model/versions/12");
}

absl::StatusOr<std::string> DeploymentName(const std::string& text) {
  if (absl::StartsWith(text, "batchEndpoints/")) return text;
  FLEETCAST_ASSIGN_OR_RETURN(const Ids ids, ParseIds(text));
  return "batchEndpoints/batch-endpoint-plant-" + ids.first + "/deployments/deployment-circuit-" +
         ids.second;
}

absl::StatusOr<std::string> ChampionParent(const std::string& text) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string circuit, CircuitName(text));
  return std::string(kModel) + "/" + circuit;
}

std::string NameIn(const std::string& collection, const std::string& text) {
  return absl::StartsWith(text, collection + "/") ? text : collection + "/" + text;
}

std::vector<std::string> SplitList(const std::vector<std::string>& given) {
  std::vector<std::string> values;
  for (const auto& text : given) {
    for (const auto& value : absl::StrSplit(text, ',')) {
      values.emplace_back(absl::StripAsciiWhitespace(value));
    }
  }
  return values;
}

std::vector<std::string> PlantIds(const std::vector<std::string>& given) {
  std::vector<std::string> plants = SplitList(given);
  for (auto& plant : plants) plant = std::string(absl::StripPrefix(plant, "plants/"));
  return plants;
}

std::string ShortCircuit(const std::string& name) {
  const auto ids = FindIds(name);
  return ids ? ids->first + "/" + ids->second : name;
}

std::string ShortDeployment(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  constexpr absl::string_view kPlant = "batch-endpoint-plant-", kCircuit = "deployment-circuit-";
  if (parts.size() != 4 || !absl::StartsWith(parts[1], kPlant) ||
      !absl::StartsWith(parts[3], kCircuit)) {
    return name;
  }
  return parts[1].substr(kPlant.size()) + "/" + parts[3].substr(kCircuit.size());
}

std::string FilterLiteral(const std::string& text) {
  return "\"" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}) + "\"";
}

std::string LastPart(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string ShortVersion(const std::string& name) {
  if (name.empty()) return "";
  return (absl::StartsWith(name, kPlantBase) ? kShortBase : "v") + LastPart(name);
}

std::string ActorOf(const std::string& given) {
  if (!given.empty()) return given;
  const char* const user = std::getenv("USER");
  if (user != nullptr && *user != '\0') return user;
  const passwd* const account = getpwuid(geteuid());  // one thread runs a command
  return account == nullptr ? "" : account->pw_name;
}

std::string ShortCommit(const std::string& commit) { return commit.substr(0, 10); }

}  // namespace fleetcast::cli
