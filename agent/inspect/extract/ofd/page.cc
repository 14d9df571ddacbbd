#include "agent/inspect/extract/ofd/page.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>
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

using Direction = LineBuilder::Direction;
using Vector = std::array<double, 2>;

// By the matrix of an object, without its shift.
Vector Turned(const std::array<double, 6>& matrix, const Vector& by) {
  return {matrix[0] * by[0] + matrix[2] * by[1], matrix[1] * by[0] + matrix[3] * by[1]};
}

// Of TextObject's ReadDirection (11.3): how one goes on, in degrees clockwise.
Vector Reading(std::string_view degrees) {
  if (degrees == "90") return {0, 1};
  if (degrees == "180") return {-1, 0};
  if (degrees == "270") return {0, -1};
  return {1, 0};
}

Direction DirectionOf(double x, double y) {
  if (std::abs(x) >= std::abs(y)) return x < 0 ? Direction::kLeft : Direction::kRight;
  return y < 0 ? Direction::kUp : Direction::kDown;
}

// A place of the page, along the line and across.
std::pair<double, double> SeenIn(Direction direction, double x, double y) {
  switch (direction) {
    case Direction::kDown:
      return {y, -x};
    case Direction::kLeft:
      return {-x, y};
    case Direction::kUp:
      return {-y, x};
    default:
      return {x, y};
  }
}

}  // namespace

void OfdPageReader::Finish() {
  TakeLines();
  parts_.Emit();
}

void OfdPageReader::Start(std::string_view local, const XmlAttributes& attributes) {
  leftovers_.Start(local, attributes);
  if (local == "TextObject") {
    std::string_view boundary = attributes.Get("Boundary");
    for (double& one : origin_) one = NextNumber(boundary).value_or(0);
    matrix_ = {1, 0, 0, 1, 0, 0};
    if (std::string_view matrix = attributes.Get("CTM"); !matrix.empty()) {
      for (double& one : matrix_) one = NextNumber(matrix).value_or(0);
    }
    std::string_view size = attributes.Get("Size");
    size_ = NextNumber(size).value_or(kSizeDefault);
    reading_ = Reading(attributes.Get("ReadDirection"));
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
  way_ = {SumOf(attributes.Get("DeltaX")), SumOf(attributes.Get("DeltaY"))};
  in_code_ = true;
}

void OfdPageReader::End(std::string_view local) {
  leftovers_.End();
  if (local == "TextCode") {
    EndCode();
  } else if (local == "CompositeGraphicUnit") {
    TakeLines();
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
  const Vector way = Turned(matrix_, way_);
  const bool stands = way_ == Vector{0, 0};
  const Vector along = stands ? Turned(matrix_, reading_) : way;
  const Vector shift = Turned(matrix_, {x_, y_});
  LineBuilder::Run run;
  run.direction = DirectionOf(along[0], along[1]);
  run.size = size_ * std::max(std::hypot(matrix_[2], matrix_[3]), 1e-3);
  std::tie(run.x, run.y) =
      SeenIn(run.direction, origin_[0] + shift[0] + matrix_[4], origin_[1] + shift[1] + matrix_[5]);
  // The last character is as wide as high where it is no ASCII; no list says how wide it is.
  const bool narrow = static_cast<unsigned char>(text_.back()) < 0x80 &&
                      (run.direction == Direction::kRight || run.direction == Direction::kLeft);
  run.end = run.x + std::hypot(way[0], way[1]) + run.size * (narrow ? kAsciiWidth : 1);
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
  if (!in_code_ && !in_remark_) return leftovers_.Characters(text);
  if (parts_.Hold(text.size())) text_ += text;
}

}  // namespace shoumi::inspect
