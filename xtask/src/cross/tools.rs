//! What builds for other systems, and how it is told to.
//!
//! Rust brings its own linker. The one library with C in it (ring) is made to be compiled without a system's headers; clang does
//! that. Debian's cross compiler links for Linux on arm64.

use super::stubs;
use super::target::{System, TARGETS, Target, YARDSTICK};
use crate::debian;
use crate::error::{Error, Result};
use crate::home::{Home, run};
use crate::machine;
use crate::reproduce;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) const CLANG: &str = "clang";
const GCC: &str = "aarch64-linux-gnu-gcc";
const ARM_HEADERS: &str = "/usr/aarch64-linux-gnu/include/stdint.h";

/// The oldest systems that an app runs on.
const ANDROID: &str = "28";
const IOS: &str = "17.0";

/// ring's C, without anybody's headers.
const NO_HEADERS: &str = "-ffreestanding -nostdlibinc -DRING_CORE_NOSTDLIBINC=1";

/// What links smaller: equal functions once, addresses to be mended as bits.
const SMALL: [&str; 2] = ["--gc-sections", "--icf=all"];

/// What is built.
pub(super) struct Built {
    /// With all its symbols.
    pub(super) whole: PathBuf,
    /// As it is shipped.
    shipped: PathBuf,
}

impl Built {
    /// The bytes that are shipped.
    pub(super) fn read(&self) -> Result<Vec<u8>> {
        fs::read(&self.shipped).map_err(|source| Error::File {
            path: self.shipped.clone(),
            source,
        })
    }
}

/// The tools, ready.
pub(super) struct Tools {
    /// Where they keep what they make.
    folder: PathBuf,
    /// Where rustc keeps its own linker.
    bin: PathBuf,
}

impl Tools {
    /// Makes sure that all is there.
    ///
    /// # Errors
    /// [`Error::Missing`] says what is not.
    pub(super) fn ready(home: &Home, by_name: bool) -> Result<Self> {
        if machine::host().as_deref() != Some(YARDSTICK.triple) {
            let what = format!("only on {}", YARDSTICK.triple);
            return Err(Error::Missing(what));
        }
        let triples = TARGETS.iter().map(|target| target.triple);
        let lacking: Vec<&str> = triples.filter(|triple| !is_installed(triple)).collect();
        if !lacking.is_empty() {
            let mut add = Command::new("rustup");
            add.args(["target", "add"]).args(&lacking);
            if !by_name || run(add.current_dir(&home.root)).is_err() {
                return Err(Error::Missing(format!(
                    "rustup has no {}: `cargo xtask test cross` adds what is missing",
                    lacking.join(", ")
                )));
            }
        }
        debian::ensure("clang", || debian::is_there(CLANG))?;
        debian::ensure("gcc-aarch64-linux-gnu", || debian::is_there(GCC))?;
        debian::ensure("libc6-dev-arm64-cross", || Path::new(ARM_HEADERS).exists())?;
        let sysroot = machine::said(&["rustc", "--print", "sysroot"]);
        let bin = Path::new(&sysroot)
            .join("lib/rustlib")
            .join(YARDSTICK.triple)
            .join("bin");
        let tools = Self {
            folder: home.target.join("cross"),
            bin,
        };
        if !tools.linker().exists() || !tools.objcopy().exists() {
            return Err(Error::Missing(
                "Rust has no rust-lld, as rustup's has".into(),
            ));
        }
        tools.lay()?;
        Ok(tools)
    }

    fn linker(&self) -> PathBuf {
        self.bin.join("rust-lld")
    }

    fn objcopy(&self) -> PathBuf {
        self.bin.join("rust-objcopy")
    }

    /// What stands in for the systems' own files.
    fn lay(&self) -> Result<()> {
        for target in TARGETS {
            if target.system == System::Android {
                let system = clang_system(target);
                stubs::make(&self.stand_in(target), &system, &self.linker())?;
            }
        }
        // The one header of Apple's that ring asks for: that it is a phone.
        let sdk = self.sdk();
        fs::create_dir_all(&sdk).map_err(|source| Error::File {
            path: sdk.clone(),
            source,
        })?;
        write(
            &sdk.join("TargetConditionals.h"),
            "#define TARGET_OS_IPHONE 1\n",
        )
    }

