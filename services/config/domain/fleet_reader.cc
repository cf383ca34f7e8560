#include "services/config/domain/fleet_reader.h"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/config/domain/circuit_filter.h"
#include "services/config/domain/fleet_diagnostics.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kMaxCircuitFileBytes = 256 << 10;
// That of 10,000 circuits has about 800 KiB.
constexpr std::size_t kMaxMasterListBytes = 2 << 20;
constexpr std::size_t kMostCalendars = 1000;
constexpr char kAllPlants[] = "-";

// Shares of the caches, in percent. Files and circuits are a few KiB each, an outline of 10,000
// circuits about 2 MiB; several outlines and everything else of such a fleet fit into 100 MiB.
constexpr std::size_t kOutlineShare = 15, kPlantShare = 10, kMasterListShare = 10,
                      kCalendarShare = 5, kFileShare = 25, kCircuitShare = 30, kComparisonShare = 5;
// Fewer than this are read sooner than another thread is started.
constexpr std::size_t kCircuitsPerThread = 32, kPlantsPerThread = 8;

// A file's content, or a diagnostic where it is this file alone that cannot be had.
absl::StatusOr<ParsedYaml> Parsed(const absl::StatusOr<std::string>& text, const YamlParser& parser,
                                  std::size_t limit) {
  if (text.ok()) return parser(*text);
  const std::string reason = ReasonOf(text.status());
  if (reason == "FILE_TOO_LARGE")
    return ParsedYaml{
        .diagnostics = {{.reason = reason,
                         .message = "the file is too large, so it was not read",
                         .remedy = absl::StrCat("keep it below ", limit >> 10, " KiB")}}};
  if (reason == "FILE_UNREADABLE")
    return ParsedYaml{.diagnostics = {{.reason = reason,
                                       .message = std::string(text.status().message()),
                                       .remedy = "let its reader have it, or delete it"}}};
  return text.status();
}

// A revision that the remote may well have.
absl::Status UnknownWithoutRemote(const std::string& revision, const Freshness& freshness) {
  return MakeError(
      absl::StatusCode::kUnavailable,
      absl::StrCat("revision \"", revision, "\" is not known here, and ", freshness.message),
      {.reason = freshness.reason,
       .metadata = {{"revision", revision}, {"error", freshness.message}},
       .retry_after = freshness.retry_after});
}

// A revision that the remote did not have when it was last asked: since the call, or before it.
absl::Status UnknownAtRemote(const std::string& revision, const Freshness& freshness) {
  const std::string time =
      absl::FormatTime(absl::RFC3339_sec, *freshness.fetch_time, absl::UTCTimeZone());
  ErrorDetails details = {.reason = "REVISION_NOT_FOUND",
                          .metadata = {{"revision", revision}, {"fetch_time", time}},
                          .resource_type = "Revision",
                          .resource_name = revision};
  std::string message =
      absl::StrCat("the remote had no revision \"", revision, "\" when it was fetched at ", time);
  if (freshness.retry_after > absl::ZeroDuration()) {
    details.retry_after = freshness.retry_after;
    absl::StrAppend(
        &message, ", before this call; the next fetch for an unknown revision is due in ",
        absl::ToInt64Seconds(absl::Ceil(freshness.retry_after, absl::Seconds(1))),
        " s, which this call had no time to wait for: ask again, with a later deadline, or with "
        "max_staleness 0s");
  } else {
    absl::StrAppend(&message, "; check the spelling, and that it has been pushed");
  }
  return MakeError(absl::StatusCode::kNotFound, std::move(message), std::move(details));
}

std::string OrHead(const std::string& revision) { return revision.empty() ? "HEAD" : revision; }

}  // namespace

