//! The real ID server, with one phone that may answer, and a script of HTTP requests.

use crate::jws;
use crate::keys::MemoryKeys;
use crate::server::{Steps, config};
use countersign_core::adapters::{MemoryCounter, MemoryStore};
use countersign_core::ports::{
    Answer, DeviceKeys, Gesture, KeyError, MadeKey, Pepper, Plain, Request, SALT_LENGTH, Slot,
    Transport, TransportError,
};
use countersign_core::{Authenticator, Digest, Id, Level, Ports, Progress};
use countersign_protocol::Signed;
use countersign_protocol::crypto::{PublicKey, raw_from_der};
use countersign_protocol::encoding::decode;
use countersign_protocol::statement::Challenge;
use countersign_protocol::view::View;
use countersign_server::fuzzing::{self, ANNA, Desk, ORIGIN};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys in memory, which tell whose the newest is.
#[derive(Default)]
struct Keys {
    inner: MemoryKeys,
    newest: Mutex<Option<(Id, PublicKey)>>,
}

impl DeviceKeys for Keys {
    fn level(&self) -> Level {
        self.inner.level()
    }

    fn make(&self, owner: &Id, slot: Slot, context: &Digest) -> Result<MadeKey, KeyError> {
        let made = self.inner.make(owner, slot, context)?;
        let half = |from: usize| {
            made.point[from..from + 32]
                .try_into()
                .expect("a coordinate")
        };
        *lock(&self.newest) = Some((*owner, PublicKey::P256(half(1), half(33))));
        Ok(made)
    }

    fn sign(&self, owner: &Id, slot: Slot, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.inner.sign(owner, slot, message)
    }

    fn wrap(&self, owner: &Id, gesture: Gesture, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.inner.wrap(owner, gesture, plain)
    }

    fn unwrap(&self, owner: &Id, gesture: Gesture, wrapped: &[u8]) -> Result<Plain, KeyError> {
        self.inner.unwrap(owner, gesture, wrapped)
    }

    fn pepper(&self, owner: &Id, salt: &[u8; SALT_LENGTH]) -> Result<Pepper, KeyError> {
        self.inner.pepper(owner, salt)
    }

    fn retire(&self, owner: &Id) -> Result<(), KeyError> {
        self.inner.retire(owner)
    }

    fn delete(&self, owner: &Id) -> Result<(), KeyError> {
        self.inner.delete(owner)
    }
}

/// From a phone to the server in this process.
struct Wire(Arc<Mutex<Desk>>);

