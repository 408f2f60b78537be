use super::*;
use crate::testkit::{
    ANNA, Answer, Browser, Page as Shown, Phone, Provider, World, address, provider_certificate,
};
use axum::body::Body;
use axum::http::Request;
use base64ct::{Base64, Encoding as _};

const SSO: &str = "/saml/sso";
const OVER: &[(&str, &str)] = &[("sso", "posted request over")];

/// A browser on a page of another site that posts these fields to us: our cookies stay behind.
async fn post_fields(world: &World, fields: &[(&str, &str)]) -> Answer {
    let stranger = Browser::new(world);
    world
        .send(stranger.request("POST", SSO, Some(fields)))
        .await
}

async fn post(world: &World, xml: &str) -> Answer {
    post_fields(world, &[("SAMLRequest", &packed(xml))]).await
}

fn packed(xml: &str) -> String {
    Base64::encode_string(xml.as_bytes())
}

/// Where the browser is sent on to; nothing else is given to it.
fn sent_on(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.cookies(), []);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let path = answer.header("location").unwrap();
    let secret = path.strip_prefix("/saml/sso/").unwrap();
    assert_eq!(Id::parse(secret).unwrap().to_string(), secret);
    path.to_owned()
}

async fn posted(world: &World, provider: &Provider) -> String {
    sent_on(&post(world, &provider.xml(world)).await)
}

/// Anna signs in on a page that asks for a name, with her phone.
async fn sign_in(browser: &Browser<'_>, phone: &Phone<'_>, page: &Shown) -> Shown {
    let waiting = browser.fill(page, &page.path, &[("account", ANNA)]).await;
    phone.approve_on(&waiting).await;
    browser.open(&waiting.path).await
}

#[tokio::test]
async fn a_posted_request_becomes_a_login_of_the_browser_that_goes_on() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let path = posted(&world, &Provider::wiki()).await;
    assert_eq!(world.count("logins").await, 0, "nobody's login yet");
    let page = browser.open(&path).await;
    assert!(page.path.starts_with("/login/"), "{}", page.path);
    assert_eq!(world.count("posted_requests").await, 0);
    let end = sign_in(&browser, &phone, &page).await;
    assert!(end.is_answer_to(&Provider::wiki()), "{}", end.answer.body);
    world.end().await;
}

#[tokio::test]
async fn who_is_signed_in_stays_so_and_is_not_asked_again() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let page = browser.open(&posted(&world, &Provider::wiki()).await).await;
    sign_in(&browser, &phone, &page).await;

    // The post sets no cookie: it would take the place of the session that it did not see.
    let path = posted(&world, &Provider::wiki()).await;
    let again = browser.open(&path).await;
    assert!(
        again.is_answer_to(&Provider::wiki()),
        "{}",
        again.answer.body
    );
    world.end().await;
}

#[tokio::test]
async fn a_cookie_that_comes_along_with_the_post_counts_for_nothing() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let page = browser.open(&posted(&world, &Provider::wiki()).await).await;
    sign_in(&browser, &phone, &page).await;

    let fields = [("SAMLRequest", packed(&Provider::wiki().xml(&world)))];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let path = sent_on(
        &browser
            .once(browser.request("POST", SSO, Some(&fields)))
            .await,
    );
    let stranger = Browser::new(&world);
    let page = stranger.open(&path).await;
    assert!(page.path.starts_with("/login/") && page.hidden("SAMLResponse").is_none());
    assert!(!page.answer.body.contains(ANNA), "{}", page.answer.body);
}

