#include "cli/commands/sweep.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/commands/pool.h"
#include "cli/commands/sweep_actions.h"
#include "cli/commands/sweep_backfill.h"
#include "cli/session.h"

namespace fleetcast::cli {
namespace {

void AddStart(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<SweepStart>();
  CLI::App& verb =
      AddVerb(noun, session,
              {.name = "start",
               .about = "forecast every deployed circuit, or those of some plants, or some by name",
               .examples = "fleetcast sweep start --watch\n"
                           "fleetcast sweep start --plants P001,P002 --as-of '2025-12-09 06:00'\n"
                           "fleetcast sweep start --circuits P001/C001,P002/C001 --watch"},
              [&session, options] { return StartSweep(session, *options); });
  CLI::Option* plants =
      verb.add_option("--plants", options->plants, "only these plants (the whole fleet)")
          ->type_name("PLANT,...");
  verb.add_option("--circuits,--circuit", options->circuits,
                  "only these circuits (the whole fleet)")
      ->type_name("PLANT/CIRCUIT,...")
      ->excludes(plants);
  verb.add_option("--as-of", options->as_of,
                  "use readings up to this time only, which must not be in the future; a day "
                  "without a time is its end (the latest)")
      ->type_name("TIME");
  verb.add_flag("--watch,-w", options->watch, "follow it to its end");
}

void AddReading(CLI::App& noun, Session& session) {
  const auto watched = std::make_shared<std::string>();
  CLI::App& watch = AddVerb(noun, session,
                            {.name = "watch",
                             .about = "follow a sweep to its end; exit code 1 if a circuit fails",
                             .examples = "fleetcast sweep watch            # the latest\n"
                                         "fleetcast sweep watch 01jf2v8k6w"},
                            [&session, watched] { return WatchSweep(session, *watched); });
  watch.add_option("id", *watched, "sweep (the latest)");

  const auto shown = std::make_shared<std::string>();
  CLI::App& show = AddVerb(noun, session,
                           {.name = "show",
                            .about = "one sweep with its invocations",
                            .examples = "fleetcast sweep show\n"
                                        "fleetcast sweep show 01jf2v8k6w -o json"},
                           [&session, shown] { return ShowSweep(session, *shown); });
  show.add_option("id", *shown, "sweep (the latest)");

  const auto list = std::make_shared<SweepList>();
  CLI::App& list_verb = AddVerb(
      noun, session,
      {.name = "list",
       .about = "sweeps, latest first",
       .examples = "fleetcast sweep list\n"
                   "fleetcast sweep list --filter 'state = FAILED OR state = PARTIALLY_SUCCEEDED'"},
      [&session, list] { return ListSweeps(session, *list); });
  list_verb.add_option("--filter", list->filter, "over state, schedule, retry_of, create_time");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();
}

void AddCancelAndRetry(CLI::App& noun, Session& session) {
  const auto cancelled = std::make_shared<std::string>();
  CLI::App& cancel = AddVerb(noun, session,
                             {.name = "cancel",
                              .about = "cancel what has not ended of a sweep",
                              .examples = "fleetcast sweep cancel 01jf2v8k6w"},
                             [&session, cancelled] { return CancelSweep(session, *cancelled); });
  cancel.add_option("id", *cancelled, "sweep")->required();

  const auto retry = std::make_shared<SweepRetry>();
  CLI::App& retry_verb =
      AddVerb(noun, session,
              {.name = "retry",
               .about = "forecast the failed circuits of an ended sweep again, as a new sweep",
               .examples = "fleetcast sweep retry 01jf2v8k6w --watch"},
              [&session, retry] { return RetrySweep(session, *retry); });
  retry_verb.add_option("id", retry->id, "sweep")->required();
  retry_verb.add_flag("--watch,-w", retry->watch, "follow it to its end");
}

}  // namespace

void AddSweepCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "sweep", "sweeps: one forecast per deployed circuit");
  AddStart(noun, session);
  AddBackfillVerb(noun, session);
  AddReading(noun, session);
  AddCancelAndRetry(noun, session);
  AddWorkVerbs(noun, session,
               {.command = "sweep",
                .service = Service::kInference,
                .collection = "sweeps",
                .tasks = "invocations"});
}

}  // namespace fleetcast::cli
