#include "services/inference/domain/forecast.h"

#include <utility>

namespace fleetcast::inference {
namespace {

constexpr std::pair<ForecastSource, const char*> kWords[] = {
    {ForecastSource::kDeployedVersion, "DEPLOYED_VERSION"},
    {ForecastSource::kEarlierVersion, "EARLIER_VERSION"},
    {ForecastSource::kSeasonalNaive, "SEASONAL_NAIVE"},
    {ForecastSource::kLastValue, "LAST_VALUE"}};

}  // namespace

std::string Word(ForecastSource source) {
  for (const auto& [known, word] : kWords)
    if (known == source) return word;
  return "";
}

ForecastSource ForecastSourceOf(const std::string& word) {
  for (const auto& [source, known] : kWords)
    if (known == word) return source;
  return ForecastSource::kDeployedVersion;
}

}  // namespace fleetcast::inference