#[tokio::test]
async fn row_22_a_second_browser_on_the_address_finds_it_over() {
    let world = World::new().await;
    let path = posted(&world, &Provider::wiki()).await;
    let (first, second) = (Browser::new(&world), Browser::new(&world));
    let page = first.open(&path).await;
    assert_eq!(page.answer.status, 200);

    let refused = world.refuses(OVER, second.open_once(&path)).await;
    refused.is_page(410);
    assert_eq!(refused.cookies(), []);
    // Also with the address of the login that came of it.
    let stolen = second.open_once(&page.path).await;
    assert_eq!(stolen.status, 400, "no cookie");
    second.open(&posted(&world, &Provider::wiki()).await).await;
    second.open_once(&page.path).await.is_page(410);
    // The first one goes on undisturbed.
    assert_eq!(first.open_once(&page.path).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn row_22_who_comes_first_has_a_login_of_his_own_and_nothing_of_the_other() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (owner, thief) = (Browser::new(&world), Browser::new(&world));
    let page = owner.open(&posted(&world, &Provider::wiki()).await).await;
    sign_in(&owner, &phone, &page).await;

    let path = posted(&world, &Provider::wiki()).await;
    let taken = thief.open(&path).await;
    assert!(taken.hidden("account").is_none() && taken.hidden("SAMLResponse").is_none());
    assert!(
        taken.actions().contains(&taken.path),
        "he is asked who he is"
    );
    owner.open_once(&path).await.is_page(410);
    owner.open_once(&taken.path).await.is_page(410);
}

#[tokio::test]
async fn of_two_browsers_at_once_one_has_it() {
    let world = World::new().await;
    let path = posted(&world, &Provider::wiki()).await;
    let (a, b) = (Browser::new(&world), Browser::new(&world));
    let (a, b) = tokio::join!(a.open_once(&path), b.open_once(&path));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410]);
    assert_eq!(world.count("logins").await, 1);
}

#[tokio::test]
async fn after_a_minute_it_is_over_and_swept_out() {
    let world = World::new().await;
    let (in_time, late) = (
        posted(&world, &Provider::wiki()).await,
        posted(&world, &Provider::wiki()).await,
    );
    let left = posted(&world, &Provider::wiki()).await;
    world.pass(LIFE);
    assert_eq!(Browser::new(&world).open_once(&in_time).await.status, 303);
    world.pass(1);
    Browser::new(&world).open_once(&late).await.is_page(410);
    assert_eq!(world.count("posted_requests").await, 1);
    crate::store::sweep(&world.app.store, world.now())
        .await
        .unwrap();
    assert_eq!(world.count("posted_requests").await, 0);
    Browser::new(&world).open_once(&left).await.is_page(410);
}

#[tokio::test]
async fn a_request_is_not_used_up_by_one_that_shows_nothing() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    let path = posted(&world, &Provider::wiki()).await;
    for path in [&path, &Provider::wiki().request(&world)] {
        let head = browser.request("HEAD", path, None);
        let refused = world.refuses(&[], browser.once(head)).await;
        assert_eq!((refused.status, refused.cookies()), (405, Vec::new()));
    }
    let mut ahead = browser.request("GET", &path, None);
    ahead
        .headers_mut()
        .insert("sec-purpose", "prefetch".parse().unwrap());
    assert_eq!(world.refuses(&[], browser.once(ahead)).await.status, 503);
    assert_eq!(browser.open(&path).await.heading(), "signin");
    world.end().await;
}

#[tokio::test]
async fn an_address_that_was_never_given_out_is_refused() {
    let world = World::new().await;
    let made_up = format!("{SSO}/{}", Id::make().unwrap());
    let browser = Browser::new(&world);
    world
        .refuses(OVER, browser.open_once(&made_up))
        .await
        .is_page(410);
    for odd in ["x", "%00", "AAAA", "..%2f.."] {
        let path = format!("{SSO}/{odd}");
        world
            .refuses(&[], browser.open_once(&path))
            .await
            .is_page(404);
    }
}

#[tokio::test]
async fn the_secret_is_stored_as_its_hash_only() {
    let world = World::new().await;
    let path = posted(&world, &Provider::wiki()).await;
    let stored = format!("{:?}", world.snapshot().await["posted_requests"]);
    assert!(!stored.contains(path.rsplit('/').next().unwrap()));
}

#[tokio::test]
async fn an_application_removed_or_switched_off_in_between_gets_nothing() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let path = posted(&world, &Provider::wiki()).await;
    world.command(&["app", "set", "wiki", "--disabled"]).await;
    let page = browser.open(&path).await;
    let end = sign_in(&browser, &phone, &page).await;
    assert_eq!(end.answer.status, 403);
    assert!(end.hidden("SAMLResponse").is_none());
}

