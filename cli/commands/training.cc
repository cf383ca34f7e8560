#include "cli/commands/training.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/commands/pool.h"
#include "cli/commands/training_actions.h"
#include "cli/session.h"

namespace fleetcast::cli {
namespace {

void AddStartRun(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<TrainingStart>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "start",
       .about = "train the circuits that a branch changes, or circuits by name",
       .examples =
           "fleetcast training start --base origin/main --head my-branch --pr 12 --author mia "
           "--watch\n"
           "fleetcast training start --circuits P001/C001,P001/C002 --revision main\n"
           "fleetcast training start --circuits P001 --watch     # every circuit of the plant\n"
           "fleetcast training start --circuits all -o json      # the whole fleet\n"
           "fleetcast training start --plant-base P001 --watch   # what its circuits have in "
           "common"},
      [&session, options] { return StartTraining(session, *options); });
  verb.add_option("--base", options->base, "what the branch will be merged into (origin/main)")
      ->type_name("REVISION");
  CLI::Option* head =
      verb.add_option("--head", options->head, "branch whose changed circuits are trained")
          ->type_name("REVISION");
  CLI::Option* circuits =
      verb.add_option(
              "--circuits", options->circuits,
              "circuits to train, changed or not: P001/C001,..., P001, or all for the whole fleet")
          ->type_name("CIRCUIT,...");
  CLI::Option* plants =
      verb.add_option("--plant-base", options->plants,
                      "plants whose bases are trained, on all their circuits: P001,... or all")
          ->type_name("PLANT,...");
  CLI::Option* revision = verb.add_option("--revision", options->revision,
                                          "commit whose configuration is trained (HEAD)");
  head->excludes(circuits)->excludes(revision);
  plants->excludes(circuits)->excludes(head);
  CLI::Option* number = verb.add_option("--pr", options->pull_request, "pull request's number")
                            ->check(CLI::PositiveNumber);
  verb.add_option("--author", options->author, "who opened the pull request")->needs(number);
  verb.add_flag("--watch,-w", options->watch, "follow it to its end");
}

void AddWatchAndShow(CLI::App& noun, Session& session) {
  const auto watched = std::make_shared<std::string>();
  CLI::App& watch = AddVerb(noun, session,
                            {.name = "watch",
                             .about = "follow a run to its end; exit code 1 if a circuit fails",
                             .examples = "fleetcast training watch            # the latest run\n"
                                         "fleetcast training watch 01jf2v8k6w\n"
                                         "fleetcast training watch 01jf2v8k6w | tee training.log"},
                            [&session, watched] { return WatchTraining(session, *watched); });
  watch.add_option("id", *watched, "run (the latest)");

  const auto shown = std::make_shared<std::string>();
  CLI::App& show = AddVerb(noun, session,
                           {.name = "show",
                            .about = "one run with its jobs",
                            .examples = "fleetcast training show\n"
                                        "fleetcast training show 01jf2v8k6w -o json"},
                           [&session, shown] { return ShowTraining(session, *shown); });
  show.add_option("id", *shown, "run (the latest)");
}

void AddList(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<TrainingList>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "list",
       .about = "training runs, newest first",
       .examples =
           "fleetcast training list\n"
           "fleetcast training list --filter 'state = FAILED AND pull_request.number = 12'"},
      [&session, options] { return ListTrainings(session, *options); });
  verb.add_option("--filter", options->filter, "as in the API: state, commit, pull_request.number");
  verb.add_option("--limit", options->limit, "at most this many; 0 = all")->capture_default_str();
}

void AddCancelAndRetryRun(CLI::App& noun, Session& session) {
  const auto cancel = std::make_shared<TrainingCancel>();
  CLI::App& cancel_verb =
      AddVerb(noun, session,
              {.name = "cancel",
               .about = "cancel what has not ended of a run, or one job of it",
               .examples = "fleetcast training cancel 01jf2v8k6w\n"
                           "fleetcast training cancel 01jf2v8k6w --circuit P001/C001"},
              [&session, cancel] { return CancelTraining(session, *cancel); });
  cancel_verb.add_option("id", cancel->id, "run")->required();
  cancel_verb.add_option("--circuit", cancel->circuit,
                         "only this circuit, or P001 for that plant's base (the whole run)");

  const auto retry = std::make_shared<TrainingRetry>();
  CLI::App& retry_verb =
      AddVerb(noun, session,
              {.name = "retry",
               .about = "train the failed circuits of an ended run again, as a new run",
               .examples = "fleetcast training retry 01jf2v8k6w --watch"},
              [&session, retry] { return RetryTraining(session, *retry); });
  retry_verb.add_option("id", retry->id, "run")->required();
  retry_verb.add_flag("--watch,-w", retry->watch, "follow it to its end");
}

}  // namespace

void AddTrainingCommands(CLI::App& app, Session& session) {
  CLI::App& noun =
      AddNoun(app, "training", "training runs: one job per circuit, or per plant for its base");
  AddStartRun(noun, session);
  AddWatchAndShow(noun, session);
  AddList(noun, session);
  AddCancelAndRetryRun(noun, session);
  AddWorkVerbs(noun, session,
               {.command = "training",
                .service = Service::kTrainer,
                .collection = "trainingRuns",
                .tasks = "jobs"});
}

}  // namespace fleetcast::cli
