#include "rules/engine/text_window.h"

#include <algorithm>
#include <cstring>

namespace shoumi::rules {

TextWindow::TextWindow(size_t bytes_max)
    : bytes_max_(std::max(bytes_max, kWindowBytesMin)), storage_(bytes_max_ + 2) {
  storage_[0] = '\n';
}

void TextWindow::BeginPart() {
  size_ = 0;
  commit_begin_ = 0;
  base_ = 0;
  original_ = 0;
  ends_part_ = false;
  map_.Reset(0, 0);
}

size_t TextWindow::Fill(std::string_view text) {
  size_t take = std::min(text.size(), bytes_max_ - size_);
  if (take < text.size()) {  // not inside a character
    size_t back = 0;
    while (back < 3 && back < take &&
           (static_cast<unsigned char>(text[take - back]) & 0xC0U) == 0x80U) {
      ++back;
    }
    if ((static_cast<unsigned char>(text[take - back]) & 0xC0U) != 0x80U) take -= back;
  }
  size_ += Normalise(text.substr(0, take), storage_.data() + 1 + size_,
                     static_cast<uint32_t>(size_), original_, map_);
  original_ += take;
  return take;
}

size_t TextWindow::commit_end() const {
  if (ends_part_) return size_;
  return size_ > kLookBytes ? std::max(commit_begin_, size_ - kLookBytes) : commit_begin_;
}

std::string_view TextWindow::Edged(ptrdiff_t from, size_t to) const {
  const char* begin = storage_.data() + 1 + from;
  const size_t edge = ends_part_ && to == size_ ? 1 : 0;
  return {begin, static_cast<size_t>(storage_.data() + 1 + to + edge - begin)};
}

void TextWindow::EndPart() {
  ends_part_ = true;
  storage_[1 + size_] = '\n';
}

void TextWindow::Advance() {
  const size_t end = commit_end();
  const size_t drop = end > kLookBytes ? end - kLookBytes : 0;
  std::memmove(storage_.data() + 1, storage_.data() + 1 + drop, size_ - drop);
  map_.Rebase(static_cast<uint32_t>(drop));
  size_ -= drop;
  base_ += drop;
  commit_begin_ = end - drop;
}

uint64_t TextWindow::OriginalStart(size_t at) const {
  return map_.Start(static_cast<uint32_t>(at));
}

uint64_t TextWindow::OriginalEnd(size_t at) const {
  return map_.End(static_cast<uint32_t>(at));
}

}  // namespace shoumi::rules