FleetReader::FleetReader(ConfigRepository& repository, YamlParser parser, std::size_t cache_bytes)
    : repository_(repository),
      parser_(std::move(parser)),
      outlines_(cache_bytes / 100 * kOutlineShare),
      plants_(cache_bytes / 100 * kPlantShare),
      master_lists_(cache_bytes / 100 * kMasterListShare),
      calendars_(cache_bytes / 100 * kCalendarShare),
      files_(cache_bytes / 100 * kFileShare),
      circuits_(cache_bytes / 100 * kCircuitShare),
      comparisons_(cache_bytes / 100 * kComparisonShare),
      parallel_(static_cast<int>(std::thread::hardware_concurrency()) - 1) {}

absl::StatusOr<PlantList> FleetReader::ListPlants(const ListQuery& query) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto filter, CheckPlantFilter(query.filter));
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitOf(query, 1));
  const std::string& commit = commits.ids[0];
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline outline, ReadableOutline(commit));
  PlantList list{.commit = commit, .freshness = commits.freshness};
  for (const auto& plant : outline->plants) {
    if (!query.page.after.empty() && plant->plant_id <= query.page.after[1]) continue;
    if (!plant->listed || !MatchesPlant(filter, *plant)) continue;
    if (list.page.items.size() == static_cast<std::size_t>(query.page.size)) {
      list.page.next_after = {commit, list.page.items.back()->plant_id};
      break;
    }
    list.page.items.push_back(plant);
  }
  return list;
}

absl::StatusOr<CircuitList> FleetReader::ListCircuits(const std::string& plant_id,
                                                      const ListQuery& query) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto filter, CheckCircuitFilter(query.filter));
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitOf(query, 2));
  const std::string& commit = commits.ids[0];
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline outline, ReadableOutline(commit));
  std::vector<CircuitOfPlant> circuits;
  if (plant_id == kAllPlants) {
    circuits = CircuitsOf(outline->plants);
  } else {
    const auto plant = outline->FindPlant(plant_id);
    if (plant == nullptr)
      return ResourceNotFound("Plant", absl::StrCat("plants/", plant_id),
                              absl::StrCat("list the plants of commit ", commit));
    circuits = CircuitsOf({plant});
  }
  FLEETCAST_ASSIGN_OR_RETURN(std::vector<ResolvedCircuit> all, ResolveAll(circuits));
  CircuitList list{.commit = commit, .freshness = commits.freshness, .page = {}};
  list.complete = outline->complete;
  for (ResolvedCircuit& resolved : all) {
    if (!resolved.sound()) ++list.unsound_circuit_count;
    if (!query.page.after.empty() &&
        resolved.key() <= CircuitKey{query.page.after[1], query.page.after[2]})
      continue;
    if (!list.page.next_after.empty()) continue;
    if (resolved.sound() && !MatchesCircuit(filter, resolved)) continue;
    if (list.page.items.size() < static_cast<std::size_t>(query.page.size)) {
      list.page.items.push_back(std::move(resolved));
    } else {
      const CircuitKey& last = list.page.items.back().key();
      list.page.next_after = {commit, last.plant_id, last.circuit_id};
    }
  }
  return list;
}

absl::StatusOr<CircuitAnswer> FleetReader::GetCircuit(const CircuitKey& key,
                                                      const std::string& revision,
                                                      MaxStaleness max_staleness) {
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits,
                             CommitsOf({{"revision", OrHead(revision)}}, max_staleness));
  const std::string& commit = commits.ids[0];
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline outline, ReadableOutline(commit));
  const auto plant = outline->FindPlant(key.plant_id);
  const CircuitOutline* circuit = plant == nullptr ? nullptr : plant->FindCircuit(key.circuit_id);
  if (circuit == nullptr)
    return ResourceNotFound("Circuit",
                            absl::StrCat("plants/", key.plant_id, "/circuits/", key.circuit_id),
                            absl::StrCat("list the circuits of commit ", commit));
  FLEETCAST_ASSIGN_OR_RETURN(auto resolution, Resolve(*plant, *circuit));
  ResolvedCircuit resolved{{plant, circuit}, std::move(resolution)};
  if (!resolved.sound()) return UnsoundCircuit(commit, resolved);
  return CircuitAnswer{commit, commits.freshness, std::move(resolved)};
}

