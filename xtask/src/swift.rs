//! The phone in Swift, and for its tests what judges the vectors: a package of the target folder, put together of `swift/` and what is
//! generated from the built libraries.

use crate::error::{Error, Result};
use crate::home::{self, Home, PHONE, VECTORS};
use crate::trixie::Trixie;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files by their place in the package.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What Swift has besides its compiler, in that Debian.
const TOOLS: &str = "/usr/libexec/swift/bin";

/// The libraries, and the module that is generated from each: its source, and its header in a module of the same name and `FFI`.
const GENERATED: [(&str, &str); 2] = [(PHONE, "Countersign"), (VECTORS, "CountersignVectors")];

/// Makes sure that the Swift of this build is there, ready to run.
pub(crate) fn ensure(home: &Home) -> Result<()> {
    let trixie = Trixie::ensure(home)?;
    let package = home.target.join("swift/package");
    let mut files = Files::new();
    read(&home.root.join("swift"), Path::new(""), &mut files)?;
    for (library, module) in GENERATED {
        let generated = home.target.join("swift/generated").join(module);
        home::generate(home, "swift", library, &generated)?;
        for (name, place) in [
            (format!("{module}.swift"), format!("Sources/{module}")),
            (format!("{module}FFI.h"), format!("Sources/{module}FFI")),
        ] {
            let path = generated.join(&name);
            let bytes = fs::read(&path).map_err(at(&path))?;
            files.insert(Path::new(&place).join(name), bytes);
        }
    }
    put(&package, &files)?;
    build(home, &trixie, &["--build-tests"])?;
    let words = trixie.loader().join("\n");
    let path = home.target.join("swift/loader.txt");
    fs::write(&path, words).map_err(at(&path))
}

/// The phone once more, optimised: what is measured; after [`ensure`].
pub(crate) fn optimise(home: &Home) -> Result<()> {
    let trixie = Trixie::ensure(home)?;
    build(
        home,
        &trixie,
        &["--configuration", "release", "--product", "Phone"],
    )
}

fn build(home: &Home, trixie: &Trixie<'_>, what: &[&str]) -> Result<()> {
    let text = |place: &str| home.target.join(place).display().to_string();
    let library = format!("-L{}", text("debug"));
    let mut build = trixie.command(&["swift", "build", "--package-path", &text("swift/package")]);
    build
        .args(["--scratch-path", &text("swift/build")])
        .args(what);
    // libswiftObservation lacks what only its users have.
    build.args(["-Xlinker", &library, "-Xlinker", "--allow-shlib-undefined"]);
    home::quietly(&mut build, "Swift cannot be built")
}

/// Writes DocC's pages; after [`ensure`].
pub(crate) fn document(home: &Home) -> Result<()> {
    let trixie = Trixie::ensure(home)?;
    let text = |place: &str| home.target.join(place).display().to_string();
    let graph = text("swift/graph");
    fs::create_dir_all(&graph).map_err(at(Path::new(&graph)))?;
    let ffi = text("swift/package/Sources/CountersignFFI");
    let extractor = format!("{TOOLS}/swift-symbolgraph-extract");
    let mut extract = trixie.command(&[&extractor, "-module-name", "Countersign"]);
    extract.args(["-target", "x86_64-pc-linux-gnu", "-output-dir", &graph]);
    extract.args(["-I", &text("swift/build/debug/Modules"), "-I", &ffi]);
    extract.args(["-Xcc", &format!("-fmodule-map-file={ffi}/module.modulemap")]);
    home::quietly(&mut extract, "Swift's symbols cannot be read")?;
    let mut convert = trixie.command(&[&format!("{TOOLS}/docc"), "convert"]);
    convert.args(["--fallback-display-name", "Countersign"]);
    convert.args(["--fallback-bundle-identifier", "countersign"]);
    convert.args([
        "--additional-symbol-graph-dir",
        &graph,
        "--output-path",
        &text("docs/swift"),
    ]);
    home::quietly(&mut convert, "DocC cannot write Swift's pages")
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::File { path, source }
}

/// All files of a folder and its folders.
fn read(folder: &Path, place: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let place = place.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            read(&path, &place, files)?;
        } else {
            let bytes = fs::read(&path).map_err(at(&path))?;
            files.insert(place, bytes);
        }
    }
    Ok(())
}

/// Makes a folder hold exactly these. What is the same stays untouched, and is not compiled again.
fn put(folder: &Path, files: &Files) -> Result<()> {
    let mut there = Files::new();
    if folder.exists() {
        read(folder, Path::new(""), &mut there)?;
    }
    for gone in there.keys().filter(|place| !files.contains_key(*place)) {
        let path = folder.join(gone);
        fs::remove_file(&path).map_err(at(&path))?;
    }
    for (place, bytes) in files {
        if there.get(place) != Some(bytes) {
            let path = folder.join(place);
            fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(at(&path))?;
            fs::write(&path, bytes).map_err(at(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> Files {
        let files = of
            .iter()
            .map(|(place, text)| (place.into(), text.as_bytes().to_vec()));
        files.collect()
    }

    #[test]
    fn the_package_is_what_is_wanted_and_what_is_the_same_stays_untouched() {
        let folder =
            std::env::temp_dir().join(format!("countersign-package-{}", std::process::id()));
        put(
            &folder,
            &files(&[("a/same", "1"), ("a/other", "1"), ("gone", "1")]),
        )
        .unwrap();
        let made = || {
            fs::metadata(folder.join("a/same"))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = made();
        let wanted = files(&[("a/same", "1"), ("a/other", "2"), ("b/new", "1")]);
        put(&folder, &wanted).unwrap();
        let mut there = Files::new();
        read(&folder, Path::new(""), &mut there).unwrap();
        assert_eq!(there, wanted);
        assert_eq!(made(), before);
        fs::remove_dir_all(&folder).unwrap();
    }
}
