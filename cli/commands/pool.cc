#include "cli/commands/pool.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/output/table.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/work_methods.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

using Align = Column::Align;

constexpr char kOfTraining[] = "training";
constexpr char kOfForecasting[] = "forecasting";

struct Setting {
  std::string id, of = kOfTraining, reason;
  std::optional<std::int32_t> limit;
  bool no_limit = false;
};

Service ServiceOf(const std::string& of) {
  return of == kOfForecasting ? Service::kInference : Service::kTrainer;
}

Table PoolsTable(const std::vector<workqueue::v1::Pool>& pools, absl::Time now) {
  Table table({{"POOL"},
               {"LIMIT", Align::kRight},
               {"RUNNING", Align::kRight},
               {"QUEUED", Align::kRight},
               {"OLDEST", Align::kRight},
               {"SLOTS", Align::kRight},
               {"REASON"}});
  for (const workqueue::v1::Pool& pool : pools)
    table.AddRow({LastPart(pool.name()),
                  pool.paused()      ? Cell("paused", Style::kBad)
                  : pool.has_limit() ? Cell(absl::StrCat(pool.limit()))
                                     : Cell(""),
                  absl::StrCat(pool.running_count()), absl::StrCat(pool.queued_count()),
                  pool.has_oldest_queued_time() ? SpanText(pool.oldest_queued_time(), {}, now) : "",
                  pool.slot_count() > 0 ? absl::StrCat(pool.slot_count()) : "", pool.reason()});
  return table;
}

absl::StatusOr<std::vector<workqueue::v1::Pool>> AllPools(Session& session, Service service) {
  return ListAll(
      session,
      work_rpc::MethodOf<workqueue::v1::ListPoolsRequest, workqueue::v1::ListPoolsResponse>(
          service, work_rpc::kListPools),
      workqueue::v1::ListPoolsRequest(), 0,
      [](workqueue::v1::ListPoolsResponse* page) { return page->mutable_pools(); });
}

absl::Status ListPools(Session& session, const std::string& of) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto pools, AllPools(session, ServiceOf(of)));
  session.ShowList(
      pools, [&] { return PoolsTable(pools, session.Now()); }, "no pools");
  return absl::OkStatus();
}

absl::Status UpdatePool(Session& session, const std::string& of,
                        workqueue::v1::UpdatePoolRequest request, const std::string& id) {
  request.set_request_id(session.RequestId());
  request.mutable_pool()->set_name(NameIn("pools", id));
  FLEETCAST_ASSIGN_OR_RETURN(
      const workqueue::v1::Pool pool,
      session.Call(work_rpc::MethodOf<workqueue::v1::UpdatePoolRequest, workqueue::v1::Pool>(
                       ServiceOf(of), work_rpc::kUpdatePool),
                   request));
  session.Show(pool, [&](const Terminal& terminal) {
    return PoolsTable({pool}, session.Now()).Render(terminal);
  });
  // That of everything is never mistyped.
  if (pool.name() != "pools/fleet" && pool.queued_count() == 0 && pool.running_count() == 0 &&
      pool.replica_count() == 0)
    session.Note(absl::StrCat("nothing is of pool ", id,
                              " now; if that is a typing error: fleetcast pool delete ", id,
                              of == kOfTraining ? "" : absl::StrCat(" --of ", of)));
  return absl::OkStatus();
}

absl::Status DeletePool(Session& session, const Setting& setting) {
  workqueue::v1::DeletePoolRequest request;
  request.set_request_id(session.RequestId());
  request.set_name(NameIn("pools", setting.id));
  FLEETCAST_RETURN_IF_ERROR(
      session
          .Call(work_rpc::MethodOf<workqueue::v1::DeletePoolRequest, google::protobuf::Empty>(
                    ServiceOf(setting.of), work_rpc::kDeletePool),
                request)
          .status());
  session.ShowDone("deleted", request.name(), absl::StrCat("pool ", setting.id, " is deleted"));
  return absl::OkStatus();
}

absl::Status Set(Session& session, const Setting& setting) {
  workqueue::v1::UpdatePoolRequest request;
  if (setting.limit.has_value() == setting.no_limit)
    return InvalidField("--limit", "say one of --limit N and --no-limit");
  request.mutable_update_mask()->add_paths("limit");
  request.mutable_update_mask()->add_paths("reason");
  if (setting.limit) request.mutable_pool()->set_limit(*setting.limit);
  request.mutable_pool()->set_reason(setting.reason);
  return UpdatePool(session, setting.of, std::move(request), setting.id);
}