    fn stand_in(&self, target: &Target) -> PathBuf {
        self.folder.join("stubs").join(target.triple)
    }

    fn sdk(&self) -> PathBuf {
        self.folder.join("sdk")
    }

    /// Builds the library for a target by the profile `phone`, with one engine, and strips what can be stripped.
    ///
    /// # Errors
    /// [`Error::Ended`] when cargo can't.
    pub(super) fn build(&self, home: &Home, target: &Target) -> Result<Built> {
        println!("{} …", target.triple);
        let (kind, file) = match target.system {
            System::Ios => ("staticlib", "libcountersign_bindings.a"),
            _ => ("cdylib", "libcountersign_bindings.so"),
        };
        let mut command = home.cargo(&["rustc", "--locked", "--quiet", "--profile", "phone"]);
        command
            .args(["--package", "countersign-bindings", "--no-default-features"])
            .args(["--target", target.triple, "--crate-type", kind]);
        let [paths, c_paths] = reproduce::without_paths(&home.root, &reproduce::cargo_home());
        let mut flags = vec![paths];
        flags.extend(self.link_flags(target));
        let underscored = target.triple.replace('-', "_");
        let mut c_flags = c_paths;
        match target.system {
            System::Android => {
                c_flags += &format!(" --target={} {NO_HEADERS}", clang_system(target));
                command.env(format!("CC_{underscored}"), CLANG);
                command.env(format!("AR_{underscored}"), "ar");
            }
            System::Ios => {
                c_flags += &format!(" {NO_HEADERS} -isystem {}", self.sdk().display());
                command
                    .env(format!("CC_{underscored}"), CLANG)
                    .env(format!("AR_{underscored}"), "ar")
                    .env("SDKROOT", self.sdk())
                    .env("IPHONEOS_DEPLOYMENT_TARGET", IOS);
            }
            System::Linux => {}
        }
        command
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env(format!("CFLAGS_{underscored}"), c_flags);
        run(&mut command)?;
        let whole = home.target.join(target.triple).join("phone").join(file);
        let shipped = match target.system {
            System::Ios => whole.clone(),
            _ => self.strip(target, &whole)?,
        };
        Ok(Built { whole, shipped })
    }

    fn link_flags(&self, target: &Target) -> Vec<String> {
        let linker = |program: &Path| format!("-Clinker={}", program.display());
        let argument = |argument: &str| format!("-Clink-arg={argument}");
        let small = SMALL.map(str::to_owned);
        match target.system {
            System::Ios => Vec::new(),
            System::Android => {
                let mut flags = vec![linker(&self.linker()), "-Clinker-flavor=ld.lld".to_owned()];
                let stubs = format!("-L{}", self.stand_in(target).display());
                let own = [
                    &*stubs,
                    "-zdefs",
                    "-zmax-page-size=16384",
                    "--hash-style=gnu",
                    // Since Android 9.
                    "--pack-dyn-relocs=android+relr",
                    "--use-android-relr-tags",
                ];
                flags.extend(own.map(argument));
                flags.extend(small.iter().map(|flag| argument(flag)));
                flags
            }
            System::Linux => {
                let mut flags = Vec::new();
                if target.triple != YARDSTICK.triple {
                    flags.push(linker(Path::new(GCC)));
                }
                let own = format!("-B{}", self.bin.join("gcc-ld").display());
                flags.extend([&*own, "-fuse-ld=lld"].map(argument));
                let through = ["-zpack-relative-relocs", "--hash-style=gnu"].map(str::to_owned);
                let through = through.into_iter().chain(small);
                flags.extend(through.map(|flag| argument(&format!("-Wl,{flag}"))));
                flags
            }
        }
    }

    fn strip(&self, target: &Target, whole: &Path) -> Result<PathBuf> {
        let shipped = self.folder.join(format!("{}.so", target.triple));
        let mut command = Command::new(self.objcopy());
        run(command.arg("--strip-all").arg(whole).arg(&shipped))?;
        Ok(shipped)
    }
}

fn is_installed(triple: &str) -> bool {
    let words = ["rustc", "--print", "target-libdir", "--target", triple];
    let folder = machine::said(&words);
    fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
}

/// As clang names an Android.
fn clang_system(target: &Target) -> String {
    format!("{}{ANDROID}", target.triple)
}

/// Writes a file, unless it has this text already: what is newer is built anew.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}
