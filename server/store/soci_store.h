#pragma once

#include <soci/soci.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "server/store/store.h"

namespace shoumi::server {

inline long long ToMicros(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline WallTime FromMicros(long long us) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(us)));
}
std::string ToBase64(std::string_view bytes);
absl::StatusOr<std::string> FromBase64(std::string_view text);

// One writer connection, some readers. SQL is the common ground of SQLite and PostgreSQL.
class SociStore final : public Store {
 public:
  using Connect = std::function<void(soci::session&)>;  // opens; may throw soci::soci_error

  // Opens every connection and migrates; may throw soci::soci_error.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Connect& connect,
                                                     WriteObserver observer);

  absl::Status AddEnrolmentToken(const EnrolmentTokenRow& token) override;
  absl::Status EnrolDevice(std::string_view token_sha256, WallTime now, const DeviceRow& device,
                           const CertificateRow& certificate) override;
  absl::Status AddCertificate(const CertificateRow& certificate,
                              const CertificateBound& bound) override;
  absl::StatusOr<DeviceRow> GetDevice(std::string_view device_id) override;
  absl::StatusOr<std::vector<DeviceRow>> ListDevices(std::string_view after,
                                                     uint32_t limit) override;
  absl::Status RevokeDevice(std::string_view device_id, WallTime now) override;
  absl::Status UpdateDevices(const std::vector<DeviceReport>& reports) override;

  absl::Status AddOperator(const OperatorRow& row) override;
  absl::StatusOr<OperatorRow> GetOperator(std::string_view name) override;
  absl::StatusOr<uint64_t> CountOperators() override;
  absl::Status DeleteOperator(std::string_view name) override;
  absl::Status SetPassword(std::string_view name, std::string_view password_hash, WallTime now,
                           std::string_view keep_token_sha256) override;
  absl::Status AddOperatorToken(const OperatorTokenRow& token) override;
  absl::StatusOr<OperatorTokenRow> GetOperatorToken(std::string_view token_sha256) override;
  absl::Status DeleteOperatorToken(std::string_view token_sha256) override;
  absl::StatusOr<uint64_t> DeleteExpiredTokens(WallTime now) override;

  absl::Status AddBundle(const BundleRow& bundle) override;
  absl::StatusOr<std::optional<BundleRow>> LatestBundle() override;

  absl::Status PutIndex(IndexKind kind, const IndexRow& row) override;
  absl::StatusOr<std::vector<IndexRow>> ListIndexes(IndexKind kind) override;
  absl::Status DeleteIndex(IndexKind kind, std::string_view name) override;
  absl::Status AddIndexVersion(const IndexVersion& version) override;
  absl::StatusOr<std::vector<IndexVersion>> ListIndexVersions() override;
  absl::Status DeleteIndexVersion(const IndexVersion& version) override;
  absl::Status PutDocuments(std::string_view collection, uint64_t version,
                            const std::vector<DocumentRowData>& documents) override;
  absl::StatusOr<DocumentPage> ListDocuments(std::string_view collection, uint64_t version,
                                             uint32_t after, uint32_t limit) override;
  absl::StatusOr<uint64_t> LastDocumentsVersion(std::string_view collection) override;
  absl::StatusOr<DocumentRowData> GetDocument(std::string_view collection, uint64_t version,
                                              uint32_t number) override;
  absl::Status AddBlobPiece(std::string_view sha256, uint64_t number,
                            std::string_view piece) override;
  absl::StatusOr<std::string> GetBlobPiece(std::string_view sha256, uint64_t number) override;
  absl::Status DeleteBlobsBut(const std::vector<std::string>& kept) override;

  absl::StatusOr<std::vector<BatchOutcome>> AddRecords(
      const std::vector<RecordBatchRows>& batches) override;
  absl::StatusOr<IncidentPage> ListIncidents(const IncidentQuery& query) override;
  absl::StatusOr<IncidentRow> GetIncident(uint64_t number) override;
  absl::StatusOr<IncidentRow> GetIncidentById(std::string_view incident_id) override;
  absl::StatusOr<std::vector<AgentEventRowData>> ListAgentEvents(std::string_view device_id,
                                                                 uint64_t before_number,
                                                                 uint32_t limit) override;
  absl::StatusOr<ReleaseRequestPage> ListReleaseRequests(std::string_view device_id,
                                                         uint64_t before_number,
                                                         uint32_t limit) override;

 private:
  static constexpr size_t kReaders = 3;

  explicit SociStore(WriteObserver observer) : observer_(std::move(observer)) {}

  // Runs `work` in a transaction on the writer, committed only when `work` returns OK.
  absl::Status Write(const std::function<absl::Status(soci::session&)>& work);
  absl::Status Read(const std::function<absl::Status(soci::session&)>& work);
  absl::StatusOr<IncidentRow> FindIncident(const std::string& column, long long number,
                                           const std::string& id);

  WriteObserver observer_;
  std::mutex write_mutex_;
  soci::session writer_;
  std::mutex read_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<soci::session>> free_readers_;
};

}  // namespace shoumi::server
