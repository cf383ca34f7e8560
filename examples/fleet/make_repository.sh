#!/usr/bin/env bash
# make_repository.sh FOLDER: makes a git repository of the example fleet in FOLDER, which must not
# exist yet. `main` holds config/ as it is here, and three branches hold what docs/integrating.md
# talks about:
#   my-branch       a circuit's cutoff date, a plant's shared deployment setting, and a comment
#   broken-branch   a misspelt key and a date that no calendar has
#   retired-branch  a circuit taken off the master list
# The commits are the same ones wherever and whenever this runs.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: make_repository.sh FOLDER" >&2; exit 2; }
[ ! -e "$1" ] || { echo "make_repository.sh: $1 exists already; name a new folder" >&2; exit 1; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cd "$1"

unset "${!GIT_@}"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=Mia GIT_AUTHOR_EMAIL=mia@plant.example
export GIT_COMMITTER_NAME=Mia GIT_COMMITTER_EMAIL=mia@plant.example
export GIT_AUTHOR_DATE='2025-12-10T08:00:00Z' GIT_COMMITTER_DATE='2025-12-10T08:00:00Z'

commit() { # MESSAGE
  git add -A
  git commit -q -m "$1"
}

git init -q -b main
cp -R "$here/config" config
commit "Two plants, five circuits"
git update-ref refs/remotes/origin/main main

git switch -q -c my-branch main
sed -i 's/2025-12-09/2025-12-16/' config/plants/P001/C002.yml
sed -i 's/timeout_minutes: 30/timeout_minutes: 45/' config/plants/P002/defaults.yml
echo '# Sensor replaced in spring; same type, same place.' >>config/plants/P001/C001.yml
commit "Train the second assembly line on newer data"

git switch -q -c broken-branch main
printf '  hyperparameters:\n    lstm_unit: 128\n' >>config/plants/P001/C001.yml
sed -i 's/2025-12-09/2025-02-30/' config/plants/P002/C002.yml
commit "Try a larger model"

git switch -q -c retired-branch main
sed -i '/circuit_id: "C003"/,+1d' config/plants_circuits.yml
git rm -q config/plants/P001/C003.yml
commit "Close the paint shop"

git switch -q main
