// The service's answers over a repository in memory.
#include "services/config/domain/fleet_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/fake_config_repository.h"

namespace fleetcast::config {
namespace {

using testing::CircuitPath;
using testing::CircuitText;
using testing::Edited;
using testing::Files;
using testing::FleetFiles;
using testing::MasterText;

class FleetReaderTest : public ::testing::Test {
 protected:
  Comparison Changes(const Files& base, const Files& head) {
    repository_.AddCommit("base", base);
    repository_.AddCommit("head", head);
    auto report = FleetReader(repository_, ParseYaml, 100 << 20).DetectChanges("base", "head");
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report->comparison : Comparison{};
  }

  static std::vector<std::string> Reasons(const Diagnostics& diagnostics) {
    std::vector<std::string> reasons;
    for (const Diagnostic& diagnostic : diagnostics)
      reasons.push_back(diagnostic.path + " " + diagnostic.reason);
    return reasons;
  }

  testing::FakeConfigRepository repository_;
  FleetReader reader_{repository_, ParseYaml, 100 << 20};
};

using Strings = std::vector<std::string>;

TEST_F(FleetReaderTest, SharedDefaultRetrainsExactlyTheCircuitsThatItMoves) {
  Files base = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  base[CircuitPath("P001", "C002")] = CircuitText("P001", "C002", {{"    epochs: 50\n", ""}});
  base["config/plants/P001/defaults.yml"] = "training: {hyperparameters: {epochs: 60}}\n";
  Files head = base;
  head["config/plants/P001/defaults.yml"] = "training: {hyperparameters: {epochs: 70}}\n";
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.changes[0].key, (CircuitKey{"P001", "C002"}));
  ASSERT_EQ(report.changes[0].fields.size(), 1u);
  const FieldChange& field = report.changes[0].fields[0];
  EXPECT_EQ(field.Text(), "training.hyperparameters.epochs: 60 -> 70");
  EXPECT_EQ(field.source, FieldChange::Source::kPlantDefaults);
  EXPECT_EQ(field.path, "config/plants/P001/defaults.yml");
  EXPECT_EQ(field.mark, (Mark{1, 38}));
  EXPECT_TRUE(report.diagnostics.empty());
}

// A fleet of two plants of which the first has a time zone and a calendar that C001 uses.
Files FleetWithCalendar() {
  Files files = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  files["config/plants_circuits.yml"] =
      Edited(files.at("config/plants_circuits.yml"), "plant_name: \"Plant P001\"",
             "plant_name: \"Plant P001\"\n    time_zone: Europe/Berlin");
  files[CircuitPath("P001", "C001")] =
      CircuitText("P001", "C001", {{"training:\n", "training:\n  calendar: works\n"}});
  files["config/calendars/works.yml"] = "holidays: [2025-12-25]\n";
  return files;
}

TEST_F(FleetReaderTest, CalendarAndTimeZoneArePartOfWhatIsTrained) {
  repository_.AddCommit("main", FleetWithCalendar());
  const auto with = reader_.GetCircuit({"P001", "C001"}, "main");
  ASSERT_TRUE(with.ok()) << with.status();
  const TrainingConfig& training = with->circuit.resolution->config->training;
  ASSERT_TRUE(training.plant_calendar);
  EXPECT_EQ(training.plant_calendar->time_zone, "Europe/Berlin");
  EXPECT_EQ(training.plant_calendar->holidays, std::vector<std::int64_t>{20'447});
  const auto zone_alone = reader_.GetCircuit({"P001", "C002"}, "main");
  ASSERT_TRUE(zone_alone.ok()) << zone_alone.status();
  EXPECT_EQ(zone_alone->circuit.resolution->config->training.plant_calendar,
            (PlantCalendar{.time_zone = "Europe/Berlin"}));
  const auto neither = reader_.GetCircuit({"P002", "C001"}, "main");
  ASSERT_TRUE(neither.ok()) << neither.status();
  EXPECT_FALSE(neither->circuit.resolution->config->training.plant_calendar);
}

TEST_F(FleetReaderTest, ChangedCalendarRetrainsThoseWhoUseIt) {
  const Files base = FleetWithCalendar();
  Files head = base;
  head["config/calendars/works.yml"] = "holidays: [2025-12-25, 2025-12-26]\n";
  head["config/calendars/unused.yml"] = "holidays: [2025-12-25]\n";
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.changes[0].key, (CircuitKey{"P001", "C001"}));
  EXPECT_EQ(report.changes[0].effect, ChangeEffect::kRetrain);
  ASSERT_EQ(report.changes[0].fields.size(), 1u);
  const FieldChange& field = report.changes[0].fields[0];
  EXPECT_EQ(field.source, FieldChange::Source::kCalendar);
  EXPECT_EQ(field.path, "config/calendars/works.yml");
  EXPECT_NE(field.Text().find("calendar: 1 holidays"), std::string::npos) << field.Text();
  EXPECT_NE(field.Text().find("-> 2 holidays"), std::string::npos) << field.Text();
}

TEST_F(FleetReaderTest, ChangedTimeZoneRetrainsThePlant) {
  const Files base = FleetWithCalendar();
  Files head = base;
  head["config/plants_circuits.yml"] =
      Edited(base.at("config/plants_circuits.yml"), "Europe/Berlin", "Europe/Lisbon");
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 2u);
  for (const CircuitChange& change : report.changes) {
    EXPECT_EQ(change.key.plant_id, "P001");
    EXPECT_EQ(change.effect, ChangeEffect::kRetrain);
    ASSERT_EQ(change.fields.size(), 1u);
    EXPECT_EQ(change.fields[0].Text(), "time_zone: Europe/Berlin -> Europe/Lisbon");
    EXPECT_EQ(change.fields[0].source, FieldChange::Source::kMasterList);
  }
}

TEST_F(FleetReaderTest, WhatIsWrongWithACalendarOrATimeZoneMakesItsCircuitsUnsound) {
  struct Case {
    const char *path, *from, *to;
    Strings expected;
    int unsound;
  };
  const std::string works = "config/calendars/works.yml";
  for (const Case& c : std::vector<Case>{
           {"config/calendars/works.yml", "holidays", "holydays", {works + " UNKNOWN_KEY"}, 1},
           {"config/plants/P001/C001.yml",
            "calendar: works",
            "calendar: work",
            {"config/plants/P001/C001.yml CALENDAR_MISSING"},
            1},
           {"config/plants_circuits.yml",
            "Europe/Berlin",
            "Europe/Bonn",
            {"config/plants_circuits.yml UNKNOWN_VALUE"},
            2}}) {
    SCOPED_TRACE(c.to);
    Files files = FleetWithCalendar();
    files[c.path] = Edited(files.at(c.path), c.from, c.to);
    repository_.AddCommit(c.to, files);
    repository_.Point("broken", c.to);
    const auto report = FleetReader(repository_, ParseYaml, 100 << 20).ValidateRevision("broken");
    ASSERT_TRUE(report.ok()) << report.status();
    Strings seen = Reasons(report->diagnostics);
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_EQ(seen, c.expected);
    EXPECT_EQ(report->unsound_circuit_count, c.unsound);
  }
}

TEST_F(FleetReaderTest, EachChangedValueSaysWhereTheNewOneComesFrom) {
  Files base = FleetFiles({{"P001", {"C001"}}});
  base["config/defaults.yml"] = "training: {seed: 7}\n";
  base[CircuitPath("P001", "C001")] = CircuitText(
      "P001", "C001",
      {{"    epochs: 50\n", ""}, {"deployment:\n", "deployment:\n  instance_count: 2\n"}});
  base["config/plants/P001/defaults.yml"] = "training: {hyperparameters: {epochs: 60}}\n";
  Files head = base;
  head[CircuitPath("P001", "C001")] =
      CircuitText("P001", "C001", {{"dropout: 0.2", "dropout: 0.3"}});
  head["config/defaults.yml"] = "# shared by all\ntraining:\n  seed: 8\n";
  head["config/plants_circuits.yml"] =
      Edited(base.at("config/plants_circuits.yml"), "\"Circuit C001\"", "Boiler");
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 1u);
  Strings seen;
  using enum FieldChange::Source;
  std::vector<FieldChange::Source> sources;
  for (const FieldChange& field : report.changes[0].fields) {
    seen.push_back(field.Text() + " " + field.path + ":" + std::to_string(field.mark.line));
    sources.push_back(field.source);
  }
  const std::string file = CircuitPath("P001", "C001");
  EXPECT_EQ(seen, (Strings{"training.hyperparameters.dropout: 0.2 -> 0.3 " + file + ":10",
                           "training.hyperparameters.epochs: 60 -> 50 " + file + ":13",
                           "training.seed: 7 -> 8 config/defaults.yml:3",
                           "deployment.instance_count: 2 -> 1 :0",
                           "circuit_name: Circuit C001 -> Boiler config/plants_circuits.yml:6"}));
  EXPECT_EQ(sources, (std::vector<FieldChange::Source>{
                         kCircuitFile, kCircuitFile, kRepositoryDefaults, kBuiltIn, kMasterList}));
}