absl::StatusOr<ValidationReport> FleetReader::ValidateRevision(const std::string& revision,
                                                               MaxStaleness max_staleness) {
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits,
                             CommitsOf({{"revision", OrHead(revision)}}, max_staleness));
  const std::string& commit = commits.ids[0];
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline outline, Outline(commit));
  ValidationReport report{
      .commit = commit, .freshness = commits.freshness, .diagnostics = FleetDiagnostics(*outline)};
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<ResolvedCircuit> all,
                             ResolveAll(CircuitsOf(outline->plants)));
  for (const ResolvedCircuit& resolved : all) {
    if (outline->readable) ++report.circuit_count;
    if (outline->readable && !resolved.sound()) ++report.unsound_circuit_count;
    AddDiagnosticsOf(resolved, report.diagnostics);
  }
  Arrange(report.diagnostics);
  return report;
}

absl::StatusOr<ChangeReport> FleetReader::DetectChanges(const std::string& base_revision,
                                                        const std::string& head_revision,
                                                        MaxStaleness max_staleness) {
  ChangeReport report{.base_commit = base_revision, .comparison = nullptr};
  std::vector<NamedRevision> revisions;
  if (base_revision != kNoCommit) revisions.push_back({"base_revision", base_revision});
  revisions.push_back({"head_revision", head_revision});
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitsOf(revisions, max_staleness));
  const std::string& head_commit = commits.ids.back();
  report.freshness = commits.freshness;
  CommonAncestor merge_base{.commit = kNoCommit, .count = 0};
  if (base_revision != kNoCommit) {
    report.base_commit = commits.ids.front();
    FLEETCAST_ASSIGN_OR_RETURN(merge_base, repository_.MergeBase(report.base_commit, head_commit));
  }
  report.merge_base_count = merge_base.count;
  FLEETCAST_ASSIGN_OR_RETURN(
      report.comparison,
      comparisons_.FindOrMake(absl::StrCat(merge_base.commit, " ", head_commit),
                              [&] { return Compare(merge_base.commit, head_commit); }));
  return report;
}

absl::StatusOr<Kinship> FleetReader::MergeBaseOf(const std::string& base_revision,
                                                 const std::string& head_revision,
                                                 MaxStaleness max_staleness) {
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitsOf({{"base_revision", base_revision},
                                                               {"head_revision", head_revision}},
                                                              max_staleness));
  Kinship kinship{.base_commit = commits.ids[0],
                  .head_commit = commits.ids[1],
                  .merge_base_commit = "",
                  .freshness = commits.freshness};
  const auto merge_base = repository_.MergeBase(kinship.base_commit, kinship.head_commit);
  if (merge_base.ok())
    kinship.merge_base_commit = merge_base->commit;
  else if (ReasonOf(merge_base.status()) != "NO_MERGE_BASE")
    return merge_base.status();
  return kinship;
}

absl::StatusOr<std::shared_ptr<const Comparison>> FleetReader::Compare(
    const std::string& merge_base, const std::string& head_commit) {
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline base_outline, Outline(merge_base));
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline head_outline, ReadableOutline(head_commit));
  const FleetOutline &base = *base_outline, &head = *head_outline;
  const Candidates candidates = FindCandidates(base, head);
  std::vector<CircuitOfPlant> circuits = candidates.base;
  circuits.insert(circuits.end(), candidates.head.begin(), candidates.head.end());
  FLEETCAST_ASSIGN_OR_RETURN(std::vector<ResolvedCircuit> resolved, ResolveAll(circuits));
  const auto middle = resolved.begin() + static_cast<std::ptrdiff_t>(candidates.base.size());
  const auto move = [](auto from, auto to) {
    return std::vector<ResolvedCircuit>(std::make_move_iterator(from), std::make_move_iterator(to));
  };
  const Fleet before{base.readable, base.complete, move(resolved.begin(), middle)};
  const Fleet after{head.readable, head.complete, move(middle, resolved.end())};
  auto comparison = std::make_shared<Comparison>();
  comparison->merge_base_commit = merge_base;
  comparison->head_commit = head_commit;
  comparison->changes = config::DetectChanges(before, after);
  comparison->diagnostics = NewFleetDiagnostics(base, head);
  for (const ResolvedCircuit& circuit : after.circuits)
    AddDiagnosticsOf(circuit, comparison->diagnostics);
  Arrange(comparison->diagnostics);
  return comparison;
}

