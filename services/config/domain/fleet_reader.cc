#include "services/config/domain/fleet_reader.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/config/domain/circuit_filter.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kMaxCircuitFileBytes = 256 << 10;
constexpr std::size_t kMaxMasterListBytes = 8 << 20;
constexpr char kAllPlants[] = "-";

// Shares of the caches, in percent. Files and circuits are a few KiB each, an outline of 10,000
// circuits about 8 MiB; two outlines and everything else of such a fleet fit into 100 MiB.
constexpr std::size_t kOutlineShare = 30, kMasterListShare = 10, kFileShare = 35,
                      kCircuitShare = 25;

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

// Two diagnostics that say the same thing, wherever in the file it stands now.
auto Meaning(const Diagnostic& diagnostic) {
  return std::tie(diagnostic.path, diagnostic.field, diagnostic.reason, diagnostic.message);
}

void AddDiagnosticsOf(const ResolvedCircuit& circuit, Diagnostics& diagnostics) {
  for (const Diagnostics* part : {&circuit.outline.diagnostics, &circuit.resolution->diagnostics})
    diagnostics.insert(diagnostics.end(), part->begin(), part->end());
}

// Sorted, and what a shared file's circuits all report only once.
void Arrange(Diagnostics& diagnostics) {
  const auto less = [](const Diagnostic& a, const Diagnostic& b) {
    return ReportOrder(a) < ReportOrder(b);
  };
  const auto equal = [](const Diagnostic& a, const Diagnostic& b) {
    return ReportOrder(a) == ReportOrder(b);
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(), less);
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end(), equal), diagnostics.end());
}

// What is wrong with the head's master list and folders and was not at the base. Where the head's
// list is incomplete everything is told: nothing is retired then, and this says why.
Diagnostics NewFleetDiagnostics(const FleetOutline& base, const FleetOutline& head) {
  if (!head.complete) return head.diagnostics;
  std::set<decltype(Meaning(head.diagnostics.front()))> known;
  for (const Diagnostic& diagnostic : base.diagnostics) known.insert(Meaning(diagnostic));
  Diagnostics fresh;
  for (const Diagnostic& diagnostic : head.diagnostics)
    if (!known.contains(Meaning(diagnostic))) fresh.push_back(diagnostic);
  return fresh;
}

const CircuitOutline* FindCircuit(const std::vector<CircuitOutline>& circuits,
                                  const CircuitKey& key) {
  const auto found =
      std::lower_bound(circuits.begin(), circuits.end(), key,
                       [](const CircuitOutline& a, const CircuitKey& b) { return a.key < b; });
  return found != circuits.end() && found->key == key ? &*found : nullptr;
}

absl::Status UnsoundCircuit(const std::string& commit, const ResolvedCircuit& circuit) {
  Diagnostics diagnostics;
  AddDiagnosticsOf(circuit, diagnostics);
  const auto first = std::find_if(
      diagnostics.begin(), diagnostics.end(),
      [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::kError; });
  const CircuitKey& key = circuit.outline.key;
  const std::string place =
      absl::StrCat(first->path, ":", first->mark.line, ":", first->mark.column);
  return Refused(absl::StatusCode::kFailedPrecondition, "CIRCUIT_UNSOUND",
                 absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                              " is unsound at ", commit, ": ", place, ": ", first->message, " (",
                              first->remedy, "); ValidateRevision lists everything"),
                 {{"plant_id", key.plant_id},
                  {"circuit_id", key.circuit_id},
                  {"commit", commit},
                  {"place", place},
                  {"first_reason", first->reason},
                  {"first_message", first->message},
                  {"first_remedy", first->remedy}});
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

std::string OrHead(const std::string& revision) { return revision.empty() ? "HEAD" : revision; }

}  // namespace

FleetReader::FleetReader(ConfigRepository& repository, YamlParser parser, std::size_t cache_bytes)
    : repository_(repository),
      parser_(std::move(parser)),
      outlines_(cache_bytes / 100 * kOutlineShare),
      master_lists_(cache_bytes / 100 * kMasterListShare),
      files_(cache_bytes / 100 * kFileShare),
      circuits_(cache_bytes / 100 * kCircuitShare) {}

