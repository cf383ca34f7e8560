#!/usr/bin/env bash
# comment.sh PULL_REQUEST: what the steps before found and did, with the gate's verdict on each
# candidate, as one comment on the pull request, which later runs replace. Needs GITHUB_TOKEN or
# SYSTEM_ACCESSTOKEN, with the right to write comments.
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage 'comment.sh PULL_REQUEST' "$@"
token=${GITHUB_TOKEN:-${SYSTEM_ACCESSTOKEN:-}}
[ "$system" = plain ] || [ -n "$token" ] ||
  refuse TOKEN_MISSING 'set GITHUB_TOKEN or SYSTEM_ACCESSTOKEN to a token that may write comments'

# What the steps before found and did, as Markdown.
summary() {
  for name in changes run failure; do
    [ -s "$work/$name.json" ] || echo '{}' >"$work/$name.json"
  done
  [ -s "$work/jobs.json" ] || echo '[]' >"$work/jobs.json"
  jq -L "$here" -nr --slurpfile changes "$work/changes.json" --slurpfile run "$work/run.json" \
    --slurpfile jobs "$work/jobs.json" --slurpfile failure "$work/failure.json" 'include "fleetcast";
    $changes[0] as $changes | $run[0] as $run | $failure[0] as $failure
    | ($changes.changes // []) as $all | ($changes.diagnostics // []) as $problems
    | ($jobs[0] | map({key: circuit, value: job_result}) | from_entries) as $results
    | def count($effect): [$all[] | select(.effect == "EFFECT_\($effect)")] | length;
    [ "<!-- fleetcast -->",
      (if $changes.head_commit then
        "### Fleetcast: \(count("RETRAIN")) to train, \(count("REDEPLOY")) to redeploy, "
        + "\(count("RETIRE")) to retire"
       else "### Fleetcast could not tell what changes" end),
      (select($failure.reason) | "", "**\($failure.reason)**: \($failure.message | cell)"),
      (select($changes.head_commit)
        | "", "At `\($changes.head_commit[:10])`, compared with "
          + "`\($changes.merge_base_commit[:10])`."),
      (select($all != []) | "",
        ($all
          | map([circuit, (.effect | plain_enum("EFFECT_")), change_text, ($results[circuit] // "")])
          | table(["circuit", "effect", "what changes", "training"]; 100)[])),
      (select($problems != []) | "", "#### Problems of the configuration", "",
        ($problems | map([ "\(.path):\(.line // 1)", .reason, "\(.message); \(.remedy)"])
          | table(["place", "reason", "what to do"]; 100)[])),
      (select($run.name) | "",
        "Training run `\($run.name)` \($run.state | plain_enum("STATE_")): "
        + "\($run.state_reason | cell).")
    ] | join("\n")'
}
summary | tee "$work/summary.md"

# rest METHOD URL: sends JSON from standard input, unless METHOD is GET, and prints the answer.
rest() {
  local body=() answer
  [ "$1" = GET ] || body=(-H 'content-type: application/json' --data-binary @-)
  answer=$(curl --silent --show-error --fail-with-body --retry 3 --max-time 60 -X "$1" \
    -H "authorization: Bearer $token" "${body[@]}" "$2" 2>&1) || {
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
