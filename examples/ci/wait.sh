#!/usr/bin/env bash
# wait.sh: follows the training run of train.sh to its end, and fails with a line for each circuit
# that failed. A watch that breaks off is taken up again. Leaves $FLEETCAST_WORK/jobs.json.
#
#   FLEETCAST_TRAINING_MINUTES  how long the training may take, 350
#   FLEETCAST_WATCH_SECONDS     how long one watch lasts before a new one is begun, 600
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trainer=fleetcast.trainer.v1.TrainingService
run=$(jq -r .name "$work/run.json")
request=$(jq -n --arg run "$run" '{name: $run}')
deadline=$((SECONDS + ${FLEETCAST_TRAINING_MINUTES:-350} * 60))

# Prints the jobs as they change, until the run or the watch ends.
watch() {
  grpcurl "${grpcurl_flags[@]}" -max-time "${FLEETCAST_WATCH_SECONDS:-600}" -d "$request" \
    "${FLEETCAST_TRAINER_TARGET:?}" $trainer/WatchTrainingRun 2>/dev/null |
    jq -L "$here" --unbuffered -rn \
      'include "fleetcast"; inputs | .training_job | select(.) | "\(circuit): \(job_result)"'
}

while :; do
  watch || true
  must_call trainer $trainer/GetTrainingRun <<<"$request" >"$work/run.json"
  case $(jq -r .state "$work/run.json") in STATE_QUEUED | STATE_RUNNING) ;; *) break ;; esac
  [ $SECONDS -lt $deadline ] || {
    annotate error TRAINING_UNFINISHED "$run is not done after ${FLEETCAST_TRAINING_MINUTES:-350} \
minutes: $(jq -r .state_reason "$work/run.json"); it goes on, run this step again to wait for it"
    exit 1
  }
  echo "watching $run again"
  sleep 1
done

# Every job, over all pages.
token=''
: >"$work/pages"
while :; do
  jq -n --arg run "$run" --arg token "$token" \
    '{parent: $run, page_size: 1000, page_token: $token}' |
    must_call trainer $trainer/ListTrainingJobs >"$work/page.json"
  cat "$work/page.json" >>"$work/pages"
  token=$(jq -r '.next_page_token // empty' "$work/page.json")
  [ -n "$token" ] || break
done
jq -s 'map(.training_jobs // []) | add' "$work/pages" >"$work/jobs.json"

jq -L "$here" -r --arg system "$system" 'include "fleetcast";
  .[] | select(.state != "STATE_SUCCEEDED")
  | {level: "error", title: "\(circuit) \(.failure.reason // .state)", message: job_result}
  | annotation($system)' "$work/jobs.json"
jq -r '"\(.name) \(.state | ltrimstr("STATE_")): \(.state_reason)"' "$work/run.json"
[ "$(jq -r .state "$work/run.json")" = STATE_SUCCEEDED ]
