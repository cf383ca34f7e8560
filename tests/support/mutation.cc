#include "tests/support/mutation.h"

#include <chrono>
#include <cstdlib>
#include <random>

namespace fleetcast::testing {
namespace {

using Random = std::mt19937;

std::size_t Below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

std::string Mutated(std::string text, const std::vector<std::string>& fragments, Random& random) {
  const std::size_t edits = 1 + Below(random, 6);
  for (std::size_t i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = Below(random, text.size());
    switch (Below(random, 5)) {
      case 0:
        text.erase(at, 1 + Below(random, 20));
        break;
      case 1:
        text[at] = static_cast<char>(Below(random, 256));
        break;
      case 2:
        text.insert(at, fragments[Below(random, fragments.size())]);
        break;
      case 3:  // keeps many a text sound
        if (text[at] >= '0' && text[at] <= '9')
          text[at] = static_cast<char>('0' + Below(random, 10));
        break;
      default:
        text.insert(at, text.substr(Below(random, text.size()), Below(random, 60)));
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> FirstBroken(
    const std::vector<std::string>& seeds, const std::vector<std::string>& fragments,
    const std::function<std::optional<std::string>(const std::string& text)>& broken) {
  const char* seconds = std::getenv("FLEETCAST_MUTATION_SECONDS");
  const char* given = std::getenv("FLEETCAST_MUTATION_SEED");
  const unsigned seed = given != nullptr     ? static_cast<unsigned>(std::stoul(given))
                        : seconds == nullptr ? 7
                                             : std::random_device()();
  Random random(seed);
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(seconds == nullptr ? 0 : std::atoi(seconds));
  for (int i = 0; i < 5000 || std::chrono::steady_clock::now() < end; ++i) {
    const std::string text = Mutated(seeds[Below(random, seeds.size())], fragments, random);
    if (const auto problem = broken(text))
      return *problem + "\nof seed " + std::to_string(seed) + " in\n" + text;
  }
  return std::nullopt;
}

}  // namespace fleetcast::testing
