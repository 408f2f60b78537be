//! What xmlsec1 and xmllint say of XML: programs that know signatures and schemas, and nothing of us.

use super::{During, Result, Trouble, binaries};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// Which of the two signatures of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The response, and with it all that is in it.
    Response,
    /// The assertion alone.
    Assertion,
}

impl Signed {
    /// The element as xmlsec1 wants it named, and the way to its signature.
    fn names(self) -> (String, &'static str) {
        match self {
            Self::Response => (
                format!("{PROTOCOL}:Response"),
                "/*[local-name()='Response']/*[local-name()='Signature']",
            ),
            Self::Assertion => (
                format!("{ASSERTION}:Assertion"),
                "/*[local-name()='Response']/*[local-name()='Assertion']/*[local-name()='Signature']",
            ),
        }
    }
}

/// The schemas of SAML 2.0 that python3-saml carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Requests and responses.
    Protocol,
    /// Metadata.
    Metadata,
}

/// What a program said of a document.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// Whether it is good.
    pub good: bool,
    /// Why not, in the program's words.
    pub words: String,
}

/// Has xmlsec1 verify one signature of a response against the certificate (PEM) in `trusted`; nothing that the response
/// brings along is trusted. The document goes into a file in `dir`.
pub fn verify(dir: &Path, response: &str, signed: Signed, trusted: &Path) -> Result<Opinion> {
    let (element, signature) = signed.names();
    let file = save(dir, response)?;
    let mut command = Command::new("xmlsec1");
    command.arg("--verify").arg("--trusted-pem").arg(trusted);
    command.args(["--id-attr:ID", &element, "--node-xpath", signature]);
    opinion(command.arg(file))
}

/// Has xmllint compare a document with its schema, without any network. The document goes into a file in `dir`.
pub fn validate(dir: &Path, document: &str, schema: Schema) -> Result<Opinion> {
    let name = match schema {
        Schema::Protocol => "saml-schema-protocol-2.0.xsd",
        Schema::Metadata => "saml-schema-metadata-2.0.xsd",
    };
    let file = save(dir, document)?;
    let mut command = Command::new("xmllint");
    command.args(["--nonet", "--noout", "--schema"]);
    opinion(command.arg(schemas()?.join(name)).arg(file))
}

/// Where python3-saml keeps its schemas.
fn schemas() -> Result<PathBuf> {
    const ASK: &str = "import onelogin.saml2.auth as a; print(a.__file__)";
    let mut command = Command::new(binaries::python()?);
    let output = run(command.args(["-B", "-c", ASK]))?;
    let module = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let folder = module.parent().map(|folder| folder.join("schemas"));
    folder
        .filter(|folder| folder.is_dir())
        .during("python3-saml has no schemas")
}

fn save(dir: &Path, text: &str) -> Result<PathBuf> {
    let file = dir.join("judged.xml");
    fs::write(&file, text).during(file.display())?;
    Ok(file)
}

/// A refusal is status 1, 3 or 4; a program that was asked wrongly must not pass for one.
fn opinion(command: &mut Command) -> Result<Opinion> {
    let output = run(command)?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Ok(Opinion { good: true, words }),
        Some(1 | 3 | 4) => Ok(Opinion { good: false, words }),
        _ => Err(Trouble::new(format!(
            "{}: {}\n{words}",
            command.get_program().display(),
            output.status
        ))),
    }
}

fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_os_string();
    command.output().during(format!(
        "starting {} (`cargo xtask test saml_judges` installs it on Debian)",
        program.display()
    ))
}
