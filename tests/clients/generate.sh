#!/usr/bin/env bash
# generate.sh python|go: generates a client of the config service into build/clients/LANGUAGE, as
# docs/integrating.md says to.
set -euo pipefail
: "${FLEETCAST_SOURCE_DIR:?names the checkout}" "${FLEETCAST_BUILD_DIR:?names the build folder}"
out=$FLEETCAST_BUILD_DIR/clients/$1
google=/usr/share/gocode/src/github.com/gogo/googleapis
cd "$FLEETCAST_SOURCE_DIR/proto"
files=(fleetcast/config/v1/*.proto)
mkdir -p "$out"

case $1 in
  python)
    # Health under another name: Python's own package is called grpc.
    protoc -I. -I"$google" -Igrpc_health=../common/rpc/proto/grpc/health \
      --python_out="$out" --grpc_python_out="$out" \
      --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
      "${files[@]}" google/rpc/status.proto google/rpc/error_details.proto \
      grpc_health/v1/health.proto
    ;;
  go)
    cp ../tests/clients/go/{go.mod,go.sum,tools.go,config_client_test.go} "$out"
    package=fleetcast.example/clients/configpb
    options=()
    for file in "${files[@]}"; do
      options+=("--go_opt=M$file=$package" "--go-grpc_opt=M$file=$package")
    done
    PATH=$FLEETCAST_BUILD_DIR/tools:$PATH protoc -I. \
      --go_out="$out" --go_opt=module=fleetcast.example/clients \
      --go-grpc_out="$out" --go-grpc_opt=module=fleetcast.example/clients \
      "${options[@]}" "${files[@]}"
    ;;
  *)
    echo "generate.sh: python or go, not '$1'" >&2
    exit 2
    ;;
esac