absl::StatusOr<PlantList> FleetReader::ListPlants(const ListQuery& query) {
  FLEETCAST_RETURN_IF_ERROR(CheckPlantFilter(query.filter));
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitOf(query, 1));
  const std::string& commit = commits.ids[0];
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline outline, ReadableOutline(commit));
  PlantList list{.commit = commit, .freshness = commits.freshness};
  for (const PlantOutline& plant : outline->plants) {
    if (!query.page.after.empty() && plant.plant_id <= query.page.after[1]) continue;
    if (!MatchesPlant(query.filter, plant)) continue;
    if (list.page.items.size() == static_cast<std::size_t>(query.page.size)) {
      list.page.next_after = {commit, list.page.items.back().plant_id};
      break;
    }
    list.page.items.push_back(plant);
  }
  return list;
}

absl::StatusOr<CircuitList> FleetReader::ListCircuits(const std::string& plant_id,
                                                      const ListQuery& query) {
  FLEETCAST_RETURN_IF_ERROR(CheckCircuitFilter(query.filter));
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitOf(query, 2));
  const std::string& commit = commits.ids[0];
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline outline, ReadableOutline(commit));
  const bool known =
      plant_id == kAllPlants ||
      std::any_of(outline->plants.begin(), outline->plants.end(),
                  [&](const PlantOutline& plant) { return plant.plant_id == plant_id; });
  if (!known)
    return ResourceNotFound("Plant", absl::StrCat("plants/", plant_id),
                            absl::StrCat("list the plants of commit ", commit));
  CircuitList list{.commit = commit, .freshness = commits.freshness};
  for (const CircuitOutline& circuit : outline->circuits) {
    if (plant_id != kAllPlants && circuit.key.plant_id != plant_id) continue;
    FLEETCAST_ASSIGN_OR_RETURN(ResolvedCircuit resolved, Resolve(circuit));
    if (!resolved.sound()) {
      ++list.unsound_circuit_count;
      continue;
    }
    if (!query.page.after.empty() &&
        circuit.key <= CircuitKey{query.page.after[1], query.page.after[2]})
      continue;
    if (!list.page.next_after.empty() || !MatchesCircuit(query.filter, resolved)) continue;
    if (list.page.items.size() < static_cast<std::size_t>(query.page.size)) {
      list.page.items.push_back(std::move(resolved));
    } else {
      const CircuitKey& last = list.page.items.back().outline.key;
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
  const CircuitOutline* circuit = FindCircuit(outline->circuits, key);
  if (circuit == nullptr)
    return ResourceNotFound("Circuit",
                            absl::StrCat("plants/", key.plant_id, "/circuits/", key.circuit_id),
                            absl::StrCat("list the circuits of commit ", commit));
  FLEETCAST_ASSIGN_OR_RETURN(ResolvedCircuit resolved, Resolve(*circuit));
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
      .commit = commit, .freshness = commits.freshness, .diagnostics = outline->diagnostics};
  for (const CircuitOutline& circuit : outline->circuits) {
    FLEETCAST_ASSIGN_OR_RETURN(const ResolvedCircuit resolved, Resolve(circuit));
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
  FLEETCAST_ASSIGN_OR_RETURN(const Commits commits, CommitsOf({{"base_revision", base_revision},
                                                               {"head_revision", head_revision}},
                                                              max_staleness));
  const std::string &base_commit = commits.ids[0], &head_commit = commits.ids[1];
  FLEETCAST_ASSIGN_OR_RETURN(const CommonAncestor merge_base,
                             repository_.MergeBase(base_commit, head_commit));
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline head, ReadableOutline(head_commit));
  FLEETCAST_ASSIGN_OR_RETURN(const SharedOutline base, Outline(merge_base.commit));

  const std::vector<CircuitKey> candidates = Candidates(*base, *head);
  FLEETCAST_ASSIGN_OR_RETURN(const Fleet before, ResolveSome(*base, candidates));
  FLEETCAST_ASSIGN_OR_RETURN(const Fleet after, ResolveSome(*head, candidates));
  ChangeReport report{.merge_base_commit = merge_base.commit,
                      .merge_base_count = merge_base.count,
                      .freshness = commits.freshness,
                      .head_commit = head_commit,
                      .changes = config::DetectChanges(before, after),
                      .diagnostics = NewFleetDiagnostics(*base, *head)};
  for (const ResolvedCircuit& circuit : after.circuits)
    AddDiagnosticsOf(circuit, report.diagnostics);
  Arrange(report.diagnostics);
  return report;
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
  if (auto cached = outlines_.Find(commit)) return cached;
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<TreeEntry> entries,
                             repository_.ListConfigFolder(commit));
  FLEETCAST_ASSIGN_OR_RETURN(const auto master, LoadMasterList(entries));
  auto outline = std::make_shared<const FleetOutline>(OutlineFleet(commit, entries, master.get()));
  outlines_.Insert(commit, outline);
  return outline;
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
    const std::vector<TreeEntry>& entries) {
  const auto entry = std::find_if(entries.begin(), entries.end(), [](const TreeEntry& candidate) {
    return candidate.path == kMasterListPath && candidate.kind == TreeEntry::Kind::kFile;
  });
  if (entry == entries.end()) return nullptr;
  if (auto cached = master_lists_.Find(entry->object_id)) return cached;
  const auto text = repository_.ReadFile(entry->object_id, kMaxMasterListBytes);
  FLEETCAST_ASSIGN_OR_RETURN(const ParsedYaml yaml, Parsed(text, parser_, kMaxMasterListBytes));
  auto list = std::make_shared<const MasterList>(ReadMasterList(yaml));
  master_lists_.Insert(entry->object_id, list);
  return list;
}

