#include "common/base/tar.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace fleetcast {
namespace {

const std::string kBinary("\0\1\2binary\xff", 10);

std::string Small() {
  return PackTar({{.name = "a", .bytes = kBinary},
                  {.name = "empty", .bytes = ""},
                  {.name = "b", .bytes = std::string(1'000, 'b')}});
}

TEST(Tar, ReturnsWhatWasPackedWithoutACopy) {
  const std::string archive = Small();
  EXPECT_EQ(archive, Small());
  const auto files = FindInTar(archive);
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->size(), 3U);
  EXPECT_EQ((*files)[0].name, "a");
  EXPECT_EQ((*files)[0].bytes, kBinary);
  EXPECT_EQ((*files)[1].bytes, "");
  EXPECT_EQ((*files)[2].bytes, std::string(1'000, 'b'));
  for (std::size_t i : {0, 2}) {
    const auto offset = (*files)[i].bytes.data() - archive.data();
    EXPECT_TRUE(offset > 0 && offset < static_cast<std::ptrdiff_t>(archive.size()));
    EXPECT_EQ(offset % 512, 0);
  }
}

// With the tar that everybody has.
TEST(Tar, IsReadByTarAndReadsWhatTarWrote) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "tar_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "ours.tar", std::ios::binary) << Small();
  const std::string in_folder = "cd '" + folder.string() + "' && ";
  ASSERT_EQ(
      std::system((in_folder + "tar xf ours.tar && tar --format=ustar -cf theirs.tar a b").c_str()),
      0);
  std::ifstream unpacked(folder / "a", std::ios::binary),
      theirs(folder / "theirs.tar", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(unpacked), {}), kBinary);
  const std::string archive(std::istreambuf_iterator<char>(theirs), {});
  const auto files = FindInTar(archive);
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[1].bytes, std::string(1'000, 'b'));
}

TEST(Tar, RefusesLinksAndFolders) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "tar_links";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "inner");
  std::filesystem::create_symlink("/etc/passwd", folder / "link");
  for (const char* what : {"inner", "link"}) {
    ASSERT_EQ(std::system(("cd '" + folder.string() + "' && tar cf odd.tar " + what).c_str()), 0);
    std::ifstream stream(folder / "odd.tar", std::ios::binary);
    const std::string archive(std::istreambuf_iterator<char>(stream), {});
    EXPECT_EQ(FindInTar(archive).status().code(), absl::StatusCode::kInvalidArgument) << what;
  }
}

TEST(Tar, RefusesWhatIsCutOffOrHasMoreInItThanFiles) {
  const std::string archive = Small();
  for (const std::size_t size : {0, 100, 511, 515, 2'000, 2'100}) {
    EXPECT_FALSE(FindInTar(archive.substr(0, size)).ok()) << size;
  }
  for (const std::size_t at : {522U, 1'000U, 4'000U}) {
    std::string changed = archive;
    changed.at(at) = 'x';
    EXPECT_FALSE(FindInTar(changed).ok()) << at;
  }
  EXPECT_FALSE(FindInTar(archive + "more").ok());
}

}  // namespace
}  // namespace fleetcast
