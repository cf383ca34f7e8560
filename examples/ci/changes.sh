#!/usr/bin/env bash
# changes.sh BASE HEAD: what HEAD changes against its merge base with BASE.
#
# Puts every problem of the configuration on its line of the pull request, and fails if one is an
# error. Leaves $FLEETCAST_WORK/changes.json to the next steps, and the outputs `retrain`,
# `redeploy` and `retire`: how many circuits.
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage 'changes.sh BASE HEAD' "$@"
need_target config
rm -f "$work"/*.json

jq -n --arg base "$1" --arg head "$2" '{base_revision: $base, head_revision: $head}' |
  pages config fleetcast.config.v1.ConfigService/DetectChanges >"$work/pages"
jq -L "$here" -s 'include "fleetcast"; joined_changes' "$work/pages" >"$work/changes.json"

jq -L "$here" -r 'include "fleetcast"; (.changes // [])[]
  | "\(circuit): \(.kind | plain_enum("KIND_")) \(.effect | plain_enum("EFFECT_")) \(change_text)"' \
  "$work/changes.json"
jq -L "$here" -r --arg system "$system" 'include "fleetcast"; (.diagnostics // [])[]
  | diagnostic_annotation | annotation($system)' "$work/changes.json"
if [ "$(jq '.freshness.stale // false' "$work/changes.json")" = true ]; then
  annotate warning "$(jq -r .freshness.reason "$work/changes.json")" \
    "the config service could not fetch and answers from what it has: $(
      jq -r .freshness.message "$work/changes.json"
    )"
fi

for effect in RETRAIN REDEPLOY RETIRE; do
  set_output "${effect,,}" "$(jq --arg effect "EFFECT_$effect" \
    '[(.changes // [])[] | select(.effect == $effect)] | length' "$work/changes.json")"
done
errors=$(jq '[(.diagnostics // [])[] | select(.severity == "SEVERITY_ERROR")] | length' \
  "$work/changes.json")
[ "$errors" -eq 0 ] || {
  echo "the configuration has $errors errors, see above; mend them and push again" >&2
  exit 1
}
