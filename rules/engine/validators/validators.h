#pragma once

#include "rules/engine/validator.h"

// One function per identifier; see validator.h for the contract. Confidence: from 80 the value
// speaks for itself, below 50 a keyword must be near.
namespace shoumi::rules {

// See Validator::lengths: with a country code, without the check letter X, and for a number behind
// an area code in brackets.
inline constexpr Lengths kResidentIdLengths{15, 18};
inline constexpr Lengths kCreditCodeLengths{18, 18};
inline constexpr Lengths kOrgCodeLengths{9, 9};
inline constexpr Lengths kMobileLengths{11, 15};
inline constexpr Lengths kLandlineLengths{3, 16};
inline constexpr Lengths kBankCardLengths{15, 19};
inline constexpr Lengths kIbanLengths{15, 33};
inline constexpr Lengths kCardLengths{13, 19};

Judgement ValidateResidentId(const Candidate& candidate);    // GB 11643-1999
Judgement ValidateCreditCode(const Candidate& candidate);    // GB 32100-2015
Judgement ValidateOrgCode(const Candidate& candidate);       // GB 11714-1997
Judgement ValidateMobile(const Candidate& candidate);        // YD/T 638 number plan, 11 digits
Judgement ValidateLandline(const Candidate& candidate);      // area code and local number
Judgement ValidateBankCard(const Candidate& candidate);      // ISO/IEC 7812, UnionPay issuers
Judgement ValidatePassport(const Candidate& candidate);      // GA/T 1012 forms
Judgement ValidateTravelPermit(const Candidate& candidate);  // HK, Macau and Taiwan permits
Judgement ValidatePlate(const Candidate& candidate);         // GA 36-2018
Judgement ValidateEmail(const Candidate& candidate);         // RFC 5321 4.1.2
Judgement ValidateIban(const Candidate& candidate);          // ISO 13616-1
Judgement ValidateCard(const Candidate& candidate);          // ISO/IEC 7812, other issuers

}  // namespace shoumi::rules
