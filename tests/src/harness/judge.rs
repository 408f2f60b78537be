//! A service provider's opinion of a response, without a browser: for negative controls.

use super::{During, Result, Software, Sp, Trouble, ca, sp};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A service provider's settings, to be bent, and asked.
pub struct Judge {
    dir: PathBuf,
    software: Software,
    settings: Value,
}

/// A response to be judged.
#[derive(Clone, Debug)]
pub struct Case {
    /// The XML of the response.
    pub response: String,
    /// The request that the service provider is waiting for.
    pub request_id: String,
}

/// What was said about a case.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Whether somebody would be signed in.
    pub accepted: bool,
    /// Why not.
    pub reason: String,
}

impl Case {
    /// The response as it came in the form, for the request it answers.
    pub fn of_form(saml_response: &str) -> Result<Self> {
        let bytes = Base64::decode_vec(saml_response).during("decoding SAMLResponse")?;
        let response = String::from_utf8(bytes).during("decoding SAMLResponse")?;
        let request_id = attribute(&response, "InResponseTo")
            .during("the response answers nothing")?
            .to_owned();
        Ok(Self {
            response,
            request_id,
        })
    }

    /// The same with one piece of text replaced, which must be there.
    pub fn with(&self, old: &str, new: &str) -> Result<Self> {
        if !self.response.contains(old) {
            return Err(Trouble::new(format!("`{old}` is not in the response")));
        }
        Ok(Self {
            response: self.response.replacen(old, new, 1),
            request_id: self.request_id.clone(),
        })
    }
}

impl Judge {
    /// A judge that sees things as this service provider does; its files go into `dir`.
    pub fn new(dir: &Path, sp: &Sp) -> Self {
        Self {
            dir: dir.to_path_buf(),
            software: sp.software,
            settings: sp.settings.clone(),
        }
    }

    /// The same with one setting changed.
    pub fn with(&self, setting: &str, value: &str) -> Self {
        let mut settings = self.settings.clone();
        settings[setting] = json!(value);
        Self {
            dir: self.dir.clone(),
            software: self.software,
            settings,
        }
    }

    /// The same, expecting signatures by somebody else.
    pub fn with_other_certificate(&self) -> Result<Self> {
        let other = ca::make_rsa(&self.dir, "other-signer")?;
        let pem = std::fs::read_to_string(&other.cert).during(other.cert.display())?;
        Ok(self.with("idp_cert", &pem))
    }

    /// Judges the cases one after the other, with one memory: what was accepted once is a replay.
    pub fn judge(&self, cases: &[&Case]) -> Result<Vec<Judgement>> {
        let file = sp::write_settings(&self.dir, "judge", &self.settings)?;
        let mut command = self.software.command("judge", &file)?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().during("starting the judge")?;
        let mut stdin = child
            .stdin
            .take()
            .during("the judge has no standard input")?;
        for case in cases {
            let line = json!({
                "response": Base64::encode_string(case.response.as_bytes()),
                "request_id": case.request_id,
            });
            writeln!(stdin, "{line}").during("asking the judge")?;
        }
        drop(stdin);
        let output = child.wait_with_output().during("waiting for the judge")?;
        let judgements: Vec<Judgement> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(judgement)
            .collect::<Result<_>>()?;
        if output.status.success() && judgements.len() == cases.len() {
            return Ok(judgements);
        }
        Err(Trouble::new(format!(
            "the judge: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )))
    }

    /// That a case is refused, for a reason in which `why` stands; `what` is it.
    ///
    /// # Errors
    /// It is accepted, or refused for another reason.
    pub fn refuses(&self, what: &str, case: &Case, why: &str) -> Result<()> {
        let said = self.judge(&[case])?.remove(0);
        match said.accepted {
            true => Err(Trouble::new(format!("{what}: accepted"))),
            false if said.reason.contains(why) => Ok(()),
            false => Err(Trouble::new(format!(
                "{what}: refused for another reason: {}",
                said.reason
            ))),
        }
    }
}

fn judgement(line: &str) -> Result<Judgement> {
    let said: Value = serde_json::from_str(line).during("the judge said no JSON")?;
    let reason = format!(
        "{} {}",
        said["errors"],
        said["reason"].as_str().unwrap_or_default()
    );
    Ok(Judgement {
        accepted: said["accepted"].as_bool().during("the judge did not say")?,
        reason,
    })
}

/// The value of the first attribute of this name.
fn attribute<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}