impl Transport for Wire {
    fn call(&self, request: &Request) -> Result<Answer, TransportError> {
        let headers = request.headers.iter();
        let mut headers: Vec<(&str, &[u8])> = headers
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        if !request.body.is_empty() {
            headers.push(("content-type", b"application/json"));
        }
        let target = request.url.strip_prefix(ORIGIN).expect("it is ours");
        let answer = lock(&self.0).call(request.method.as_str(), target, &headers, &request.body);
        let answer = answer
            .expect("an open server")
            .expect("a phone writes HTTP");
        Ok(Answer {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }

    fn shut_down(&self) {}
}

/// A server with an application that has a key, and the administrator's phone, as they are at the beginning of each run.
pub struct Stage {
    desk: Arc<Mutex<Desk>>,
    image: Vec<u8>,
    keys: Arc<Keys>,
    owner: Id,
    /// K_dev.
    public: PublicKey,
    /// S.
    sign_keys: Vec<PublicKey>,
    /// What every script may name.
    given: BTreeMap<&'static str, String>,
}

impl Stage {
    /// Made once for a process.
    pub fn new() -> Self {
        let desk = Arc::new(Mutex::new(made()));
        let command = |line: &[&str]| {
            let said = lock(&desk).command(line).expect("a command that is right");
            said.into_iter().next().unwrap_or_default()
        };
        let text = |said: &Value, name: &str| said[name].as_str().expect("a text").to_owned();
        let acs = "https://wiki.example.com/acs";
        command(&[
            "app",
            "add",
            "wiki",
            "--name",
            "Wiki",
            "--entity-id",
            "https://wiki.example.com/saml",
            "--acs",
            acs,
        ]);
        command(&[
            "app",
            "add",
            "shop",
            "--name",
            "Shop",
            "--host",
            "shop.example.com",
        ]);
        let key = text(
            &command(&["app", "key", "add", "shop", "--note", "fuzz"]),
            "key",
        );
        let keys = Arc::new(Keys::default());
        let credential = enrolled(&desk, &keys, &command);
        command(&["user", "add", "ben@example.com", "--name", "Ben"]);
        let page = text(&command(&["invite", "ben@example.com"]), "page");
        let page = page.strip_prefix(ORIGIN).expect("ours").to_owned();
        let (owner, public) = (*lock(&keys.newest)).expect("a key was made");
        let sign_keys = sign_keys(&lock(&desk));
        let image = lock(&desk).image().expect("a database");
        let given = BTreeMap::from([("key", key), ("page", page), ("phone", credential)]);
        Self {
            desk,
            image,
            keys,
            owner,
            public,
            sign_keys,
            given,
        }
    }

    /// The server as it was at the beginning, for one run.
    pub fn run(&self) -> Run<'_> {
        let mut desk = lock(&self.desk);
        desk.restart(&self.image)
            .expect("a database that was closed whole");
        Run {
            stage: self,
            desk,
            names: self.given.clone(),
            cookies: BTreeMap::new(),
            proofs: 0,
            signed: false,
        }
    }

    /// Any payload, signed by the phone.
    fn sign(&self, typ: &str, payload: &[u8]) -> String {
        jws::put_together(typ, payload, &self.public, |message| {
            let der = self
                .keys
                .sign(&self.owner, Slot::Dev, message)
                .expect("a key in memory");
            raw_from_der(&der).expect("as it was made")
        })
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

/// Before the number of a process, in the names of its folder.
const FOLDER: &str = "countersign-fuzz-";

/// A new server in a folder of this process. A process of libFuzzer's ends without a word, so the next one clears up.
fn made() -> Desk {
    let fast = PathBuf::from("/dev/shm");
    let shared = if fast.is_dir() {
        fast
    } else {
        std::env::temp_dir()
    };
    let own = std::process::id().to_string();
    for entry in std::fs::read_dir(&shared).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(FOLDER));
        let is_over = |process| process == own || !PathBuf::from("/proc").join(process).exists();
        if process.is_some_and(is_over) {
            // Another that starts now does the same.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let above = shared.join(format!("{FOLDER}{own}"));
    std::fs::create_dir_all(&above).expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["id.example.com".to_owned()])
        .expect("a certificate");
    let (certificate, key) = (above.join("tls.crt"), above.join("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    Desk::make(&above.join("server"), &certificate, &key).expect("a server")
}

/// The keys that the server's newest statement names.
fn sign_keys(desk: &Desk) -> Vec<PublicKey> {
    let answer = desk.call("GET", "/cs/v1/keys", &[], b"");
    let answer = answer.expect("an open server").expect("HTTP");
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let statement = answer["keys"][0].as_str().expect("a statement");
    let payload = decode(statement.split('.').nth(1).expect("three parts")).expect("base64url");
    let payload: Value = serde_json::from_slice(&payload).expect("JSON");
    serde_json::from_value(payload["sign"].clone()).expect("keys")
}

/// The administrator's phone, active. Gives its credential.
fn enrolled(
    desk: &Arc<Mutex<Desk>>,
    keys: &Arc<Keys>,
    command: &impl Fn(&[&str]) -> Value,
) -> String {
    let ports = Ports {
        store: Arc::new(MemoryStore::new()),
        transport: Arc::new(Wire(desk.clone())),
        keys: keys.clone(),
        counter: Arc::new(MemoryCounter::default()),
        clock: Arc::new(Steps::default()),
    };
    let app = Authenticator::open(config(), ports).expect("an empty store opens");
    let said = command(&["phone", "add", ANNA]);
    let review = app
        .review(said["invitation"].as_str().expect("a link"))
        .expect("an offer");
    let id = app.enrol(review).expect("a registration");
    let Ok(Progress::Pending(pending)) = app.proceed(&id, 0) else {
        panic!("the digits are to be typed");
    };
    command(&["phone", "confirm", ANNA, &pending.digits]);
    assert!(matches!(app.proceed(&id, 0), Ok(Progress::Active)));
    let listed = command(&["phone", "list", ANNA]);
    listed["id"].as_str().expect("a credential").to_owned()
}

/// One life of the server.
pub struct Run<'s> {
    stage: &'s Stage,
    desk: MutexGuard<'s, Desk>,
    /// What `{name}` in a request stands for: what the server said last.
    names: BTreeMap<&'static str, String>,
    cookies: BTreeMap<String, String>,
    proofs: u8,
    /// Whether something was sent that the phone signed, but for proofs.
    pub signed: bool,
}

/// A request of a script: a line `METHOD target`, lines `name: value`, an empty line, the body.
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// Headers that are for us: how the request is to be sent.
const PROVE: &str = "prove";
const SIGN: &str = "sign";
const NO_COOKIES: &str = "no-cookies";

impl Asked {
    /// Whatever the text is, as much of a request as it has.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (head, body) = match text.windows(2).position(|two| two == b"\n\n") {
            Some(at) => (&text[..at], &text[at + 2..]),
            None => (text, &b""[..]),
        };
        let mut lines = head.split(|&byte| byte == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok()?;
        let (method, target) = first.split_once(' ')?;
        let headers = lines.filter_map(|line| {
            let at = line.iter().position(|&byte| byte == b':')?;
            let name = std::str::from_utf8(&line[..at]).ok()?;
            Some((
                name.trim().to_ascii_lowercase(),
                line[at + 1..].trim_ascii().to_vec(),
            ))
        });
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.take(24).collect(),
            body: body.to_vec(),
        })
    }

