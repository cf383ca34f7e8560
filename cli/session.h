// What every command works with: the services, the output in the format asked for, request ids,
// and the exit code. One per process; not thread safe.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "cli/output/table.h"
#include "cli/output/terminal.h"
#include "cli/targets.h"
#include "cli/transport/method.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/log.h"

namespace CLI {
class App;
}
namespace google::protobuf {
class Message;
}

namespace fleetcast::cli {

class Transport;

// The last two are what CI systems read; only verbs that have diagnostics know them.
enum class OutputFormat { kTable, kJson, kYaml, kGithub, kAzure };

class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // --output, --data-dir, --*-target, --timeout, --no-color, --request-id on the root command.
  void AddGlobalOptions(CLI::App& app);

  // One unary call. Errors name the service and its address where it could not be reached.
  template <typename Request, typename Response>
  [[nodiscard]] absl::StatusOr<Response> Call(const Method<Request, Response>& method,
                                              const std::type_identity_t<Request>& request) {
    Response response;
    const absl::Status status = CallUntyped(method.service, method.path, request, &response);
    if (!status.ok()) return status;
    return response;
  }

  // Reads one server stream until it ends, calling `on_idle` about ten times a second. CANCELLED
  // soon after Ctrl-C.
  template <typename Request, typename Response>
  [[nodiscard]] absl::Status Stream(
      const Method<Request, Response>& method, const std::type_identity_t<Request>& request,
      const std::type_identity_t<std::function<void(const Response&)>>& on_message,
      const std::function<void()>& on_idle) {
    Response response;
    return StreamUntyped(
        method.service, method.path, request, &response, [&] { on_message(response); }, on_idle);
  }

  // For mutating requests: --request-id if given, else a new UUID for this command. A command that
  // makes several calls gives each its own `part`, so that the same command again repeats each.
  [[nodiscard]] std::string RequestId(const std::string& part = "");

  [[nodiscard]] OutputFormat format() const { return format_; }
  [[nodiscard]] bool annotates() const {
    return format_ == OutputFormat::kGithub || format_ == OutputFormat::kAzure;
  }
  // Of standard output, and of standard error.
  [[nodiscard]] Terminal terminal() const;
  [[nodiscard]] Terminal error_terminal() const;
  [[nodiscard]] absl::Time Now() const { return clock_.Now(); }
  // --data-dir or FLEETCAST_DATA_DIR; empty if neither is given.
  [[nodiscard]] std::string data_dir() const;
  // Where `service` will be called. INVALID_ARGUMENT if --data-dir names no stack.
  [[nodiscard]] absl::StatusOr<std::string> Target(Service service);

  // To standard output: the message as JSON or YAML, or for people what `table` gives.
  void Show(const google::protobuf::Message& message,
            const std::function<std::string(const Terminal&)>& table);
  void Show(const nlohmann::ordered_json& value,
            const std::function<std::string(const Terminal&)>& table);
  // A list: an array as JSON or YAML; for people a table, or `hint` (on standard error) when
  // there is nothing to list.
  template <typename Messages>
  void ShowList(const Messages& messages, const std::function<Table()>& table,
                const std::string& hint) {
    std::vector<const google::protobuf::Message*> pointers;
    pointers.reserve(messages.size());
    for (const auto& message : messages) pointers.push_back(&message);
    ShowPointers(pointers, table, hint);
  }
  // A line for people on standard output; silent with -o json and yaml.
  void Say(const std::string& line);
  // What was done, where nothing is left to show: `line` for people, {done: name} as JSON or YAML.
  void ShowDone(const std::string& done, const std::string& name, const std::string& line);
  // A line on standard error, whatever the format.
  void Note(const std::string& line);

  // What a command returned: prints an error and sets the exit code. Says with which request id to
  // repeat the command if something that it asked for may have been carried out all the same.
  void Finish(const absl::Status& status);
  void set_exit_code(ExitCode code) { exit_code_ = code; }
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }

 private:
  absl::StatusOr<Transport*> OpenTransport();
  absl::Status CallUntyped(Service service, const std::string& path,
                           const google::protobuf::Message& request,
                           google::protobuf::Message* response);
  absl::Status StreamUntyped(Service service, const std::string& path,
                             const google::protobuf::Message& request,
                             google::protobuf::Message* response,
                             const std::function<void()>& on_message,
                             const std::function<void()>& on_idle);
  void ShowPointers(const std::vector<const google::protobuf::Message*>& messages,
                    const std::function<Table()>& table, const std::string& hint);

  OutputFormat format_ = OutputFormat::kTable;
  PerService target_flags_;
  std::string data_dir_;
  std::string request_id_;  // one for the whole command
  bool in_doubt_ = false;   // a mutating call may have been carried out, or not
  std::string timeout_text_ = "30s";
  bool no_color_ = false;
  absl::Duration timeout_ = absl::Seconds(30);
  absl::Duration unanswered_;  // how long nothing has answered by now
  std::unique_ptr<Transport> transport_;
  SystemClock clock_;
  RandomIdSource ids_;
  // Sent with every call and found in the services' logs.
  std::string call_id_ = ids_.NewId();
  ScopedLogFields call_fields_{{{"request_id", call_id_}}};
  ExitCode exit_code_ = ExitCode::kDone;
};

}  // namespace fleetcast::cli