absl::StatusOr<std::shared_ptr<const CircuitFile>> FleetReader::LoadFile(const FileRef& ref,
                                                                         FileKind kind) {
  const std::string key = absl::StrCat(kind == FileKind::kCircuit ? "c" : "d", ref.object_id);
  if (auto cached = files_.Find(key)) return cached;
  const auto text = repository_.ReadFile(ref.object_id, kMaxCircuitFileBytes);
  FLEETCAST_ASSIGN_OR_RETURN(const ParsedYaml yaml, Parsed(text, parser_, kMaxCircuitFileBytes));
  auto file = std::make_shared<const CircuitFile>(ReadCircuitFile(yaml, kind));
  files_.Insert(key, file);
  return file;
}

absl::StatusOr<ResolvedCircuit> FleetReader::Resolve(const CircuitOutline& outline) {
  static const auto nothing = std::make_shared<const CircuitResolution>();
  if (outline.layers[0].object_id.empty()) return ResolvedCircuit{outline, nothing};
  std::string key = absl::StrCat(outline.key.plant_id, "/", outline.key.circuit_id);
  for (const FileRef& ref : outline.layers) absl::StrAppend(&key, " ", ref.object_id);
  if (auto cached = circuits_.Find(key)) return ResolvedCircuit{outline, std::move(cached)};

  std::vector<CircuitLayer> layers;
  for (std::size_t i = 0; i < outline.layers.size(); ++i) {
    const FileRef& ref = outline.layers[i];
    if (ref.object_id.empty()) continue;
    FLEETCAST_ASSIGN_OR_RETURN(auto file,
                               LoadFile(ref, i == 0 ? FileKind::kCircuit : FileKind::kDefaults));
    layers.push_back({ref.path, std::move(file), static_cast<int>(i)});
  }
  auto resolution = std::make_shared<const CircuitResolution>(
      ResolveCircuit(outline.key.plant_id, outline.key.circuit_id, layers));
  circuits_.Insert(key, resolution);
  return ResolvedCircuit{outline, std::move(resolution)};
}

absl::StatusOr<Fleet> FleetReader::ResolveSome(const FleetOutline& outline,
                                               const std::vector<CircuitKey>& wanted) {
  Fleet fleet{.readable = outline.readable, .complete = outline.complete};
  for (const CircuitKey& key : wanted) {
    const CircuitOutline* circuit = FindCircuit(outline.circuits, key);
    if (circuit == nullptr) continue;
    FLEETCAST_ASSIGN_OR_RETURN(ResolvedCircuit resolved, Resolve(*circuit));
    fleet.circuits.push_back(std::move(resolved));
  }
  return fleet;
}

std::size_t FleetReader::cached_bytes() const {
  return outlines_.bytes() + master_lists_.bytes() + files_.bytes() + circuits_.bytes();
}

}  // namespace fleetcast::config