TEST_F(FleetReaderTest, OnlyCircuitsWhoseFilesDifferAreRead) {
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) ids.push_back("C" + std::to_string(i));
  const Files base = FleetFiles({{"P001", ids}});
  Files head = base;
  head[CircuitPath("P001", "C7")] += "# a comment\n";
  EXPECT_TRUE(Changes(base, head).changes.empty());
  EXPECT_EQ(repository_.files_read(), 3);  // the master list once, and one circuit twice
}

TEST_F(FleetReaderTest, PlantsThatNothingSaysAnythingNewAboutAreOutlinedOnce) {
  Files files = FleetFiles({{"P001", {"C001"}}, {"P002", {"C001"}}, {"P003", {"C001"}}});
  repository_.AddCommit("one", files);
  files[CircuitPath("P002", "C001")] += "# a comment\n";
  repository_.AddCommit("two", files);
  files["config/defaults.yml"] = "training: {seed: 3}\n";
  repository_.AddCommit("three", files);
  ASSERT_TRUE(reader_.ValidateRevision("one").ok());
  EXPECT_EQ(repository_.folders_listed(), 3);
  ASSERT_TRUE(reader_.DetectChanges("one", "two").ok());
  EXPECT_EQ(repository_.folders_listed(), 3 + 1);
  // Defaults of all, and the master list, say something of every plant.
  EXPECT_EQ(reader_.DetectChanges("two", "three")->comparison->changes.size(), 3u);
  EXPECT_EQ(repository_.folders_listed(), 3 + 1 + 3);
}

