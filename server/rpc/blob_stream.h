#pragma once

#include <grpcpp/grpcpp.h>

#include "server/rpc/services.h"
#include "shoumi/v1/agent_service.pb.h"

namespace shoumi::server {

// Streams a bundle, or an index that one names, from an offset: whole, or as a delta from the
// version that the agent says it has.
class BlobStream {
 public:
  // `services` outlive the call. The reactor deletes itself.
  static grpc::ServerWriteReactor<v1::BlobChunk>* Start(grpc::CallbackServerContext& context,
                                                        const Services& services,
                                                        const v1::FetchBlobRequest& request);
};

}  // namespace shoumi::server
