#include "rules/apps/catalogue.h"

#include <exception>
#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "rules/apps/check_apps.h"
#include "rules/policy/policy.h"
#include "rules/policy/yaml_map.h"

namespace shoumi::rules {
namespace {

void ReadTexts(const YamlMap& map, std::string_view key, size_t items_max,
               google::protobuf::RepeatedPtrField<std::string>& texts) {
  const auto list = map.Get(key);
  if (!list) return;
  list->Items(items_max, [&](const YamlValue& item) { *texts.Add() = item.Text().value_or(""); });
}

void ReadApp(const YamlValue& value, v1::App& app) {
  const YamlMap map(value, {"id", "title", "classes", "executables", "scripts", "flatpaks", "snaps",
                            "own_paths"});
  if (!map.ok()) return;
  if (const auto id = map.Require("id")) app.set_id(id->Text().value_or(""));
  if (const auto title = map.Require("title")) {
    const YamlMap titles(*title, {"zh", "en"});
    if (const auto zh = titles.Get("zh")) app.set_title_zh(zh->Text().value_or(""));
    if (const auto en = titles.Get("en")) app.set_title_en(en->Text().value_or(""));
  }
  if (map.Require("classes")) ReadTexts(map, "classes", kAppClassesMax, *app.mutable_classes());
  ReadTexts(map, "executables", kAppPatternsMax, *app.mutable_executables());
  ReadTexts(map, "scripts", kAppPatternsMax, *app.mutable_scripts());
  ReadTexts(map, "flatpaks", kAppPatternsMax, *app.mutable_flatpaks());
  ReadTexts(map, "snaps", kAppPatternsMax, *app.mutable_snaps());
  ReadTexts(map, "own_paths", kAppPatternsMax, *app.mutable_own_paths());
}

void ReadFile(const CatalogueFile& file, std::vector<v1::App>& apps, Problems& problems) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(file.yaml);
  if (documents.size() != 1) {
    problems.ErrorAt("Y101", 1, "a catalogue is one YAML document");
    return;
  }
  const YamlMap map(YamlValue{documents[0], "", &problems}, {"apps"});
  if (!map.ok()) return;
  const auto list = map.Require("apps");
  if (!list) return;
  list->Items(kAppsMax, [&](const YamlValue& item) { ReadApp(item, apps.emplace_back()); });
}

// Reads and checks; `all` and `seen` are of the files before.
void LoadFile(const CatalogueFile& file, std::vector<v1::App>& all, AppsSeen& seen,
              Problems& problems) {
  if (file.yaml.size() > kCatalogueYamlBytesMax) {
    problems.ErrorAt("Y101", 1, fmt::format("larger than {} bytes", kCatalogueYamlBytesMax));
    return;
  }
  std::vector<v1::App> apps;
  try {
    ReadFile(file, apps, problems);
  } catch (const YAML::Exception& error) {
    problems.ErrorAt("Y100", error.mark.line < 0 ? 0 : static_cast<uint32_t>(error.mark.line) + 1,
                     fmt::format("not YAML: {}", YamlValue::Shown(error.msg)));
    return;
  } catch (const std::exception& error) {
    problems.ErrorAt("Y100", 1, fmt::format("not YAML: {}", YamlValue::Shown(error.what())));
    return;
  }
  problems.BeginChecks();
  if (all.size() + apps.size() > kAppsMax) {
    problems.Error("Y107", "apps", fmt::format("more than {} apps in all files", kAppsMax));
    return;
  }
  for (size_t i = 0; i < apps.size(); ++i) {
    CheckApp(apps[i], fmt::format("apps[{}]", i), seen, problems);
  }
  std::move(apps.begin(), apps.end(), std::back_inserter(all));
}

}  // namespace

CatalogueResult LoadCatalogue(const std::vector<CatalogueFile>& files) {
  CatalogueResult result;
  AppsSeen seen;
  for (const CatalogueFile& file : files) {
    Problems problems(file.name);
    LoadFile(file, result.apps, seen, problems);
    std::vector<v1::PackProblem> found = problems.Take();
    std::move(found.begin(), found.end(), std::back_inserter(result.problems));
  }
  result.ok = !HasError(result.problems);
  return result;
}

std::vector<v1::PackProblem> CheckApps(const std::vector<v1::App>& apps) {
  Problems problems("");
  AppsSeen seen;
  if (apps.size() > kAppsMax) {
    problems.Error("Y107", "apps", fmt::format("more than {} apps", kAppsMax));
    return problems.Take();
  }
  for (size_t i = 0; i < apps.size(); ++i) {
    CheckApp(apps[i], fmt::format("apps[{}]", i), seen, problems);
  }
  return problems.Take();
}

}  // namespace shoumi::rules
