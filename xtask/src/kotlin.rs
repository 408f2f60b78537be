//! The phone in Kotlin, and for its tests what judges the vectors: generated from the built libraries, and built by Maven, all in the
//! target folder.

use crate::debian;
use crate::error::Result;
use crate::home::{self, Home, PHONE, VECTORS};
use std::process::Command;

/// What a Debian without them lacks.
const JDK: &str = "default-jdk-headless";
const MAVEN: &str = "maven";

/// Makes sure that the Kotlin of this build is there, ready to run.
pub(crate) fn ensure(home: &Home) -> Result<()> {
    debian::ensure(JDK, || debian::is_there("javac"))?;
    debian::ensure(MAVEN, || debian::is_there("mvn"))?;
    for (library, folder) in [(PHONE, "generated"), (VECTORS, "generated-for-tests")] {
        let folder = home.target.join("kotlin").join(folder);
        home::generate(home, "kotlin", library, &folder)?;
    }
    let mut command = maven(home);
    command.args(["test-compile", "dependency:copy-dependencies"]);
    home::quietly(&mut command, "Maven cannot build the Kotlin")
}

/// Writes KDoc as pages; after [`ensure`].
pub(crate) fn document(home: &Home) -> Result<()> {
    home::quietly(
        maven(home).arg("dokka:dokka"),
        "Dokka cannot write the Kotlin's pages",
    )
}

fn maven(home: &Home) -> Command {
    let properties = [
        ("target", home.target.join("kotlin")),
        ("library", home.target.join("debug")),
    ];
    let mut command = Command::new("mvn");
    command
        .args(["-B", "-q", "-f", "kotlin/pom.xml"])
        .args(properties.map(|(name, folder)| format!("-Dcountersign.{name}={}", folder.display())))
        .current_dir(&home.root);
    command
}
