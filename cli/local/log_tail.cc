#include "cli/local/log_tail.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/local/stack.h"

namespace fleetcast::cli {
namespace {

// The bytes of `path` from `offset` to its last newline.
std::string WholeLines(const std::string& path, std::int64_t offset) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(offset);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.substr(0, text.rfind('\n') + 1);
}

}  // namespace

std::vector<std::string> LogNames(const std::string& data_dir) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir + "/logs", ignored))
    if (entry.path().extension() == ".log") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

LogTail::LogTail(std::string data_dir, std::vector<std::string> names)
    : data_dir_(std::move(data_dir)), names_(std::move(names)) {}

void LogTail::Last(std::size_t lines, const OnLine& on_line) {
  for (const std::string& name : names_) {
    const std::string text = WholeLines(LogFile(data_dir_, name), 0);
    read_[name] = static_cast<std::int64_t>(text.size());
    std::size_t from = text.size();
    for (std::size_t found = 0; found < lines && from > 0; ++found)
      from = from < 2 ? 0 : text.rfind('\n', from - 2) + 1;
    for (std::size_t end; from < text.size(); from = end + 1) {
      end = text.find('\n', from);
      on_line(name, text.substr(from, end - from));
    }
  }
}

void LogTail::Added(const OnLine& on_line) {
  for (const std::string& name : names_) {
    const std::string path = LogFile(data_dir_, name);
    std::error_code error;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
    std::int64_t& read = read_[name];
    if (error || size == read) continue;
    if (size < read) read = 0;
    const std::string text = WholeLines(path, read);
    read += static_cast<std::int64_t>(text.size());
    for (std::size_t from = 0, end; from < text.size(); from = end + 1) {
      end = text.find('\n', from);
      on_line(name, text.substr(from, end - from));
    }
  }
}

}  // namespace fleetcast::cli