absl::StatusOr<FleetReader::Commits> FleetReader::CommitsOf(
    const std::vector<NamedRevision>& revisions, MaxStaleness max_staleness) {
  std::vector<std::string> names;
  for (const NamedRevision& named : revisions) {
    FLEETCAST_RETURN_IF_ERROR(ValidateRevisionText(named.field, named.revision));
    names.push_back(named.revision);
  }
  Commits commits{.freshness = repository_.Refresh(names, max_staleness)};
  for (const NamedRevision& named : revisions) {
    auto commit = repository_.ResolveCommit(named.field, named.revision);
    if (absl::IsNotFound(commit.status()) && commits.freshness && commits.freshness->stale)
      return UnknownWithoutRemote(named.revision, *commits.freshness);
    if (absl::IsNotFound(commit.status()) && commits.freshness && commits.freshness->fetch_time)
      return UnknownAtRemote(named.revision, *commits.freshness);
    if (!commit.ok()) return commit.status();
    commits.ids.push_back(*std::move(commit));
  }
  return commits;
}

absl::StatusOr<FleetReader::Commits> FleetReader::CommitOf(const ListQuery& query,
                                                           std::size_t key_size) {
  if (query.page.after.empty())
    return CommitsOf({{"revision", OrHead(query.revision)}}, query.max_staleness);
  if (query.page.after.size() != key_size + 1)
    return InvalidField("page_token", "is not from this list; start from the first page",
                        "INVALID_PAGE_TOKEN");
  return CommitsOf({{"page_token", query.page.after[0]}}, query.max_staleness);
}

absl::StatusOr<FleetReader::SharedOutline> FleetReader::Outline(const std::string& commit) {
  return outlines_.FindOrMake(commit, [&] { return MakeOutline(commit); });
}

absl::StatusOr<FleetReader::SharedOutline> FleetReader::MakeOutline(const std::string& commit) {
  if (commit == kNoCommit)
    return std::make_shared<const FleetOutline>(
        FleetOutline{.commit = commit, .readable = true, .complete = true});
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<TreeEntry> entries,
                             repository_.ListConfigFolder(commit));
  const ConfigFiles files = SortConfigFolder(entries);
  FLEETCAST_ASSIGN_OR_RETURN(const auto calendars, LoadCalendars(files.calendars));
  if (files.master_list == nullptr)
    return std::make_shared<const FleetOutline>(
        OutlineFleet(commit, files, nullptr, calendars.get()));
  const ObjectId& master_list = files.master_list->object_id;
  FLEETCAST_ASSIGN_OR_RETURN(const auto master, LoadMasterList(master_list));
  FleetOutline fleet = OutlineFleet(commit, files, master.get(), calendars.get());
  const std::vector<PlantSources> sources = SourcesOf(files, *master, calendars);
  fleet.plants.resize(sources.size());
  FLEETCAST_RETURN_IF_ERROR(parallel_.ForEach(sources.size(), kPlantsPerThread, [&](std::size_t i) {
    auto plant = OutlineOfPlant(sources[i], master_list, files.calendars);
    if (!plant.ok()) return plant.status();
    fleet.plants[i] = *std::move(plant);
    return absl::OkStatus();
  }));
  return std::make_shared<const FleetOutline>(std::move(fleet));
}

