#!/usr/bin/env bash
# The layers of ARCHITECTURE.md, held against every #include: what may not be included where.
# Prints each breach as path:line and exits 1 if there is any.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

breaches=0

# forbid RULE INCLUDE_PATTERN FILE…: no file may include what matches the pattern.
forbid() {
  local rule=$1 pattern=$2 found
  shift 2
  [ $# -eq 0 ] && return 0
  found=$(grep -nHE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@" || true)
  [ -z "$found" ] && return 0
  printf '%s\n' "$found" | sed "s|\$|    <-- $rule|"
  breaches=$((breaches + $(printf '%s\n' "$found" | wc -l)))
}

# sources FOLDER…: the C++ files under those folders that exist.
sources() {
  local folder existing=()
  for folder in "$@"; do [ -d "$folder" ] && existing+=("$folder"); done
  [ ${#existing[@]} -eq 0 ] || find "${existing[@]}" -name '*.h' -o -name '*.cc' | sort
}

mapfile -t domain < <(sources services/*/domain)
forbid "domain/ is plain C++: no protobuf, gRPC, Postgres or torch" \
  'grpc|google/protobuf|google/rpc|pqxx|torch|ATen|c10|fleetcast/|common/(rpc|db)/' "${domain[@]}"
forbid "domain/ does not know its adapters" 'services/[a-z]+/(rpc|storage|adapters|git|yaml)/' "${domain[@]}"

for service in config registry trainer inference; do
  others=$(printf '%s\n' config registry trainer inference | grep -v "^$service$" | paste -sd '|')
  mapfile -t files < <(sources "services/$service")
  forbid "services meet only in proto/" "services/($others)/|cli/" "${files[@]}"
  mapfile -t storage < <(sources "services/$service/storage")
  forbid "storage/ speaks SQL, not gRPC" 'grpc|google/protobuf|fleetcast/' "${storage[@]}"
  mapfile -t rpc < <(sources "services/$service/rpc")
  forbid "rpc/ translates; SQL stands in storage/" 'pqxx|torch' "${rpc[@]}"
done

mapfile -t base < <(sources common/base)
forbid "common/base stands alone" 'common/(rpc|db|settings|sensordata|forecast)/|services/|cli/|fleetcast/|grpc|pqxx|torch' "${base[@]}"
mapfile -t common < <(sources common)
forbid "common/ knows no service" 'services/|cli/|fleetcast/(config|registry|trainer|inference)/' "${common[@]}"
mapfile -t queue < <(sources common/workqueue | grep -v '^common/workqueue/rpc/')
forbid "of common/workqueue, rpc/ alone speaks gRPC" 'grpc|google/protobuf|fleetcast/|common/rpc/' "${queue[@]}"
mapfile -t forecast < <(sources common/forecast)
forbid "common/forecast links LibTorch and nothing of gRPC or Postgres; of protobuf what reads ONNX files" \
  'grpc|pqxx|google/rpc|google/protobuf/[a-z_]+\.|common/(rpc|db|sensordata|settings)/' "${forecast[@]}"
[ -f common/forecast/forecast.h ] &&
  forbid "no torch header in a public header" 'torch|ATen|c10' common/forecast/forecast.h
mapfile -t outside < <(sources common services cli | grep -v '^common/forecast/')
forbid "torch headers stay inside common/forecast" 'torch|ATen|c10' "${outside[@]}"
mapfile -t cli < <(sources cli | grep -v '^cli/offline/')
forbid "the command line reaches services over the wire" 'services/' "${cli[@]}"
mapfile -t offline < <(sources cli/offline)
forbid "cli/offline uses the rules of config files, their parser and git, nothing else of a service" \
  'services/(trainer|registry|inference)/|services/config/(rpc|reference)/' "${offline[@]}"

# Rule 3: what two processes compare is timed by the database, and decisions get their clock.
mapfile -t timed < <(sources services/*/domain services/*/storage services/trainer/worker)
wall_clock=$(grep -nHE '(absl::Now|std::time|gettimeofday|clock_gettime)\(|GetCurrentTimeNanos|system_clock' \
  "${timed[@]}" || true)
if [ -n "$wall_clock" ]; then
  printf '%s\n' "$wall_clock" | sed 's|$|    <-- the wall clock of this process; ask the database or an injected Clock|'
  breaches=$((breaches + $(printf '%s\n' "$wall_clock" | wc -l)))
fi

if [ "$breaches" -gt 0 ]; then
  echo "layering: $breaches breaches"
  exit 1
fi
echo "layering: $(sources common services cli | wc -l) files keep to their layers"
