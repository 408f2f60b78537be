//! What the log never says.

use crate::testkit::{ANNA, Browser, Enrolment, Provider, World, payment};
use countersign_protocol::statement::Decision;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_at_info_names_nobody_and_gives_nothing_away() {
    let world = World::new().await;
    let log = Log::default();
    let lines = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .without_time()
        .with_writer(log.clone());
    // With one subscriber alone, a line that another test's thread meets first is off for all.
    let _second = tracing::Dispatch::new(
        tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish(),
    );
    let guard = tracing::subscriber::set_default(lines.finish());

    let mut secrets: Vec<String> = [
        "anna@",
        "Meyer",
        "zora@",
        "192.0.2.1",
        "Firefox",
        "_request",
        "relay-state",
    ]
    .map(String::from)
    .into();
    let pending = Enrolment::begin(&world, ANNA).await.pending().await;
    secrets.push(pending.page.path.trim_start_matches("/i/").to_owned());
    secrets.push(pending.link.token.to_string());
    secrets.push(pending.digits.clone());
    secrets.push(pending.wrong_digits());
    secrets.extend(pending.browser.cookie("__Host-session"));
    pending.type_digits(&pending.wrong_digits()).await;
    pending.type_digits(&pending.digits).await;
    let phone = pending.phone;

    let wiki = Provider::wiki();
    let browser = Browser::new(&world);
    let request = crate::testkit::address(&wiki.xml_with_id(&world, "_request-1"));
    let page = browser
        .open(&format!("{request}&RelayState=relay-state"))
        .await;
    secrets.push(page.csrf());
    let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
    secrets.extend(browser.cookie("__Host-session"));
    let challenge = phone.challenge().await;
    let response = phone.response(&challenge, Decision::Approve, page.number().as_deref());
    let response = phone.sign(response);
    secrets.push(response.compact().to_owned());
    secrets.push(challenge.compact().to_owned());
    // A number of two digits is in every log; it would stand after its name.
    secrets.extend(page.number().map(|number| format!("number={number}")));
    secrets.extend(page.number().map(|number| format!("\"{number}\"")));
    phone.deliver(&response).await;
    let end = browser.open(&page.path).await;
    secrets.extend(browser.cookie("__Host-session"));
    secrets.extend(browser.cookie("__Host-browser"));
    secrets.extend(end.hidden("SAMLResponse"));
    // On the phone itself, and the way back.
    let (browser, page) = world.same().await;
    let link = page.request_link().unwrap();
    secrets.push(link.to_link().unwrap());
    let back = phone.approve_opened(&page).await;
    secrets.push(back.trim_start_matches("/r/").to_owned());
    Browser::new(&world).open(&back).await;
    let onward = browser.open_once(&back).await;
    let onward = onward.header("location").unwrap();
    let (_, handle) = onward.split_once("?back=").unwrap();
    secrets.push(handle.to_owned());
    secrets.extend(browser.cookie("__Host-session"));
    browser.open(onward).await;
    // An application asks, and is refused.
    let shop = world.shop("shop").await;
    shop.ask(&payment("pay-1")).await;
    shop.try_ask(&payment("pay-2")).await;
    shop.post("12 €, zora@example.com").await;
    secrets.extend(["12 €", "Ben", shop.key.as_str()].map(String::from));
    Browser::new(&world).ask(&wiki, "zora@example.com").await;
    // And what is refused.
    Browser::new(&world)
        .open("/i/AAAAAAAAAAAAAAAAAAAAAA?anna@example.com")
        .await;
    browser
        .open("/saml/sso?SAMLRequest=anna%40example.com")
        .await;
    crate::testkit::ask_offer(&world, "anna@example.com").await;
    let evil = Provider::named("anna-example-com");
    browser.open(&evil.request(&world)).await;
    secrets.push(evil.slug.to_owned());
    drop(guard);

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for said in [
        "request",
        "audit",
        "phone asked",
        "active",
        "/login/{id}",
        "/r/{code}",
        "/cs/v1/responses",
        "/api/v1/challenges",
        "unknown issuer",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{secret} in {text}");
    }
    world.end().await;
}
