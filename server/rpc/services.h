#pragma once

#include "common/clock.h"
#include "server/fleet/fleet.h"
#include "server/identity/devices.h"
#include "server/identity/operators.h"
#include "server/incidents/ingest.h"
#include "server/incidents/records.h"
#include "server/indexes/collections.h"
#include "server/indexes/delta_shelf.h"
#include "server/indexes/registries.h"
#include "server/policy/publisher.h"
#include "server/rpc/call.h"
#include "server/rpc/refusal_log.h"
#include "server/rpc/worker_pool.h"
#include "server/store/store.h"

namespace shoumi::server {

struct RpcBounds {
  size_t message_bytes_max = 8U << 20U;
  size_t state_bytes_max = 64U << 10U;
  size_t chunk_bytes = 64U << 10U;
  uint32_t control_messages_per_minute_max = 600;  // heartbeats and policy results of one session
  uint32_t streams_per_connection_max = 32;
  uint32_t heartbeat_interval_s = 20;
  // Connections cost descriptors, and anybody can open them.
  int handshake_ms_max = 20'000;
  int connection_idle_ms_max = 300'000;  // without any call
  int import_idle_ms_max = 120'000;      // between two messages of a table
  RecordBounds records;
};

// What the handlers call. Everything outlives the gRPC server.
struct Services {
  const CertificateAuthority& authority;
  DeviceIdentity& devices;
  Operators& operators;
  PolicyPublisher& policy;
  IndexShelf& indexes;
  Registries& registries;
  Collections& collections;
  DeltaShelf& deltas;
  RecordIngest& ingest;
  Fleet& fleet;
  Store& store;
  const Clock& clock;
  WorkerPool& workers;
  RpcCounters& counters;
  PeerLimiter& anonymous;
  RefusalLog& refusals;
  RpcBounds bounds;
};

}  // namespace shoumi::server
