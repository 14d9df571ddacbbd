#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/fleet/fleet.h"
#include "server/identity/devices.h"
#include "server/identity/operators.h"
#include "server/incidents/ingest.h"
#include "server/indexes/delta_shelf.h"
#include "server/policy/publisher.h"
#include "server/rpc/call.h"
#include "server/rpc/refusal_log.h"

namespace shoumi::server {

// Durations of the store's writing transactions. Thread-safe; outlives the store.
class StoreLatency {
 public:
  StoreLatency();
  ~StoreLatency();
  void Observe(std::chrono::nanoseconds took);

 private:
  friend class MetricsPage;
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

struct MetricsSources {
  const Fleet& fleet;
  const RecordIngest& ingest;
  const DeviceIdentity& devices;
  const Operators& operators;
  const PolicyPublisher& policy;
  const BlobCounters& blobs;
  const RpcCounters& rpc;
  const RefusalLog& refusals;
  const StoreLatency& store_latency;
};

// http://ADDRESS/metrics in Prometheus' text format, for as long as the object lives.
class MetricsPage {
 public:
  // `sources` outlive the object. Unavailable when the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsPage>> Start(const std::string& address,
                                                            const MetricsSources& sources);
  ~MetricsPage();

 private:
  MetricsPage();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace shoumi::server
