#include "common/service/dependencies.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "common/rpc/client.h"
#include "common/rpc/health.h"

namespace fleetcast::service {
namespace {

std::shared_ptr<db::ConnectionPool> ProbePool(const std::string& dsn) {
  return std::make_shared<db::ConnectionPool>(
      db::PoolOptions{.dsn = dsn,
                      .size = 1,
                      .acquire_timeout = absl::Milliseconds(100),  // nobody else takes it
                      .connect_timeout = kCheckPatience,
                      .statement_timeout = kCheckPatience,
                      .lock_timeout = kCheckPatience,
                      .application_name = "fleetcast-health"});
}

absl::Status IsWritable(pqxx::work& work) {
  if (work.exec1("SELECT current_setting('transaction_read_only')")[0].as<std::string>() == "off")
    return absl::OkStatus();
  return Refused(absl::StatusCode::kUnavailable, "POSTGRES_READ_ONLY",
                 "Postgres takes no writes: it is a standby, or default_transaction_read_only is "
                 "set");
}

}  // namespace

Dependency OwnPostgres(const std::string& dsn) {
  return {.name = "postgres", .essential = true, .check = [pool = ProbePool(dsn)] {
            return db::RunInTransaction(*pool, IsWritable);
          }};
}

Dependency ReadPostgres(const std::string& name, const std::string& dsn) {
  return {.name = name, .check = [pool = ProbePool(dsn)] {
            return db::ReadInTransaction(*pool, [](pqxx::work& work) {
              work.exec1("SELECT 1");
              return absl::OkStatus();
            });
          }};
}

Dependency CalledService(const std::string& name, const std::string& target) {
  return {.name = name, .check = [channel = rpc::Connect(target)] {
            return rpc::CheckHealth(channel, kCheckPatience);
          }};
}

std::vector<Dependency> DependenciesOfFleetWork(const std::string& dsn,
                                                const std::string& config_target,
                                                const std::string& registry_target,
                                                const sensordata::SourceSettings& sensors) {
  std::vector<Dependency> all = {OwnPostgres(dsn), CalledService("config", config_target),
                                 CalledService("registry", registry_target)};
  if (sensors.kind == "postgres") all.push_back(ReadPostgres("sensors", sensors.data));
  return all;
}

}  // namespace fleetcast::service
