#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/session.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

// "fleetcast training start", as far as the command line was understood.
std::string CommandPath(const CLI::App& app) {
  std::string path = app.get_name();
  for (const auto* chosen : app.get_subcommands()) path += " " + CommandPath(*chosen);
  return path;
}

// The command that was understood last: where the mistake is.
const CLI::App& Innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : Innermost(*chosen.back());
}

// CLI11's help without its notes on which option excludes which: the descriptions say so.
class HelpText final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    const std::string type = option->get_type_name();
    std::string text = " " + type.substr(0, type.find(':'));
    if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
    return option->get_required() ? text + " REQUIRED" : text;
  }
};

// Prints what is wrong and where help is.
int ReportUsageError(const CLI::App& app, const std::string& problem) {
  std::cerr << "error: " << problem << "\n  see: " << CommandPath(app) << " --help\n";
  return static_cast<int>(ExitCode::kUsage);
}

// No verb, or one that does not exist.
int ReportNoVerb(const CLI::App& app) {
  const CLI::App& command = Innermost(app);
  const auto unknown = app.remaining(/*recurse=*/true);
  if (unknown.empty()) {
    std::cerr << app.help();
    return static_cast<int>(ExitCode::kUsage);
  }
  const auto known = command.get_subcommands([](const CLI::App*) { return true; });
  return ReportUsageError(
      app, "'" + unknown.front() + "' is no command of `" + CommandPath(app) + "`: it has " +
               absl::StrJoin(known, ", ", [](std::string* out, const CLI::App* each) {
                 out->append(each->get_name());
               }));
}

}  // namespace

void PrepareRoot(CLI::App& app, const std::string& version) {
  app.formatter(std::make_shared<HelpText>());
  app.set_version_flag("--version", "fleetcast " + version);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 some circuits failed or a service refused, 2 usage,\n"
      "            3 could not reach a service, 130 interrupted (what was started goes on).");
}

CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& about) {
  CLI::App* noun = app.add_subcommand(name, about);
  noun->fallthrough();
  noun->require_subcommand(1);
  noun->footer("Each verb has --help with examples: fleetcast " + name + " VERB --help");
  return *noun;
}

CLI::App& AddVerb(CLI::App& noun, Session& session, const VerbText& text,
                  std::function<absl::Status()> run) {
  CLI::App* verb = noun.add_subcommand(text.name, text.about);
  verb->fallthrough();
  verb->require_subcommand(0);
  std::string footer;
  for (const auto& line : absl::StrSplit(text.examples, '\n', absl::SkipEmpty())) {
    footer += (footer.empty() ? "Examples:\n  " : "\n  ") + std::string(line);
  }
  verb->footer(footer + "\n\nGlobal options (-o json, --data-dir, ...): fleetcast --help");
  verb->callback([&session, run = std::move(run), annotates = text.annotates] {
    if (session.annotates() && !annotates)
      return session.Finish(InvalidField(
          "--output",
          "github and azure are for `fleetcast config validate`; use table, json or yaml"));
    session.Finish(run());
  });
  return *verb;
}

int RunCommandLine(CLI::App& app, Session& session, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);  // --help, --version
  } catch (const CLI::RequiredError& error) {
    if (Innermost(app).get_require_subcommand_min() > 0) return ReportNoVerb(app);
    return ReportUsageError(app, error.what());
  } catch (const CLI::ParseError& error) {
    return ReportUsageError(app, error.what());
  }
  return static_cast<int>(session.exit_code());
}

}  // namespace fleetcast::cli