TEST_F(FleetReaderTest, NewNameOfAPlantIsANewNameForEachOfItsCircuits) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  Files head = base;
  head["config/plants_circuits.yml"] =
      Edited(base.at("config/plants_circuits.yml"), "\"Plant P001\"", "Foundry");
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 2u);
  for (const CircuitChange& change : report.changes) {
    EXPECT_EQ(change.key.plant_id, "P001");
    EXPECT_EQ(change.effect, ChangeEffect::kNone);
    ASSERT_EQ(change.fields.size(), 1u);
    EXPECT_EQ(change.fields[0].Text(), "plant_name: Plant P001 -> Foundry");
    EXPECT_EQ(change.fields[0].mark.line, 3);
  }
}

TEST_F(FleetReaderTest, FolderWithTooManyFilesIsNamedAndItsCircuitsAreUnsound) {
  Files files = FleetFiles({{"P001", {"C001"}}, {"P002", {"C001"}}});
  for (std::size_t i = 0; i < kMostEntriesOfFolder; ++i)
    files["config/plants/P001/notes-" + std::to_string(i)] = "x";
  repository_.AddCommit("head", files);
  const auto report = reader_.ValidateRevision("head");
  EXPECT_EQ(Reasons(report->diagnostics),
            (Strings{"config/plants/P001 FOLDER_TOO_LARGE",
                     "config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
  EXPECT_EQ(report->unsound_circuit_count, 1);
  EXPECT_TRUE(reader_.GetCircuit({"P002", "C001"}, "head").ok());
}

TEST_F(FleetReaderTest, CircuitsProblemInTheMasterListIsThatOfItsPlantAlone) {
  Files files = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001", "C002"}}});
  files["config/plants_circuits.yml"] = R"(plants:
  - plant_id: P001
    circuits: [{circuit_id: C002}, {circuit_id: C001}, {circuit_id: C002}]
  - plant_id: P002
    circuits: [{circuit_id: C001}, {circuit_id: C002}]
)";
  repository_.AddCommit("head", files);
  EXPECT_EQ(Reasons(reader_.ValidateRevision("head")->diagnostics),
            (Strings{"config/plants_circuits.yml DUPLICATE_ID"}));
  EXPECT_EQ(ReasonOf(reader_.GetCircuit({"P001", "C002"}, "head").status()), "CIRCUIT_UNSOUND");
  EXPECT_TRUE(reader_.GetCircuit({"P001", "C001"}, "head").ok());
  EXPECT_TRUE(reader_.GetCircuit({"P002", "C002"}, "head").ok());
}

TEST_F(FleetReaderTest, WhatWasParsedIsNotReadAgainAtAnotherCommit) {
  Files files = FleetFiles({{"P001", {"C001", "C002", "C003"}}});
  repository_.AddCommit("one", files);
  files[CircuitPath("P001", "C002")] += "# a comment\n";
  repository_.AddCommit("two", files);
  ASSERT_TRUE(reader_.ValidateRevision("one").ok());
  const int before = repository_.files_read();
  ASSERT_TRUE(reader_.ValidateRevision("two").ok());
  EXPECT_EQ(repository_.files_read(), before + 1);
  EXPECT_GT(reader_.cached_bytes(), 0u);
}

TEST_F(FleetReaderTest, BrokenHeadStillAnswersForTheSoundCircuitsAndListsTheRest) {
  const Files base = FleetFiles({{"P001", {"C001", "C002", "C003"}}});
  Files head = base;
  head[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 80"}});
  head[CircuitPath("P001", "C002")] = CircuitText("P001", "C002", {{"epochs: 50", "epochs: -1"}});
  head.erase(CircuitPath("P001", "C003"));
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.changes[0].key.circuit_id, "C001");
  EXPECT_EQ(Reasons(report.diagnostics),
            (Strings{"config/plants/P001/C002.yml OUT_OF_RANGE",
                     "config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
}

TEST_F(FleetReaderTest, ProblemThatTheHeadDoesNotTouchIsLeftToValidation) {
  Files base = FleetFiles({{"P001", {"C001", "C002"}}});
  base[CircuitPath("P001", "C002")] = "broken";
  base[CircuitPath("P001", "C009")] = CircuitText("P001", "C009");
  Files head = base;
  head[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 80"}});
  const Comparison report = Changes(base, head);
  EXPECT_EQ(report.changes.size(), 1u);
  EXPECT_TRUE(report.diagnostics.empty());
  const auto validation = reader_.ValidateRevision("head");
  EXPECT_EQ(Reasons(validation->diagnostics),
            (Strings{"config/plants/P001/C002.yml NOT_A_MAPPING",
                     "config/plants/P001/C009.yml FILE_WITHOUT_ENTRY"}));
  EXPECT_EQ(validation->circuit_count, 2);
  EXPECT_EQ(validation->unsound_circuit_count, 1);
}

TEST_F(FleetReaderTest, CircuitGoneFromTheListIsRetiredAndItsFileReported) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}});
  Files head = base;
  head["config/plants_circuits.yml"] = MasterText({{"P001", {"C001"}}});
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.changes[0].effect, ChangeEffect::kRetire);
  EXPECT_EQ(Reasons(report.diagnostics),
            (Strings{"config/plants/P001/C002.yml FILE_WITHOUT_ENTRY"}));
}

TEST_F(FleetReaderTest, MisspeltEntryRetiresNobody) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}});
  Files head = base;
  head["config/plants_circuits.yml"] =
      Edited(base.at("config/plants_circuits.yml"), "circuit_id: \"C002\"", "circuitid: \"C002\"");
  const Comparison report = Changes(base, head);
  EXPECT_TRUE(report.changes.empty());
  EXPECT_TRUE(HasError(report.diagnostics));
}

