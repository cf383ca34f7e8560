#!/usr/bin/env bash
# release.sh BASE HEAD: puts into service what was merged between BASE and HEAD. The champion of
# each circuit to retrain or redeploy is deployed with HEAD's settings, and circuits to retire are
# taken out of service. One circuit's failure stops no other; the script fails at the end, with a
# line for each. Safe to run again.
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
endpoints=fleetcast.inference.v1.BatchEndpointService
model=models/sensor-model
failed=0

circuit_failed() { # CIRCUIT
  annotate error "$1 $(jq -r .reason "$work/failure.json")" "$(jq -r .message "$work/failure.json")"
  failed=$((failed + 1))
}

deploy() { # PLANT CIRCUIT
  local status=0 version
  jq -n --arg name "$model/plants/$1/circuits/$2/champion" '{name: $name}' |
    call registry fleetcast.registry.v1.ModelService/GetChampion >"$work/champion.json" || status=$?
  if [ $status -eq 69 ]; then
    annotate warning "$1/$2 NO_CHAMPION" "no model of it has passed the gate; not deployed"
    return 0
  fi
  [ $status -eq 0 ] || return "$status"
  version=$(jq -r .model_version "$work/champion.json")
  jq -n --arg id "$(request_id deploy "$version" "$head")" --arg version "$version" \
    --arg revision "$head" '{request_id: $id, model_version: $version, revision: $revision}' |
    call inference $endpoints/DeployModelVersion >"$work/deployment.json" || return
  echo "$1/$2: v${version##*/} deployed"
}

retire() { # PLANT CIRCUIT
  local status=0 name=batchEndpoints/batch-endpoint-plant-$1/deployments/deployment-circuit-$2
  jq -n --arg id "$(request_id retire "$name" "$head")" --arg name "$name" \
    '{request_id: $id, name: $name}' |
    call inference $endpoints/DeleteDeployment >/dev/null || status=$?
  case $status in
    0) echo "$1/$2: taken out of service" ;;
    69) echo "$1/$2: is not in service" ;;
    *) return "$status" ;;
  esac
}

jq -n --arg base "$1" --arg head "$2" '{base_revision: $base, head_revision: $head}' |
  must_call config fleetcast.config.v1.ConfigService/DetectChanges >"$work/changes.json"
head=$(jq -r .head_commit "$work/changes.json")
while read -r effect plant circuit; do
  case $effect in
    EFFECT_RETRAIN | EFFECT_REDEPLOY)
      deploy "$plant" "$circuit" || circuit_failed "$plant/$circuit"
      ;;
    EFFECT_RETIRE) retire "$plant" "$circuit" || circuit_failed "$plant/$circuit" ;;
  esac
done < <(jq -r '(.changes // [])[] | "\(.effect) \(.plant_id) \(.circuit_id)"' "$work/changes.json")
[ $failed -eq 0 ] || {
  echo "$failed circuits were not released, see above; mend the cause and run this again" >&2
  exit 1
}
