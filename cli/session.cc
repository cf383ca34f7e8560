#include "cli/session.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "cli/error_report.h"
#include "cli/interrupt.h"
#include "cli/output/structured.h"
#include "cli/transport/transport.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::cli {
namespace {

// Watches outlive any unary timeout; a stream that is still open then is opened again.
constexpr absl::Duration kStreamTimeout = absl::Hours(1);

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// Everything that mutates takes a request id, and nothing else does.
bool IsMutating(const google::protobuf::Message& request) {
  return request.GetDescriptor()->FindFieldByName("request_id") != nullptr;
}

// INVALID_ARGUMENT on the first text of `message` that is not UTF-8: protobuf carries no other.
absl::Status CheckUtf8(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->type() == google::protobuf::FieldDescriptor::TYPE_STRING) {
        const std::string text = field->is_repeated()
                                     ? reflection->GetRepeatedString(message, field, i)
                                     : reflection->GetString(message, field);
        if (!IsUtf8(text))
          return InvalidField(field->name(), QuotedUtf8(text, 80) + " is not UTF-8");
      } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
        FLEETCAST_RETURN_IF_ERROR(CheckUtf8(field->is_repeated()
                                                ? reflection->GetRepeatedMessage(message, field, i)
                                                : reflection->GetMessage(message, field)));
      }
    }
  }
  return absl::OkStatus();
}

std::string CheckDuration(const std::string& text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration()) return "";
  return "'" + text + "' is not a duration such as 30s or 2m";
}

}  // namespace

Session::Session() = default;
Session::~Session() = default;

void Session::AddGlobalOptions(CLI::App& app) {
  const char* group = "Global options";
  static const std::map<std::string, OutputFormat> formats = {{"table", OutputFormat::kTable},
                                                              {"json", OutputFormat::kJson},
                                                              {"yaml", OutputFormat::kYaml},
                                                              {"github", OutputFormat::kGithub},
                                                              {"azure", OutputFormat::kAzure}};
  app.add_option("-o,--output", format_,
                 "table (the default), json or yaml; of config validate also github or azure")
      ->transform(CLI::Validator(
          [](std::string& text) {
            const auto found = formats.find(absl::AsciiStrToLower(text));
            if (found == formats.end()) return "'" + text + "' is no format: table, json or yaml";
            text = std::to_string(static_cast<int>(found->second));
            return std::string();
          },
          "{table,json,yaml}"))
      ->type_name("FORMAT")
      ->group(group);
  app.add_option("--data-dir", data_dir_,
                 "folder of a local stack, whose services to call [FLEETCAST_DATA_DIR]")
      ->type_name("DIR")
      ->group(group);
  for (const Service service : kServices) {
    const std::string name = ServiceName(service);
    app.add_option("--" + name + "-target", target_flags_[service],
                   "address of the " + name + " service [FLEETCAST_" + absl::AsciiStrToUpper(name) +
                       "_TARGET]")
        ->type_name("HOST:PORT")
        ->group(group);
  }
  app.add_option("--timeout", timeout_text_,
                 "how long to wait for an answer, tries and services together (30s)")
      ->check(CheckDuration)
      ->type_name("DURATION")
      ->group(group);
  app.add_option("--request-id", request_id_,
                 "a UUID: the same command with the same id is carried out once")
      ->type_name("UUID")
      ->group(group);
  app.add_flag("--no-color", no_color_, "plain text, also on a terminal [NO_COLOR]")->group(group);
}

std::string Session::RequestId(const std::string& part) {
  if (request_id_.empty()) request_id_ = ids_.NewUuid();
  if (part.empty()) return request_id_;
  std::string uuid = Sha256Hex(request_id_ + "/" + part).substr(0, 32);
  uuid[12] = '8';  // RFC 9562, version 8: made in the application's own way
  uuid[16] = 'a';
  for (const std::size_t dash : {8, 13, 18, 23}) uuid.insert(dash, 1, '-');
  return uuid;
}

Terminal Session::terminal() const { return DetectTerminal(STDOUT_FILENO, no_color_); }

Terminal Session::error_terminal() const { return DetectTerminal(STDERR_FILENO, no_color_); }

