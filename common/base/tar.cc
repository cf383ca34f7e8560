#include "common/base/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <new>

#include "absl/strings/str_cat.h"

namespace fleetcast {
namespace {

constexpr int kReadableByAll = 0644;
constexpr std::size_t kBlock = 512;  // of a header, and what contents are filled up to

struct FreeArchive {
  void operator()(archive* each) const { archive_free(each); }
};
using ArchivePointer = std::unique_ptr<archive, FreeArchive>;

struct FreeEntry {
  void operator()(archive_entry* each) const { archive_entry_free(each); }
};

la_ssize_t Append(archive* /*writer*/, void* bytes, const void* block, std::size_t size) {
  static_cast<std::string*>(bytes)->append(static_cast<const char*>(block), size);
  return static_cast<la_ssize_t>(size);
}

// What writing to memory can fail of is memory.
void Check(int code) {
  if (code != ARCHIVE_OK) throw std::bad_alloc();
}

absl::Status Unreadable(archive* reader) {
  const char* why = archive_error_string(reader);
  return absl::InvalidArgumentError(why == nullptr ? "it is no tar archive" : why);
}

// The whole of the entry that `reader` stands at, where it lies in the archive.
absl::StatusOr<std::string_view> BytesOf(archive* reader, archive_entry* entry,
                                         std::string_view all) {
  const la_int64_t size = archive_entry_size(entry);
  if (size == 0) return std::string_view();
  const void* block = nullptr;
  std::size_t length = 0;
  la_int64_t offset = 0;
  if (archive_read_data_block(reader, &block, &length, &offset) != ARCHIVE_OK) {
    return Unreadable(reader);
  }
  const char* begin = static_cast<const char*>(block);
  const bool within = begin >= all.data() && begin + length <= all.data() + all.size();
  if (offset != 0 || static_cast<la_int64_t>(length) != size || !within) {
    return absl::InvalidArgumentError(
        absl::StrCat(archive_entry_pathname(entry), " is cut off or in pieces"));
  }
  return std::string_view(begin, length);
}

// What stands between the files' headers and contents: nothing but zeros.
absl::Status CheckGaps(const std::vector<TarFile>& files, std::string_view all) {
  std::size_t at = 0;
  const auto check_until = [&](std::size_t end) {
    const std::size_t found = all.substr(0, end).find_first_not_of('\0', at);
    if (found == std::string_view::npos) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("byte ", found, " belongs to no file"));
  };
  for (const TarFile& file : files) {
    // One without contents has its header right after what comes before.
    const std::size_t header = (at + kBlock - 1) / kBlock * kBlock;
    const std::size_t begin = file.bytes.empty()
                                  ? header + kBlock
                                  : static_cast<std::size_t>(file.bytes.data() - all.data());
    if (begin < at + kBlock) return absl::InvalidArgumentError("its files overlap");
    if (absl::Status status = check_until(begin - kBlock); !status.ok()) return status;
    at = begin + file.bytes.size();
  }
  return check_until(all.size());
}

}  // namespace

std::string PackTar(const std::vector<TarFile>& files) {
  std::string bytes;
  const ArchivePointer writer(archive_write_new());
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  if (writer == nullptr || entry == nullptr) throw std::bad_alloc();
  Check(archive_write_set_format_ustar(writer.get()));
  Check(archive_write_open(writer.get(), &bytes, nullptr, Append, nullptr));
  for (const TarFile& file : files) {
    archive_entry_clear(entry.get());
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), kReadableByAll);
    archive_entry_set_mtime(entry.get(), 0, 0);
    Check(archive_write_header(writer.get(), entry.get()));
    if (archive_write_data(writer.get(), file.bytes.data(), file.bytes.size()) < 0) {
      throw std::bad_alloc();
    }
  }
  Check(archive_write_close(writer.get()));
  return bytes;
}

absl::StatusOr<std::vector<TarFile>> FindInTar(std::string_view archive_bytes) {
  const ArchivePointer reader(archive_read_new());
  if (reader == nullptr) throw std::bad_alloc();
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), archive_bytes.data(), archive_bytes.size()) !=
      ARCHIVE_OK) {
    return Unreadable(reader.get());
  }
  std::vector<TarFile> files;
  archive_entry* entry = nullptr;
  for (;;) {
    const int code = archive_read_next_header(reader.get(), &entry);
    if (code == ARCHIVE_EOF) break;
    if (code != ARCHIVE_OK) return Unreadable(reader.get());
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != nullptr) {
      return absl::InvalidArgumentError("it holds something that is no regular file");
    }
    auto bytes = BytesOf(reader.get(), entry, archive_bytes);
    if (!bytes.ok()) return bytes.status();
    files.push_back({.name = name, .bytes = *bytes});
  }
  if (absl::Status status = CheckGaps(files, archive_bytes); !status.ok()) return status;
  return files;
}

}  // namespace fleetcast
