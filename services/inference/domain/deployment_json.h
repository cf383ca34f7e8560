// Parts of deployments as JSON, as rows and payloads keep them: with defaults for what is missing.
#pragma once

#include "common/base/json.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

NLOHMANN_JSON_SERIALIZE_ENUM(Fallback,
                             {{Fallback::kEarlierVersionOrNaive, "earlier_version_or_naive"},
                              {Fallback::kNone, "none"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ForecastShape, target_column, horizon,
                                                interval_levels, minimum, maximum)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EarlierVersion, model_version, artifact_sha256)

}  // namespace fleetcast::inference
