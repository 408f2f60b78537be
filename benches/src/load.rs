//! People who sign in: a browser and a phone each, the phone made of countersign-protocol alone.

use crate::Result;
use crate::browser::{Browser, Page, percent};
use crate::http::{Client, Reply};
use crate::peer::{Algorithm, make_key};
use crate::setup::{ENTITY_ID, Place, Server, account};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use countersign_protocol::call::{
    ChallengesAnswer, OfferAnswer, OfferCall, RegistrationCall, ResponseCall, StateAnswer,
    VerdictAnswer,
};
use countersign_protocol::crypto::{AgreementSecret, PublicKey, SigningKey};
use countersign_protocol::invitation::Invitation;
use countersign_protocol::statement::{
    App, AppMode, Challenge, Decision, Keys, Level, Levels, Offer, PROOF_HEADER, Prev, Proof,
    Registration, Response, Standing, State, Verdict, VerdictCode,
};
use countersign_protocol::text::Name;
use countersign_protocol::view::View;
use countersign_protocol::{Digest, Id, Origin, Signed, json, sas};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// HTTP requests of one login: request, sign-in page, name, waiting page, fetch, answer, wait, assertion.
pub const REQUESTS: usize = 8;

/// Somebody who signs in to the ID server.
pub struct Person {
    account: String,
    origin: String,
    acs: String,
    browser: Browser,
    phone: Phone,
}

struct Phone {
    origin: Origin,
    client: Client,
    dev: SigningKey,
    id: Id,
    server: Vec<PublicKey>,
    nonce: Option<String>,
    cursor: Option<String>,
    last: (u64, Prev),
}

impl Person {
    /// Adds their phone, as a person does.
    pub fn enrol(place: &Place, server: &Server, acs: &str, n: usize) -> Result<Self> {
        let account = account(n);
        let path = server.invite(&account)?;
        let mut browser = Browser::new(&place.trust, server.port);
        let page = browser.open(&path)?;
        let page = browser.fill(&page, &path, &[])?;
        let link = Invitation::parse(&page.invitation()?)?;
        let client = Client::new(&place.trust, server.port);
        let (mut phone, digits) = Phone::enrol(client, &link)?;
        type_digits(&mut browser, &page, &digits)?;
        if phone.state()?.state != Standing::Active {
            return Err("the phone is not in use".into());
        }
        Ok(Self {
            account,
            origin: server.origin(),
            acs: acs.to_owned(),
            browser,
            phone,
        })
    }

    /// A whole login, from the application's request to the page with the assertion.
    pub fn sign_in(&mut self) -> Result<()> {
        self.sign_in_timed().map(drop)
    }

    /// The same; how long the server took for the phone's answer.
    pub fn sign_in_timed(&mut self) -> Result<Duration> {
        self.browser.forget();
        let request = request(&self.origin, &self.acs)?;
        let page = begin(&mut self.browser, &request, &self.account)?;
        let challenge = self.phone.poll()?;
        let took = self.phone.approve(&challenge, page.number()?)?;
        let wait = format!("{}/wait?phase=seen", page.path);
        let phase = self.browser.once("GET", &wait, "")?.expect(200)?;
        if phase.body != "approved" {
            return Err(format!("the login is {}", phase.body).into());
        }
        let page = self.browser.open(&page.path)?;
        page.hidden("SAMLResponse")?;
        Ok(took)
    }
}

/// From the application's request to the waiting page.
pub fn begin(browser: &mut Browser, request: &str, account: &str) -> Result<Page> {
    let page = browser.open(request)?;
    let path = page.path.clone();
    browser.fill(&page, &path, &[("account", account)])
}

/// Types the digits of a phone into the page that shows its invitation.
pub fn type_digits(browser: &mut Browser, page: &Page, digits: &str) -> Result<Page> {
    let page = browser.open(&page.path)?;
    let action = format!("{}/digits", page.path);
    browser.fill(&page, &action, &[("digits", digits)])
}

