#include "server/incidents/ingest.h"

#include <utility>

#include "common/log.h"

namespace shoumi::server {
namespace {

size_t BytesOf(const RecordBatchRows& batch) {
  size_t bytes = sizeof(RecordBatchRows);
  for (const RecordRow& record : batch.records) {
    bytes += sizeof(RecordRow) + record.body.size() + record.content_name.size();
  }
  return bytes;
}

}  // namespace

RecordIngest::RecordIngest(Store& store, const IngestOptions& options)
    : store_(store), options_(options), thread_([this] { Run(); }) {}

RecordIngest::~RecordIngest() {
  Stop();
}

absl::Status RecordIngest::Submit(RecordBatchRows batch, Done done) {
  const size_t bytes = BytesOf(batch);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::UnavailableError("the server is stopping");
    if (queue_.size() >= options_.queued_batches_max ||
        queued_bytes_ + bytes > options_.queued_bytes_max) {
      ++counters_.refused;
      return absl::ResourceExhaustedError("too many batches are waiting; try again later");
    }
    queued_bytes_ += bytes;
    queue_.push_back({std::move(batch), std::move(done), bytes});
  }
  ready_.notify_one();
  return absl::OkStatus();
}

void RecordIngest::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::vector<RecordIngest::Waiting> RecordIngest::Take() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  std::vector<Waiting> taken;
  size_t records = 0;
  while (!queue_.empty()) {
    records += queue_.front().batch.records.size();
    if (!taken.empty() && records > options_.commit_records_max) break;
    queued_bytes_ -= queue_.front().bytes;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

void RecordIngest::Run() {
  while (true) {
    auto taken = Take();
    if (taken.empty()) return;  // stopping, and nothing is left
    Commit(taken);
  }
}

void RecordIngest::Count(const RecordBatchRows& batch, const BatchOutcome& outcome) {
  ++counters_.batches;
  counters_.incidents += outcome.incidents_stored;
  counters_.events += outcome.events_stored;
  counters_.requests += outcome.requests_stored;
  counters_.duplicates += outcome.duplicates;
  counters_.id_conflicts += outcome.id_conflicts;
  counters_.sequence_conflicts += outcome.sequence_conflicts;
  counters_.sequences_missing += outcome.sequences_missing;
  if (outcome.sequences_missing > 0) {
    spdlog::warn("device {}: {} records are missing before sequence {}", batch.device_id,
                 outcome.sequences_missing, batch.records.back().sequence);
  }
  if (outcome.sequence_conflicts > 0) {
    spdlog::warn(
        "device {}: {} records came under sequences that were used before; stored without "
        "sequence (is the machine cloned or reinstalled?)",
        batch.device_id, outcome.sequence_conflicts);
  }
  if (outcome.id_conflicts > 0) {
    spdlog::warn("device {}: {} records have ids that belong to another device; not stored",
                 batch.device_id, outcome.id_conflicts);
  }
}

void RecordIngest::Commit(std::vector<Waiting>& taken) {
  std::vector<RecordBatchRows> batches;
  batches.reserve(taken.size());
  for (Waiting& waiting : taken) batches.push_back(std::move(waiting.batch));
  auto outcomes = store_.AddRecords(batches);
  if (!outcomes.ok() && batches.size() > 1 &&
      outcomes.status().code() == absl::StatusCode::kNotFound) {
    // One device of many is unknown: the others must not suffer from it.
    for (size_t i = 0; i < batches.size(); ++i) {
      const auto alone = store_.AddRecords({batches[i]});
      if (alone.ok()) Count(batches[i], alone->front());
      taken[i].done(alone.status());
    }
    return;
  }
  ++counters_.commits;
  if (!outcomes.ok()) {
    spdlog::error("{} batches are not stored: {}", batches.size(), outcomes.status().ToString());
  }
  for (size_t i = 0; i < batches.size(); ++i) {
    if (outcomes.ok()) Count(batches[i], (*outcomes)[i]);
    taken[i].done(outcomes.status());
  }
}

}  // namespace shoumi::server
