#include "cli/commands/sweep_backfill.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/commands/sweep_actions.h"
#include "cli/names.h"
#include "cli/session.h"
#include "cli/time_input.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::cli {
namespace {

namespace v1 = inference::v1;

struct BackfillOptions {
  std::string from, to, every;
  std::vector<std::string> plants, circuits;
  bool watch = false;
};

absl::StatusOr<v1::InvokeFleetRequest> RequestOf(Session& session, const BackfillOptions& options) {
  v1::InvokeFleetRequest request;
  v1::Backfill& backfill = *request.mutable_backfill();
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Time from,
                             ParseTime("--from", options.from, DayMeans::kItsBeginning));
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Time to, ParseTime("--to", options.to));
  *backfill.mutable_start_time() = ToTimestamp(from);
  *backfill.mutable_end_time() = ToTimestamp(to);
  absl::Duration every;
  if (!absl::ParseDuration(options.every, &every) || every < absl::Seconds(1) ||
      every == absl::InfiniteDuration())
    return InvalidField("--every", absl::StrCat(QuotedUtf8(options.every, 80),
                                                " is no duration; write 15m, 1h or 24h"));
  backfill.mutable_every()->set_seconds(absl::ToInt64Seconds(every));
  for (const auto& plant : PlantIds(options.plants)) request.add_plant_ids(plant);
  for (const auto& circuit : SplitList(options.circuits)) {
    FLEETCAST_ASSIGN_OR_RETURN(*request.add_circuits(), CircuitName(circuit));
  }
  request.set_request_id(session.RequestId());
  return request;
}

absl::Status Backfill(Session& session, const BackfillOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const v1::InvokeFleetRequest request, RequestOf(session, options));
  FLEETCAST_ASSIGN_OR_RETURN(const v1::Sweep sweep,
                             session.Call(inference_rpc::kInvokeFleet, request));
  return SweepStarted(session, sweep, options.watch);
}

}  // namespace

void AddBackfillVerb(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<BackfillOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "backfill",
       .about = "make the forecasts of times past, each from what was known then",
       .examples = "fleetcast sweep backfill --from 2025-11-01 --to 2025-11-30 --every 1h --watch\n"
                   "fleetcast sweep backfill --from '2025-12-01 06:00' --to 2025-12-09 --every 24h "
                   "--circuits P001/C001,P002/C001"},
      [&session, options] { return Backfill(session, *options); });
  verb.add_option("--from", options->from, "as of when the first is made")
      ->type_name("TIME")
      ->required();
  verb.add_option("--to", options->to, "as of when the last may be made")
      ->type_name("TIME")
      ->required();
  verb.add_option("--every", options->every, "time between two: 15m, 1h, 24h ...")
      ->type_name("DURATION")
      ->required();
  CLI::Option* plants =
      verb.add_option("--plants", options->plants, "only these plants (the whole fleet)")
          ->type_name("PLANT,...");
  verb.add_option("--circuits,--circuit", options->circuits,
                  "only these circuits (the whole fleet)")
      ->type_name("PLANT/CIRCUIT,...")
      ->excludes(plants);
  verb.add_flag("--watch,-w", options->watch, "follow it to its end");
}

}  // namespace fleetcast::cli
