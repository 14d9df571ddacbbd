#include "server/main/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <exception>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace shoumi::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Seconds.
const prometheus::Histogram::BucketBoundaries kLatencyBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

MetricFamily Single(MetricType type, const char* name, const char* help, uint64_t value) {
  MetricFamily family{name, help, type, {}};
  ClientMetric metric;
  if (type == MetricType::Gauge) {
    metric.gauge.value = static_cast<double>(value);
  } else {
    metric.counter.value = static_cast<double>(value);
  }
  family.metric.push_back(std::move(metric));
  return family;
}

MetricFamily Counter(const char* name, const char* help, uint64_t value) {
  return Single(MetricType::Counter, name, help, value);
}

MetricFamily RpcFamily(const RpcCounters& rpc) {
  static constexpr const char* kCodes[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  MetricFamily family{
      "shoumi_rpc_total", "Finished calls and sessions by status", MetricType::Counter, {}};
  for (size_t code = 0; code < std::size(kCodes); ++code) {
    ClientMetric metric;
    metric.label.push_back({"code", kCodes[code]});
    metric.counter.value = static_cast<double>(rpc.of(code));
    family.metric.push_back(std::move(metric));
  }
  return family;
}

class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const MetricsSources& sources) : sources_(sources) {}

  std::vector<MetricFamily> Collect() const override {
    const FleetCounters& fleet = sources_.fleet.counters();
    const IngestCounters& ingest = sources_.ingest.counters();
    const auto bundle = sources_.policy.Current();
    return {
        Single(MetricType::Gauge, "shoumi_agents_connected", "Agents with an open session",
               sources_.fleet.connected()),
        Single(MetricType::Gauge, "shoumi_policy_version", "Latest policy that was applied",
               bundle ? bundle->version : 0),
        Counter("shoumi_sessions_total", "Sessions that were opened", fleet.sessions),
        Counter("shoumi_sessions_superseded_total", "Sessions that a newer one of the device ended",
                fleet.superseded),
        Counter("shoumi_sessions_idle_ended_total", "Sessions that fell silent", fleet.idle_ended),
        Counter("shoumi_sessions_refused_total", "Sessions beyond the bound", fleet.refused),
        Counter("shoumi_incidents_stored_total", "Incidents stored", ingest.incidents),
        Counter("shoumi_agent_events_stored_total", "Agent events stored", ingest.events),
        Counter("shoumi_release_requests_stored_total", "Release requests stored", ingest.requests),
        Counter("shoumi_record_duplicates_total", "Records that were stored before",
                ingest.duplicates),
        Counter("shoumi_record_id_conflicts_total", "Records under the id of another device",
                ingest.id_conflicts),
        Counter("shoumi_record_sequence_conflicts_total",
                "Records stored without their sequence, which was used before",
                ingest.sequence_conflicts),
        Counter("shoumi_record_sequences_missing_total", "Gaps in the sequences of agents",
                ingest.sequences_missing),
        Counter("shoumi_record_batches_total", "Batches stored", ingest.batches),
        Counter("shoumi_record_batches_refused_total", "Batches beyond the queue's bound",
                ingest.refused),
        Counter("shoumi_store_commits_total", "Transactions for batches", ingest.commits),
        Counter("shoumi_blob_bytes_sent_total", "Bytes of bundles and indexes sent to agents",
                sources_.blobs.bytes_sent),
        Counter("shoumi_blob_bytes_copied_total",
                "Bytes of indexes that agents took from the version before",
                sources_.blobs.bytes_copied),
        Counter("shoumi_deltas_made_total", "Differences between two versions of an index",
                sources_.blobs.deltas_made),
        Counter("shoumi_deltas_refused_total",
                "Differences beyond a bound: the whole is sent instead",
                sources_.blobs.deltas_refused),
        Counter("shoumi_login_failures_total", "Operator logins that failed",
                sources_.operators.login_failures()),
        Counter("shoumi_refusals_total", "Calls and sessions that were refused or broken off",
                sources_.refusals.refusals()),
        Counter("shoumi_refusals_suppressed_total", "Refusals beyond the log's bounds",
                sources_.refusals.suppressed()),
        Counter("shoumi_certificate_renewals_total", "Device certificates that were renewed",
                sources_.devices.renewals()),
        Counter("shoumi_certificate_renewals_refused_total", "Renewals beyond a device's bound",
                sources_.devices.renewals_refused()),
        RpcFamily(sources_.rpc),
    };
  }

 private:
  const MetricsSources sources_;
};

}  // namespace

struct StoreLatency::Parts {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Histogram* histogram = nullptr;
};

StoreLatency::StoreLatency() : parts_(std::make_shared<Parts>()) {
  parts_->histogram = &prometheus::BuildHistogram()
                           .Name("shoumi_store_write_seconds")
                           .Help("Duration of writing transactions of the store")
                           .Register(*parts_->registry)
                           .Add({}, kLatencyBuckets);
}

StoreLatency::~StoreLatency() = default;

void StoreLatency::Observe(std::chrono::nanoseconds took) {
  parts_->histogram->Observe(std::chrono::duration<double>(took).count());
}

// The exposer is the last member: it goes first, so that nothing is collected afterwards.
struct MetricsPage::Parts {
  std::shared_ptr<Collector> collector;
  std::shared_ptr<prometheus::Registry> registry;
  std::unique_ptr<prometheus::Exposer> exposer;
};

MetricsPage::MetricsPage() : parts_(std::make_unique<Parts>()) {}
MetricsPage::~MetricsPage() = default;

absl::StatusOr<std::unique_ptr<MetricsPage>> MetricsPage::Start(const std::string& address,
                                                                const MetricsSources& sources) {
  std::unique_ptr<MetricsPage> page(new MetricsPage);
  page->parts_->collector = std::make_shared<Collector>(sources);
  page->parts_->registry = sources.store_latency.parts_->registry;
  try {
    page->parts_->exposer = std::make_unique<prometheus::Exposer>(address, 1);
    page->parts_->exposer->RegisterCollectable(page->parts_->collector);
    page->parts_->exposer->RegisterCollectable(page->parts_->registry);
  } catch (const std::exception&) {
    return absl::UnavailableError(
        fmt::format("cannot serve metrics on {}: is it in use?", address));
  }
  return page;
}

}  // namespace shoumi::server
