#include <algorithm>

#include "fmt/format.h"
#include "server/store/soci_store.h"

namespace shoumi::server {
namespace {

// Prepared once for a call of AddRecords and executed for every record; the members are what the
// statements are bound to.
class RecordWriter {
 public:
  explicit RecordWriter(soci::session& sql)
      : sql_(sql),
        insert_incident_(
            (sql.prepare
                 << "INSERT INTO incidents (number, incident_id, device_id, sequence, time_us, "
                    "received_us, user_name, channel, action, rule, severity, level, content_name, "
                    "incident_base64) VALUES (:number, :id, :device, :sequence, :time, :received, "
                    ":user, :channel, :action, :rule, :severity, :level, :content, :body) "
                    "ON CONFLICT DO NOTHING",
             soci::use(number_, "number"), soci::use(record_.id, "id"),
             soci::use(device_, "device"), soci::use(sequence_, sequence_set_, "sequence"),
             soci::use(time_, "time"), soci::use(received_, "received"),
             soci::use(record_.user, "user"), soci::use(record_.channel, "channel"),
             soci::use(record_.action, "action"), soci::use(record_.rule, "rule"),
             soci::use(record_.severity, "severity"), soci::use(record_.level, "level"),
             soci::use(record_.content_name, "content"), soci::use(body_, "body"))),
        insert_event_(
            (sql.prepare << "INSERT INTO agent_events (number, event_id, device_id, sequence, "
                            "time_us, received_us, kind, event_base64) VALUES (:number, :id, "
                            ":device, :sequence, :time, :received, :kind, :body) "
                            "ON CONFLICT DO NOTHING",
             soci::use(number_, "number"), soci::use(record_.id, "id"),
             soci::use(device_, "device"), soci::use(sequence_, sequence_set_, "sequence"),
             soci::use(time_, "time"), soci::use(received_, "received"),
             soci::use(record_.event_kind, "kind"), soci::use(body_, "body"))),
        insert_request_((
            sql.prepare << "INSERT INTO release_requests (number, request_id, device_id, "
                           "sequence, time_us, received_us, request_base64) VALUES (:number, "
                           ":id, :device, :sequence, :time, :received, :body) "
                           "ON CONFLICT DO NOTHING",
            soci::use(number_, "number"), soci::use(record_.id, "id"), soci::use(device_, "device"),
            soci::use(sequence_, sequence_set_, "sequence"), soci::use(time_, "time"),
            soci::use(received_, "received"), soci::use(body_, "body"))) {
    sql << "SELECT value FROM counters WHERE name = 'incident_number'",
        soci::into(incident_number_);
    sql << "SELECT value FROM counters WHERE name = 'agent_event_number'",
        soci::into(event_number_);
    sql << "SELECT value FROM counters WHERE name = 'release_request_number'",
        soci::into(request_number_);
  }

  absl::Status AddBatch(const RecordBatchRows& batch, BatchOutcome& outcome) {
    device_ = batch.device_id;
    received_ = ToMicros(batch.received);
    long long last = 0;
    sql_ << "SELECT last_sequence FROM devices WHERE device_id = :id", soci::into(last),
        soci::use(device_, "id");
    if (!sql_.got_data()) return absl::NotFoundError("no such device");
    for (const RecordRow& record : batch.records) {
      const auto sequence = static_cast<long long>(record.sequence);
      if (sequence > last + 1) {
        outcome.sequences_missing += static_cast<uint64_t>(sequence - last - 1);
      }
      last = std::max(last, sequence);
      Add(record, outcome);
    }
    sql_ << "UPDATE devices SET last_sequence = :last WHERE device_id = :id",
        soci::use(last, "last"), soci::use(device_, "id");
    return absl::OkStatus();
  }

  void Finish() {
    sql_ << "UPDATE counters SET value = :value WHERE name = 'incident_number'",
        soci::use(incident_number_, "value");
    sql_ << "UPDATE counters SET value = :value WHERE name = 'agent_event_number'",
        soci::use(event_number_, "value");
    sql_ << "UPDATE counters SET value = :value WHERE name = 'release_request_number'",
        soci::use(request_number_, "value");
  }