std::string Session::data_dir() const {
  return data_dir_.empty() ? Environment("FLEETCAST_DATA_DIR") : data_dir_;
}

absl::StatusOr<std::string> Session::Target(Service service) {
  FLEETCAST_ASSIGN_OR_RETURN(Transport * transport, OpenTransport());
  return transport->target(service);
}

absl::StatusOr<Transport*> Session::OpenTransport() {
  if (!transport_) {
    FLEETCAST_ASSIGN_OR_RETURN(PerService targets,
                               ResolveTargets(target_flags_, Environment, data_dir()));
    transport_ = std::make_unique<Transport>(std::move(targets));
    absl::ParseDuration(timeout_text_, &timeout_);
  }
  return transport_.get();
}

absl::Status Session::CallUntyped(Service service, const std::string& path,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message* response) {
  FLEETCAST_ASSIGN_OR_RETURN(Transport * transport, OpenTransport());
  FLEETCAST_RETURN_IF_ERROR(CheckUtf8(request));
  const auto asked = std::chrono::steady_clock::now();
  absl::Status status = transport->Call(service, path, request, response, {timeout_, unanswered_});
  // Whatever else it may be, it is an answer.
  const bool silent = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  unanswered_ = silent ? unanswered_ + absl::FromChrono(std::chrono::steady_clock::now() - asked)
                       : absl::ZeroDuration();
  in_doubt_ = in_doubt_ || (IsMutating(request) && MayHaveBeenCarriedOut(status));
  return status;
}

absl::Status Session::StreamUntyped(Service service, const std::string& path,
                                    const google::protobuf::Message& request,
                                    google::protobuf::Message* response,
                                    const std::function<void()>& on_message,
                                    const std::function<void()>& on_idle) {
  FLEETCAST_ASSIGN_OR_RETURN(Transport * transport, OpenTransport());
  const auto stopped = [&] {
    on_idle();
    return Interrupted();
  };
  return transport->Stream(service, path, request, response, kStreamTimeout, on_message, stopped);
}

void Session::Show(const google::protobuf::Message& message,
                   const std::function<std::string(const Terminal&)>& table) {
  if (format_ == OutputFormat::kTable) {
    std::cout << table(terminal()) << std::flush;
  } else {
    Show(ToJson(message), table);
  }
}

void Session::Show(const nlohmann::ordered_json& value,
                   const std::function<std::string(const Terminal&)>& table) {
  switch (format_) {
    case OutputFormat::kTable:
      std::cout << table(terminal());
      break;
    case OutputFormat::kJson:
      std::cout << JsonText(value);
      break;
    case OutputFormat::kYaml:
      std::cout << YamlText(value);
      break;
    case OutputFormat::kGithub:
    case OutputFormat::kAzure:
      break;  // verbs that have them print them themselves
  }
  std::cout << std::flush;
}

void Session::ShowPointers(const std::vector<const google::protobuf::Message*>& messages,
                           const std::function<Table()>& table, const std::string& hint) {
  if (format_ == OutputFormat::kTable) {
    if (messages.empty()) {
      Note(hint);
    } else {
      std::cout << table().Render(terminal()) << std::flush;
    }
    return;
  }
  auto list = nlohmann::ordered_json::array();
  for (const auto* message : messages) list.push_back(ToJson(*message));
  Show(list, nullptr);
}

void Session::Say(const std::string& line) {
  if (format_ == OutputFormat::kTable) std::cout << line << std::endl;
}

void Session::ShowDone(const std::string& done, const std::string& name, const std::string& line) {
  Show(nlohmann::ordered_json{{done, name}}, [&](const Terminal&) { return line + "\n"; });
}

void Session::Note(const std::string& line) { std::cerr << line << std::endl; }

void Session::Finish(const absl::Status& status) {
  std::cout << std::flush;
  if (!status.ok()) {
    std::cerr << ErrorReport(status, error_terminal().color, call_id_);
    exit_code_ = ExitCodeOf(status, Interrupted());
  }
  if (in_doubt_) std::cerr << RepeatAdvice(request_id_, error_terminal().color);
  std::cerr << std::flush;
}

}  // namespace fleetcast::cli