absl::StatusOr<std::shared_ptr<const PlantOutline>> FleetReader::OutlineOfPlant(
    const PlantSources& sources, const ObjectId& master_list, const TreeEntry* calendars) {
  using Made = absl::StatusOr<std::shared_ptr<const PlantOutline>>;
  std::string key = absl::StrCat(sources.plant_id, "/");
  key += master_list.view();
  for (const TreeEntry* entry : {sources.folder, sources.defaults, calendars}) {
    key += entry == nullptr ? '-' : static_cast<char>(entry->kind);
    if (entry != nullptr) key += entry->object_id.view();
  }
  return plants_.FindOrMake(key, [&]() -> Made {
    std::vector<TreeEntry> entries;
    if (sources.folder != nullptr) {
      FLEETCAST_ASSIGN_OR_RETURN(entries, repository_.ListPlantFolder(sources.folder->object_id));
    }
    return std::make_shared<const PlantOutline>(OutlinePlant(sources, entries));
  });
}

absl::StatusOr<FleetReader::SharedOutline> FleetReader::ReadableOutline(const std::string& commit) {
  FLEETCAST_ASSIGN_OR_RETURN(SharedOutline outline, Outline(commit));
  if (outline->readable) return outline;
  if (!outline->has_master_list)
    return Refused(absl::StatusCode::kFailedPrecondition, "MASTER_LIST_MISSING",
                   absl::StrCat("commit ", commit, " has no file ", kMasterListPath,
                                "; add it, or name a revision that has it"),
                   {{"commit", commit}, {"path", kMasterListPath}});
  const auto first =
      std::find_if(outline->diagnostics.begin(), outline->diagnostics.end(),
                   [](const Diagnostic& diagnostic) { return diagnostic.path == kMasterListPath; });
  const std::string line = absl::StrCat(first->mark.line);
  return Refused(absl::StatusCode::kFailedPrecondition, "MASTER_LIST_UNSOUND",
                 absl::StrCat("the master list cannot be read at ", commit, ": ", kMasterListPath,
                              ":", line, ": ", first->message, "; ", first->remedy),
                 {{"commit", commit},
                  {"path", kMasterListPath},
                  {"line", line},
                  {"first_reason", first->reason},
                  {"first_message", first->message},
                  {"first_remedy", first->remedy}});
}

absl::StatusOr<std::shared_ptr<const MasterList>> FleetReader::LoadMasterList(
    const ObjectId& object_id) {
  using Made = absl::StatusOr<std::shared_ptr<const MasterList>>;
  return master_lists_.FindOrMake(std::string(object_id.view()), [&]() -> Made {
    const auto text = repository_.ReadFile(object_id, kMaxMasterListBytes);
    FLEETCAST_ASSIGN_OR_RETURN(const ParsedYaml yaml, Parsed(text, parser_, kMaxMasterListBytes));
    return std::make_shared<const MasterList>(ReadMasterList(yaml));
  });
}

absl::StatusOr<std::shared_ptr<const Calendars>> FleetReader::LoadCalendars(
    const TreeEntry* folder) {
  using Made = absl::StatusOr<std::shared_ptr<const Calendars>>;
  if (folder == nullptr) return std::shared_ptr<const Calendars>();
  return calendars_.FindOrMake(std::string(folder->object_id.view()), [&]() -> Made {
    FLEETCAST_ASSIGN_OR_RETURN(const std::vector<TreeEntry> entries,
                               repository_.ListPlantFolder(folder->object_id));
    const CalendarFiles files = SortCalendarFolder(entries, kMostCalendars);
    Calendars calendars{
        .object_id = folder->object_id, .files = {}, .diagnostics = files.diagnostics};
    for (const auto& [name, entry] : files.calendars) {
      const auto text = repository_.ReadFile(entry->object_id, kMaxCircuitFileBytes);
      FLEETCAST_ASSIGN_OR_RETURN(const ParsedYaml yaml,
                                 Parsed(text, parser_, kMaxCircuitFileBytes));
      calendars.files[name] =
          ReadCalendarFile(yaml, absl::StrCat(kCalendarsFolder, "/", entry->path));
    }
    return std::make_shared<const Calendars>(std::move(calendars));
  });
}