 private:
  void Add(const RecordRow& record, BatchOutcome& outcome) {
    record_ = record;
    body_ = ToBase64(record.body);
    time_ = ToMicros(record.time);
    sequence_ = static_cast<long long>(record.sequence);
    sequence_set_ = soci::i_ok;
    Kind kind = KindOf(record.kind, outcome);
    number_ = kind.last_number + 1;
    bool stored = Execute(kind.insert);
    if (!stored) {
      const std::string owner = OwnerOf(kind.owner_query);
      if (owner.empty()) {
        // The sequence is taken by another record of this device: nothing is lost over that.
        sequence_set_ = soci::i_null;
        stored = Execute(kind.insert);
        ++outcome.sequence_conflicts;
      } else if (owner == device_) {
        ++outcome.duplicates;
      } else {
        ++outcome.id_conflicts;
      }
    }
    if (!stored) return;
    kind.last_number = number_;
    ++kind.stored;
  }

  // Where records of a kind go.
  struct Kind {
    soci::statement& insert;
    long long& last_number;
    uint64_t& stored;
    const char* owner_query;
  };
  Kind KindOf(RecordRow::Kind kind, BatchOutcome& outcome) {
    switch (kind) {
      case RecordRow::Kind::kIncident:
        return {insert_incident_, incident_number_, outcome.incidents_stored,
                "SELECT device_id FROM incidents WHERE incident_id = :id"};
      case RecordRow::Kind::kReleaseRequest:
        return {insert_request_, request_number_, outcome.requests_stored,
                "SELECT device_id FROM release_requests WHERE request_id = :id"};
      case RecordRow::Kind::kAgentEvent:
        break;
    }
    return {insert_event_, event_number_, outcome.events_stored,
            "SELECT device_id FROM agent_events WHERE event_id = :id"};
  }

  static bool Execute(soci::statement& statement) {
    statement.execute(true);
    return statement.get_affected_rows() == 1;
  }

  // The device that holds record_.id, empty when none does.
  std::string OwnerOf(const char* query) {
    std::string owner;
    sql_ << query, soci::into(owner), soci::use(record_.id, "id");
    return owner;
  }

  soci::session& sql_;
  RecordRow record_;
  std::string device_;
  std::string body_;
  long long number_ = 0;
  long long sequence_ = 0;
  soci::indicator sequence_set_ = soci::i_ok;
  long long time_ = 0;
  long long received_ = 0;
  long long incident_number_ = 0;
  long long event_number_ = 0;
  long long request_number_ = 0;
  soci::statement insert_incident_;
  soci::statement insert_event_;
  soci::statement insert_request_;
};

constexpr char kIncidentColumns[] =
    "i.number, i.incident_id, i.device_id, d.hostname, COALESCE(i.sequence, 0), i.time_us, "
    "i.received_us, i.user_name, i.channel, i.action, i.rule, i.severity, i.level, i.content_name";

struct IncidentBuffer {
  IncidentRow row;
  long long number = 0;
  long long sequence = 0;
  long long time = 0;
  long long received = 0;

  void Bind(soci::statement& statement) {
    RecordRow& record = row.record;
    statement.exchange(soci::into(number));
    statement.exchange(soci::into(record.id));
    statement.exchange(soci::into(row.device_id));
    statement.exchange(soci::into(row.hostname));
    statement.exchange(soci::into(sequence));
    statement.exchange(soci::into(time));
    statement.exchange(soci::into(received));
    statement.exchange(soci::into(record.user));
    statement.exchange(soci::into(record.channel));
    statement.exchange(soci::into(record.action));
    statement.exchange(soci::into(record.rule));
    statement.exchange(soci::into(record.severity));
    statement.exchange(soci::into(record.level));
    statement.exchange(soci::into(record.content_name));
  }

