#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shoumi::server {

using WallTime = std::chrono::system_clock::time_point;

struct DeviceRow {
  std::string device_id{};  // UUID
  std::string hostname{};
  std::string machine_id{};
  std::string agent_version{};
  bool revoked = false;
  WallTime enrolled{};
  WallTime last_seen{};         // epoch: never
  uint64_t policy_version = 0;  // in force, as reported
  uint64_t offered_version = 0;
  std::string policy_error{};
  uint64_t last_sequence = 0;  // highest of the spool that is stored
  std::string state{};         // serialised AgentState, empty before the first report
};

struct CertificateRow {
  std::string serial;  // hex
  std::string device_id;
  WallTime issued;
  WallTime expires;
};

// How many certificates a device may have been given since a time, the new one included.
struct CertificateBound {
  WallTime since;
  uint32_t certificates_max = 0;
};

struct EnrolmentTokenRow {
  std::string token_sha256;  // hex; the token itself is never stored
  WallTime created;
  WallTime expires;
  std::string created_by;
  std::string note;
};

// What an agent says about itself; empty optionals leave the stored value.
struct DeviceReport {
  std::string device_id;
  std::string hostname;
  std::string agent_version;
  WallTime last_seen;
  uint64_t policy_version = 0;
  uint64_t offered_version = 0;
  std::string policy_error;
  std::string state;
};

struct OperatorRow {
  std::string name;
  std::string password_hash;  // argon2id, encoded form
  bool must_change_password = false;
  WallTime created;
  WallTime password_changed;
};

struct OperatorTokenRow {
  std::string token_sha256;  // hex
  std::string operator_name;
  WallTime created;
  WallTime expires;
};

struct BundleRow {
  uint64_t version = 0;
  WallTime created;
  std::string author;
  std::string sha256;  // hex, of signed_bytes
  std::string signed_bytes;
};

// A client registry in force. Its index is the blob whose digest `head` says.
// What agents have an index of.
enum class IndexKind { kRegistry, kCollection };

// An index that is in force, or will be with the next bundle.
struct IndexRow {
  std::string name;
  uint64_t version = 0;
  WallTime imported;
  std::string author;
  std::string head;  // serialised Registry or DocumentCollection
};

// A version of an index that agents may hold.
struct IndexVersion {
  IndexKind kind = IndexKind::kRegistry;
  std::string name;
  uint64_t version = 0;
  std::string sha256;  // hex, of the index
  uint64_t size_bytes = 0;
};

// A document of one version of a collection.
struct DocumentRowData {
  uint32_t number = 0;  // from 1
  std::string title;
  std::string sha256;
  uint64_t units = 0;
};
struct DocumentPage {
  std::vector<DocumentRowData> rows;
  uint64_t total = 0;
};

// One record of an agent's spool, ready for its table.
struct RecordRow {
  enum class Kind : uint8_t { kIncident, kAgentEvent, kReleaseRequest };
  Kind kind = Kind::kIncident;
  uint64_t sequence = 0;
  std::string id;  // incident_id, event_id or request_id, UUID
  WallTime time;
  std::string body;        // serialised Incident, AgentEvent or ReleaseRequest
  std::string event_kind;  // agent events only
  // Incidents only.
  std::string user;
  std::string channel;
  std::string action;
  std::string rule;
  std::string severity;
  std::string level;
  std::string content_name;
};

struct RecordBatchRows {
  std::string device_id;
  WallTime received;
  std::vector<RecordRow> records;  // in ascending order of sequence
};

// What became of one batch; the batch is durable as a whole.
struct BatchOutcome {
  uint64_t incidents_stored = 0;
  uint64_t events_stored = 0;
  uint64_t requests_stored = 0;
  uint64_t duplicates = 0;          // stored before
  uint64_t id_conflicts = 0;        // the id belongs to another device; not stored again
  uint64_t sequence_conflicts = 0;  // stored, without its sequence
  uint64_t sequences_missing = 0;   // between what is stored and this batch, or within it
};

struct IncidentRow {
  uint64_t number = 0;
  std::string device_id;
  std::string hostname;
  WallTime received;
  RecordRow record;  // body is filled by GetIncident only
};

struct IncidentQuery {
  std::string device_id{};  // empty: any, as are the two below
  std::string rule{};
  std::string action{};
  uint64_t before_number = 0;  // 0: from the newest
  uint32_t limit = 50;
};
struct IncidentPage {
  std::vector<IncidentRow> rows;  // newest first
  uint64_t total = 0;             // of the filter, over all pages
};

struct AgentEventRowData {
  uint64_t number = 0;
  std::string device_id;
  std::string hostname;
  std::string body;  // serialised AgentEvent
};

struct ReleaseRequestRowData {
  uint64_t number = 0;
  std::string device_id;
  std::string hostname;
  WallTime received;
  std::string body;  // serialised ReleaseRequest
};
struct ReleaseRequestPage {
  std::vector<ReleaseRequestRowData> rows;
  uint64_t total = 0;  // of the device, or of all
};

// All that the server keeps. Thread-safe; every call blocks until it is done, and a call that
// changes something returns OK only when that is durable. Everything in one call happens wholly or
// not at all. Errors of the database are Internal, or Unavailable where trying again can help (disk
// full, locked); messages never carry values.
class Store {
 public:
  virtual ~Store() = default;

