#pragma once

#include <string_view>

// Check characters. Every function takes the compact, upper-case form and returns false for
// characters outside its alphabet.
namespace shoumi::rules {

// ISO/IEC 7812-1, Annex B.
bool LuhnHolds(std::string_view digits);
// ISO 7064 MOD 11-2 over 17 digits and a check character 0-9 or X (GB 11643-1999, 4.2).
bool Mod11_2Holds(std::string_view value);
// GB 32100-2015, 5: 18 characters, alphabet without I O S V Z, weights 3^i mod 31.
bool CreditCodeHolds(std::string_view value);
// GB 11714-1997, 3: 8 characters 0-9 A-Z and a check character 0-9 or X.
bool OrgCodeHolds(std::string_view value);
// ISO 7064 MOD 97-10 as ISO 13616-1 uses it: first four characters moved to the end.
bool IbanHolds(std::string_view value);

}  // namespace shoumi::rules