    /// The value of one that is for us, which is not sent.
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.headers.iter().position(|(other, _)| other == name)?;
        String::from_utf8(self.headers.remove(at).1).ok()
    }
}

impl Run<'_> {
    /// `{name}` of what is known, replaced.
    fn spelt_out(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.iter().position(|&byte| byte == b'{') {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let end = rest.iter().take(16).position(|&byte| byte == b'}');
            let name = end.and_then(|end| std::str::from_utf8(&rest[1..end]).ok());
            match (name.and_then(|name| self.names.get(name)), end) {
                (Some(value), Some(end)) => {
                    out.extend_from_slice(value.as_bytes());
                    rest = &rest[end + 1..];
                }
                _ => {
                    out.push(b'{');
                    rest = &rest[1..];
                }
            }
        }
        out.extend_from_slice(rest);
        out
    }

    /// Sends it as a browser, an application or a phone would. None where it is no HTTP.
    pub fn send(&mut self, mut asked: Asked) -> Option<fuzzing::Answer> {
        asked.target = String::from_utf8(self.spelt_out(asked.target.as_bytes())).ok()?;
        asked.body = self.spelt_out(&asked.body);
        for at in 0..asked.headers.len() {
            asked.headers[at].1 = self.spelt_out(&asked.headers[at].1);
        }
        if let Some(what) = asked.take(SIGN) {
            self.signed = true;
            let signed = self.stage.sign(&format!("cs1-{what}+jwt"), &asked.body);
            asked.body = format!(r#"{{"{what}":"{signed}"}}"#).into_bytes();
        }
        if asked.take(PROVE).is_some() {
            let proof = self.proof(&asked);
            asked
                .headers
                .push(("countersign-proof".to_owned(), proof.into_bytes()));
        }
        if asked.take(NO_COOKIES).is_none() && !self.cookies.is_empty() {
            let pairs: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            asked
                .headers
                .push(("cookie".to_owned(), pairs.join("; ").into_bytes()));
        }
        let headers: Vec<(&str, &[u8])> = asked
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let answer = self
            .desk
            .call(&asked.method, &asked.target, &headers, &asked.body);
        let answer = answer.expect("an open server")?;
        self.learn(&answer);
        Some(answer)
    }

    fn proof(&mut self, asked: &Asked) -> String {
        self.proofs = self.proofs.wrapping_add(1);
        let (jti, hash) = (Id::from([self.proofs; 16]), Digest::of(&[&asked.body]));
        let mut proof = serde_json::json!({
            "aud": ORIGIN, "sub": self.names["phone"], "htm": asked.method,
            "htu": format!("{ORIGIN}{}", asked.target), "bh": hash.to_string(), "jti": jti.to_string(),
        });
        if let Some(nonce) = self.names.get("nonce") {
            proof["nonce"] = nonce.as_str().into();
        }
        self.stage
            .sign("cs1-proof+jwt", proof.to_string().as_bytes())
    }

    /// Remembers what later requests may name.
    fn learn(&mut self, answer: &fuzzing::Answer) {
        for (name, value) in &answer.headers {
            match name.as_str() {
                "set-cookie" => {
                    let pair = value
                        .split(';')
                        .next()
                        .and_then(|pair| pair.split_once('='));
                    self.cookies
                        .extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
                }
                "location" => drop(self.names.insert("location", value.clone())),
                "countersign-nonce" => drop(self.names.insert("nonce", value.clone())),
                _ => {}
            }
        }
        let Ok(text) = std::str::from_utf8(&answer.body) else {
            return;
        };
        if let Some(csrf) = between(text, r#"name="csrf" value=""#, "\"") {
            self.names.insert("csrf", csrf.to_owned());
        }
        if let Some(number) = between(text, r#"<p class="number""#, "</span>") {
            let digits = number.rsplit('>').next().unwrap_or_default();
            let digits = digits.chars().filter(char::is_ascii_digit).collect();
            self.names.insert("number", digits);
        }
        if let Some(link) = between(text, "/e#", "\"").and_then(decoded) {
            let token = link["t"].as_str().unwrap_or_default();
            self.names.insert("token", token.to_owned());
        }
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return;
        };
        for (name, member) in [("id", "id"), ("number", "number"), ("next", "next")] {
            if let Some(value) = members.get(member).and_then(Value::as_str) {
                self.names.insert(name, value.to_owned());
            }
        }
        let lists = members.get("challenges").and_then(Value::as_array);
        let listed = lists
            .and_then(|list| list.last())
            .or(members.get("challenge"));
        if let Some(challenge) = listed.and_then(Value::as_str) {
            self.learn_challenge(challenge);
        }
    }

    fn learn_challenge(&mut self, statement: &str) {
        let Some(hash) = crate::vectors::hash(statement) else {
            return;
        };
        let verified = Signed::<Challenge>::verify(statement, &self.stage.sign_keys);
        let challenge = verified.expect("a challenge of the server's is right");
        self.names.insert("challenge", hash.to_string());
        self.names.insert("jti", challenge.jti.to_string());
        self.names.insert("txn", challenge.txn.to_string());
        self.names
            .insert("view", View::of(&challenge).digest().to_string());
    }

    /// What is stored now.
    pub fn count(&self) -> fuzzing::Count {
        self.desk.count().expect("a whole database and audit")
    }
}

fn between<'t>(text: &'t str, before: &str, behind: &str) -> Option<&'t str> {
    let from = text.find(before)? + before.len();
    let length = text[from..].find(behind)?;
    Some(&text[from..from + length])
}

fn decoded(fragment: &str) -> Option<Value> {
    serde_json::from_slice(&decode(fragment)?).ok()
}
