#include <algorithm>

#include "common/ids.h"
#include "fmt/format.h"
#include "server/rpc/operator_service.h"
#include "server/rpc/paging.h"

namespace shoumi::server {
namespace {

constexpr size_t kFilterBytesMax = 256;

// What a page holds in bytes. Callers of gRPC take 4 MiB unless they ask for more.
class PageBytes {
 public:
  // Whether the row still fits; the first always does.
  bool Take(const google::protobuf::Message& row) {
    const bool first = bytes_ == 0;
    bytes_ += row.ByteSizeLong();
    return first || bytes_ <= kPageBytesMax;
  }

 private:
  static constexpr size_t kPageBytesMax = 2U << 20U;
  size_t bytes_ = 0;
};

absl::Status CheckFilters(std::initializer_list<const std::string*> filters) {
  const bool fits = std::all_of(filters.begin(), filters.end(), [](const std::string* filter) {
    return filter->size() <= kFilterBytesMax;
  });
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("a filter has at most {} bytes", kFilterBytesMax));
}

void ToSummary(const IncidentRow& row, v1::IncidentSummary& summary) {
  summary.set_number(row.number);
  summary.set_incident_id(row.record.id);
  *summary.mutable_time() = ToProtoTime(row.record.time);
  *summary.mutable_received() = ToProtoTime(row.received);
  summary.set_device_id(row.device_id);
  summary.set_hostname(row.hostname);
  summary.set_user(row.record.user);
  summary.set_channel(row.record.channel);
  summary.set_action(row.record.action);
  summary.set_rule(row.record.rule);
  summary.set_severity(row.record.severity);
  summary.set_level(row.record.level);
  summary.set_content_name(row.record.content_name);
}

absl::Status ToDevice(const DeviceRow& row, bool connected, v1::DeviceRow& device) {
  device.set_device_id(row.device_id);
  device.set_hostname(row.hostname);
  device.set_status(row.revoked ? "revoked" : "active");
  device.set_connected(connected);
  *device.mutable_enrolled() = ToProtoTime(row.enrolled);
  if (row.last_seen != WallTime()) *device.mutable_last_seen() = ToProtoTime(row.last_seen);
  device.set_policy_version(row.policy_version);
  device.set_offered_version(row.offered_version);
  device.set_policy_error(row.policy_error);
  if (!row.state.empty() && !device.mutable_state()->ParseFromString(row.state)) {
    return absl::DataLossError("the store holds a device state that is none");
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListIncidents(
    Context* context, const v1::ListIncidentsRequest* request,
    v1::ListIncidentsResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    const auto limit = PageSize(request->page_size());
    if (!limit.ok()) return limit.status();
    const auto before = NumberOfToken(request->page_token());
    if (!before.ok()) return before.status();
    if (auto status = CheckFilters({&request->device_id(), &request->rule(), &request->action()});
        !status.ok()) {
      return status;
    }
    const auto page = services_.store.ListIncidents(
        {request->device_id(), request->rule(), request->action(), *before, *limit});
    if (!page.ok()) return page.status();
    for (const IncidentRow& row : page->rows) ToSummary(row, *response->add_incidents());
    response->set_total(page->total);
    if (page->rows.size() == *limit) {
      response->set_next_page_token(fmt::format("{}", page->rows.back().number));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::GetIncident(
    Context* context, const v1::GetIncidentRequest* request, v1::GetIncidentResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    if (request->key_case() == v1::GetIncidentRequest::KEY_NOT_SET) {
      return absl::InvalidArgumentError("a number or an incident id is needed");
    }
    if (request->number() > static_cast<uint64_t>(INT64_MAX)) {
      return absl::NotFoundError("no such incident");
    }
    const auto row = request->has_number()
                         ? services_.store.GetIncident(request->number())
                         : services_.store.GetIncidentById(request->incident_id());
    if (!row.ok()) return row.status();
    ToSummary(*row, *response->mutable_summary());
    if (!response->mutable_incident()->ParseFromString(row->record.body)) {
      return absl::DataLossError("the store holds an incident that is none");
    }
    services_.collections.SetTitles(*response->mutable_incident());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListAgentEvents(
    Context* context, const v1::ListAgentEventsRequest* request,
    v1::ListAgentEventsResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    const auto limit = PageSize(request->page_size());
    if (!limit.ok()) return limit.status();
    const auto before = NumberOfToken(request->page_token());
    if (!before.ok()) return before.status();
    if (auto status = CheckFilters({&request->device_id()}); !status.ok()) return status;
    const auto rows = services_.store.ListAgentEvents(request->device_id(), *before, *limit);
    if (!rows.ok()) return rows.status();
    PageBytes page;
    for (const AgentEventRowData& row : *rows) {
      v1::AgentEventRow event;
      event.set_device_id(row.device_id);
      event.set_hostname(row.hostname);
      if (!event.mutable_event()->ParseFromString(row.body)) {
        return absl::DataLossError("the store holds an agent event that is none");
      }
      if (!page.Take(event)) break;
      *response->add_events() = std::move(event);
    }
    if (const auto sent = static_cast<size_t>(response->events_size());
        sent == *limit || sent < rows->size()) {
      response->set_next_page_token(fmt::format("{}", (*rows)[sent - 1].number));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListReleaseRequests(
    Context* context, const v1::ListReleaseRequestsRequest* request,
    v1::ListReleaseRequestsResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    const auto limit = PageSize(request->page_size());
    if (!limit.ok()) return limit.status();
    const auto before = NumberOfToken(request->page_token());
    if (!before.ok()) return before.status();
    if (auto status = CheckFilters({&request->device_id()}); !status.ok()) return status;
    auto page = services_.store.ListReleaseRequests(request->device_id(), *before, *limit);
    if (!page.ok()) return page.status();
    response->set_total(page->total);
    PageBytes bytes;
    for (const ReleaseRequestRowData& row : page->rows) {
      v1::ReleaseRequestRow one;
      one.set_number(row.number);
      one.set_device_id(row.device_id);
      one.set_hostname(row.hostname);
      *one.mutable_received() = ToProtoTime(row.received);
      if (!one.mutable_request()->ParseFromString(row.body)) {
        return absl::DataLossError("the store holds a release request that is none");
      }
      if (!bytes.Take(one)) break;
      *response->add_requests() = std::move(one);
    }
    if (const auto sent = static_cast<size_t>(response->requests_size());
        sent > 0 && (sent == *limit || sent < page->rows.size())) {
      response->set_next_page_token(fmt::format("{}", page->rows[sent - 1].number));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListDevices(
    Context* context, const v1::ListDevicesRequest* request, v1::ListDevicesResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    const auto limit = PageSize(request->page_size());
    if (!limit.ok()) return limit.status();
    if (!request->page_token().empty() && !IsUuid(request->page_token())) {
      return absl::InvalidArgumentError("not a page token of this list");
    }
    auto rows = services_.store.ListDevices(request->page_token(), *limit);
    if (!rows.ok()) return rows.status();
    PageBytes page;
    for (DeviceRow& row : *rows) {
      const bool connected = services_.fleet.Overlay(row);
      v1::DeviceRow device;
      if (auto status = ToDevice(row, connected, device); !status.ok()) return status;
      if (!page.Take(device)) break;
      *response->add_devices() = std::move(device);
    }
    if (const auto sent = static_cast<size_t>(response->devices_size());
        sent == *limit || sent < rows->size()) {
      response->set_next_page_token((*rows)[sent - 1].device_id);
    }
    return absl::OkStatus();
  });
}

}  // namespace shoumi::server