  IncidentRow Take() {
    IncidentRow result = row;
    result.number = static_cast<uint64_t>(number);
    result.received = FromMicros(received);
    result.record.sequence = static_cast<uint64_t>(sequence);
    result.record.time = FromMicros(time);
    return result;
  }
};

// WHERE of a query, from fixed text only; the values are bound.
std::string IncidentFilter(const IncidentQuery& query) {
  std::string where = " WHERE 1 = 1";
  if (!query.device_id.empty()) where += " AND i.device_id = :device";
  if (!query.rule.empty()) where += " AND i.rule = :rule";
  if (!query.action.empty()) where += " AND i.action = :action";
  return where;
}

void BindFilter(soci::statement& statement, const IncidentQuery& query) {
  if (!query.device_id.empty()) statement.exchange(soci::use(query.device_id, "device"));
  if (!query.rule.empty()) statement.exchange(soci::use(query.rule, "rule"));
  if (!query.action.empty()) statement.exchange(soci::use(query.action, "action"));
}

}  // namespace

absl::StatusOr<std::vector<BatchOutcome>> SociStore::AddRecords(
    const std::vector<RecordBatchRows>& batches) {
  std::vector<BatchOutcome> outcomes(batches.size());
  const auto status = Write([&](soci::session& sql) {
    RecordWriter writer(sql);
    for (size_t i = 0; i < batches.size(); ++i) {
      if (auto added = writer.AddBatch(batches[i], outcomes[i]); !added.ok()) return added;
    }
    writer.Finish();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return outcomes;
}

absl::StatusOr<IncidentPage> SociStore::ListIncidents(const IncidentQuery& query) {
  IncidentPage page;
  const auto status = Read([&](soci::session& sql) {
    const std::string where = IncidentFilter(query);
    long long total = 0;
    soci::statement count(sql);
    count.exchange(soci::into(total));
    BindFilter(count, query);
    count.alloc();
    count.prepare("SELECT COUNT(*) FROM incidents i" + where);
    count.define_and_bind();
    count.execute(true);
    page.total = static_cast<uint64_t>(total);

    const auto before = static_cast<long long>(query.before_number);
    const long long limit = query.limit;
    IncidentBuffer buffer;
    soci::statement list(sql);
    buffer.Bind(list);
    BindFilter(list, query);
    if (before > 0) list.exchange(soci::use(before, "before"));
    list.exchange(soci::use(limit, "max"));
    list.alloc();
    list.prepare(std::string("SELECT ") + kIncidentColumns +
                 " FROM incidents i JOIN devices d ON d.device_id = i.device_id" + where +
                 (before > 0 ? " AND i.number < :before" : "") +
                 " ORDER BY i.number DESC LIMIT :max");
    list.define_and_bind();
    list.execute();
    while (list.fetch()) page.rows.push_back(buffer.Take());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<IncidentRow> SociStore::FindIncident(const std::string& column, long long number,
                                                    const std::string& id) {
  IncidentRow found;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    IncidentBuffer buffer;
    std::string body;
    soci::statement statement(sql);
    buffer.Bind(statement);
    statement.exchange(soci::into(body));
    if (id.empty()) {
      statement.exchange(soci::use(number, "key"));
    } else {
      statement.exchange(soci::use(id, "key"));
    }
    statement.alloc();
    statement.prepare(
        fmt::format("SELECT {}, i.incident_base64 FROM incidents i JOIN devices d ON "
                    "d.device_id = i.device_id WHERE i.{} = :key",
                    kIncidentColumns, column));
    statement.define_and_bind();
    if (!statement.execute(true)) return absl::NotFoundError("no such incident");
    auto bytes = FromBase64(body);
    if (!bytes.ok()) return bytes.status();
    found = buffer.Take();
    found.record.body = std::move(*bytes);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return found;
}

absl::StatusOr<IncidentRow> SociStore::GetIncident(uint64_t number) {
  return FindIncident("number", static_cast<long long>(number), "");
}

absl::StatusOr<IncidentRow> SociStore::GetIncidentById(std::string_view incident_id) {
  if (incident_id.empty()) return absl::NotFoundError("no such incident");
  return FindIncident("incident_id", 0, std::string(incident_id));
}

absl::StatusOr<std::vector<AgentEventRowData>> SociStore::ListAgentEvents(
    std::string_view device_id, uint64_t before_number, uint32_t limit) {
  std::vector<AgentEventRowData> rows;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string device(device_id);
    const auto before = static_cast<long long>(before_number);
    const long long limit_value = limit;
    AgentEventRowData row;
    long long number = 0;
    std::string body;
    soci::statement list(sql);
    list.exchange(soci::into(number));
    list.exchange(soci::into(row.device_id));
    list.exchange(soci::into(row.hostname));
    list.exchange(soci::into(body));
    if (!device.empty()) list.exchange(soci::use(device, "device"));
    if (before > 0) list.exchange(soci::use(before, "before"));
    list.exchange(soci::use(limit_value, "max"));
    list.alloc();
    list.prepare(
        std::string("SELECT e.number, e.device_id, d.hostname, e.event_base64 FROM agent_events e "
                    "JOIN devices d ON d.device_id = e.device_id WHERE 1 = 1") +
        (device.empty() ? "" : " AND e.device_id = :device") +
        (before > 0 ? " AND e.number < :before" : "") + " ORDER BY e.number DESC LIMIT :max");
    list.define_and_bind();
    list.execute();
    while (list.fetch()) {
      auto bytes = FromBase64(body);
      if (!bytes.ok()) return bytes.status();
      row.number = static_cast<uint64_t>(number);
      row.body = std::move(*bytes);
      rows.push_back(row);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<ReleaseRequestPage> SociStore::ListReleaseRequests(std::string_view device_id,
                                                                  uint64_t before_number,
                                                                  uint32_t limit) {
  ReleaseRequestPage page;
  const auto status = Read([&](soci::session& sql) -> absl::Status {
    const std::string device(device_id);
    const auto before = static_cast<long long>(before_number);
    const long long limit_value = limit;
    const std::string of_device = device.empty() ? "" : " AND r.device_id = :device";
    const auto bind_device = [&](soci::statement& statement) {
      if (!device.empty()) statement.exchange(soci::use(device, "device"));
    };
    long long total = 0;
    soci::statement count(sql);
    count.exchange(soci::into(total));
    bind_device(count);
    count.alloc();
    count.prepare("SELECT COUNT(*) FROM release_requests r WHERE 1 = 1" + of_device);
    count.define_and_bind();
    count.execute(true);
    page.total = static_cast<uint64_t>(total);

    ReleaseRequestRowData row;
    long long number = 0;
    long long received = 0;
    std::string body;
    soci::statement list(sql);
    list.exchange(soci::into(number));
    list.exchange(soci::into(row.device_id));
    list.exchange(soci::into(row.hostname));
    list.exchange(soci::into(received));
    list.exchange(soci::into(body));
    bind_device(list);
    if (before > 0) list.exchange(soci::use(before, "before"));
    list.exchange(soci::use(limit_value, "max"));
    list.alloc();
    list.prepare(
        "SELECT r.number, r.device_id, d.hostname, r.received_us, r.request_base64 FROM "
        "release_requests r JOIN devices d ON d.device_id = r.device_id WHERE 1 = 1" +
        of_device + (before > 0 ? " AND r.number < :before" : "") +
        " ORDER BY r.number DESC LIMIT :max");
    list.define_and_bind();
    list.execute();
    while (list.fetch()) {
      auto bytes = FromBase64(body);
      if (!bytes.ok()) return bytes.status();
      row.number = static_cast<uint64_t>(number);
      row.received = FromMicros(received);
      row.body = *std::move(bytes);
      page.rows.push_back(row);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return page;
}

}  // namespace shoumi::server