absl::StatusOr<std::shared_ptr<const CircuitFile>> FleetReader::LoadFile(const ObjectId& object_id,
                                                                         FileKind kind) {
  using Made = absl::StatusOr<std::shared_ptr<const CircuitFile>>;
  std::string key = kind == FileKind::kCircuit ? "c" : "d";
  key += object_id.view();
  return files_.FindOrMake(key, [&]() -> Made {
    const auto text = repository_.ReadFile(object_id, kMaxCircuitFileBytes);
    FLEETCAST_ASSIGN_OR_RETURN(const ParsedYaml yaml, Parsed(text, parser_, kMaxCircuitFileBytes));
    return std::make_shared<const CircuitFile>(ReadCircuitFile(yaml, kind));
  });
}

absl::StatusOr<std::shared_ptr<const CircuitResolution>> FleetReader::Resolve(
    const PlantOutline& plant, const CircuitOutline& outline) {
  static const auto nothing = std::make_shared<const CircuitResolution>();
  if (outline.files[0].empty()) return nothing;
  std::string key = absl::StrCat(outline.key.plant_id, "/", outline.key.circuit_id, "/");
  for (const ObjectId& file : outline.files) key += file.view();
  absl::StrAppend(&key, plant.time_zone, " ");
  if (plant.calendars) key += plant.calendars->object_id.view();
  return circuits_.FindOrMake(key, [&] { return ResolveAnew(plant, outline); });
}

absl::StatusOr<std::shared_ptr<const CircuitResolution>> FleetReader::ResolveAnew(
    const PlantOutline& plant, const CircuitOutline& outline) {
  std::vector<CircuitLayer> layers;
  for (std::size_t i = 0; i < kLayers; ++i) {
    if (outline.files[i].empty()) continue;
    FLEETCAST_ASSIGN_OR_RETURN(
        auto file, LoadFile(outline.files[i], i == 0 ? FileKind::kCircuit : FileKind::kDefaults));
    layers.push_back({outline.PathOf(i), std::move(file), static_cast<int>(i)});
  }
  return std::make_shared<const CircuitResolution>(
      ResolveCircuit(outline.key.plant_id, outline.key.circuit_id, layers,
                     {.time_zone = plant.time_zone,
                      .zone_mark = plant.zone_mark,
                      .calendars = plant.calendars.get()}));
}

absl::StatusOr<std::vector<ResolvedCircuit>> FleetReader::ResolveAll(
    const std::vector<CircuitOfPlant>& circuits) {
  std::vector<ResolvedCircuit> resolved(circuits.size());
  FLEETCAST_RETURN_IF_ERROR(
      parallel_.ForEach(circuits.size(), kCircuitsPerThread, [&](std::size_t i) {
        auto resolution = Resolve(*circuits[i].plant, *circuits[i].outline);
        if (!resolution.ok()) return resolution.status();
        resolved[i] = {circuits[i], *std::move(resolution)};
        return absl::OkStatus();
      }));
  return resolved;
}

std::size_t Comparison::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + config::ApproximateBytes(diagnostics);
  for (const CircuitChange& change : changes) {
    bytes += sizeof change + change.fields.capacity() * sizeof(FieldChange);
    for (const FieldChange& field : change.fields)
      bytes +=
          field.field.size() + field.old_value.size() + field.new_value.size() + field.path.size();
  }
  return bytes;
}

std::size_t FleetReader::cached_bytes() const {
  return outlines_.bytes() + plants_.bytes() + master_lists_.bytes() + calendars_.bytes() +
         files_.bytes() + circuits_.bytes() + comparisons_.bytes();
}

}  // namespace fleetcast::config
