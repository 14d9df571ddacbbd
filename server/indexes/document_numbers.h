#pragma once

#include <vector>

#include "server/store/store.h"

namespace shoumi::server {

// Gives each of `documents` a number, from 1, in place of those they have. One that `before` has,
// by its title and its digest, else by its title, else by its digest, has the number that it had
// there; the others take the lowest that are free. So most of an index stays as it is.
void NumberDocuments(const std::vector<DocumentRowData>& before,
                     std::vector<DocumentRowData>& documents);

}  // namespace shoumi::server
