#include "services/inference/rpc/forecast_service.h"

#include "services/inference/rpc/answer.h"
#include "services/inference/rpc/draining.h"

namespace fleetcast::inference {
namespace {

constexpr int kStreamPage = 200;
// A page ends before its message grows beyond what gRPC carries (4 MiB).
constexpr std::size_t kMaxPageBytes = 3 << 20;

template <typename Request>
absl::StatusOr<ForecastQuery> QueryOf(const Request& request) {
  ForecastQuery query;
  FLEETCAST_ASSIGN_OR_RETURN(query.circuit, ParseCircuitOrAll("parent", request.parent()));
  FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseFilter(request.filter()));
  query.latest_only = request.latest_only();
  return query;
}

// Drops the end of a page that would be too large; the next page begins there.
void FitIntoMessage(PageOf<Forecast>* page) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < page->items.size(); ++i) {
    bytes += MessageOf(page->items[i]).ByteSizeLong();
    if (bytes <= kMaxPageBytes || i == 0) continue;
    page->items.resize(i);
    page->next_after = PageKeyOf(page->items.back());
    return;
  }
}

}  // namespace

grpc::Status ForecastService::ListForecasts(grpc::ServerContext*,
                                            const v1::ListForecastsRequest* request,
                                            v1::ListForecastsResponse* reply) {
  return AnswerPage(
      "ListForecasts", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<Forecast>> {
        FLEETCAST_ASSIGN_OR_RETURN(const ForecastQuery query, QueryOf(*request));
        FLEETCAST_ASSIGN_OR_RETURN(PageOf<Forecast> forecasts, store_.List(query, page));
        FitIntoMessage(&forecasts);
        return forecasts;
      },
      [](auto& answer) { return answer.add_forecasts(); });
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
