#!/usr/bin/env bash
# The whole loop as a story: demo.sh BIN_DIR [--keep]. `./dev demo` builds BIN_DIR and calls this.
#
# Uses the fleetcast command, git, and grpcurl where it is installed. Everything lives in a
# temporary folder, which is removed at the end, on failure and on Ctrl-C; with --keep the stack
# stays up until the next demo. Writes demo-report.html to FLEETCAST_DEMO_DIR (the repository).
set -euo pipefail

bin_dir=$(cd "$1" && pwd)
keep=${2:-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
report_dir=${FLEETCAST_DEMO_DIR:-$root}
port=${FLEETCAST_DEMO_PORT:-7001}
report=$report_dir/demo-report.html
state=$report_dir/.demo # names the folder of a stack that --keep left running
work=''
step=0

# A visitor's git settings must not matter here.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_TERMINAL_PROMPT=0
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
unset "${!FLEETCAST_@}"
export PATH=$bin_dir:$PATH

bold='' dim='' good='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' good=$'\e[32m' plain=$'\e[0m'
fi

chapter() {
  step=$((step + 1))
  printf '\n%s%d  %s%s\n' "$bold" "$step" "$1" "$plain"
  shift
  [ $# -eq 0 ] || printf '   %s\n' "$@"
  echo
}
# Shows a command as one would type it, then runs it.
try() {
  printf '%s$ %s%s\n' "$dim" "${*//$work\//}" "$plain"
  "$@"
}
fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}
circuit_git() { # AUTHOR ARGUMENTS…
  local author=$1
  shift
  git -C "$work/circuits" -c user.name="$author" -c user.email="$author@plant.example" "$@"
}
merge() { # AUTHOR NUMBER BRANCH WHAT
  circuit_git "$1" switch -q main
  circuit_git "$1" merge -q --no-ff -m "Merge pull request $2: $4" "$3"
  circuit_git "$1" push -q origin main
}
# The version that serves a circuit.
serving() {
  fleetcast circuit status "$1" -o json | grep -o '"model_version": "[^"]*"' | head -n 1
}
# How many model versions there are, of one circuit if one is named.
versions() {
  fleetcast model list --limit 0 ${1:+--circuit "$1"} -o json |
    grep -c '"name": "models/sensor-model/versions/' || true
}

remove_stack() { # FOLDER
  case "$1" in /tmp/fleetcast-demo.*) ;; *) return 0 ;; esac
  [ -d "$1" ] || return 0
  "$bin_dir/fleetcast" local down --data-dir "$1/stack" >/dev/null 2>&1 || true
  rm -rf "$1"
}

