#include "common/sensordata/csv_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_file.h"
#include "common/sensordata/selection.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;
constexpr char kMaxFileText[] = "1 GiB";

class OpenFile {
 public:
  // O_NONBLOCK: a pipe of that name must not hold the caller up.
  explicit OpenFile(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

absl::Status Unavailable(const std::string& path, int error) {
  return MakeError(absl::StatusCode::kUnavailable,
                   "cannot read " + path + ": " + std::strerror(error) +
                       "; check the folder given as sensor-data and its permissions",
                   {.reason = "SENSOR_SOURCE_UNAVAILABLE",
                    .metadata = {{"path", path}, {"error", std::strerror(error)}},
                    .retry_after = absl::Seconds(5)});
}

absl::Status NotFound(const std::string& sensor_id, const std::string& path) {
  return MakeError(absl::StatusCode::kNotFound,
                   "sensor '" + sensor_id + "' has no file " + path +
                       "; check training.data_filters.sensor_id and the folder given as "
                       "sensor-data",
                   {.reason = "SENSOR_NOT_FOUND",
                    .metadata = {{"sensor_id", sensor_id}, {"path", path}},
                    .resource_type = "Sensor",
                    .resource_name = sensor_id});
}

absl::StatusOr<std::string> ReadAll(int descriptor, std::size_t expected, const std::string& path,
                                    const ReadRequest& request) {
  if (expected > kMaxFileBytes) return TooLarge(request, path, kMaxFileText);
  std::string text(expected + 1, '\0');  // one more byte, so that the end is met in one call
  std::size_t length = 0;
  for (;;) {
    if (length > kMaxFileBytes) return TooLarge(request, path, kMaxFileText);  // it grows
    if (length == text.size()) text.resize(text.size() * 2);
    const ssize_t count = read(descriptor, text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unavailable(path, errno);
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  text.resize(length);
  return text;
}

absl::StatusOr<CsvTable> ReadTable(const std::string& path, const ReadRequest& request,
                                   const CsvFormat& format) {
  const OpenFile file(path);
  if (file.descriptor() < 0) {
    const int error = errno;
    return error == ENOENT || error == ENAMETOOLONG ? NotFound(request.sensor_id, path)
                                                    : Unavailable(path, error);
  }
  struct stat status {};
  if (fstat(file.descriptor(), &status) != 0) return Unavailable(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return Refused(absl::StatusCode::kFailedPrecondition, "SENSOR_DATA_MALFORMED",
                   path + " is no regular file", {{"file", path}});
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::string text,
      ReadAll(file.descriptor(), static_cast<std::size_t>(status.st_size), path, request));
  return ParseCsv(text, path, request, format);
}

}  // namespace

std::string FileNameOf(const std::string& sensor_id) {
  // What a file system takes, with the extension.
  constexpr std::size_t kLongest = 255, kHash = 64;
  constexpr char kExtension[] = ".csv";
  constexpr std::size_t kRoom = kLongest - (sizeof kExtension - 1);
  std::string name =
      absl::StrReplaceAll(sensor_id, {{"%2F", "%252F"}, {"%25", "%2525"}, {"/", "%2F"}});
  // From here on a name is cut, and longer than any that is not.
  constexpr std::size_t kCut = kRoom - kHash - 1, kUtf8 = 4;
  if (name.size() + kUtf8 > kRoom) {
    std::size_t end = 0;
    while (end < kCut) {
      const std::size_t next = std::max<std::size_t>(1, Utf8Length(name.substr(end, kUtf8)));
      if (end + next > kCut) break;
      end += next;
    }
    name = absl::StrCat(name.substr(0, end), "~", Sha256Hex(sensor_id));
  }
  return name + kExtension;
}

CsvSource::CsvSource(std::string root, CsvFormat format)
    : root_(std::move(root)), format_(std::move(format)) {}

std::string CsvSource::Path(const std::string& sensor_id) const {
  return root_ + "/" + FileNameOf(sensor_id);
}

// The longest that a path may be.
std::string CsvSource::Location(const std::string& sensor_id) const {
  return PrintableUtf8(Path(sensor_id), 4096);
}

absl::StatusOr<RawReadings> CsvSource::Read(const ReadRequest& request) {
  return ReadWithinMemory(request, [&] { return ReadSensor(request); });
}

absl::StatusOr<RawReadings> CsvSource::ReadSensor(const ReadRequest& request) const {
  FLEETCAST_RETURN_IF_ERROR(CheckReadRequest(request));
  absl::StatusOr<CsvTable> table = ReadTable(Path(request.sensor_id), request, format_);
  if (table.ok()) return std::move(table->readings);
  struct stat root {};
  if (absl::IsNotFound(table.status()) && stat(root_.c_str(), &root) != 0)
    return Unavailable(root_, errno);
  return table.status();
}

absl::StatusOr<CsvTable> ReadCsvFile(const std::string& path, const ReadRequest& request,
                                     const CsvFormat& format) {
  return ReadWithinMemory(request, [&] { return ReadTable(path, request, format); });
}

}  // namespace fleetcast::sensordata
