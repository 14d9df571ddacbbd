#include "agent/inspect/extract/testing/zip_writer.h"

#include <zlib.h>

namespace shoumi::inspect {
namespace {

void Put(std::string& out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(i < 8 ? static_cast<char>(value >> (8 * i)) : '\0');
}

uint32_t Checksum(std::string_view bytes) {
  uLong crc = ::crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, 1U << 30);
    crc =
        ::crc32(crc, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
    bytes.remove_prefix(piece.size());
  }
  return static_cast<uint32_t>(crc);
}

}  // namespace

std::string Deflate(std::string_view bytes) {
  z_stream stream = {};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return "";
  }
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

void ZipWriter::Add(std::string_view name, std::string_view bytes, const Options& options) {
  std::string packed = options.deflate ? Deflate(bytes) : std::string(bytes);
  if (options.damage) {
    for (size_t i = packed.size() / 2; i < packed.size() && i < packed.size() / 2 + 16; ++i) {
      packed[i] = static_cast<char>(~packed[i]);
    }
  }
  Member member;
  member.name = name;
  member.flags =
      static_cast<uint16_t>((options.utf8_flag ? 0x800 : 0) | (options.encrypted_flag ? 1 : 0));
  member.method = options.method != 0xffff ? options.method : (options.deflate ? 8 : 0);
  member.crc = Checksum(bytes);
  member.packed = static_cast<uint32_t>(packed.size());
  member.bytes = options.declared_bytes >= 0 ? static_cast<uint32_t>(options.declared_bytes)
                                             : static_cast<uint32_t>(bytes.size());
  AddPacked(std::move(member), packed);
}

void ZipWriter::AddCopy(std::string_view name) {
  Member member = members_.back();
  const std::string packed = data_.substr(data_.size() - member.packed);
  member.name = name;
  AddPacked(std::move(member), packed);
}

void ZipWriter::AddPacked(Member member, std::string_view packed) {
  member.offset = static_cast<uint32_t>(data_.size());
  data_ += "PK\x03\x04";
  Put(data_, 20, 2);
  Put(data_, member.flags, 2);
  Put(data_, member.method, 2);
  Put(data_, 0x00210000, 4);
  Put(data_, member.crc, 4);
  Put(data_, member.packed, 4);
  Put(data_, member.bytes, 4);
  Put(data_, member.name.size(), 2);
  Put(data_, 0, 2);
  data_ += member.name;
  data_ += packed;
  members_.push_back(std::move(member));
}

void ZipWriter::AddOverlapping(std::string_view name) {
  Member member = members_.back();
  member.name = name;
  members_.push_back(std::move(member));
}

std::string ZipWriter::Finish() const {
  std::string out = data_;
  for (const Member& member : members_) {
    out += "PK\x01\x02";
    Put(out, 20, 2);
    Put(out, 20, 2);
    Put(out, member.flags, 2);
    Put(out, member.method, 2);
    Put(out, 0x00210000, 4);
    Put(out, member.crc, 4);
    Put(out, member.packed, 4);
    Put(out, member.bytes, 4);
    Put(out, member.name.size(), 2);
    Put(out, 0, 12);  // no extra field, comment, disk or attributes
    Put(out, member.offset, 4);
    out += member.name;
  }
  const size_t directory_bytes = out.size() - data_.size();
  out += "PK\x05\x06";
  Put(out, 0, 4);
  Put(out, members_.size(), 2);
  Put(out, members_.size(), 2);
  Put(out, directory_bytes, 4);
  Put(out, data_.size(), 4);
  Put(out, 0, 2);
  return out;
}

std::string MakeZip(const std::vector<std::pair<std::string, std::string>>& members) {
  ZipWriter writer;
  for (const auto& [name, bytes] : members) writer.Add(name, bytes);
  return writer.Finish();
}

}  // namespace shoumi::inspect
