//! Which symbols are called: those that the generated Kotlin names. It looks each of them up when an app starts.

use super::fault::Fault;
use crate::error::{Error, Result};
use crate::home::{Home, generate_from, run};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What names of UniFFI's begin with that are called.
const CALLED: [&str; 2] = ["uniffi_countersign_bindings_", "ffi_countersign_bindings_"];

/// What the generator reads out of a library. Nobody calls it; it is exported so that it stays.
const READ: &str = "UNIFFI_META_";

/// Generates Kotlin from a library with all its symbols, and gives the names in it.
pub(super) fn names(home: &Home, library: &Path) -> Result<BTreeSet<String>> {
    run(&mut home.cargo(&["build", "--package", "countersign-bindgen"]))?;
    let folder = home.target.join("cross/kotlin");
    generate_from(home, library, "kotlin", &folder)?;
    let mut names = BTreeSet::new();
    let mut open = vec![folder];
    while let Some(path) = open.pop() {
        let file = |source| Error::File {
            path: path.clone(),
            source,
        };
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(file)? {
                open.push(entry.map_err(file)?.path());
            }
        } else {
            names.extend(called(&fs::read_to_string(&path).map_err(file)?));
        }
    }
    Ok(names)
}

fn called(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let words = words.filter(|word| CALLED.iter().any(|begin| word.starts_with(begin)));
    words.map(str::to_owned).collect()
}

/// What is called and not there. That nothing is called can't be.
pub(super) fn missing(there: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Option<Fault> {
    if wanted.is_empty() {
        return Some(Fault::NothingWanted);
    }
    let missing: Vec<String> = wanted.difference(there).cloned().collect();
    (!missing.is_empty()).then_some(Fault::Missing(missing))
}

/// What is there and called by nobody.
pub(super) fn strange(there: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Option<Fault> {
    let strange = there.difference(wanted);
    let strange: Vec<String> = strange
        .filter(|name| !name.starts_with(READ))
        .cloned()
        .collect();
    (!strange.is_empty()).then_some(Fault::Strange(strange))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_of_generated_code() {
        let text = "external fun uniffi_countersign_bindings_fn_func_text(`a`: Long)\n \
                    lib.ffi_countersign_bindings_rustbuffer_free(buf, it)\n// uniffi_other_fn UniffiLib";
        let called: Vec<String> = called(text).into_iter().collect();
        assert_eq!(
            called,
            [
                "ffi_countersign_bindings_rustbuffer_free",
                "uniffi_countersign_bindings_fn_func_text"
            ]
        );
    }
}
