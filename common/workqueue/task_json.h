// Tasks and groups as JSON, as first answers keep them: with defaults for what is missing.
#pragma once

#include "common/base/json.h"
#include "common/workqueue/task.h"

namespace fleetcast::workqueue {

NLOHMANN_JSON_SERIALIZE_ENUM(TaskState, {{TaskState::kQueued, "QUEUED"},
                                         {TaskState::kRunning, "RUNNING"},
                                         {TaskState::kSucceeded, "SUCCEEDED"},
                                         {TaskState::kFailed, "FAILED"},
                                         {TaskState::kCancelled, "CANCELLED"}})
NLOHMANN_JSON_SERIALIZE_ENUM(GroupState, {{GroupState::kQueued, "QUEUED"},
                                          {GroupState::kRunning, "RUNNING"},
                                          {GroupState::kSucceeded, "SUCCEEDED"},
                                          {GroupState::kPartiallySucceeded, "PARTIALLY_SUCCEEDED"},
                                          {GroupState::kFailed, "FAILED"},
                                          {GroupState::kCancelled, "CANCELLED"}})
NLOHMANN_JSON_SERIALIZE_ENUM(FailureKind, {{FailureKind::kInternal, "INTERNAL"},
                                           {FailureKind::kData, "DATA"},
                                           {FailureKind::kConfiguration, "CONFIGURATION"},
                                           {FailureKind::kModel, "MODEL"},
                                           {FailureKind::kEnvironment, "ENVIRONMENT"},
                                           {FailureKind::kTimeout, "TIMEOUT"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Failure, kind, reason, message, retryable, attempt,
                                                time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Counts, queued, running, succeeded, failed,
                                                cancelled)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Group, id, queue, pin, state, paused, counts,
                                                change_number, created_at, updated_at, started_at,
                                                ended_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Task, id, group_id, name, key, pool, pools,
                                                priority, payload, state, state_reason,
                                                attempt_count, max_attempts, snooze_count,
                                                lease_epoch, holder, lease_expires_at, failure,
                                                progress, result, ready_at, created_at, updated_at,
                                                started_at, ended_at)

}  // namespace fleetcast::workqueue