  virtual absl::Status AddEnrolmentToken(const EnrolmentTokenRow& token) = 0;
  // Uses the token up and adds the device with its certificate. PermissionDenied when the token
  // does not exist, is used, or expired at `now`.
  virtual absl::Status EnrolDevice(std::string_view token_sha256, WallTime now,
                                   const DeviceRow& device, const CertificateRow& certificate) = 0;
  // ResourceExhausted beyond the bound. Forgets what was over when the certificate was issued.
  virtual absl::Status AddCertificate(const CertificateRow& certificate,
                                      const CertificateBound& bound) = 0;
  // NotFound when there is none.
  virtual absl::StatusOr<DeviceRow> GetDevice(std::string_view device_id) = 0;
  // By device id, after `after`.
  virtual absl::StatusOr<std::vector<DeviceRow>> ListDevices(std::string_view after,
                                                             uint32_t limit) = 0;
  virtual absl::Status RevokeDevice(std::string_view device_id, WallTime now) = 0;
  virtual absl::Status UpdateDevices(const std::vector<DeviceReport>& reports) = 0;

  // AlreadyExists when the name is taken.
  virtual absl::Status AddOperator(const OperatorRow& row) = 0;
  virtual absl::StatusOr<OperatorRow> GetOperator(std::string_view name) = 0;
  virtual absl::StatusOr<uint64_t> CountOperators() = 0;
  // With all tokens of the operator; OK when there is none.
  virtual absl::Status DeleteOperator(std::string_view name) = 0;
  // Also ends every token of the operator but `keep_token_sha256`.
  virtual absl::Status SetPassword(std::string_view name, std::string_view password_hash,
                                   WallTime now, std::string_view keep_token_sha256) = 0;
  virtual absl::Status AddOperatorToken(const OperatorTokenRow& token) = 0;
  virtual absl::StatusOr<OperatorTokenRow> GetOperatorToken(std::string_view token_sha256) = 0;
  virtual absl::Status DeleteOperatorToken(std::string_view token_sha256) = 0;
  // Also forgets unused enrolment tokens that are over; returns how many rows went.
  virtual absl::StatusOr<uint64_t> DeleteExpiredTokens(WallTime now) = 0;

  // AlreadyExists when the version is taken.
  virtual absl::Status AddBundle(const BundleRow& bundle) = 0;
  virtual absl::StatusOr<std::optional<BundleRow>> LatestBundle() = 0;

  // In place of the one with its name.
  virtual absl::Status PutIndex(IndexKind kind, const IndexRow& row) = 0;
  virtual absl::StatusOr<std::vector<IndexRow>> ListIndexes(IndexKind kind) = 0;  // by name
  // NotFound when there is none.
  virtual absl::Status DeleteIndex(IndexKind kind, std::string_view name) = 0;

  // In place of the same one.
  virtual absl::Status AddIndexVersion(const IndexVersion& version) = 0;
  // The newest first.
  virtual absl::StatusOr<std::vector<IndexVersion>> ListIndexVersions() = 0;
  virtual absl::Status DeleteIndexVersion(const IndexVersion& version) = 0;

  // In place of those that the version had.
  virtual absl::Status PutDocuments(std::string_view collection, uint64_t version,
                                    const std::vector<DocumentRowData>& documents) = 0;
  // In order of number, after `after`.
  virtual absl::StatusOr<DocumentPage> ListDocuments(std::string_view collection, uint64_t version,
                                                     uint32_t after, uint32_t limit) = 0;
  // The highest that the collection ever had; 0: none.
  virtual absl::StatusOr<uint64_t> LastDocumentsVersion(std::string_view collection) = 0;
  // NotFound when there is none.
  virtual absl::StatusOr<DocumentRowData> GetDocument(std::string_view collection, uint64_t version,
                                                      uint32_t number) = 0;

  // Pieces of a blob, numbered from 0, in place of the same one.
  virtual absl::Status AddBlobPiece(std::string_view sha256, uint64_t number,
                                    std::string_view piece) = 0;
  // NotFound when there is none.
  virtual absl::StatusOr<std::string> GetBlobPiece(std::string_view sha256, uint64_t number) = 0;
  virtual absl::Status DeleteBlobsBut(const std::vector<std::string>& kept) = 0;

  // Each incident and event is kept exactly once. Outcomes in the order of `batches`. A batch of an
  // unknown device is NotFound for all.
  virtual absl::StatusOr<std::vector<BatchOutcome>> AddRecords(
      const std::vector<RecordBatchRows>& batches) = 0;
  virtual absl::StatusOr<IncidentPage> ListIncidents(const IncidentQuery& query) = 0;
  virtual absl::StatusOr<IncidentRow> GetIncident(uint64_t number) = 0;
  virtual absl::StatusOr<IncidentRow> GetIncidentById(std::string_view incident_id) = 0;
  // Newest first, before `before_number` unless that is 0; empty device: any.
  virtual absl::StatusOr<std::vector<AgentEventRowData>> ListAgentEvents(std::string_view device_id,
                                                                         uint64_t before_number,
                                                                         uint32_t limit) = 0;
  // Likewise.
  virtual absl::StatusOr<ReleaseRequestPage> ListReleaseRequests(std::string_view device_id,
                                                                 uint64_t before_number,
                                                                 uint32_t limit) = 0;
};

// Called after every transaction that writes, with its duration. Must be thread-safe and cheap.
using WriteObserver = std::function<void(std::chrono::nanoseconds)>;

// The embedded store: one SQLite file, WAL, synchronous=FULL. Creates or migrates it.
// FailedPrecondition when the file was written by a newer program.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::string& path,
                                                       WriteObserver observer = {});

}  // namespace shoumi::server
