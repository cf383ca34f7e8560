# What the scripts beside this file write for people and for the pipeline's system.

# The id of a circuit, from anything that has plant_id and circuit_id.
def circuit: "\(.plant_id)/\(.circuit_id)";

# EFFECT_RETRAIN -> RETRAIN
def plain_enum($prefix): ltrimstr($prefix);

# A fixed number of decimals: 1.0234 -> "1.023".
def rounded($digits): (. * pow(10; $digits) | round) / pow(10; $digits) | tostring;

# One annotation. Input: {level: "error"|"warning"|"notice", title, message, path?, line?, column?}.
# $system: github, azure or plain.
def annotation($system):
  def github: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
  def github_property: tostring | github | gsub(":"; "%3A") | gsub(","; "%2C");
  def azure: gsub("%"; "%AZP25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
  def azure_property: tostring | azure | gsub(";"; "%3B") | gsub("]"; "%5D");
  . as $a
  | if $system == "github" then
      [["file", $a.path], ["line", $a.line], ["col", $a.column], ["title", $a.title]]
      | map(select(.[1]) | "\(.[0])=\(.[1] | github_property)") | join(",")
      | "::\($a.level) \(.)::\($a.message | github)"
    elif $system == "azure" and $a.level == "notice" then
      "\($a.title): \($a.message)"
    elif $system == "azure" then
      [["type", $a.level], ["sourcepath", $a.path], ["linenumber", $a.line],
       ["columnnumber", $a.column], ["code", $a.title]]
      | map(select(.[1]) | "\(.[0])=\(.[1] | azure_property)") | join(";")
      | "##vso[task.logissue \(.)]\($a.title): \($a.message | azure)"
    else
      ([$a.path, $a.line, $a.column] | map(select(.)) | join(":")) as $place
      | "\($a.level): " + ([$place, $a.title, $a.message] | map(select(. != "")) | join(": "))
    end;

# A Diagnostic of the config service as an annotation.
def diagnostic_annotation:
  { level: (if .severity == "SEVERITY_ERROR" then "error" else "warning" end),
    title: .reason, message: "\(.message); \(.remedy)", path, line, column };

# What grpcurl -format-error wrote, a google.rpc.Status or plain text, as {reason, message}.
def failure:
  . as $text
  | (try fromjson catch {message: $text}) as $status
  | ([$status.details[]? | select(.["@type"] | endswith("google.rpc.ErrorInfo"))][0].reason
     // "CALL_FAILED") as $reason
  | {reason: $reason, message: ($status.message // $text | rtrimstr("\n"))};

# models/sensor-model/versions/12 -> v12
def version: sub(".*/"; "v");
# plants/P001/circuits/C001 -> P001/C001
def short_circuit: split("/") | "\(.[1])/\(.[3])";

# How much one error is below another: "8.1 % below v7's 0.34".
def compared($mae; $whose; $with):
  "\((1 - $mae / $with) * 100 | fabs | rounded(1)) % "
  + "\(if $mae < $with then "below" else "above" end) \($whose) \($with | rounded(3))";

# A gate's outcome: better or not, by how much, against what, on which rows.
def verdict:
  # An error of nothing, or without bound, is no measure.
  def is_measure: type == "number" and . > 0;
  (.mae // 0) as $mae
  | (.verdict | plain_enum("VERDICT_") | ascii_downcase | gsub("_"; " ")) + ": "
    + ([ "MAE \($mae | rounded(3))",
         (select(.champion_mae | is_measure)
          | compared($mae; "\(.champion | version)'s"; .champion_mae)
            + (if .margin then " (chance explains \(.margin | rounded(4)))" else "" end)),
         (select(.naive_mae | is_measure) | compared($mae; "the best naive forecast's"; .naive_mae)),
         "on \(.test_windows // 0) windows from \(.test_start_time[:10]) to \(.test_end_time[:10])"
       ] | join(", "))
    # Why it was not compared with the champion, without what stands here already.
    + (if .champion and (.champion_mae | is_measure | not) and .why then
         "; " + (.why | sub("^[a-z ]+: (MAE [^;]*; )?"; "")
                 | gsub("models/sensor-model/versions/(?<n>[0-9]+)"; "v\(.n)"))
       else "" end);

def failed: "failed: \(.kind // "" | plain_enum("KIND_")) \(.reason): \(.message)";

# What became of a training job, in a line.
def job_result:
  if .state == "STATE_SUCCEEDED" then "\(.model_version | version) \(.gate_outcome | verdict)"
  elif .state == "STATE_FAILED" then .failure | failed
  elif .state == "STATE_RUNNING" then
    "running" + (.progress | if (.epochs // 0) > 0 then ", epoch \(.epoch // 0) of \(.epochs)"
      elif .phase then ", " + (.phase | plain_enum("PHASE_") | ascii_downcase | gsub("_"; " ")) else "" end)
  else
    (.state | plain_enum("STATE_") | ascii_downcase)
    + (if .state_reason then ": \(.state_reason)" else "" end)
  end;

# What a release did about a circuit, in a line.
def step_result:
  if .state == "STATE_FAILED" then .failure | failed
  else
    (if .state != "STATE_SUCCEEDED" then .state | plain_enum("STATE_")
     elif .action == "ACTION_NONE" then "in sync already"
     else .action | plain_enum("ACTION_") end | ascii_downcase)
    + (if .model_version then ", \(.model_version | version) serves" else "" end)
    + (if .state_reason then ": \(.state_reason)" else "" end)
  end;

# A CircuitStatus that somebody holds.
def pinned: "pinned by \(.pin.actor), \(.pin.model_version | version) serves: \(.pin.reason)";

# A message of a watch, in a line if there is something to say.
def event:
  if .training_job then .training_job | "\(circuit): \(job_result)"
  elif .release then .release | "\(.name): \(.state_reason)"
  else empty end;

# Of values, those that are not as the one before.
def changes(values): foreach values as $value ({}; {new: ($value != .last), last: $value};
  select(.new) | .last);

# Text that stays in its cell of a Markdown table, and is text there.
def cell:
  tostring | gsub("[\r\n]+"; " ") | gsub("\\|"; "\\|") | gsub("<"; "&lt;") | gsub("@"; "&#64;");
def row: "| " + (map(cell) | join(" | ")) + " |";

# The first $most rows, and how many more there are.
def table($heads; $most):
  [$heads | row] + [$heads | map("---") | row] + (.[:$most] | map(row))
  + (if length > $most then ["", "… and \(length - $most) more."] else [] end);

# A change's values, old and new, and where the new ones stand.
def change_text:
  if .kind == "KIND_ADDED" then "new in the master list"
  elif .kind == "KIND_REMOVED" then "no longer in the master list"
  else
    [(.field_changes // [])[] | "\(.field): \(.old_value // "") → \(.new_value // "")"
     + (if .path then " (\(.path):\(.line))" else "" end)] | join(", ")
  end;

# The pages of DetectChanges as one answer, in which each change has its values itself.
def joined_changes:
  (last | del(.field_changes, .matrix_json)) + {
    diagnostics: map((.diagnostics // [])[]),
    changes: map((.field_changes // []) as $fields | (.changes // [])[]
      | if .field_change_indexes then . + {field_changes: [$fields[.field_change_indexes[]]]}
        else . end)
  };
