// config_reference FOLDER: writes the documents that are made of the table of keys into a checkout.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "services/config/domain/reference.h"

namespace {

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool Write(const std::string& path, const std::string& text) {
  if (TextOf(path) == text) return true;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  std::ofstream file(path);
  file << text;
  file.close();
  std::printf("%s %s\n", file ? "wrote" : "cannot write", path.c_str());
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  using fleetcast::config::FileKind;
  const std::string docs = std::string(argc == 2 ? argv[1] : ".") + "/docs/";
  const auto document = fleetcast::config::WithKeyReference(TextOf(docs + "configuration.md"));
  if (!document.ok()) {
    std::fprintf(stderr, "%sconfiguration.md: %s\n", docs.c_str(),
                 std::string(document.status().message()).c_str());
    return 1;
  }
  const bool written =
      Write(docs + "configuration.md", *document) &&
      Write(docs + "schema/circuit.schema.json",
            fleetcast::config::JsonSchema(FileKind::kCircuit)) &&
      Write(docs + "schema/defaults.schema.json",
            fleetcast::config::JsonSchema(FileKind::kDefaults)) &&
      Write(docs + "schema/calendar.schema.json", fleetcast::config::CalendarSchema());
  return written ? 0 : 1;
}