TEST_F(FleetReaderTest, CircuitMovedToAnotherPlantIsRetiredThereAndTrainedHere) {
  const Comparison report = Changes(FleetFiles({{"P001", {"C001"}}, {"P002", {}}}),
                                    FleetFiles({{"P001", {}}, {"P002", {"C001"}}}));
  ASSERT_EQ(report.changes.size(), 2u);
  EXPECT_EQ(report.changes[0].effect, ChangeEffect::kRetire);
  EXPECT_EQ(report.changes[1].effect, ChangeEffect::kRetrain);
}

std::vector<std::string> Effects(const Comparison& report) {
  std::vector<std::string> effects;
  for (const CircuitChange& change : report.changes)
    effects.push_back(change.key.plant_id + "/" + change.key.circuit_id +
                      (change.effect == ChangeEffect::kRetire    ? " RETIRE"
                       : change.effect == ChangeEffect::kRetrain ? " RETRAIN"
                                                                 : " other"));
  return effects;
}

TEST_F(FleetReaderTest, RenamedCircuitIsRetiredByItsOldNameAndTrainedByItsNew) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}});
  Files head = FleetFiles({{"P001", {"C001", "C003"}}});
  const Comparison report = Changes(base, head);
  EXPECT_EQ(Effects(report), (Strings{"P001/C002 RETIRE", "P001/C003 RETRAIN"}));
  EXPECT_TRUE(report.diagnostics.empty());
}

