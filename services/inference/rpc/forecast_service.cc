#include "services/inference/rpc/forecast_service.h"

#include "services/inference/rpc/answer.h"
#include "services/inference/rpc/cause.h"
#include "services/inference/rpc/draining.h"

namespace fleetcast::inference {
namespace {

constexpr int kStreamPage = 200;

template <typename Request>
absl::StatusOr<ForecastQuery> QueryOf(const Request& request) {
  ForecastQuery query;
  FLEETCAST_ASSIGN_OR_RETURN(query.circuit, ParseCircuitOrAll("parent", request.parent()));
  FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseFilter(request.filter(), ForecastFilterFields()));
  query.latest_only = request.latest_only();
  if (request.has_as_of()) {
    FLEETCAST_ASSIGN_OR_RETURN(query.as_of, TimeFromMessage("as_of", request.as_of()));
  }
  query.all_steps = request.view() != v1::FORECAST_VIEW_BASIC;
  return query;
}

}  // namespace

grpc::Status ForecastService::GetForecast(grpc::ServerContext*,
                                          const v1::GetForecastRequest* request,
                                          v1::Forecast* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Forecast> {
    FLEETCAST_ASSIGN_OR_RETURN(const ForecastName name, ParseForecast("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const Forecast forecast, store_.Get(name));
    return MessageOf(forecast);
  });
}

grpc::Status ForecastService::WithdrawForecast(grpc::ServerContext*,
                                               const v1::WithdrawForecastRequest* request,
                                               v1::Forecast* reply) {
  return AnswerMutation(
      "WithdrawForecast", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<Forecast> {
        FLEETCAST_ASSIGN_OR_RETURN(const ForecastName name, ParseForecast("name", request->name()));
        FLEETCAST_RETURN_IF_ERROR(CheckCause(*request));
        return store_.Withdraw(identity, name, request->actor(), request->reason());
      });
}

grpc::Status ForecastService::ListForecasts(grpc::ServerContext*,
                                            const v1::ListForecastsRequest* request,
                                            v1::ListForecastsResponse* reply) {
  return AnswerPage(
      "ListForecasts", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<Forecast>> {
        FLEETCAST_ASSIGN_OR_RETURN(const ForecastQuery query, QueryOf(*request));
        return store_.List(query, page);
      },
      [](auto& answer) { return answer.mutable_forecasts(); });
}

grpc::Status ForecastService::StreamForecasts(
    grpc::ServerContext* context, const v1::StreamForecastsRequest* request,
    grpc::ServerWriter<v1::StreamForecastsResponse>* writer) {
  const auto query = QueryOf(*request);
  if (!query.ok()) return rpc::ToGrpc(query.status());
  PageRequest page{.size = kStreamPage, .after = {}};
  do {
    const auto forecasts = store_.List(*query, page);
    if (!forecasts.ok()) return rpc::ToGrpc(forecasts.status());
    for (const Forecast& forecast : forecasts->items) {
      v1::StreamForecastsResponse response;
      *response.mutable_forecast() = MessageOf(forecast);
      if (!writer->Write(response)) return grpc::Status::CANCELLED;
    }
    page.after = forecasts->next_after;
    if (draining_.HasBeenNotified()) return rpc::ToGrpc(ServerDraining("begin again"));
  } while (!page.after.empty() && !context->IsCancelled());
  return grpc::Status::OK;
}

}  // namespace fleetcast::inference