#[tokio::test]
async fn row_01_to_05_and_18_what_is_no_good_request_is_refused() {
    let world = World::new().await;
    let good = Provider::wiki().xml(&world);
    let of = |text: &str| text.to_owned();
    for (reason, value) in [
        (
            "the request holds a document type declaration",
            packed(&format!("<!DOCTYPE a>{good}")),
        ),
        ("the request is not well-formed XML", packed("<a")),
        (
            "the parameter SAMLRequest is not correctly encoded",
            of("*"),
        ),
        (
            "the parameter SAMLRequest is not correctly encoded",
            format!("{}\t\r\n", packed(&good)),
        ),
    ] {
        let fields = [("SAMLRequest", value.as_str())];
        let attempt = post_fields(&world, &fields);
        let refused = world.refuses(&[("sso", reason)], attempt).await;
        refused.is_page(400);
        assert_eq!(refused.cookies(), []);
    }
    let packed_good = packed(&good);
    let good_field = ("SAMLRequest", packed_good.as_str());
    for (reason, fields) in [
        ("there is no SAMLRequest", vec![("SAMLResponse", "x")]),
        (
            "there are a request and a response",
            vec![good_field, ("SAMLResponse", "x")],
        ),
        (
            "the parameter SAMLRequest occurs more than once",
            vec![good_field, good_field],
        ),
        (
            "the parameter RelayState occurs more than once",
            vec![good_field, ("RelayState", "a"), ("RelayState", "b")],
        ),
    ] {
        let attempt = post_fields(&world, &fields);
        let refused = world.refuses(&[("sso", reason)], attempt).await;
        refused.is_page(400);
    }
    for (reason, old, new) in [
        (
            "the request is addressed to another destination",
            "id.example.com/saml",
            "id.example.com/samm",
        ),
        ("the SAML version is not 2.0", "\"2.0\"", "\"1.1\""),
        (
            "the request is too old",
            "IssueInstant=\"2026",
            "IssueInstant=\"2025",
        ),
        (
            "the request comes from the future",
            "IssueInstant=\"2026",
            "IssueInstant=\"2027",
        ),
        (
            "the request has a missing or invalid ID",
            " ID=\"_",
            " ID=\"&lt;",
        ),
    ] {
        assert!(good.contains(old), "{old}");
        let bent = good.replacen(old, new, 1);
        let attempt = post(&world, &bent);
        let refused = world.refuses(&[("sso", reason)], attempt).await;
        refused.is_page(400);
    }
    world.end().await;
}

#[tokio::test]
async fn row_03_a_body_that_is_too_large_or_no_form_is_refused() {
    let world = World::new().await;
    let entries = &[("sso", "the body is too large or no form")];
    let body = |size: usize| {
        let form = "SAMLRequest=PGEvPg%3D%3D&x=";
        format!("{form}{}", "a".repeat(size - form.len())).into_bytes()
    };
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = Request::post(SSO).header("content-type", kind);
        world.send(request.body(Body::from(body)).unwrap())
    };
    for (kind, body) in [
        (FORM, body(post::MAX_BODY + 1)),
        (FORM, body(4 << 20)),
        (FORM, b"SAMLRequest=\xff".to_vec()),
        ("multipart/form-data; boundary=b", body(100)),
        ("text/plain", body(100)),
        ("application/x-www-form-urlencoded2", body(100)),
    ] {
        let refused = world.refuses(entries, send(kind, body)).await;
        refused.is_page(400);
    }
    let untyped = Request::post(SSO).body(Body::from(body(100))).unwrap();
    world
        .refuses(entries, world.send(untyped))
        .await
        .is_page(400);
    // The largest that is read; and what a browser adds to the kind.
    let read = &[("sso", "the message is not an AuthnRequest")];
    world.refuses(read, send(FORM, body(post::MAX_BODY))).await;
    let kind = "Application/X-WWW-Form-URLencoded; charset=UTF-8";
    world.refuses(read, send(kind, body(100))).await;
}

#[tokio::test]
async fn row_06_a_request_that_was_answered_is_refused_by_post_too() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let xml = Provider::wiki().xml(&world);
    let (first, second) = (post(&world, &xml).await, post(&world, &xml).await);
    let page = browser.open(&sent_on(&first)).await;
    let end = sign_in(&browser, &phone, &page).await;
    assert!(end.is_answer_to(&Provider::wiki()));

    let entries = &[("sso", "request seen before")];
    world
        .refuses(entries, post(&world, &xml))
        .await
        .is_page(410);
    let seen = browser.open_once(&sent_on(&second)).await;
    seen.is_page(410);
    let by_redirect = address(&xml);
    let refused = world
        .refuses(entries, browser.open_once(&by_redirect))
        .await;
    refused.is_page(410);
    world.end().await;
}

