// A service that hangs when it is to end: in its work, in its destructor, or nowhere.
#include <atomic>

#include "common/service/run.h"

namespace {

using fleetcast::SettingsReader;
using fleetcast::service::Service;

struct Settings {
  std::string hang;
};

class Hanging final : public Service {
 public:
  explicit Hanging(std::string hang) : hang_(std::move(hang)) {}
  ~Hanging() override { HangIf("destructor"); }
  std::vector<grpc::Service*> grpc_services() override { return {}; }
  void StopWork() override { HangIf("work"); }

 private:
  void HangIf(const std::string& where) const {
    const fleetcast::Notification never;
    if (hang_ == where) never.WaitForNotification();
  }
  const std::string hang_;
};

Settings Read(SettingsReader& reader) {
  return {reader.Choice("hang", "nowhere", {"nowhere", "work", "destructor"}, "where it hangs")};
}

absl::StatusOr<std::unique_ptr<Service>> Make(const Settings& settings) {
  return std::make_unique<Hanging>(settings.hang);
}

}  // namespace

int main(int argc, char** argv) {
  return fleetcast::service::Run({.name = "hanging", .about = "Hangs.", .port = 0}, argc, argv,
                                 Read, Make);
}
