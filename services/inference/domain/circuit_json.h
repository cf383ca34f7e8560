// Circuits' statuses and their parts as JSON, as rows and first answers keep them: with defaults
// for what is missing.
#pragma once

#include "common/base/json.h"
#include "common/workqueue/task_json.h"
#include "services/inference/domain/condition.h"

namespace fleetcast::inference {

NLOHMANN_JSON_SERIALIZE_ENUM(DesiredState, {{DesiredState::kNone, ""},
                                            {DesiredState::kActive, "ACTIVE"},
                                            {DesiredState::kRetired, "RETIRED"}})
NLOHMANN_JSON_SERIALIZE_ENUM(StepAction, {{StepAction::kNone, "NONE"},
                                          {StepAction::kPromoted, "PROMOTED"},
                                          {StepAction::kRedeployed, "REDEPLOYED"},
                                          {StepAction::kRetired, "RETIRED"},
                                          {StepAction::kRefused, "REFUSED"},
                                          {StepAction::kPinned, "PINNED"}})
NLOHMANN_JSON_SERIALIZE_ENUM(ConditionType, {{ConditionType::kOutOfSync, "OUT_OF_SYNC"},
                                             {ConditionType::kTraining, "TRAINING"},
                                             {ConditionType::kGateRefused, "GATE_REFUSED"},
                                             {ConditionType::kForecastLate, "FORECAST_LATE"},
                                             {ConditionType::kForecastFailed, "FORECAST_FAILED"},
                                             {ConditionType::kDataStale, "DATA_STALE"},
                                             {ConditionType::kPinned, "PINNED"},
                                             {ConditionType::kRetired, "RETIRED"},
                                             {ConditionType::kNotScheduled, "NOT_SCHEDULED"},
                                             {ConditionType::kWorseThanNaive, "WORSE_THAN_NAIVE"},
                                             {ConditionType::kOnFallback, "ON_FALLBACK"},
                                             {ConditionType::kSensorStuck, "SENSOR_STUCK"},
                                             {ConditionType::kDrifted, "DRIFTED"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Severity, {{Severity::kOk, "OK"},
                                        {Severity::kInfo, "INFO"},
                                        {Severity::kWarning, "WARNING"},
                                        {Severity::kError, "ERROR"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StepResult, action, model_version, why,
                                                removed_champion)

}  // namespace fleetcast::inference