absl::Status SetPaused(Session& session, const Setting& setting, bool paused) {
  workqueue::v1::UpdatePoolRequest request;
  request.mutable_update_mask()->add_paths("paused");
  request.mutable_update_mask()->add_paths("reason");
  request.mutable_pool()->set_paused(paused);
  request.mutable_pool()->set_reason(setting.reason);
  return UpdatePool(session, setting.of, std::move(request), setting.id);
}

void AddOf(CLI::App& verb, std::string& of) {
  verb.add_option("--of", of, "whose work: training, or forecasting with releases (training)")
      ->check(CLI::IsMember({kOfTraining, kOfForecasting}));
}

struct WorkOptions {
  std::string id, circuit, reason, pool;
  std::optional<std::int32_t> priority;
};

// "trainingRuns/{id}" or "trainingRuns/{id}/jobs/P001.C001".
absl::StatusOr<std::string> NameOf(const WorkNoun& work, const WorkOptions& options) {
  std::string group = NameIn(work.collection, options.id);
  if (options.circuit.empty()) return group;
  FLEETCAST_ASSIGN_OR_RETURN(const std::string circuit, CircuitName(options.circuit));
  return absl::StrCat(group, "/", work.tasks, "/",
                      absl::StrReplaceAll(ShortCircuit(circuit), {{"/", "."}}));
}

// What was done to work: {done: its name, how many tasks, and whatever `with` adds} for programs,
// `text` for people.
struct Done {
  std::string done, text;
  nlohmann::ordered_json with = nlohmann::ordered_json::object();
};

template <typename Request, typename Response>
absl::Status Change(Session& session, const WorkNoun& work, const WorkOptions& options,
                    const char* path, Request request, const Done& done) {
  request.set_request_id(session.RequestId());
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), NameOf(work, options));
  FLEETCAST_ASSIGN_OR_RETURN(
      const Response response,
      session.Call(work_rpc::MethodOf<Request, Response>(work.service, path), request));
  nlohmann::ordered_json document = {{done.done, request.name()}, {"count", response.count()}};
  document.update(done.with);
  session.Show(document, [&](const Terminal&) {
    return absl::StrCat(request.name(), " ", done.text, " (", response.count(), ")\n");
  });
  return absl::OkStatus();
}

// Work that was moved where nobody works waits, without a word from the server.
void NoteIfUnserved(Session& session, Service service, const std::string& pool) {
  const auto pools = AllPools(session, service);
  if (!pools.ok()) {  // it was moved all the same
    session.Note(absl::StrCat("whether a replica works for pool ", pool,
                              " could not be seen: ", pools.status().message()));
    return;
  }
  const bool served =
      std::any_of(pools->begin(), pools->end(), [&](const workqueue::v1::Pool& each) {
        return LastPart(each.name()) == pool && each.replica_count() > 0;
      });
  if (!served)
    session.Note(absl::StrCat("no replica works for pool ", pool,
                              " now, so what was moved waits until one does; who works for what: "
                              "fleetcast pool list"));
}

CLI::App& AddWorkVerb(CLI::App& noun, Session& session, const WorkNoun& work,
                      const std::string& name, const std::string& about, const std::string& example,
                      const std::shared_ptr<WorkOptions>& options,
                      const std::function<absl::Status()>& run) {
  CLI::App& verb =
      AddVerb(noun, session,
              {.name = name,
               .about = about,
               .examples = absl::StrCat("fleetcast ", work.command, " ", name, " ", example)},
              run);
  verb.add_option("id", options->id, "the id, as lists show it")->required();
  verb.add_option("--circuit", options->circuit, "only this circuit's: P001/C001 (all of it)");
  return verb;
}

}  // namespace

