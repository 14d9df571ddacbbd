#include "agent/inspect/extract/signatures/signatures.h"

#include <algorithm>
#include <array>

namespace shoumi::inspect {
namespace {

using namespace std::string_view_literals;

// Registered types where IANA has one, else the name file(1) users know.
constexpr Signature kSignatures[] = {
    {0, "\x89PNG\r\n\x1a\n"sv, "image/png"},
    {0, "\xff\xd8\xff"sv, "image/jpeg"},
    {0, "GIF87a"sv, "image/gif"},
    {0, "GIF89a"sv, "image/gif"},
    {0, "II*\0"sv, "image/tiff"},
    {0, "MM\0*"sv, "image/tiff"},
    {0, "II+\0"sv, "image/tiff"},
    {8, "WEBP"sv, "image/webp", true},
    {0, "8BPS"sv, "image/vnd.adobe.photoshop", true},
    {40, " EMF"sv, "image/emf", true},
    {0, "\xd7\xcd\xc6\x9a"sv, "image/wmf"},
    {0, "\x01\0\x09\0\0\x03"sv, "image/wmf"},
    {0, "\0\0\0\x0cjP  \r\n"sv, "image/jp2"},
    {0, "\0\0\x01\0\x01\0"sv, "image/x-icon"},
    {4, "ftypheic"sv, "image/heic", true},
    {4, "ftypmif1"sv, "image/heif", true},
    {4, "ftypavif"sv, "image/avif", true},
    {0, "AT&TFORM"sv, "image/vnd.djvu", true},
    {0, "#?RADIANCE"sv, "image/vnd.radiance"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "application/x-7z-compressed"},
    {0, "Rar!\x1a\x07"sv, "application/vnd.rar"},
    {0, "\x1f\x8b"sv, "application/gzip"},
    {0, "\x1f\x9d"sv, "application/x-compress"},
    {0, "\x1f\xa0"sv, "application/x-compress"},
    {4, "1AY&SY"sv, "application/x-bzip2", true},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "application/x-xz"},
    {0, "]\0\0\x80\0"sv, "application/x-lzma"},
    {0, "LZIP\x01"sv, "application/lzip"},
    {0, "\x28\xb5\x2f\xfd"sv, "application/zstd"},
    {0, "\x04\x22\x4d\x18"sv, "application/x-lz4"},
    {0, "MSCF\0\0\0\0"sv, "application/vnd.ms-cab-compressed"},
    {0, "ISc("sv, "application/x-installshield", true},
    {2, "-lh"sv, "application/x-lzh", true},
    {0, "\x60\xea"sv, "application/x-arj", true},
    {0, "ITSF"sv, "application/vnd.ms-htmlhelp", true},
    {0, "MSWIM\0\0\0"sv, "application/x-ms-wim"},
    {257, "ustar"sv, "application/x-tar", true},
    {0, "070701"sv, "application/x-cpio", true},
    {0, "070707"sv, "application/x-cpio", true},
    {0, "\xc7\x71"sv, "application/x-cpio", true},
    {0, "!<arch>\n"sv, "application/x-archive"},
    {0, "\xed\xab\xee\xdb"sv, "application/x-rpm"},
    {0, "hsqs"sv, "application/x-squashfs", true},
    {0, "LUKS\xba\xbe"sv, "application/x-luks"},
    {0, "QFI\xfb"sv, "application/x-qemu-disk", true},
    {0, "KDMV"sv, "application/x-vmdk", true},
    {0, "conectix"sv, "application/x-vhd", true},
    {0, "vhdxfile"sv, "application/x-vhdx", true},
    {0,
     "\x7f"
     "ELF"sv,
     "application/x-elf"},
    {0, "\xca\xfe\xba\xbe\0"sv, "application/java-vm"},
    {0, "\xcf\xfa\xed\xfe"sv, "application/x-mach-binary"},
    {0, "\xce\xfa\xed\xfe"sv, "application/x-mach-binary"},
    {0, "\0asm"sv, "application/wasm"},
    {0, "dex\n"sv, "application/x-dex", true},
    {0, "L\0\0\0\x01\x14\x02\0"sv, "application/x-ms-shortcut"},
    {4, "Standard Jet DB"sv, "application/vnd.ms-access", true},
    {4, "Standard ACE DB"sv, "application/vnd.ms-access", true},
    {0, "!BDN"sv, "application/vnd.ms-outlook-pst", true},
    {0, "%!PS-Adobe"sv, "application/postscript"},
    {0, "\xc5\xd0\xd3\xc6"sv, "application/postscript"},
    {0, "AC10"sv, "image/vnd.dwg", true},
    {0, "\0\x01\0\0\0"sv, "font/ttf"},
    {0, "OTTO\0"sv, "font/otf"},
    {0, "ttcf\0"sv, "font/collection"},
    {0, "wOFF"sv, "font/woff", true},
    {0, "wOF2"sv, "font/woff2", true},
    {8, "AVI LIST"sv, "video/x-msvideo", true},
    {8, "WAVEfmt "sv, "audio/wav", true},
    {4, "ftyp"sv, "video/mp4", true},
    {4, "moov"sv, "video/quicktime", true},
    {0, "\x1a\x45\xdf\xa3"sv, "video/x-matroska"},
    {0, "OggS\0"sv, "audio/ogg"},
    {0, "fLaC\0"sv, "audio/flac"},
    {0, "ID3\x02"sv, "audio/mpeg"},
    {0, "ID3\x03"sv, "audio/mpeg"},
    {0, "ID3\x04"sv, "audio/mpeg"},
    {0, "\xff\xfb"sv, "audio/mpeg", true},
    {0, "\xff\xf3"sv, "audio/mpeg", true},
    {0, "#!AMR"sv, "audio/amr"},
    {0, "\x02#!SILK"sv, "audio/silk"},
    {0, "MThd\0\0\0\x06"sv, "audio/midi"},
    {0, "FLV\x01"sv, "video/x-flv"},
    {0x8001, "CD001"sv, "application/x-iso9660-image"},
    {1, "CD001"sv, "application/x-iso9660-image"},  // behind 32 KiB that are a hole
    {0, "BM"sv, "image/bmp", true},
    {0, "MZ"sv, "application/vnd.microsoft.portable-executable", true},
    {0, "\0\0\x01\xba"sv, "video/mpeg"},
    {0, "\0\0\x01\xb3"sv, "video/mpeg"},
    {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, "video/x-ms-asf"},
};

bool HasAt(std::string_view head, size_t offset, std::string_view magic) {
  return head.size() >= offset + magic.size() && head.substr(offset, magic.size()) == magic;
}

// Printable or short magic proves little: text with the same letters has no zero byte near them.
bool Fits(std::string_view head, const Signature& signature) {
  return HasAt(head, signature.offset, signature.magic) &&
         (!signature.weak || head.substr(0, 512).find('\0') != std::string_view::npos);
}

bool Detect(std::string_view head, Source&) {
  return FindSignature(head) != nullptr;
}

void Extract(Source& source, Context& context) {
  std::array<char, kHeadBytes> buffer;
  const absl::StatusOr<size_t> got = source.ReadAt(source.NextData(0), buffer);
  const Signature* signature =
      got.ok() ? FindSignature(std::string_view(buffer.data(), *got)) : nullptr;
  const std::string_view type =
      signature != nullptr ? signature->type : kSignatureFormat.media_type;
  context.media_type = type;
  context.sink.Unscanned(context.PartName(""), v1::UNSCANNED_REASON_UNSUPPORTED, type);
}

}  // namespace

const Signature* FindSignature(std::string_view head) {
  const auto* found = std::find_if(std::begin(kSignatures), std::end(kSignatures),
                                   [&](const Signature& one) { return Fits(head, one); });
  return found != std::end(kSignatures) ? found : nullptr;
}

bool IsPicture(const Signature& signature) {
  return signature.type.starts_with("image/");
}

const Format kSignatureFormat = {"signature", "application/octet-stream", Detect, Extract};

}  // namespace shoumi::inspect