TEST_F(FleetReaderTest, FileThatIsRenamedAloneIsToldFromBothSidesAndChangesNothing) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}});
  Files head = base;
  head[CircuitPath("P001", "C003")] = head[CircuitPath("P001", "C002")];
  head.erase(CircuitPath("P001", "C002"));
  const Comparison report = Changes(base, head);
  EXPECT_TRUE(report.changes.empty());
  EXPECT_EQ(Reasons(report.diagnostics),
            (Strings{"config/plants/P001/C003.yml FILE_WITHOUT_ENTRY",
                     "config/plants_circuits.yml ENTRY_WITHOUT_FILE"}));
}

TEST_F(FleetReaderTest, FileInBothPlacesOfAMoveIsReportedWhereItNoLongerBelongs) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C009"}}});
  Files head = FleetFiles({{"P001", {"C001"}}, {"P002", {"C002", "C009"}}});
  head[CircuitPath("P001", "C002")] = base.at(CircuitPath("P001", "C002"));
  const Comparison report = Changes(base, head);
  EXPECT_EQ(Effects(report), (Strings{"P001/C002 RETIRE", "P002/C002 RETRAIN"}));
  EXPECT_EQ(Reasons(report.diagnostics),
            (Strings{"config/plants/P001/C002.yml FILE_WITHOUT_ENTRY"}));
}

TEST_F(FleetReaderTest, MovedFileWithItsOldIdsIsUnsoundUntilTheyAreThoseOfItsPlace) {
  const Files base = FleetFiles({{"P001", {"C001"}}, {"P002", {"C009"}}});
  Files head = FleetFiles({{"P002", {"C001", "C009"}}});
  head[CircuitPath("P002", "C001")] = base.at(CircuitPath("P001", "C001"));
  const Comparison report = Changes(base, head);
  EXPECT_EQ(Effects(report), (Strings{"P001/C001 RETIRE"}));
  EXPECT_EQ(Reasons(report.diagnostics), (Strings{"config/plants/P002/C001.yml ID_MISMATCH"}));
  EXPECT_EQ(report.diagnostics[0].field, "plant_id");
}

TEST_F(FleetReaderTest, EntryWithoutFileAtTheBaseThatGetsItsFileIsTrained) {
  Files base = FleetFiles({{"P001", {"C001", "C002"}}});
  const Files head = base;
  base.erase(CircuitPath("P001", "C002"));
  const Comparison report = Changes(base, head);
  EXPECT_EQ(Effects(report), (Strings{"P001/C002 RETRAIN"}));
  EXPECT_EQ(report.changes[0].kind, ChangeKind::kModified);
}

