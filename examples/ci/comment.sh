#!/usr/bin/env bash
# comment.sh PULL_REQUEST: puts the summary on the pull request as one comment, which later runs
# replace. Needs GITHUB_TOKEN or SYSTEM_ACCESSTOKEN, with the right to write comments.
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$here/summary.sh" | tee "$work/summary.md"

# rest METHOD URL: sends JSON from standard input, unless METHOD is GET, and prints the answer.
rest() {
  local body=() answer
  [ "$1" = GET ] || body=(-H 'content-type: application/json' --data-binary @-)
  answer=$(curl --silent --show-error --fail-with-body --retry 3 --max-time 60 -X "$1" \
    -H "authorization: Bearer ${GITHUB_TOKEN:-${SYSTEM_ACCESSTOKEN:?}}" "${body[@]}" "$2" 2>&1) || {
    annotate error COMMENT_REFUSED "$1 $2: $answer; may this pipeline's token write comments?"
    return 1
  }
  printf '%s' "$answer"
}

comment_on_github() { # PULL_REQUEST
  local repository=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY page=1 found answer
  cat "$work/summary.md" >>"$GITHUB_STEP_SUMMARY"
  while :; do
    answer=$(rest GET "$repository/issues/$1/comments?per_page=100&page=$page")
    found=$(jq -r '[.[] | select(.body | startswith("<!-- fleetcast -->"))][0].id // empty' \
      <<<"$answer")
    if [ -n "$found" ] || [ "$(jq length <<<"$answer")" -lt 100 ]; then break; fi
    page=$((page + 1))
  done
  jq -Rs '{body: .}' "$work/summary.md" | if [ -n "$found" ]; then
    rest PATCH "$repository/issues/comments/$found"
  else
    rest POST "$repository/issues/$1/comments"
  fi >/dev/null
}

comment_on_azure() { # PULL_REQUEST
  local project=$SYSTEM_COLLECTIONURI$SYSTEM_TEAMPROJECTID version='api-version=7.0' found
  local threads=$project/_apis/git/repositories/$BUILD_REPOSITORY_ID/pullRequests/$1/threads
  found=$(rest GET "$threads?$version" | jq -r '[.value[]
    | select(.comments[0].content // "" | startswith("<!-- fleetcast -->"))
    | "\(.id)/comments/\(.comments[0].id)"][0] // empty')
  if [ -n "$found" ]; then
    jq -Rs '{content: .}' "$work/summary.md" | rest PATCH "$threads/$found?$version"
  else
    jq -Rs '{status: "closed", comments: [{parentCommentId: 0, commentType: "text", content: .}]}' \
      "$work/summary.md" | rest POST "$threads?$version"
  fi >/dev/null
}

case $system in
  github) comment_on_github "$1" ;;
  azure) comment_on_azure "$1" ;;
esac