/// Where an application sends a browser with a fresh request.
pub fn request(origin: &str, acs: &str) -> Result<String> {
    let (id, instant) = (Id::make()?, instant()?);
    let xml = format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{id}" Version="2.0" IssueInstant="{instant}" Destination="{origin}/saml/sso" AssertionConsumerServiceURL="{acs}"><saml:Issuer>{ENTITY_ID}</saml:Issuer></samlp:AuthnRequest>"#
    );
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(xml.as_bytes())?;
    let request = percent(&Base64::encode_string(&encoder.finish()?));
    Ok(format!("/saml/sso?SAMLRequest={request}"))
}

/// Now, as SAML writes it (RFC 3339): days to dates as in Howard Hinnant's `civil_from_days`.
fn instant() -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let (days, second) = (now / 86_400 + 719_468, now % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Ok(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}

impl Phone {
    /// Registers; gives the digits to type.
    fn enrol(mut client: Client, link: &Invitation) -> Result<(Self, String)> {
        let token = link.token.to_string();
        let answer = post(&mut client, "/cs/v1/offers", &OfferCall { token })?.expect(200)?;
        let answer: OfferAnswer = json::parse(answer.body.as_bytes())?;
        let keys = Signed::<Keys>::verify_root(&answer.keys, &link.root)?;
        let offer = Signed::<Offer>::verify(&answer.offer, &keys.sign)?;
        let (dev, e) = (make_key(Algorithm::P256)?, AgreementSecret::make()?);
        let registration = Signed::sign(registration(&offer, &dev, &e, link)?, &dev)?;
        let call = RegistrationCall {
            registration: registration.compact().to_owned(),
            uv_proof: None,
            attestation: None,
        };
        let answer = post(&mut client, "/cs/v1/registrations", &call)?.expect(201)?;
        let nonce = answer.header("countersign-nonce").map(str::to_owned);
        let state: StateAnswer = json::parse(answer.body.as_bytes())?;
        let state = Signed::<State>::verify(&state.state, &keys.sign)?;
        let ns = state.ns.ok_or("a first state without ns")?;
        let digits = sas::digits(&offer.hash(), &registration.hash(), &ns, &registration.np);
        let phone = Self {
            origin: link.origin.clone(),
            client,
            dev,
            id: state.aud,
            server: keys.sign.clone(),
            nonce,
            cursor: None,
            last: (0, Prev(None)),
        };
        Ok((phone, digits))
    }

    fn get(&mut self, path: &str) -> Result<Reply> {
        let mut reply = self.prove(path)?;
        if reply.status == 401 {
            reply = self.prove(path)?;
        }
        reply.expect(200)
    }

    fn prove(&mut self, path: &str) -> Result<Reply> {
        let proof = Proof {
            aud: self.origin.clone(),
            sub: self.id,
            htm: "GET".to_owned(),
            htu: format!("{}{path}", self.origin),
            bh: Digest::of(&[b""]),
            nonce: self.nonce.clone(),
            jti: Id::make()?,
        };
        let proof = Signed::sign(proof, &self.dev)?;
        let header = format!("{PROOF_HEADER}: {}\r\n", proof.compact());
        let reply = self.client.send("GET", path, &header, "")?;
        self.keep_nonce(&reply);
        Ok(reply)
    }

    fn keep_nonce(&mut self, reply: &Reply) {
        let nonce = reply.header("countersign-nonce").map(str::to_owned);
        self.nonce = nonce.or(self.nonce.take());
    }

    fn state(&mut self) -> Result<Signed<State>> {
        let reply = self.get(&format!("/cs/v1/credentials/{}", self.id))?;
        let answer: StateAnswer = json::parse(reply.body.as_bytes())?;
        Ok(Signed::verify(&answer.state, &self.server)?)
    }

    /// The newest request.
    fn poll(&mut self) -> Result<Signed<Challenge>> {
        let path = match &self.cursor {
            Some(after) => format!("/cs/v1/challenges?after={after}&wait=25"),
            None => "/cs/v1/challenges".to_owned(),
        };
        let reply = self.get(&path)?;
        let list: ChallengesAnswer = json::parse(reply.body.as_bytes())?;
        self.cursor = Some(list.next);
        let text = list.challenges.last().ok_or("nothing is asked")?;
        Ok(Signed::verify(text, &self.server)?)
    }

    fn approve(&mut self, challenge: &Signed<Challenge>, number: &str) -> Result<Duration> {
        let (ctr, prev) = self.last;
        let response = Response {
            iss: self.id,
            aud: self.origin.clone(),
            jti: Id::make()?,
            challenge: challenge.hash(),
            decision: Decision::Approve,
            reason: None,
            rule: 1,
            view: View::of(challenge).digest(),
            r#match: Some(number.to_owned()),
            dh: None,
            pin: None,
            input: None,
            ctr: ctr + 1,
            prev,
            locale: "en".into(),
        };
        let response = Signed::sign(response, &self.dev)?;
        self.last = (ctr + 1, Prev(Some(response.hash())));
        let call = ResponseCall {
            response: response.compact().to_owned(),
        };
        let begin = Instant::now();
        let reply = post(&mut self.client, "/cs/v1/responses", &call)?.expect(200)?;
        let took = begin.elapsed();
        self.keep_nonce(&reply);
        let answer: VerdictAnswer = json::parse(reply.body.as_bytes())?;
        let verdict = Signed::<Verdict>::verify(&answer.verdict, &self.server)?;
        match verdict.code {
            VerdictCode::Ok => Ok(took),
            _ => Err("the approval was refused".into()),
        }
    }
}

fn post<T: Serialize>(client: &mut Client, path: &str, body: &T) -> Result<Reply> {
    let kind = "content-type: application/json\r\n";
    client.send("POST", path, kind, &json::write(body)?)
}

fn registration(
    offer: &Signed<Offer>,
    dev: &SigningKey,
    e: &AgreementSecret,
    link: &Invitation,
) -> Result<Registration> {
    let name = |text| Name::parse(text);
    Ok(Registration {
        aud: offer.iss.clone(),
        jti: Id::make()?,
        offer: offer.hash(),
        token: link.token.to_string(),
        dh: e.public(),
        np: Digest::make()?,
        dev: *dev.public(),
        uv: None,
        uvc: None,
        level: Levels {
            dev: Level::Software,
            uv: None,
        },
        app: App {
            brand: name("countersign")?,
            mode: AppMode::Core,
            version: name("0")?,
            os: name("Bench 1")?,
        },
        device: name("Phone")?,
        locale: "en".into(),
        proto: vec![1],
        push: None,
        rec: None,
    })
}

/// The same requests and the same two signatures at the floor program.
pub struct Nobody {
    browser: Browser,
    phone: Client,
    key: SigningKey,
    keyed: String,
    padding: String,
}

impl Nobody {
    /// Two connections, as a person has.
    pub fn new(place: &Place, port: u16) -> Result<Self> {
        let key = make_key(Algorithm::P256)?;
        let PublicKey::P256(x, y) = key.public() else {
            return Err("another key than was made".into());
        };
        let keyed = Base64UrlUnpadded::encode_string(&[&[4][..], x, y].concat());
        Ok(Self {
            browser: Browser::new(&place.trust, port),
            phone: Client::new(&place.trust, port),
            key,
            keyed,
            padding: "p".repeat(700),
        })
    }

    /// As many requests as a login has.
    pub fn sign_in(&mut self) -> Result<()> {
        let request = request("https://localhost", "https://wiki.example.com/acs")?;
        self.browser
            .once("GET", &request.replacen("/saml/sso", "/1", 1), "")?
            .expect(303)?;
        self.browser.once("GET", "/2", "")?.expect(200)?;
        self.browser
            .once("POST", "/3", "csrf=AAAA&account=a")?
            .expect(303)?;
        self.browser.once("GET", "/4", "")?.expect(200)?;
        self.signed("/5")?;
        self.signed("/6")?;
        self.browser.once("GET", "/7", "")?.expect(200)?;
        self.browser.once("GET", "/8", "")?.expect(200).map(drop)
    }

    /// What the floor does for a phone's answer: one verification, one signature, one commit.
    pub fn answer(&mut self) -> Result<Duration> {
        self.signed("/6")
    }

    fn signed(&mut self, path: &str) -> Result<Duration> {
        let signature = self.key.sign(self.padding.as_bytes())?;
        let signature = Base64UrlUnpadded::encode_string(&signature);
        let headers = format!("x-key: {}\r\nx-signature: {signature}\r\n", self.keyed);
        let begin = Instant::now();
        self.phone
            .send("POST", path, &headers, &self.padding)?
            .expect(200)?;
        Ok(begin.elapsed())
    }
}
