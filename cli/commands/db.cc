#include "cli/commands/db.h"

#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/local/migrations.h"
#include "cli/session.h"
#include "common/base/status.h"

namespace fleetcast::cli {

void AddDbCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "db", "the database of the services");
  const auto dsn = std::make_shared<std::string>();
  CLI::App& migrate =
      AddVerb(noun, session,
              {.name = "migrate",
               .about = "bring every service's schema to the newest version",
               .examples = "fleetcast db migrate --database \"host=db.internal dbname=fleetcast\""},
              [&session, dsn]() -> absl::Status {
                FLEETCAST_ASSIGN_OR_RETURN(const auto migrated, MigrateAll(*dsn));
                nlohmann::ordered_json versions;
                std::string lines;
                for (const auto& [schema, version] : migrated) {
                  versions[schema] = version;
                  absl::StrAppend(&lines, schema, " is at version ", version, "\n");
                }
                session.Show(versions, [&](const Terminal&) { return lines; });
                return absl::OkStatus();
              });
  migrate.add_option("--database", *dsn, "libpq connection string or URI")->required();
}

}  // namespace fleetcast::cli
