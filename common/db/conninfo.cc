#include "common/db/conninfo.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"

namespace fleetcast::db {
namespace {

absl::StatusOr<std::map<std::string, std::string>> Parse(const std::string& dsn) {
  // libpq's message quotes the piece that it stumbled over: it is dropped.
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(dsn.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);
  if (options == nullptr)
    return Refused(absl::StatusCode::kInvalidArgument, "POSTGRES_DSN_INVALID",
                   "the database's connection string cannot be read (it is not shown, for it may "
                   "hold a password); write \"host=… port=… dbname=… user=…\", values with spaces "
                   "in single quotes, or postgresql://user@host:port/dbname, special characters as "
                   "%20");
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  return values;
}

}  // namespace

absl::StatusOr<std::string> BoundedConninfo(const std::string& dsn, const ConnectBounds& bounds,
                                            const std::string& application_name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto values, Parse(dsn));
  const auto seconds = std::max<std::int64_t>(2, absl::ToInt64Seconds(bounds.connect_timeout));
  values["connect_timeout"] = absl::StrCat(seconds);
  values["tcp_user_timeout"] = absl::StrCat(absl::ToInt64Milliseconds(bounds.silence));
  // A host that vanishes while we wait for its answer has nothing of ours to acknowledge.
  values["keepalives"] = "1";
  values["keepalives_idle"] = "10";
  values["keepalives_interval"] = "3";
  values["keepalives_count"] = "3";
  values["client_encoding"] = "UTF8";
  values.try_emplace("application_name", application_name);
  std::string conninfo;
  for (const auto& [key, value] : values)
    absl::StrAppend(&conninfo, key, "='",
                    absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}), "' ");
  return conninfo;
}

}  // namespace fleetcast::db
