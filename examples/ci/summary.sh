#!/usr/bin/env bash
# summary.sh: what the steps before found and did, as Markdown on standard output.
# shellcheck source=examples/ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
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
      | "", "At `\($changes.head_commit[:10])`, compared with `\($changes.merge_base_commit[:10])`."),
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