void AddWorkVerbs(CLI::App& noun, Session& session, const WorkNoun& work) {
  const auto paused = std::make_shared<WorkOptions>();
  AddWorkVerb(noun, session, work, "pause", "start nothing more of it; what runs goes on",
              "01m8c46jz --reason 'maintenance'", paused,
              [&session, work, paused] {
                workqueue::v1::PauseTasksRequest request;
                request.set_reason(paused->reason);
                return Change<workqueue::v1::PauseTasksRequest, workqueue::v1::PauseTasksResponse>(
                    session, work, *paused, work_rpc::kPauseTasks, request,
                    {"paused", "is paused", {{"reason", paused->reason}}});
              })
      .add_option("--reason", paused->reason, "why, for people");
  const auto resumed = std::make_shared<WorkOptions>();
  AddWorkVerb(
      noun, session, work, "resume", "go on with what was paused", "01m8c46jz", resumed,
      [&session, work, resumed] {
        return Change<workqueue::v1::ResumeTasksRequest, workqueue::v1::ResumeTasksResponse>(
            session, work, *resumed, work_rpc::kResumeTasks, {}, {"resumed", "goes on"});
      });
  const auto moved = std::make_shared<WorkOptions>();
  CLI::App& move = AddWorkVerb(
      noun, session, work, "move", "move what waits to another pool, or before or behind the rest",
      "01m8c46jz --circuit P001/C001 --priority 5", moved, [&session, work, moved] {
        workqueue::v1::MoveTasksRequest request;
        Done done{"moved", "was moved"};
        if (!moved->pool.empty()) {
          request.set_pool(NameIn("pools", moved->pool));
          done.with["pool"] = request.pool();
        }
        if (moved->priority) {
          request.set_priority(*moved->priority);
          done.with["priority"] = request.priority();
        }
        absl::Status changed =
            Change<workqueue::v1::MoveTasksRequest, workqueue::v1::MoveTasksResponse>(
                session, work, *moved, work_rpc::kMoveTasks, request, done);
        if (changed.ok() && !moved->pool.empty())
          NoteIfUnserved(session, work.service, LastPart(request.pool()));
        return changed;
      });
  move.add_option("--pool", moved->pool, "the pool whose replicas are to run it (as it is)");
  move.add_option("--priority", moved->priority, "greater goes first within its group");
}

void AddPoolCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "pool", "limits and pauses of work, for all replicas at once");
  const auto of = std::make_shared<std::string>(kOfTraining);
  AddOf(AddVerb(noun, session,
                {.name = "list",
                 .about = "pools, with what waits and runs in them",
                 .examples = "fleetcast pool list\nfleetcast pool list --of forecasting"},
                [&session, of] { return ListPools(session, *of); }),
        *of);

  const auto set = std::make_shared<Setting>();
  CLI::App& set_verb = AddVerb(noun, session,
                               {.name = "set",
                                .about = "how many tasks of a pool may run at once",
                                .examples = "fleetcast pool set fleet --limit 5\n"
                                            "fleetcast pool set plant-P001 --no-limit"},
                               [&session, set] { return Set(session, *set); });
  set_verb.add_option("id", set->id, "the pool: fleet, plant-P001, …")->required();
  set_verb.add_option("--limit", set->limit,
                      "at most this many, over all replicas; 0 lets none run");
  set_verb.add_flag("--no-limit", set->no_limit, "as many as there are slots");
  set_verb.add_option("--reason", set->reason, "why, for people");
  AddOf(set_verb, set->of);

  const auto deleted = std::make_shared<Setting>();
  CLI::App& delete_verb =
      AddVerb(noun, session,
              {.name = "delete",
               .about = "forget a pool that nothing is of, with its limit and pause",
               .examples = "fleetcast pool delete plant-P0001"},
              [&session, deleted] { return DeletePool(session, *deleted); });
  delete_verb.add_option("id", deleted->id, "the pool")->required();
  AddOf(delete_verb, deleted->of);

  for (const bool paused : {true, false}) {
    const auto setting = std::make_shared<Setting>();
    CLI::App& verb = AddVerb(
        noun, session,
        {.name = paused ? "pause" : "resume",
         .about = paused ? "start nothing more of a pool; what runs goes on" : "go on with a pool",
         .examples = paused ? "fleetcast pool pause plant-P001 --reason 'sensors are moved'"
                            : "fleetcast pool resume plant-P001"},
        [&session, setting, paused] { return SetPaused(session, *setting, paused); });
    verb.add_option("id", setting->id, "the pool: fleet, plant-P001, …")->required();
    if (paused) verb.add_option("--reason", setting->reason, "why, for people");
    AddOf(verb, setting->of);
  }
}

}  // namespace fleetcast::cli
