#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

// "PLANT,...", without what its checks say of themselves.
std::string TypeOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

// CLI11's help without its notes on which option excludes which: the descriptions say so.
class HelpText final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    std::string text = " " + TypeOf(*option);
    if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
    return option->get_required() ? text + " REQUIRED" : text;
  }
};

// What people write to each other, where nothing is a thing to say.
bool IsText(const CLI::Option& option) {
  constexpr const char* kTexts[] = {"actor", "author", "display-name", "filter", "reason"};
  return std::any_of(std::begin(kTexts), std::end(kTexts),
                     [&](const char* name) { return option.check_lname(name); });
}

// A description without what ends it in brackets, and that: what holds where the option is left
// out; "" if it does not say.
std::pair<std::string, std::string> AboutAndLeftOut(const CLI::Option& option) {
  const std::string& text = option.get_description();
  const std::size_t open = text.find_last_of("([");
  if (open == std::string::npos || open == 0 || (text.back() != ')' && text.back() != ']'))
    return {text, option.get_default_str()};
  return {text.substr(0, open - 1), text.substr(open + 1, text.size() - open - 2)};
}

std::string AboutEmpty(const CLI::Option& option, const std::string& what) {
  const std::string type = TypeOf(option);
  const auto [about, left_out] = AboutAndLeftOut(option);
  std::string text =
      absl::StrCat(what, "; give ", type == "TEXT" ? "a value" : type, " (", about, ")");
  if (option.get_required()) return text;
  return absl::StrCat(text, ", or leave it out", left_out.empty() ? "" : " for: ", left_out);
}

// A pipeline's variable that is not set comes as an empty value. It must not widen what a command
// is about, as leaving the option out does.
void RefuseEmptyValues(CLI::App& command) {
  for (CLI::Option* option : command.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_items_expected_max() == 0 || IsText(*option)) continue;
    const bool list = absl::EndsWith(TypeOf(*option), ",...");
    option->check(CLI::Validator(
        [option, list](std::string& value) -> std::string {
          if (absl::StripAsciiWhitespace(value).empty()) return AboutEmpty(*option, "is empty");
          if (!list) return "";
          for (const absl::string_view element : absl::StrSplit(value, ','))
            if (absl::StripAsciiWhitespace(element).empty())
              return AboutEmpty(*option, "has an empty element in \"" + value + "\"");
          return "";
        },
        ""));
  }
  for (CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; }))
    RefuseEmptyValues(*child);
}

// The command line, last word first, as CLI11 takes it. "--plants=" is `--plants ''`: CLI11 would
// take the next word for its value.
std::vector<std::string> Words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  bool options = true;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    options = options && word != "--";
    const bool emptied = options && absl::StartsWith(word, "--") && word.size() > 3 &&
                         word.find('=') + 1 == word.size();
    words.push_back(emptied ? word.substr(0, word.size() - 1) : word);
    if (emptied) words.emplace_back();
  }
  std::reverse(words.begin(), words.end());
  return words;
}

// Prints what is wrong and where help is.
int ReportUsageError(const CLI::App& app, const std::string& problem) {
  std::cerr << "error: " << problem << "\n  see: " << CommandPath(app) << " --help\n";
  return static_cast<int>(ExitCode::kUsage);
}

// How many letters must be changed, put in or taken out to make one of the other.
std::size_t Distance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// "; did you mean `training`?", or "" where nothing is near.
std::string DidYouMean(const std::string& given, const std::vector<std::string>& known) {
  const auto nearest = std::min_element(
      known.begin(), known.end(),
      [&](const auto& a, const auto& b) { return Distance(given, a) < Distance(given, b); });
  if (nearest == known.end() ||
      Distance(given, *nearest) > std::max<std::size_t>(2, given.size() / 3))
    return "";
  return "; did you mean `" + *nearest + "`?";
}

std::vector<std::string> OptionsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// The first that is no option of the command, with the one that was meant.
std::string UnknownArgument(const CLI::App& app, const std::vector<std::string>& unknown) {
  const CLI::App& command = Innermost(app);
  const std::string& given = unknown.front();
  if (given.size() < 2 || given[0] != '-')
    return "'" + given + "' is one argument too many for `" + CommandPath(app) + "`";
  std::vector<std::string> known = OptionsOf(command);
  for (const std::string& name : OptionsOf(app)) known.push_back(name);
  return "`" + CommandPath(app) + "` has no option " + given + DidYouMean(given, known);
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
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const CLI::App* each : known) names.push_back(each->get_name());
  return ReportUsageError(app, "'" + unknown.front() + "' is no command of `" + CommandPath(app) +
                                   "`: it has " + absl::StrJoin(names, ", ") +
                                   DidYouMean(unknown.front(), names));
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
  RefuseEmptyValues(app);
  try {
    app.parse(Words(argc, argv));
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);  // --help, --version
  } catch (const CLI::RequiredError& error) {
    if (Innermost(app).get_require_subcommand_min() > 0) return ReportNoVerb(app);
    return ReportUsageError(app, error.what());
  } catch (const CLI::ExtrasError& error) {
    const auto unknown = app.remaining(/*recurse=*/true);
    return ReportUsageError(app, unknown.empty() ? error.what() : UnknownArgument(app, unknown));
  } catch (const CLI::ParseError& error) {
    return ReportUsageError(app, error.what());
  }
  return static_cast<int>(session.exit_code());
}

}  // namespace fleetcast::cli
