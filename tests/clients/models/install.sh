#!/usr/bin/env bash
# install.sh FOLDER: a Python environment in FOLDER with the packages of requirements.txt. PyPI is
# asked only for what is not there yet.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pinned=$(sha256sum <"$here/requirements.txt" | cut -c1-64)
if [ "$(cat "$1/installed" 2>/dev/null)" = "$pinned" ]; then
  echo "the packages in $1 are up to date"
  exit 0
fi
rm -rf "$1"
/usr/bin/python3 -m venv "$1" || {
  echo "install.sh: Debian's Python cannot make an environment; run ./dev setup, or apt-get install" \
    "python3-venv" >&2
  exit 1
}
"$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" || {
  echo "install.sh: pip install failed, see above. It needs a Python package index: pip config list" \
    "says which; behind a firewall name a mirror there, or copy $1 from where it can be reached" >&2
  exit 1
}
echo "$pinned" >"$1/installed"