# However it ends: nothing stays behind, unless it was asked to.
finish() {
  local status=$?
  trap - EXIT INT TERM
  [ -n "$work" ] || exit "$status"
  if [ "$status" -ne 0 ] && [ "$status" -ne 130 ]; then
    echo
    echo "demo: failed after $((SECONDS)) s in chapter $step; the services' last lines:"
    fleetcast local logs --lines 8 2>/dev/null || true
  fi
  if [ "$status" -ne 0 ] || [ "$keep" != --keep ]; then
    remove_stack "$work"
    rm -f "$state/kept"
    rmdir "$state" 2>/dev/null || true
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A stack that the last demo left, if there is one.
if [ -f "$state/kept" ]; then
  echo "stopping the stack that the last demo kept"
  remove_stack "$(cat "$state/kept")"
  rm -f "$state/kept"
fi

# Short, and open to the account that runs Postgres.
work=$(mktemp -d /tmp/fleetcast-demo.XXXXXX)
chmod 755 "$work"
export FLEETCAST_DATA_DIR=$work/stack
mkdir -p "$state"
echo "$work" >"$state/kept"

# Another stack may be using the usual ports; a kept one should have them.
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
while ! { port_is_free "$port" && port_is_free $((port + 1)) && port_is_free $((port + 2)) &&
  port_is_free $((port + 3)) && port_is_free $((port + 10)); }; do
  port=$((port + 100))
  [ "$port" -lt 20000 ] || fail "found no free ports from 7001 on"
done

# Days of the data: until yesterday, and a first cutoff a week before.
today=$(date -u +%F)
yesterday=$(date -u -d "$today -1 day" +%F)
week_ago=$(date -u -d "$today -8 days" +%F)

chapter "Two plants, three circuits" \
  "A simulator makes 100 days of hourly sensor data, and the 48 hours after for later." \
  "A git repository holds the configuration: main lists the plants, branch add-circuits" \
  "adds their circuits."
try fleetcast data simulate --circuits-of P001=2,P002=1 --days 100 --end "$today" \
  --out "$work/sensors" --hold-out 48h --hold-out-dir "$work/next" \
  --config-repo "$work/circuits" --config-branch add-circuits --cutoff-date "$week_ago"
git init -q --bare "$work/origin.git"
circuit_git mia remote add origin "$work/origin.git"
circuit_git mia push -q origin main add-circuits
echo
sed 's/^/    /' "$work/circuits/config/plants/P001/C001.yml"

chapter "Four services on one Postgres" \
  "config reads the repository, the trainers share one queue, the registry keeps models," \
  "inference forecasts. The database is a private one."
try fleetcast local up --config-repo "$work/circuits" --sensor-data "$work/sensors" \
  --trainers 2 --port-base "$port"

chapter "Pull request 101: mia adds the circuits" \
  "What does it change? The answer is per circuit, and for a pipeline a matrix."
try fleetcast config changes --base origin/main --head add-circuits
if command -v grpcurl >/dev/null; then
  echo
  echo "The same over gRPC, as a pipeline asks:"
  request='{"base_revision":"origin/main","head_revision":"add-circuits"}'
  answer=$(try grpcurl -plaintext -d "$request" "localhost:$port" \
    fleetcast.config.v1.ConfigService/DetectChanges)
  grep -E '^.{0,8}\$ |matrix' <<<"$answer"
fi

chapter "Train what changed" \
  "One job per circuit, two trainers: data pinned, models trained, judged on rows they never saw." \
  "What comes of it are candidates with verdicts. Nothing that serves changes."
try fleetcast training start --base origin/main --head add-circuits --pr 101 --author mia --watch
[ "$(versions)" -eq 3 ] || fail "three circuits should have made three model versions"

chapter "What was registered" \
  "Every version says what it came from: commit, data, environment, hyperparameters, errors."
try fleetcast model list
echo
try fleetcast model show 1

chapter "Merge: a release" \
  "The merged commit is put in force. Candidates that passed the gate become champions and are" \
  "deployed; a sweep then forecasts them all. The clock is that of the evening a week ago."
merge mia 101 add-circuits "add the circuits"
try fleetcast release create main --actor mia --watch
echo
try fleetcast schedule create daily --cron '0 6 * * *' --time-zone Europe/Berlin
try fleetcast sweep start --as-of "$week_ago" --watch

chapter "Pull request 102, a week later" \
  "jonas moves one circuit's cutoff date, and writes a comment in another's file."
circuit_git jonas switch -q -c my-branch
sed -i "s/cutoff_date: \"$week_ago\"/cutoff_date: \"$yesterday\"/" \
  "$work/circuits/config/plants/P001/C002.yml"
echo '# Sensor replaced in spring; same type, same place.' \
  >>"$work/circuits/config/plants/P002/C001.yml"
circuit_git jonas commit -q -a -m "Train the second assembly line on newer data"
circuit_git jonas push -q origin my-branch
circuit_git jonas switch -q main
try git -C "$work/circuits" --no-pager diff --stat origin/main my-branch
echo
try fleetcast config changes --base origin/main --head my-branch
matrix=$(fleetcast config changes --base origin/main --head my-branch --matrix)
expected='[{"plant_id":"P001","circuit_id":"C002","cutoff_date":"'$yesterday'"}]'
[ "${matrix//[[:space:]]/}" = "$expected" ] ||
  fail "just P001/C002 should be retrained, but config says $matrix"

chapter "Exactly one circuit is trained again" \
  "The other's comment changes nothing that training sees."
try fleetcast training start --base origin/main --head my-branch --pr 102 --author jonas --watch
retrained=$(($(versions) - 3))
if [ "$retrained" -ne 1 ] || [ "$(versions P001/C002)" -ne 2 ]; then
  fail "one new model version of P001/C002 was expected; there are $retrained new ones"
fi
printf '\n%s1 circuit retrained, 2 left alone.%s\n' "$good" "$plain"

chapter "The fleet's next day" \
  "The same release again is the same release: pipelines may lose it, repeat it, send it late." \
  "The fleet is swept again on the newest data."
merge jonas 102 my-branch "newer data for the second assembly line"
try fleetcast release create main --actor jonas --watch
echo
try fleetcast sweep start --watch

chapter "A bad change" \
  "kate lets a circuit's model look back one hour only and learn for one epoch. Its candidate is" \
  "not better; merged all the same, it is refused, and what served goes on."
circuit_git kate switch -q -c hasty
sed -i -e 's/sequence_length: .*/sequence_length: 1/' -e 's/epochs: .*/epochs: 1/' \
  "$work/circuits/config/plants/P002/C001.yml"
circuit_git kate commit -q -a -m "Look back one hour"
circuit_git kate push -q origin hasty
circuit_git kate switch -q main
try fleetcast training start --base origin/main --head hasty --pr 103 --author kate --watch
merge kate 103 hasty "look back one hour"
served=$(serving P002/C001)
try fleetcast release create main --actor kate --watch
[ "$(serving P002/C001)" = "$served" ] || fail "what the gate refused serves P002/C001"
echo
try fleetcast circuit status P002/C001

chapter "Back, and a hand on one circuit" \
  "A rollback puts the release before in force again. A pin holds a circuit against releases."
try fleetcast release rollback --actor mia --reason "one hour is too short" --watch
echo
try fleetcast circuit pin P001/C001 --actor mia --reason "inspection of the line" --for 48h
try fleetcast circuit unpin P001/C001 --actor mia --reason "inspected"
echo
try fleetcast release list
echo
try fleetcast fleet status
echo
try fleetcast fleet report --sensor-data "$work/sensors" --actuals "$work/next" --out "$report"

took=$(printf '%d min %02d s' $((SECONDS / 60)) $((SECONDS % 60)))
if [ "$keep" = --keep ]; then
  cat <<TEXT

${bold}The stack stays up.${plain} Talk to it:

  export FLEETCAST_DATA_DIR=$FLEETCAST_DATA_DIR PATH=$bin_dir:\$PATH
  fleetcast fleet status
  fleetcast training list
  fleetcast forecast list P001/C001 -o json
  fleetcast local logs trainer --follow

  grpcurl -plaintext localhost:$port list
  grpcurl -plaintext -d '{"base_revision":"origin/main~1","head_revision":"origin/main"}' \\
    localhost:$port fleetcast.config.v1.ConfigService/DetectChanges
  grpcurl -plaintext localhost:$((port + 1)) fleetcast.trainer.v1.TrainingService/ListTrainingRuns
  grpcurl -plaintext -d '{"parent":"models/sensor-model","filter":"tags.plant_id = \"P001\""}' \\
    localhost:$((port + 2)) fleetcast.registry.v1.ModelService/ListModelVersions
  grpcurl -plaintext -d '{"parent":"plants/-/circuits/-","latest_only":true}' \\
    localhost:$((port + 3)) fleetcast.inference.v1.ForecastService/ListForecasts

The repository of circuits is $work/circuits; edit, commit and ask again.
Stop it and remove everything:

  fleetcast local down && rm -rf $work
TEXT
fi
printf '\ndemo: 3 circuits trained, 1 retrained, all deployed and forecast in %s; open %s\n' \
  "$took" "$report"
