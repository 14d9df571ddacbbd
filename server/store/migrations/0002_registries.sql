-- Client registries. head_base64 holds a serialised Registry of the contract, its key included.
CREATE TABLE registries (
  name TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  imported_us BIGINT NOT NULL,
  author TEXT NOT NULL,
  head_base64 TEXT NOT NULL
);

-- What agents fetch by digest and is too large for one row; pieces are numbered from 0.
CREATE TABLE blob_pieces (
  sha256 TEXT NOT NULL,
  number BIGINT NOT NULL,
  piece_base64 TEXT NOT NULL,
  PRIMARY KEY (sha256, number)
);