TEST_F(FleetReaderTest, UnreadableMasterListIsAnErrorAtTheHeadAndMendedAtTheBase) {
  const Files sound = FleetFiles({{"P001", {"C001"}}});
  Files broken = sound;
  broken["config/plants_circuits.yml"] = "plants: [";
  repository_.AddCommit("sound", sound);
  repository_.AddCommit("broken", broken);
  const auto forward = reader_.DetectChanges("sound", "broken");
  EXPECT_EQ(ReasonOf(forward.status()), "MASTER_LIST_UNSOUND");
  EXPECT_EQ(forward.status().code(), absl::StatusCode::kFailedPrecondition);
  const auto mended = reader_.DetectChanges("broken", "sound");
  ASSERT_TRUE(mended.ok()) << mended.status();
  EXPECT_TRUE(mended->comparison->changes.empty());
  EXPECT_EQ(Reasons(reader_.ValidateRevision("broken")->diagnostics),
            (Strings{"config/plants_circuits.yml YAML_SYNTAX"}));
}

TEST_F(FleetReaderTest, MissingMasterListIsAnErrorButForTheFirstPullRequest) {
  repository_.AddCommit("empty", {{"README.md", "nothing yet"}});
  repository_.AddCommit("head", FleetFiles({{"P001", {"C001"}}}));
  EXPECT_EQ(ReasonOf(reader_.DetectChanges("head", "empty").status()), "MASTER_LIST_MISSING");
  EXPECT_EQ(ReasonOf(reader_.ListPlants({.revision = "empty"}).status()), "MASTER_LIST_MISSING");
  const auto report = reader_.DetectChanges("empty", "head");
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->comparison->changes.size(), 1u);
  EXPECT_EQ(report->comparison->changes[0].kind, ChangeKind::kAdded);
  EXPECT_EQ(Reasons(reader_.ValidateRevision("empty")->diagnostics),
            (Strings{"config/plants_circuits.yml MASTER_LIST_MISSING"}));
}

TEST_F(FleetReaderTest, FileThatIsTooLargeMakesItsCircuitAloneUnsound) {
  Files files = FleetFiles({{"P001", {"C001", "C002"}}});
  files[CircuitPath("P001", "C001")] += std::string(300 << 10, '#');
  repository_.AddCommit("head", files);
  EXPECT_EQ(Reasons(reader_.ValidateRevision("head")->diagnostics),
            (Strings{"config/plants/P001/C001.yml FILE_TOO_LARGE"}));
  EXPECT_TRUE(reader_.GetCircuit({"P001", "C002"}, "head").ok());
  const auto unsound = reader_.GetCircuit({"P001", "C001"}, "head");
  EXPECT_EQ(ReasonOf(unsound.status()), "CIRCUIT_UNSOUND");
  EXPECT_EQ(DetailsOf(unsound.status())->metadata.at("first_reason"), "FILE_TOO_LARGE");
}

TEST_F(FleetReaderTest, StrayFilesAreReportedAndDisturbNobody) {
  Files files = FleetFiles({{"P001", {"C001"}}});
  files["config/README.md"] = "about";
  files["config/plants/README.md"] = "about";
  files["config/plants/P001/notes.txt"] = "about";
  files["config/plants/P001/C002.yaml"] = "about";
  files["config/plants/P 2/C001.yml"] = "about";
  files["config/plants/P001/a b.yml"] = "about";
  repository_.AddCommit("head", files);
  const auto report = reader_.ValidateRevision("head");
  EXPECT_EQ(Reasons(report->diagnostics),
            (Strings{"config/plants/P 2 INVALID_ID", "config/plants/P001/C002.yaml WRONG_EXTENSION",
                     "config/plants/P001/a b.yml INVALID_ID"}));
  EXPECT_EQ(report->unsound_circuit_count, 0);
}

