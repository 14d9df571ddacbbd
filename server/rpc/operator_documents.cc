// Collections of registered documents, as operators import, list and remove them.
#include <limits>
#include <memory>
#include <string>

#include "common/ids.h"
#include "common/log.h"
#include "fmt/format.h"
#include "server/rpc/operator_service.h"
#include "server/rpc/paging.h"
#include "server/rpc/unary.h"
#include "server/rpc/upload_stream.h"

namespace shoumi::server {
namespace {

class DocumentStream final : public UploadStream<v1::ImportDocumentsRequest> {
 public:
  DocumentStream(const Services& services, grpc::CallbackServerContext& context,
                 v1::ImportDocumentsResponse& response)
      : UploadStream(services, context, "documents import"), response_(response) {}

 private:
  absl::Status Take(const v1::ImportDocumentsRequest& request) override {
    if (request.has_head()) return TakeHead(request.head());
    if (import_ == nullptr) return absl::InvalidArgumentError("documents come after their head");
    const v1::FingerprintedDocument& document = request.document();
    return import_->Add({document.title(),
                         document.sha256(),
                         document.units(),
                         {document.fingerprints().begin(), document.fingerprints().end()}});
  }

  absl::Status TakeHead(const v1::ImportDocumentsHead& head) {
    if (import_ != nullptr) return absl::InvalidArgumentError("a second head");
    auto import = services().collections.Begin(head.collection(), head.kind(), head.dry_run(),
                                               operator_name());
    if (!import.ok()) return import.status();
    import_ = *std::move(import);
    return absl::OkStatus();
  }

  absl::Status Conclude() override {
    if (import_ == nullptr) return absl::InvalidArgumentError("no documents came");
    const auto outcome = import_->Finish();
    if (!outcome.ok()) return outcome.status();
    response_.set_documents(outcome->counts.documents);
    response_.set_documents_short(outcome->counts.documents_short);
    response_.set_fingerprints(outcome->counts.fingerprints);
    response_.set_fingerprints_shared(outcome->counts.shared);
    response_.set_index_bytes(outcome->index_bytes);
    response_.set_version(outcome->version);
    response_.set_policy_version(outcome->policy_version);
    if (outcome->version > 0) {
      spdlog::info("operator {} imported a collection of {} documents as version {}",
                   operator_name(), outcome->counts.documents, outcome->version);
    }
    return absl::OkStatus();
  }
  void Drop() override { import_.reset(); }

  v1::ImportDocumentsResponse& response_;
  std::unique_ptr<Collections::Import> import_;
};

}  // namespace

grpc::ServerReadReactor<v1::ImportDocumentsRequest>* OperatorServiceHandlers::ImportDocuments(
    Context* context, v1::ImportDocumentsResponse* response) {
  auto* const stream = new DocumentStream(services_, *context, *response);
  stream->Start();
  return stream;
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListCollections(
    Context* context, const v1::ListCollectionsRequest*, v1::ListCollectionsResponse* response) {
  return Run(context, [this, response](const OperatorIdentity&) -> absl::Status {
    const auto listed = services_.collections.List();
    if (!listed.ok()) return listed.status();
    for (const Collections::Listed& one : *listed) {
      v1::CollectionRow* row = response->add_collections();
      row->set_name(one.row.name);
      row->set_version(one.row.version);
      *row->mutable_imported() = ToProtoTime(one.row.imported);
      row->set_author(one.row.author);
      row->set_documents(one.head.documents());
      row->set_index_bytes(one.head.size_bytes());
      row->set_kind(one.head.kind());
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::ListDocuments(
    Context* context, const v1::ListDocumentsRequest* request,
    v1::ListDocumentsResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity&) -> absl::Status {
    const auto limit = PageSize(request->page_size());
    if (!limit.ok()) return limit.status();
    const auto after = NumberOfToken(request->page_token());
    if (!after.ok()) return after.status();
    if (*after > std::numeric_limits<uint32_t>::max()) {
      return absl::InvalidArgumentError("not a page token of this list");
    }
    const auto page = services_.collections.ListDocuments(request->collection(),
                                                          static_cast<uint32_t>(*after), *limit);
    if (!page.ok()) return page.status();
    for (const DocumentRowData& document : page->rows) {
      v1::DocumentRow* row = response->add_documents();
      row->set_number(document.number);
      row->set_title(document.title);
      row->set_sha256(document.sha256);
      row->set_units(document.units);
    }
    response->set_total(page->total);
    if (page->rows.size() == *limit) {
      response->set_next_page_token(fmt::format("{}", page->rows.back().number));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OperatorServiceHandlers::RemoveCollection(
    Context* context, const v1::RemoveCollectionRequest* request,
    v1::RemoveCollectionResponse* response) {
  return Run(context, [this, request, response](const OperatorIdentity& identity) -> absl::Status {
    const auto version = services_.collections.Remove(request->name(), identity.name);
    if (!version.ok()) return version.status();
    spdlog::info("operator {} removed collection {}", identity.name, request->name());
    response->set_policy_version(*version);
    return absl::OkStatus();
  });
}

}  // namespace shoumi::server
