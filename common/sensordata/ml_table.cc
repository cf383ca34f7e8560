#include <charconv>

#include "common/sensordata/profile.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

// A double-quoted YAML scalar: whatever the text holds, it stays one scalar.
std::string Quoted(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string Number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string ColumnEntry(const ColumnProfile& column) {
  return "    - name: " + Quoted(column.name) + "\n      minimum: " + Number(column.minimum) +
         "\n      maximum: " + Number(column.maximum) + "\n      mean: " + Number(column.mean) +
         "\n      standard_deviation: " + Number(column.standard_deviation) +
         "\n      missing: " + std::to_string(column.missing) + "\n";
}

constexpr std::size_t kMostPathBytes = std::size_t{200} * 1024;

// Up to the metadata.
std::string Head(const std::vector<std::string>& paths) {
  std::string text =
      "$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json\n"
      "type: mltable\n"
      "paths:\n";
  for (const std::string& path : paths) {
    if (text.size() + path.size() > kMostPathBytes) break;
    text += "  - file: " + Quoted(path) + "\n";
  }
  return text +
         "transformations:\n"
         "  - read_delimited:\n"
         "      delimiter: \",\"\n"
         "      encoding: utf8\n"
         "      header: all_files_same_headers\n"
         "      empty_as_string: false\n"
         "metadata:\n";
}

}  // namespace

std::string MlTableDocument(const std::string& path, const DataProfile& profile,
                            const std::string& cutoff_date) {
  std::string text = Head({path}) + "  cutoff_date: " + Quoted(cutoff_date) +
                     "\n  sha256: " + Quoted(profile.fingerprint) +
                     "\n  row_count: " + std::to_string(profile.row_count) +
                     "\n  first_timestamp: " + Quoted(FormatTimestamp(profile.first_unix_seconds)) +
                     "\n  last_timestamp: " + Quoted(FormatTimestamp(profile.last_unix_seconds)) +
                     "\n  step_seconds: " + std::to_string(profile.step_seconds) + "\n  columns:\n";
  for (const ColumnProfile& column : profile.columns) text += ColumnEntry(column);
  if (!profile.issues.empty()) text += "  issues:\n";
  for (const DataIssue& issue : profile.issues) {
    text +=
        "    - kind: " + NameOf(issue.kind) + "\n      message: " + Quoted(issue.message) + "\n";
  }
  return text;
}

std::string MlTableOfFiles(const std::vector<std::string>& paths, const std::string& sha256,
                           const std::string& cutoff_date) {
  return Head(paths) + "  cutoff_date: " + Quoted(cutoff_date) + "\n  sha256: " + Quoted(sha256) +
         "\n  sensors: " + std::to_string(paths.size()) + "\n";
}

}  // namespace fleetcast::sensordata