TEST_F(FleetReaderTest, CircuitThatIsCalledLikeTheFileOfDefaultsIsToldSoAndNoMore) {
  Files files = FleetFiles({{"P001", {"C001"}}});
  files["config/plants_circuits.yml"] = MasterText({{"P001", {"C001", "defaults"}}});
  files["config/plants/P001/defaults.yml"] = "training: {seed: 3}\n";
  repository_.AddCommit("head", files);
  EXPECT_EQ(Reasons(reader_.ValidateRevision("head")->diagnostics),
            (Strings{"config/plants_circuits.yml RESERVED_ID"}));
}

TEST_F(FleetReaderTest, FilesOfAPlantWhoseIdIsRefusedAreNotSaidToLackAnEntry) {
  Files files = FleetFiles({{"P001", {"C001"}}, {"X_circuit_Y", {"C001"}}});
  repository_.AddCommit("head", files);
  EXPECT_EQ(Reasons(reader_.ValidateRevision("head")->diagnostics),
            (Strings{"config/plants_circuits.yml RESERVED_ID"}));
}

TEST_F(FleetReaderTest, ManyCircuitsAreResolvedByThreadsAsByOne) {
  std::vector<std::string> ids;
  for (int i = 0; i < 300; ++i) ids.push_back("C" + std::to_string(1000 + i));
  Files base = FleetFiles({{"P001", ids}, {"P002", ids}});
  base[CircuitPath("P001", "C1007")] = "broken";
  Files head = base;
  for (int i = 0; i < 300; i += 2)
    head[CircuitPath("P002", ids[i])] = CircuitText("P002", ids[i], {{"epochs: 50", "epochs: 80"}});
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 150u);
  for (int i = 0; i < 150; ++i)
    EXPECT_EQ(report.changes[i].key, (CircuitKey{"P002", ids[2 * i]})) << i;
  const auto validation = reader_.ValidateRevision("head");
  EXPECT_EQ(validation->circuit_count, 600);
  EXPECT_EQ(validation->unsound_circuit_count, 1);
}

TEST_F(FleetReaderTest, PagesOfOneListComeFromTheCommitOfTheFirst) {
  repository_.AddCommit("one", FleetFiles({{"P001", {"C001", "C002", "C003"}}}));
  repository_.AddCommit("two", FleetFiles({{"P001", {"C009"}}}));
  repository_.Point("main", "one");
  const auto first = reader_.ListCircuits("-", {.revision = "main", .page = {.size = 2}});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->page.items.size(), 2u);
  repository_.Point("main", "two");
  const auto second = reader_.ListCircuits(
      "-", {.revision = "main", .page = {.size = 2, .after = first->page.next_after}});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->commit, "one");
  ASSERT_EQ(second->page.items.size(), 1u);
  EXPECT_EQ(second->page.items[0].key().circuit_id, "C003");
  EXPECT_TRUE(second->page.next_after.empty());
}

TEST_F(FleetReaderTest, FilterSelectsByAnyKeyAndRefusesUnknownFields) {
  Files files = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  files[CircuitPath("P002", "C001")] = CircuitText("P002", "C001", {{"epochs: 50", "epochs: 80"}});
  repository_.AddCommit("head", files);
  const auto ids = [&](const std::string& text) {
    const auto list = reader_.ListCircuits("-", {.revision = "head", .filter = *ParseFilter(text)});
    Strings found;
    for (const ResolvedCircuit& circuit : list->page.items)
      found.push_back(circuit.key().plant_id + "/" + circuit.key().circuit_id);
    return found;
  };
  EXPECT_EQ(ids("training.hyperparameters.epochs > 60"), (Strings{"P002/C001"}));
  EXPECT_EQ(ids("plant_id = \"P001\" AND circuit_id = \"C002\""), (Strings{"P001/C002"}));
  EXPECT_EQ(ids("training.data_filters.feature_columns:\"pressure\"").size(), 3u);
  const auto wrong = reader_.ListCircuits(
      "-", {.revision = "head", .filter = *ParseFilter("training.epochs > 60")});
  EXPECT_EQ(wrong.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fleetcast::config
