-- Times are microseconds since 1970-01-01 UTC. Columns ending in _base64 hold serialised messages
-- of the contract as RFC 4648 text, because SQLite and PostgreSQL agree on TEXT but not on blobs.

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('incident_number', 0);
INSERT INTO counters (name, value) VALUES ('agent_event_number', 0);

CREATE TABLE devices (
  device_id TEXT NOT NULL PRIMARY KEY,
  hostname TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  agent_version TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  enrolled_us BIGINT NOT NULL,
  revoked_us BIGINT NOT NULL,
  last_seen_us BIGINT NOT NULL,
  policy_version BIGINT NOT NULL,
  offered_version BIGINT NOT NULL,
  policy_error TEXT NOT NULL,
  last_sequence BIGINT NOT NULL,
  state_base64 TEXT NOT NULL
);

CREATE TABLE device_certificates (
  serial TEXT NOT NULL PRIMARY KEY,
  device_id TEXT NOT NULL REFERENCES devices (device_id),
  issued_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX device_certificates_by_device ON device_certificates (device_id);

CREATE TABLE enrolment_tokens (
  token_sha256 TEXT NOT NULL PRIMARY KEY,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  note TEXT NOT NULL,
  used_us BIGINT NOT NULL,
  device_id TEXT NOT NULL
);

CREATE TABLE operators (
  name TEXT NOT NULL PRIMARY KEY,
  password_hash TEXT NOT NULL,
  must_change_password BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  password_changed_us BIGINT NOT NULL
);

CREATE TABLE operator_tokens (
  token_sha256 TEXT NOT NULL PRIMARY KEY,
  operator_name TEXT NOT NULL REFERENCES operators (name),
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL
);
CREATE INDEX operator_tokens_by_operator ON operator_tokens (operator_name);

CREATE TABLE policy_bundles (
  version BIGINT NOT NULL PRIMARY KEY,
  created_us BIGINT NOT NULL,
  author TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  signed_base64 TEXT NOT NULL
);

-- sequence is NULL where the device had already used that sequence for another record.
CREATE TABLE incidents (
  number BIGINT NOT NULL PRIMARY KEY,
  incident_id TEXT NOT NULL UNIQUE,
  device_id TEXT NOT NULL REFERENCES devices (device_id),
  sequence BIGINT,
  time_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL,
  user_name TEXT NOT NULL,
  channel TEXT NOT NULL,
  action TEXT NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  level TEXT NOT NULL,
  content_name TEXT NOT NULL,
  incident_base64 TEXT NOT NULL,
  UNIQUE (device_id, sequence)
);
CREATE INDEX incidents_by_device ON incidents (device_id, number);
CREATE INDEX incidents_by_rule ON incidents (rule, number);
CREATE INDEX incidents_by_action ON incidents (action, number);

CREATE TABLE agent_events (
  number BIGINT NOT NULL PRIMARY KEY,
  event_id TEXT NOT NULL UNIQUE,
  device_id TEXT NOT NULL REFERENCES devices (device_id),
  sequence BIGINT,
  time_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL,
  kind TEXT NOT NULL,
  event_base64 TEXT NOT NULL,
  UNIQUE (device_id, sequence)
);
CREATE INDEX agent_events_by_device ON agent_events (device_id, number);
