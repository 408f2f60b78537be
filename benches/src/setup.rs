//! Processes to be measured, in a folder of their own: the ID server as it is shipped, and the floor.

use crate::Result;
use crate::http;
use rustls::ClientConfig;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The account of the n-th person.
pub fn account(n: usize) -> String {
    format!("person{n}@example.com")
}

/// The application that everybody signs in to.
pub const ENTITY_ID: &str = "https://wiki.example.com/sp";

/// A process that ends with this value.
pub struct Running(Child);

impl Running {
    /// Starts it and reads the first line that it prints: then it listens.
    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let running = Self(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        if line.contains("listening") {
            Ok(running)
        } else {
            Err(format!("it does not listen: {line}").into())
        }
    }

    /// For `/proc`.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder on the disk of the programs, with a certificate for `localhost`.
pub struct Place {
    folder: tempfile::TempDir,
    programs: PathBuf,
    pub trust: Arc<ClientConfig>,
}

impl Place {
    /// With programs beside this one.
    pub fn make() -> Result<Self> {
        let program = std::env::current_exe()?;
        let programs = program
            .parent()
            .ok_or("a program is in a folder")?
            .to_owned();
        let folder = tempfile::tempdir_in(&programs)?;
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let certificate = folder.path().join("tls.crt");
        fs::write(&certificate, made.cert.pem())?;
        fs::write(
            folder.path().join("tls.key"),
            made.signing_key.serialize_pem(),
        )?;
        let trust = http::trust(&certificate)?;
        Ok(Self {
            folder,
            programs,
            trust,
        })
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// The floor program.
    pub fn floor(&self) -> Result<(Running, u16)> {
        let port = free_port()?;
        let mut command = self.program("floor");
        command.arg(port.to_string());
        command.args([
            self.path("tls.crt"),
            self.path("tls.key"),
            self.path("floor.db"),
        ]);
        Ok((Running::start(&mut command)?, port))
    }

    /// The ID server, its log in a file, with these people and one application.
    pub fn server(&self, people: usize, acs: &str) -> Result<(Server, Running)> {
        let port = free_port()?;
        let home = self.path("server");
        let mut command = self.program("countersign-server");
        command.args([
            "--json",
            "init",
            "--name",
            "Example ID",
            "--admin",
            "admin@example.com",
        ]);
        command.args([
            "--admin-name",
            "Admin",
            "--origin",
            &format!("https://localhost:{port}"),
        ]);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--dir").arg(&home);
        command.arg("--tls-cert").arg(self.path("tls.crt"));
        command.arg("--tls-key").arg(self.path("tls.key"));
        say(&mut command)?;
        // The load comes from one address.
        let config = home.join("countersign.toml");
        let settings = std::fs::read_to_string(&config)?;
        std::fs::write(
            &config,
            settings.replace("strangers = 60", "strangers = 1000000000"),
        )?;
        let server = Server {
            program: self.programs.join("countersign-server"),
            config,
            port,
        };
        server.command(&[
            "app",
            "add",
            "wiki",
            "--name",
            "Wiki",
            "--entity-id",
            ENTITY_ID,
            "--acs",
            acs,
        ])?;
        for n in 0..people {
            server.command(&["user", "add", &account(n), "--name", "A Person"])?;
        }
        let mut command = Command::new(&server.program);
        command
            .arg("--config")
            .arg(&server.config)
            .args(["--json", "serve"]);
        command.stderr(File::create(self.path("server.log"))?);
        let running = Running::start(&mut command)?;
        Ok((server, running))
    }
}

/// An ID server that can be commanded.
pub struct Server {
    program: PathBuf,
    config: PathBuf,
    pub port: u16,
}

impl Server {
    fn command(&self, words: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command
            .arg("--config")
            .arg(&self.config)
            .arg("--json")
            .args(words);
        say(&mut command)
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The path of a page that adds a phone.
    pub fn invite(&self, account: &str) -> Result<String> {
        let said = self.command(&["invite", account])?;
        let page = said["page"]
            .as_str()
            .and_then(|page| page.strip_prefix(&self.origin()));
        Ok(page.ok_or("no page")?.to_owned())
    }
}

fn say(command: &mut Command) -> Result<Value> {
    let output = command.output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(String::from_utf8_lossy(&said).into_owned().into());
    }
    let said = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(
        said.lines().last().ok_or("it said nothing")?,
    )?)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The size of a file, 0 if it isn't there.
pub fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}
