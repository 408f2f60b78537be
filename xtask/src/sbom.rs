//! `cargo xtask sbom`: what is inside each thing that is shipped, as CycloneDX 1.5, from what cargo resolved and locked.
//!
//! For the platform of this machine, with both engines of the phone's store. The same sources give the same bytes, so a list can be compared with one that was published.

use crate::error::{Error, Result};
use crate::home::Home;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

/// What is shipped: two programs, and the library of the phone's apps.
const SHIPPED: [&str; 3] = ["countersign-server", "countersign", "countersign-bindings"];

pub(crate) fn command(home: &Home) -> Result<ExitCode> {
    let host =
        crate::machine::host().ok_or_else(|| Error::Cargo("rustc -vV names no host".into()))?;
    let metadata = home.metadata(&["--locked", "--filter-platform", &host])?;
    let hashes = hashes(home)?;
    let folder = home.target.join("sbom");
    let file = |path: &std::path::Path| {
        let path = path.to_owned();
        |source| Error::File { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(file(&folder))?;
    for shipped in SHIPPED {
        let bill = bill(&metadata, &hashes, shipped)
            .ok_or_else(|| Error::Cargo(format!("no package {shipped}")))?;
        let path = folder.join(format!("{shipped}.cdx.json"));
        std::fs::write(&path, format!("{bill:#}\n")).map_err(file(&path))?;
        let count = bill["components"].as_array().map_or(0, Vec::len);
        println!("{}: {count} components", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// SHA-256 of each package of a registry, by name and version, as `Cargo.lock` has it.
fn hashes(home: &Home) -> Result<BTreeMap<(String, String), String>> {
    let path = home.root.join("Cargo.lock");
    let text = std::fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
    let lock: toml::Table = text
        .parse()
        .map_err(|_| Error::Cargo("Cargo.lock is no lock file".into()))?;
    let packages = lock.get("package").and_then(|list| list.as_array());
    let text =
        |package: &toml::Value, member: &str| Some(package.get(member)?.as_str()?.to_owned());
    let hash = |package: &toml::Value| {
        let named = (text(package, "name")?, text(package, "version")?);
        Some((named, text(package, "checksum")?))
    };
    Ok(packages.into_iter().flatten().filter_map(hash).collect())
}

/// The bill of one package: what it is built of and with, without what only its tests want.
fn bill(
    metadata: &Value,
    hashes: &BTreeMap<(String, String), String>,
    shipped: &str,
) -> Option<Value> {
    let packages: BTreeMap<&str, &Value> = by_id(metadata["packages"].as_array()?);
    let nodes: BTreeMap<&str, &Value> = by_id(metadata["resolve"]["nodes"].as_array()?);
    let (root, package) = packages
        .iter()
        .find(|(_, package)| package["name"] == shipped)?;
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open = vec![*root];
    while let Some(id) = open.pop() {
        if found.contains_key(id) {
            continue;
        }
        let needs: Vec<&str> = nodes[id]["deps"]
            .as_array()?
            .iter()
            .filter_map(needed)
            .collect();
        open.extend(&needs);
        found.insert(id, needs);
    }
    let component = |id: &&str| component(packages[id], hashes);
    let components: Vec<Value> = found
        .keys()
        .filter(|id| *id != root)
        .map(component)
        .collect();
    let dependencies: Vec<Value> = found
        .iter()
        .map(|(id, needs)| {
            let needs: BTreeSet<String> = needs.iter().map(|id| purl(packages[id])).collect();
            json!({ "ref": purl(packages[id]), "dependsOn": needs })
        })
        .collect();
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component_of(package, "application", hashes) },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn by_id(list: &[Value]) -> BTreeMap<&str, &Value> {
    list.iter()
        .filter_map(|value| Some((value["id"].as_str()?, value)))
        .collect()
}

/// The id of a dependency that isn't for tests alone.
fn needed(dependency: &Value) -> Option<&str> {
    let kinds = dependency["dep_kinds"].as_array()?;
    let ships = kinds.iter().any(|kind| kind["kind"] != "dev");
    dependency["pkg"].as_str().filter(|_| ships)
}

fn component(package: &Value, hashes: &BTreeMap<(String, String), String>) -> Value {
    component_of(package, "library", hashes)
}

fn component_of(package: &Value, kind: &str, hashes: &BTreeMap<(String, String), String>) -> Value {
    let text = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": text("name"),
        "version": text("version"),
        "purl": purl(package),
    });
    // A few packages separate licences with a slash, as cargo once did.
    let license = text("license").replace('/', " OR ").replace("  ", " ");
    if !license.is_empty() {
        component["licenses"] = json!([{ "expression": license }]);
    }
    if let Some(hash) = hashes.get(&(text("name"), text("version"))) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": hash }]);
    }
    component
}

fn purl(package: &Value) -> String {
    let text = |member: &str| package[member].as_str().unwrap_or_default();
    format!(
        "pkg:cargo/{}@{}",
        text("name"),
        text("version").replace('+', "%2B")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_has_what_ships_and_not_what_tests_want() {
        let package = |name: &str, license: &str| json!({ "id": name, "name": name, "version": "1.0.0+a", "license": license });
        let dep = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package("app", "MIT"), package("used", "MIT/Apache-2.0"), package("made-with", "MIT"), package("tests", "MIT")],
            "resolve": { "nodes": [
                { "id": "app", "deps": [dep("used", Value::Null), dep("tests", json!("dev"))] },
                { "id": "used", "deps": [dep("made-with", json!("build"))] },
                { "id": "made-with", "deps": [] },
                { "id": "tests", "deps": [] },
            ] },
        });
        let hashes = BTreeMap::from([(("used".to_owned(), "1.0.0+a".to_owned()), "ab".to_owned())]);
        let bill = bill(&metadata, &hashes, "app").unwrap();
        let names: Vec<&Value> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["name"])
            .collect();
        assert_eq!(names, ["made-with", "used"]);
        let used = &bill["components"][1];
        assert_eq!(used["purl"], "pkg:cargo/used@1.0.0%2Ba");
        assert_eq!(used["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(used["hashes"][0]["content"], "ab");
        assert_eq!(bill["metadata"]["component"]["name"], "app");
        assert_eq!(
            bill["dependencies"][0]["dependsOn"],
            json!(["pkg:cargo/used@1.0.0%2Ba"])
        );
        assert!(super::bill(&metadata, &hashes, "no such").is_none());
    }
}
