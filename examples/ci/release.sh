#!/usr/bin/env bash
# release.sh REVISION: puts a commit of main in force, and follows it until every circuit is what it
# says, with a line for each: promoted, redeployed, retired, refused, pinned. Fails with a line for
# each circuit that could not follow, or if the commit has diverged from the one in force.
#
# May be lost, repeated and late: a commit is compared with the one in force, whatever came between.
# One that is older than that changes nothing, and succeeds: a later pipeline was faster. A later
# attempt of the pipeline tries the failed circuits again.
#
#   FLEETCAST_RELEASE_MINUTES  how long it may take, with the training of what nobody trained, 350
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage 'release.sh REVISION' "$@"
need_target inference
releases=fleetcast.inference.v1.ReleaseService
minutes=${FLEETCAST_RELEASE_MINUTES:-350}

status=0
jq -n --arg id "$(request_id release "$1" "$pipeline_attempt")" --arg revision "$1" \
  --arg actor "$actor" --arg run "$pipeline_run" \
  '{request_id: $id, revision: $revision, actor: $actor, reason: "pipeline \($run)"}' |
  call inference $releases/CreateRelease >"$work/release.json" || status=$?
if [ $status -ne 0 ]; then
  [ "$(jq -r .reason "$work/failure.json")" = STALE_RELEASE ] ||
    give_up $status inference $releases/CreateRelease
  annotate notice STALE_RELEASE "$(jq -r .message "$work/failure.json")"
  exit 0
fi
release=$(jq -r .name "$work/release.json")

ended=true
follow inference $releases/WatchRelease $releases/GetRelease "$release" "$work/release.json" \
  "$minutes" || ended=false
jq -n --arg release "$release" '{parent: $release}' |
  list inference $releases/ListReleaseSteps release_steps >"$work/steps.json"
# Pins that this release has met: without a step, for nothing is to be done.
jq -n --arg release "$release" \
  '{parent: "plants/-", filter: "release = \"\($release)\" AND conditions:PINNED"}' |
  list inference $releases/ListCircuitStatuses circuit_statuses >"$work/pinned.json"

jq -L "$here" -r --slurpfile steps "$work/steps.json" --slurpfile pinned "$work/pinned.json" \
  --arg system "$system" 'include "fleetcast";
  . as $release
  | ($steps[0] | map({key: .circuit | short_circuit, value: step_result}) | from_entries) as $done
  | ($pinned[0] | map({key: circuit, value: pinned}) | from_entries) as $held
  | ($held + $done | to_entries | sort_by(.key)[] | "\(.key): \(.value)"),
    ($steps[0][]
     | select(.action == "ACTION_REFUSED" or .state == "STATE_FAILED"
         or (.state == "STATE_CANCELLED" and $release.in_force))
     | {level: (if .action or ($release.in_force | not) then "warning" else "error" end),
        title: "\(.circuit | short_circuit) \(
          .failure.reason // if .action then "GATE_REFUSED" else "CANCELLED" end)",
        message: step_result} | annotation($system)),
    ($release.unsound_circuits // [] | .[]
     | {level: "warning", title: "\(short_circuit) CIRCUIT_UNSOUND",
        message: "its configuration has errors, ValidateRevision lists them; what served goes on"}
     | annotation($system))' "$work/release.json"
result=$(jq -r '"\(.name) \(.state | ltrimstr("STATE_")): \(.state_reason)"' "$work/release.json")
[ $ended = true ] || {
  annotate error RELEASE_UNFINISHED "$result, after $minutes minutes; it goes on, run this step \
again to wait for it"
  exit 1
}
case $(jq -r .state "$work/release.json") in
  STATE_APPLIED) echo "$result" ;;
  STATE_SUPERSEDED) annotate notice SUPERSEDED "$result" ;;
  *)
    annotate error DEGRADED "$result; mend the causes above and run this step again"
    exit 1
    ;;
esac
