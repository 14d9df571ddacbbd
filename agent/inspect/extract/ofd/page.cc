#include "agent/inspect/extract/ofd/page.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace shoumi::inspect {
namespace {

constexpr double kSizeDefault = 3.5;  // of characters, in millimetres
constexpr double kAsciiWidth = 0.5;   // of a size
constexpr int kRepeatsMax = 100'000;

// The next number of a list; nothing at its end. `list` is shortened by it.
std::optional<double> NextNumber(std::string_view& list) {
  const size_t start = std::min(list.find_first_not_of(" \t\r\n"), list.size());
  list.remove_prefix(start);
  double value = 0;
  const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), value);
  if (error != std::errc()) return std::nullopt;
  list.remove_prefix(static_cast<size_t>(end - list.data()));
  return value;
}

// The sum of the distances between characters; "g 5 3.2" stands for five times 3.2 (11.3).
double SumOf(std::string_view distances) {
  double sum = 0;
  while (!distances.empty()) {
    const size_t start = std::min(distances.find_first_not_of(" \t\r\n"), distances.size());
    distances.remove_prefix(start);
    double times = 1;
    if (distances.starts_with('g')) {
      distances.remove_prefix(1);
      times = std::clamp<double>(NextNumber(distances).value_or(1), 0, kRepeatsMax);
    }
    const std::optional<double> distance = NextNumber(distances);
    if (!distance) break;
    sum += times * *distance;
  }
  return sum;
}

}  // namespace

void OfdPageReader::Finish() {
  TakeLines();
  parts_.Emit();
}

void OfdPageReader::Start(std::string_view local, const XmlAttributes& attributes) {
  if (local == "TextObject") {
    std::string_view boundary = attributes.Get("Boundary");
    for (double& one : origin_) one = NextNumber(boundary).value_or(0);
    matrix_ = {1, 0, 0, 1, 0, 0};
    if (std::string_view matrix = attributes.Get("CTM"); !matrix.empty()) {
      for (double& one : matrix_) one = NextNumber(matrix).value_or(0);
    }
    std::string_view size = attributes.Get("Size");
    size_ = NextNumber(size).value_or(kSizeDefault);
    x_ = y_ = 0;
  } else if (local == "TextCode") {
    StartCode(attributes);
  } else if (local == "Annot") {
    TakeLines();
    in_annotation_ = true;
    watermark_ = attributes.Get("Type") == "Watermark";
  } else if (local == "Remark") {
    in_remark_ = true;
  }
}

void OfdPageReader::StartCode(const XmlAttributes& attributes) {
  std::string_view x = attributes.Get("X");
  std::string_view y = attributes.Get("Y");
  // Those that are not said are those of the code before it.
  x_ = NextNumber(x).value_or(x_);
  y_ = NextNumber(y).value_or(y_);
  width_ = SumOf(attributes.Get("DeltaX"));
  in_code_ = true;
}

void OfdPageReader::End(std::string_view local) {
  if (local == "TextCode") {
    EndCode();
  } else if (local == "Annot") {
    TakeLines();
    in_annotation_ = false;
  } else if (local == "Remark") {
    in_remark_ = false;
    parts_.Append(parts_.Open("annotations", v1::PART_KIND_COMMENT, AsideParts::Naming::kJoined),
                  text_);
    text_.clear();
  }
}

void OfdPageReader::EndCode() {
  in_code_ = false;
  if (text_.empty()) return;
  saw_text_ = true;
  const auto& [a, b, c, d, e, f] = matrix_;
  LineBuilder::Run run;
  run.size = size_ * std::max(std::hypot(c, d), 1e-3);
  run.x = origin_[0] + a * x_ + c * y_ + e;
  run.y = origin_[1] + b * x_ + d * y_ + f;
  // The last character is as wide as high where it is no ASCII; no list says how wide it is.
  const bool narrow = static_cast<unsigned char>(text_.back()) < 0x80;
  run.end = run.x + width_ * std::hypot(a, b) + run.size * (narrow ? kAsciiWidth : 1);
  run.text = std::exchange(text_, "");
  lines_.Add(std::move(run));
  if (lines_.size() >= kRunsMax) TakeLines();
}

void OfdPageReader::TakeLines() {
  if (lines_.size() == 0) return;
  const std::string text = lines_.Take();
  if (!in_annotation_) {
    if (!page_) page_ = parts_.Open(name_, kind_, AsideParts::Naming::kJoined);
    parts_.Append(*page_, text);
  } else if (watermark_) {
    parts_.Append(parts_.Open("watermark", v1::PART_KIND_WATERMARK, AsideParts::Naming::kNumbered),
                  text);
  } else {
    parts_.Append(parts_.Open("annotations", v1::PART_KIND_COMMENT, AsideParts::Naming::kJoined),
                  text);
  }
}

void OfdPageReader::Characters(std::string_view text) {
  if (!in_code_ && !in_remark_) return;
  if (parts_.Hold(text.size())) text_ += text;
}

}  // namespace shoumi::inspect
