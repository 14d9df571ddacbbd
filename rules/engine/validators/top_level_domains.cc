#include "rules/engine/validators/top_level_domains.h"

#include <algorithm>
#include <array>

namespace shoumi::rules {
namespace {

constexpr std::string_view kCountries =
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs "
    "bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee "
    "eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm "
    "hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb "
    "lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz "
    "na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs "
    "ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl "
    "tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw ";

constexpr std::array<std::string_view, 110> kGeneric = {
    "com",     "net",      "org",        "edu",      "gov",     "mil",       "int",
    "info",    "biz",      "name",       "pro",      "aero",    "coop",      "museum",
    "mobi",    "asia",     "tel",        "travel",   "jobs",    "cat",       "post",
    "xxx",     "app",      "dev",        "online",   "site",    "xyz",       "top",
    "vip",     "shop",     "club",       "store",    "tech",    "wang",      "ltd",
    "group",   "work",     "cloud",      "ink",      "win",     "red",       "ren",
    "fun",     "wiki",     "art",        "design",   "live",    "email",     "company",
    "icu",     "space",    "website",    "press",    "host",    "link",      "life",
    "today",   "world",    "news",       "blog",     "agency",  "digital",   "network",
    "systems", "center",   "services",   "software", "support", "solutions", "team",
    "studio",  "video",    "city",       "global",   "media",   "plus",      "run",
    "zone",    "bank",     "insurance",  "finance",  "fund",    "law",       "legal",
    "capital", "ventures", "consulting", "tools",    "page",    "academy",   "school",
    "health",  "care",     "clinic",     "games",    "social",  "chat",      "fit",
    "london",  "tokyo",    "berlin",     "nyc",      "moscow",  "beer",      "example",
    "test",    "invalid",  "local",      "arpa",     "one"};

}  // namespace

bool IsTopLevelDomain(std::string_view label) {
  if (label.size() == 2) {
    for (size_t at = 0; at + 2 < kCountries.size(); at += 3) {
      if (kCountries.substr(at, 2) == label) {
        return true;
      }
    }
    return false;
  }
  return std::find(kGeneric.begin(), kGeneric.end(), label) != kGeneric.end();
}

}  // namespace shoumi::rules
