# Sourced by the scripts beside this file: calls by grpcurl, annotations, request ids.
# shellcheck shell=bash
#
# From the environment:
#   FLEETCAST_{CONFIG,TRAINER,INFERENCE}_TARGET  host:port of each service
#   FLEETCAST_GRPCURL_FLAGS   of grpcurl; -plaintext by default, '-cacert ca.pem' behind TLS
#   FLEETCAST_RETRY_SECONDS   how long an unreachable service is tried again, 120
#   FLEETCAST_WATCH_SECONDS   how long one watch lasts before a new one is begun, 600
#   FLEETCAST_WORK            folder for what one step leaves to the next, .fleetcast
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${FLEETCAST_WORK:-.fleetcast}
mkdir -p "$work"
# Where annotations go, also from within a function whose output is an answer.
exec 3>&1
read -ra grpcurl_flags <<<"${FLEETCAST_GRPCURL_FLAGS:--plaintext}"

# Which system runs this, how it calls this run of the pipeline, and who started it. A second
# attempt of a run keeps the run's id.
# shellcheck disable=SC2034  # for the scripts
if [ "${GITHUB_ACTIONS:-}" = true ]; then
  system=github actor=$GITHUB_ACTOR
  pipeline_run=$GITHUB_REPOSITORY/$GITHUB_RUN_ID pipeline_attempt=$GITHUB_RUN_ATTEMPT
elif [ "${TF_BUILD:-}" = True ]; then
  system=azure actor=$BUILD_REQUESTEDFOR
  pipeline_run=$BUILD_REPOSITORY_ID/$BUILD_BUILDID pipeline_attempt=$SYSTEM_JOBATTEMPT
else
  system=plain actor=${USER:-} pipeline_run=${FLEETCAST_PIPELINE_RUN:-$$.$RANDOM} pipeline_attempt=1
fi

annotate() { # error|warning|notice TITLE MESSAGE
  jq -L "$here" -nr --arg level "$1" --arg title "$2" --arg message "$3" --arg system "$system" \
    'include "fleetcast"; {level: $level, title: $title, message: $message} | annotation($system)' >&3
}

# Ends the script before it has done anything: WHAT is wrong, and what to do about it.
refuse() { # TITLE WHAT
  annotate error "$1" "$2"
  exit 2
}

# usage 'train.sh PULL_REQUEST AUTHOR' "$@": the script ends unless each of these is given.
usage() {
  local -a wanted
  read -ra wanted <<<"$1"
  local text="usage: $1" name=$0
  shift
  [ $# -eq $((${#wanted[@]} - 1)) ] ||
    refuse USAGE "$text; ${name##*/} was given $# of $((${#wanted[@]} - 1))"
  local word i=0
  for word in "$@"; do
    i=$((i + 1))
    [ -n "$word" ] || refuse USAGE "$text; ${wanted[i]} is empty"
    [ "${wanted[i]}" != PULL_REQUEST ] || [[ $word =~ ^[1-9][0-9]*$ ]] ||
      refuse USAGE "$text; \"$word\" is no pull request's number"
  done
}

# need_target SERVICE: the script ends unless it is known where that is.
need_target() {
  local name=FLEETCAST_${1^^}_TARGET
  [ -n "${!name:-}" ] ||
    refuse TARGET_MISSING "$name is not set; set it to the host:port of the $1 service"
}

# need_file NAME SCRIPT: the script ends unless SCRIPT has left that in $work.
need_file() {
  [ -s "$work/$1" ] ||
    refuse STEP_MISSING "there is no $work/$1; run $2 first, with the same FLEETCAST_WORK"
}

# Hands a value to later steps.
set_output() { # NAME VALUE
  case $system in
    github) echo "$1=$2" >>"$GITHUB_OUTPUT" ;;
    azure) echo "##vso[task.setvariable variable=$1]$2" ;;
    *) echo "$1=$2" ;;
  esac
}

