#!/usr/bin/env bash
# wait.sh: follows the training run of train.sh to its end, and fails with a line for each circuit
# that failed. Leaves $FLEETCAST_WORK/jobs.json.
#
#   FLEETCAST_TRAINING_MINUTES  how long the training may take, 350
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage wait.sh "$@"
need_target trainer
need_file run.json train.sh
trainer=fleetcast.trainer.v1.TrainingService
run=$(jq -r .name "$work/run.json")
minutes=${FLEETCAST_TRAINING_MINUTES:-350}

follow trainer $trainer/WatchTrainingRun $trainer/GetTrainingRun "$run" "$work/run.json" \
  "$minutes" || {
  annotate error TRAINING_UNFINISHED "$run is not done after $minutes minutes: \
$(jq -r .state_reason "$work/run.json"); it goes on, run this step again to wait for it"
  exit 1
}
jq -n --arg run "$run" '{parent: $run}' |
  list trainer $trainer/ListTrainingJobs training_jobs >"$work/jobs.json"
jq -L "$here" -r --arg system "$system" 'include "fleetcast";
  .[] | select(.state != "STATE_SUCCEEDED")
  | {level: "error", title: "\(circuit) \(.failure.reason // .state)", message: job_result}
  | annotation($system)' "$work/jobs.json"
jq -r '"\(.name) \(.state | ltrimstr("STATE_")): \(.state_reason)"' "$work/run.json"
[ "$(jq -r .state "$work/run.json")" = STATE_SUCCEEDED ]