#[tokio::test]
async fn row_07_and_08_an_unknown_issuer_or_address_goes_nowhere() {
    let world = World::new().await;
    let unknown = Provider::named("evil").xml(&world);
    let refused = world
        .refuses(&[("sso", "unknown issuer")], post(&world, &unknown))
        .await;
    refused.is_page(400);
    let wiki = Provider::wiki();
    let elsewhere = wiki
        .xml(&world)
        .replace(&wiki.acs, "https://evil.example/acs");
    let reason = "the assertion consumer service is not the registered one";
    let refused = world
        .refuses(&[("sso", reason)], post(&world, &elsewhere))
        .await;
    refused.is_page(400);
    assert!(!refused.body.contains("evil.example"));
}

#[tokio::test]
async fn row_09_and_10_not_ready_and_unsigned_where_signing_is_required() {
    let world = World::new().await;
    let (off, strict) = (Provider::named("off"), Provider::named("strict"));
    world.add_app(&off, &[]).await;
    world.command(&["app", "set", "off", "--disabled"]).await;
    let reason = "the service provider is not ready";
    let refused = world
        .refuses(&[("sso", reason)], post(&world, &off.xml(&world)))
        .await;
    refused.is_page(403);

    let file = world.folder().join("sp.pem");
    std::fs::write(&file, provider_certificate()).unwrap();
    let file = file.display().to_string();
    world
        .add_app(&strict, &["--cert", &file, "--require-signed"])
        .await;
    let reason = "the request is not signed";
    let refused = world
        .refuses(&[("sso", reason)], post(&world, &strict.xml(&world)))
        .await;
    refused.is_page(400);
}

#[tokio::test]
async fn row_14_a_signed_post_is_refused() {
    let world = World::new().await;
    let signed = Provider::wiki().xml(&world).replace(
        "</saml:Issuer>",
        "</saml:Issuer><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
    );
    let reason = "a signed request by HTTP-POST is not supported";
    let refused = world
        .refuses(&[("sso", reason)], post(&world, &signed))
        .await;
    refused.is_page(400);
}

#[tokio::test]
async fn row_19_a_passive_post_without_a_session_is_answered_no_passive() {
    let world = World::new().await;
    let passive = Provider::wiki()
        .xml(&world)
        .replace(" Version=", " IsPassive=\"true\" Version=");
    let browser = Browser::new(&world);
    let page = browser.open(&sent_on(&post(&world, &passive).await)).await;
    assert!(page.is_answer_to(&Provider::wiki()), "{}", page.answer.body);
    let response = Base64::decode_vec(&page.hidden("SAMLResponse").unwrap()).unwrap();
    let response = String::from_utf8(response).unwrap();
    assert!(response.contains("status:NoPassive") && !response.contains("<saml:Assertion"));
}

#[tokio::test]
async fn a_post_for_another_name_identifier_is_told_so_at_once() {
    let world = World::new().await;
    let policy = "</saml:Issuer><samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"/>";
    let xml = Provider::wiki()
        .xml(&world)
        .replace("</saml:Issuer>", policy);
    let entries = &[("sso", "the name identifier format is not supported")];
    let answer = world.refuses(entries, post(&world, &xml)).await;
    let page = Shown {
        path: SSO.to_owned(),
        answer,
    };
    assert!(page.is_answer_to(&Provider::wiki()));
    let response = Base64::decode_vec(&page.hidden("SAMLResponse").unwrap()).unwrap();
    let response = String::from_utf8(response).unwrap();
    assert!(
        response.contains("status:InvalidNameIDPolicy") && !response.contains("<saml:Assertion")
    );
    assert_eq!(page.answer.cookies(), []);
    world.end().await;
}

#[tokio::test]
async fn row_20_a_posted_relay_state_comes_back_as_it_was() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let relay = "\"><script>alert('1')</script>&amp; +%é";
    let xml = packed(&Provider::wiki().xml(&world));
    let answer = post_fields(&world, &[("SAMLRequest", &xml), ("RelayState", relay)]).await;
    let page = browser.open(&sent_on(&answer)).await;
    let end = sign_in(&browser, &phone, &page).await;
    assert_eq!(end.hidden("RelayState").as_deref(), Some(relay));
    assert!(!end.answer.body.contains("<script>alert"));
}

#[tokio::test]
async fn row_26_nobody_fills_the_disk_by_posts_that_nobody_follows() {
    let world = World::new().await;
    for _ in 0..300 {
        posted(&world, &Provider::wiki()).await;
    }
    let xml = Provider::wiki().xml(&world);
    let refused = world.refuses(&[], post(&world, &xml)).await;
    refused.is_page(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(world.count("posted_requests").await, 300);
    world.pass(60);
    posted(&world, &Provider::wiki()).await;
    world.end().await;
}
