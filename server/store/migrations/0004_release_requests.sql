-- What employees ask to be let out. request_base64 holds a serialised ReleaseRequest of the contract.
CREATE TABLE release_requests (
  number BIGINT NOT NULL PRIMARY KEY,
  request_id TEXT NOT NULL UNIQUE,
  device_id TEXT NOT NULL REFERENCES devices (device_id),
  sequence BIGINT,
  time_us BIGINT NOT NULL,
  received_us BIGINT NOT NULL,
  request_base64 TEXT NOT NULL,
  UNIQUE (device_id, sequence)
);
CREATE INDEX release_requests_by_device ON release_requests (device_id, number);
INSERT INTO counters (name, value) VALUES ('release_request_number', 0);
