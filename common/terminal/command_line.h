#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/App.hpp"

// How our programs take their command line beyond what CLI11 does.
namespace shoumi {

inline constexpr int kBadUsage = 2;

// Help in the reader's language. Before subcommands are added: they inherit it.
void SetUpHelp(CLI::App& app, const std::string& version);

// What is wrong with the command line, one sentence in the reader's language; a mistyped command or
// option is told with the one that was probably meant.
std::string WhatIsWrong(const CLI::App& app, const CLI::ParseError& error);

// The exit status after `error` of app.parse(): 0 once help or version is printed, else kBadUsage
// after a complaint on standard error.
int EndOfParse(const CLI::App& app, const CLI::ParseError& error);

// Checks of option values. They add nothing to help: the option's type name says it.
CLI::Validator InRange(int64_t min, int64_t max);
CLI::Validator OneOf(const std::vector<std::string>& words);

}  // namespace shoumi
