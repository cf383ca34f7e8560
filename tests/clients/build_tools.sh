#!/usr/bin/env bash
# build_tools.sh FOLDER: builds the programs of tests/clients/go/tools.go (grpcurl, protoc's plugins
# for Go, actionlint) into FOLDER, in the versions that go.mod pins and go.sum checks. Go's module
# proxy is asked only for what this machine has not built before.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
tools=$(cd "$1" && pwd)
pinned=$(cat "$here"/go/go.mod "$here"/go/go.sum "$here"/go/tools.go | sha256sum | cut -c1-64)
if [ "$(cat "$tools/built" 2>/dev/null)" = "$pinned" ]; then
  echo "the tools in $tools are up to date"
  exit 0
fi
command -v go >/dev/null || {
  echo "build_tools.sh: there is no go; run ./dev setup, or apt-get install golang-go" >&2
  exit 1
}

cd "$here/go"
export HOME=${HOME:-$tools} GOTOOLCHAIN=local GOBIN=$tools
mapfile -t programs < <(sed -n 's/^\t_ "\(.*\)"$/\1/p' tools.go)
go install "${programs[@]}" || {
  echo "build_tools.sh: go install failed, see above. It needs Go's module proxy once: go env" \
    "GOPROXY says which; behind a firewall name a mirror there, or run this where it can be" \
    "reached and copy $tools" >&2
  exit 1
}
echo "$pinned" >"$tools/built"