# A UUID that is the same for the same words in the same run of the pipeline: a step that is run
# again sends it again, and the service does nothing twice.
request_id() { # WORD…
  printf '%s\n' "$pipeline_run" "$@" | sha256sum |
    sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/'
}

# call SERVICE METHOD: the request from standard input, the answer to standard output. A service
# that cannot be reached is tried again for a while, and so is what fails with RetryInfo: a commit
# just pushed that the service has not fetched yet. What remains fails with grpcurl's exit code (64
# + the gRPC code, 1 if it never got through) and leaves {reason, message} in $work/failure.json.
call() {
  local target_of=FLEETCAST_${1^^}_TARGET request status delay=1 before=$SECONDS
  local target=${!target_of}
  request=$(cat)
  [ -n "$request" ] || { # what makes it has said why
    echo '{"reason": "REQUEST_NOT_MADE", "message": "see the error above"}' >"$work/failure.json"
    return 2
  }
  while :; do
    status=0
    grpcurl "${grpcurl_flags[@]}" -format-error -max-time 60 -d @ "$target" "$2" \
      <<<"$request" 2>"$work/errors" || status=$?
    case $status in
      0) return 0 ;;
      1) grep -q 'Failed to dial' "$work/errors" || break ;;
      68 | 72 | 78) ;;
      *) grep -q 'google\.rpc\.RetryInfo' "$work/errors" || break ;;
    esac
    [ $((SECONDS - before)) -lt "${FLEETCAST_RETRY_SECONDS:-120}" ] || break
    echo "$1 at $target does not answer yet; trying again in $delay s" >&2
    sleep "$delay"
    delay=$((delay < 16 ? delay * 2 : 30))
  done
  jq -L "$here" -sR 'include "fleetcast"; failure' "$work/errors" >"$work/failure.json"
  return "$status"
}

# must_call SERVICE METHOD: the same, and the end of the script, with an annotation, if it fails.
must_call() {
  call "$1" "$2" || give_up $? "$1" "$2"
}
give_up() { # STATUS SERVICE METHOD
  annotate error "$(jq -r .reason "$work/failure.json")" \
    "${3##*/} of the $2 service: $(jq -r .message "$work/failure.json")"
  exit "$1"
}

# pages SERVICE METHOD: every page of an answer, one JSON object after the other; the request from
# standard input.
pages() {
  local request token=''
  request=$(cat)
  while :; do
    jq --arg token "$token" '. + {page_token: $token}' <<<"$request" |
      must_call "$1" "$2" >"$work/page.json"
    cat "$work/page.json"
    token=$(jq -r '.next_page_token // empty' "$work/page.json")
    [ -n "$token" ] || break
  done
}

# list SERVICE METHOD FIELD: one array of what every page has in FIELD; the request from standard
# input.
list() {
  jq '. + {page_size: 1000}' | pages "$1" "$2" >"$work/pages"
  jq -s --arg field "$3" 'map(.[$field] // []) | add' "$work/pages"
}

# follow SERVICE WATCH_METHOD GET_METHOD NAME FILE MINUTES: prints what changes about a training run
# or a release until it has ended, and leaves it in FILE. A watch that breaks off is taken up again.
# Fails if it has not ended after so many minutes.
follow() {
  local target_of=FLEETCAST_${1^^}_TARGET deadline=$((SECONDS + $6 * 60)) request
  request=$(jq -n --arg name "$4" '{name: $name}')
  while :; do
    grpcurl "${grpcurl_flags[@]}" -max-time "${FLEETCAST_WATCH_SECONDS:-600}" -d "$request" \
      "${!target_of}" "$2" 2>/dev/null |
      jq -L "$here" --unbuffered -rn 'include "fleetcast"; changes(inputs | event)' || true
    must_call "$1" "$3" <<<"$request" >"$5"
    case $(jq -r .state "$5") in
      STATE_QUEUED | STATE_RUNNING | STATE_APPLYING) ;;
      *) return 0 ;;
    esac
    [ $SECONDS -lt $deadline ] || return 1
    echo "watching $4 again"
    sleep 1
  done
}
