#pragma once

// The standard streams of command-line programs.
namespace shoumi {

// At the start of main: a standard descriptor that came closed would be given to the next file or
// socket of ours. One that can neither be read nor written takes its place, so that using it is an
// error.
void FillStandardDescriptors();

// At the end: whether all that was printed got out. A full disk or closed pipe shows here only.
[[nodiscard]] bool OutputWritten();

}  // namespace shoumi
