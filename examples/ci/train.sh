#!/usr/bin/env bash
# train.sh PULL_REQUEST AUTHOR: starts the training of the circuits that changes.sh found.
#
# Safe to run again: the request's id comes from the pipeline's run, so that the same training run
# is found instead of a second one made. If a later attempt of the pipeline finds that it failed,
# the failed circuits are trained again. Leaves $FLEETCAST_WORK/run.json.
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage 'train.sh PULL_REQUEST AUTHOR' "$@"
need_target trainer
need_file changes.json changes.sh
trainer=fleetcast.trainer.v1.TrainingService

# The pinned commits, not the branches: a branch that has moved would make another request.
jq --arg id "$(request_id train)" --argjson number "$1" --arg author "$2" '{
  request_id: $id,
  training_run_spec: {
    revision_range: {base_revision: .merge_base_commit, head_revision: .head_commit},
    pull_request: {number: $number, author: $author}
  }}' "$work/changes.json" |
  must_call trainer $trainer/CreateTrainingRun >"$work/run.json"
run=$(jq -r .name "$work/run.json")

# An earlier attempt may have retried it: the newest of them counts.
while :; do
  jq -n --arg run "$run" '{filter: "retry_of = \"\($run)\""}' |
    must_call trainer $trainer/ListTrainingRuns >"$work/retries.json"
  retry=$(jq -r '.training_runs[0].name // empty' "$work/retries.json")
  [ -n "$retry" ] || break
  run=$retry
done
jq -n --arg run "$run" '{name: $run}' |
  must_call trainer $trainer/GetTrainingRun >"$work/run.json"
if [ "$pipeline_attempt" -gt 1 ] && [ "$(jq -r .state "$work/run.json")" = STATE_FAILED ]; then
  echo "$run failed in an earlier attempt; its failed circuits are trained again"
  jq -n --arg id "$(request_id retry "$run")" --arg run "$run" '{request_id: $id, name: $run}' |
    must_call trainer $trainer/RetryTrainingRun >"$work/run.json"
fi
jq -r '"\(.name): \(.job_counts.total // 0) circuits at \(.commit)"' "$work/run.json"
