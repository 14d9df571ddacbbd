#pragma once

// The version of libfuse's interface this folder is written for, stated once.
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
