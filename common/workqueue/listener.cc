#include "common/workqueue/listener.h"

#include <sys/socket.h>

#include <pqxx/notification>
#include <pqxx/pqxx>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/log.h"
#include "common/db/conninfo.h"
#include "common/db/postgres_error.h"

namespace fleetcast::workqueue {
namespace {

constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
constexpr absl::Duration kLook = absl::Milliseconds(200);

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, const std::string& channel, const std::string& word,
           const std::function<void()>& wake)
      : pqxx::notification_receiver(connection, channel), word_(word), wake_(wake) {}
  void operator()(const std::string& payload, int) override {
    if (payload == word_) wake_();
  }

 private:
  const std::string& word_;
  const std::function<void()>& wake_;
};

}  // namespace

Listener::Listener(std::string dsn, std::string channel, std::string word,
                   std::function<void()> wake)
    : dsn_(std::move(dsn)),
      channel_(std::move(channel)),
      word_(std::move(word)),
      wake_(std::move(wake)),
      thread_([this] { Run(); }) {}

Listener::~Listener() {
  stopping_ = true;
  thread_.join();
}

void Listener::ListenUntilBroken() {
  const auto conninfo = db::BoundedConninfo(
      dsn_, {.connect_timeout = kConnectTimeout, .silence = kConnectTimeout}, "fleetcast-listener");
  if (!conninfo.ok()) throw std::invalid_argument(std::string(conninfo.status().message()));
  pqxx::connection connection(*conninfo);
  const Receiver receiver(connection, channel_, word_, wake_);
  wake_();  // what was said while nobody listened
  while (!stopping_) connection.await_notification(0, absl::ToInt64Microseconds(kLook));
  // The receiver says goodbye, and a server that hangs would not answer: nobody waits for that.
  shutdown(connection.sock(), SHUT_RDWR);
}

void Listener::Run() {
  absl::Duration pause = kFirstPause;
  while (!stopping_) {
    try {
      ListenUntilBroken();
      pause = kFirstPause;
    } catch (const std::exception& exception) {
      const absl::Status status = db::StatusFromException(exception);
      LogWarning("notifications of work do not arrive; it is found by polling",
                 {{"error", std::string(status.message())}});
    }
    for (absl::Duration left = pause; !stopping_ && left > absl::ZeroDuration(); left -= kLook)
      absl::SleepFor(kLook);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace fleetcast::workqueue
