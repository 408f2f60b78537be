//! Rows 6 to 13, 20 and 38: requests of service providers, and of those who pretend to be one.

use crate::page::Problem;
use crate::testkit::{
    ANNA, Answer, Browser, Page, Provider, World, address, provider_certificate, signed_address,
};

/// What is not accepted is shown on a page of ours, goes nowhere, and no login comes of it.
async fn is_refused(world: &World, path: &str, problem: Problem, why: &str) {
    let browser = Browser::new(world);
    let answer = world
        .refuses(&[("sso", why)], browser.open_once(path))
        .await;
    answer.is_page(problem.status());
    assert_eq!(answer.cookies(), []);
    assert!(!answer.body.contains("<form"), "{}", answer.body);
}

#[tokio::test]
async fn row_06_a_request_that_was_answered_is_not_answered_again() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let wiki = Provider::wiki();
    let request = wiki.request(&world);
    let (browser, rival) = (Browser::new(&world), world.known_browser().await);
    let mut pages = Vec::new();
    for browser in [&browser, &rival] {
        let page = browser.open(&request).await;
        pages.push(browser.fill(&page, &page.path, &[("account", ANNA)]).await);
    }
    let list = phone.list("").await;
    for (challenge, page) in list.challenges.iter().zip(&pages) {
        let challenge = phone.verify(challenge);
        phone.approve(&challenge, &page.number().unwrap()).await;
    }
    assert!(browser.open(&pages[0].path).await.is_answer_to(&wiki));
    // The same request was approved for the other browser too; there is one assertion for it.
    let why = &[("login", "request seen before")];
    let late = world.refuses(why, rival.open(&pages[1].path)).await;
    late.answer.is_page(410);

    is_refused(&world, &request, Problem::SignInOver, "request seen before").await;
    let again = world
        .refuses(&[("sso", "request seen before")], browser.open(&request))
        .await;
    again.answer.is_page(410);
    world.end().await;
}

#[tokio::test]
async fn row_06_the_same_id_of_another_issuer_is_another_request() {
    let world = World::new().await;
    let (wiki, other) = (Provider::wiki(), Provider::named("other"));
    world.add_app(&other, &[]).await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    for provider in [&wiki, &other] {
        let page = browser
            .open(&address(&provider.xml_with_id(&world, "_same")))
            .await;
        if provider.slug == "wiki" {
            let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
            phone.approve_on(&page).await;
            assert!(browser.open(&page.path).await.is_answer_to(provider));
        } else {
            // The browser is signed in by now.
            assert!(page.is_answer_to(provider));
        }
    }
    world.end().await;
}

#[tokio::test]
async fn row_07_unknown_issuer_is_sent_nowhere() {
    let world = World::new().await;
    let stranger = Provider::named("evil");
    is_refused(
        &world,
        &stranger.request(&world),
        Problem::Unusable,
        "unknown issuer",
    )
    .await;
    let mut pretender = Provider::wiki();
    pretender.entity_id.push('/');
    is_refused(
        &world,
        &pretender.request(&world),
        Problem::Unusable,
        "unknown issuer",
    )
    .await;
    world.end().await;
}

#[tokio::test]
async fn row_08_only_the_registered_address_exactly() {
    let world = World::new().await;
    let wiki = Provider::wiki();
    for acs in [
        "https://wiki.example.com/saml/acs/",
        "https://wiki.example.com/saml/acs?x",
        "https://wiki.example.com/saml/acs.evil.example",
        "https://wiki.example.com/SAML/acs",
        "https://WIKI.example.com/saml/acs",
        "https://wiki.example.com:443/saml/acs",
        "https://wiki.example.com:8443/saml/acs",
        "https://wiki.example.com@evil.example/saml/acs",
        "https://user@wiki.example.com/saml/acs",
        "http://wiki.example.com/saml/acs",
        "https://evil.example/?https://wiki.example.com/saml/acs",
        "javascript:alert(1)",
        "",
    ] {
        let path = address(&wiki.xml(&world).replace(&wiki.acs, acs));
        let why = "the assertion consumer service is not the registered one";
        is_refused(&world, &path, Problem::Unusable, why).await;
    }
    world.end().await;
}

#[tokio::test]
async fn row_09_an_application_that_is_not_ready() {
    let world = World::new().await;
    let why = "the service provider is not ready";
    let wiki = Provider::wiki();
    world.command(&["app", "set", "wiki", "--disabled"]).await;
    is_refused(&world, &wiki.request(&world), Problem::AppNotReady, why).await;

    let half = Provider::named("half");
    let line = [
        "app",
        "add",
        "half",
        "--name",
        "Half",
        "--entity-id",
        &half.entity_id,
    ];
    world.command(&line).await;
    is_refused(&world, &half.request(&world), Problem::AppNotReady, why).await;
    world.end().await;
}

#[tokio::test]
async fn row_09_an_application_that_was_disabled_during_the_login_gets_nothing() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    let path = world.folder().join("sp.pem");
    std::fs::write(&path, provider_certificate()).unwrap();
    let file = path.display().to_string();
    let must_sign = ["app", "set", "wiki", "--cert", &file, "--require-signed"];
    let move_away = [
        "app",
        "set",
        "wiki",
        "--acs",
        "https://wiki.example.com/new",
    ];
    let move_back = ["app", "set", "wiki", "--acs", &Provider::wiki().acs];
    for (change, why, back) in [
        (
            &["app", "set", "wiki", "--disabled"][..],
            "not ready",
            &["app", "set", "wiki", "--disabled=false"][..],
        ),
        (&move_away[..], "application changed", &move_back[..]),
        (
            &must_sign[..],
            "application changed",
            &["app", "set", "wiki", "--require-signed=false"][..],
        ),
    ] {
        world.command(change).await;
        let why = &[("login", why)];
        let end = world.refuses(why, browser.open(&page.path)).await;
        end.answer.is_page(Problem::AppNotReady.status());
        world.command(back).await;
    }
    // Who tries again and again fills no audit.
    world.command(&["app", "set", "wiki", "--disabled"]).await;
    let before = world.audit(0).await.len();
    for _ in 0..70 {
        browser.open(&page.path).await;
    }
    assert!(world.audit(before).await.len() < 60);
    world
        .command(&["app", "set", "wiki", "--disabled=false"])
        .await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

/// An application that signs.
async fn signing(world: &World) -> Provider {
    let path = world.folder().join("sp.pem");
    std::fs::write(&path, provider_certificate()).unwrap();
    let provider = Provider::named("signing");
    let file = path.display().to_string();
    world
        .add_app(&provider, &["--cert", &file, "--require-signed"])
        .await;
    provider
}

#[tokio::test]
async fn row_10_unsigned_where_signing_is_required() {
    let world = World::new().await;
    let provider = signing(&world).await;
    let (path, why) = (provider.request(&world), "the request is not signed");
    is_refused(&world, &path, Problem::Unusable, why).await;
    let signed = signed_address(&provider.xml(&world), "there");
    let page = Browser::new(&world).open(&signed).await;
    assert_eq!(page.heading(), "signin");
    world.end().await;
}

#[tokio::test]
async fn row_10_completing_an_application_does_not_make_it_take_unsigned_requests() {
    let world = World::new().await;
    let provider = signing(&world).await;
    world
        .command(&["app", "set", "signing", "--audience", "urn:other"])
        .await;
    let (path, why) = (provider.request(&world), "the request is not signed");
    is_refused(&world, &path, Problem::Unusable, why).await;
    world
        .command(&["app", "set", "signing", "--disabled"])
        .await;
    world
        .command(&["app", "set", "signing", "--audience", "urn:third"])
        .await;
    let signed = signed_address(&provider.xml(&world), "there");
    let why = "the service provider is not ready";
    is_refused(&world, &signed, Problem::AppNotReady, why).await;
    let line = [
        "app",
        "set",
        "signing",
        "--require-signed=false",
        "--disabled=false",
    ];
    world.command(&line).await;
    let page = Browser::new(&world).open(&provider.request(&world)).await;
    assert_eq!(page.heading(), "signin");
    world.end().await;
}

#[tokio::test]
async fn row_10_the_metadata_of_an_application_says_whether_it_has_to_sign() {
    let world = World::new().await;
    signing(&world).await;
    let browser = Browser::new(&world);
    let plain = browser.open_once("/saml/metadata").await;
    let unsigned = "WantAuthnRequestsSigned=\"false\"";
    assert!(plain.body.contains(unsigned), "{}", plain.body);
    assert_eq!(
        browser.open_once("/saml/metadata/wiki").await.body,
        plain.body
    );
    let signed = plain
        .body
        .replace(unsigned, "WantAuthnRequestsSigned=\"true\"");
    let shown = world.command(&["app", "show", "signing"]).await;
    let address = shown["metadata_url"].as_str().unwrap();
    let path = address.strip_prefix("https://id.example.com").unwrap();
    let own = browser.open_once(path).await;
    assert_eq!(own.body, signed);
    for name in ["content-type", "content-disposition"] {
        assert_eq!(own.header(name), plain.header(name));
    }
    let line = ["metadata", "--app", "signing"];
    assert_eq!(world.command(&line).await["metadata"], own.body);
    assert_eq!(world.command(&["metadata"]).await["metadata"], plain.body);

    let line = ["app", "set", "signing", "--require-signed=false"];
    world.command(&line).await;
    assert_eq!(browser.open_once(path).await.body, plain.body);
    browser.open_once("/saml/metadata/x").await.is_page(404);
    let unknown = world.try_command(&["metadata", "--app", "x"]).await;
    assert!(unknown.is_err());
    world.end().await;
}

#[tokio::test]
async fn row_12_a_signed_query_is_taken_only_unchanged() {
    let world = World::new().await;
    let provider = signing(&world).await;
    let signed = signed_address(&provider.xml(&world), "there");
    for (changed, why) in [
        (
            signed.replace("RelayState=there", "RelayState=here"),
            "the signature is wrong",
        ),
        (
            signed.replace("&RelayState=there", ""),
            "the signature is wrong",
        ),
        (
            signed.replace("rsa-sha256", "rsa-sha1"),
            "the signature algorithm is not allowed",
        ),
        (
            format!("{signed}&RelayState=there"),
            "the parameter RelayState occurs more than once",
        ),
    ] {
        assert_ne!(changed, signed);
        is_refused(&world, &changed, Problem::Unusable, why).await;
    }
    world.end().await;
}

#[tokio::test]
async fn row_19_a_passive_request_without_a_session_shows_nobody_anything() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let wiki = Provider::wiki();
    let passive = |world: &World| {
        let xml = wiki.xml(world);
        address(&xml.replace(" Version=", " IsPassive=\"true\" Version="))
    };
    let browser = Browser::new(&world);
    let refusal = world.refuses(&[], browser.open(&passive(&world))).await;
    assert!(refusal.is_answer_to(&wiki));
    assert_eq!(refusal.answer.cookies(), []);
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    let approved = browser.open(&page.path).await;
    let silent = browser.open(&passive(&world)).await;
    assert!(silent.is_answer_to(&wiki));
    // The refusal has no assertion in it, which is most of an answer.
    let length = |page: &crate::testkit::Page| page.hidden("SAMLResponse").unwrap().len();
    assert!(length(&refusal) < length(&approved) && length(&approved) == length(&silent));
    world.end().await;
}

/// The status of the response on a page that posts one to the wiki.
fn status(page: &Page) -> String {
    use base64ct::{Base64, Encoding as _};
    assert!(page.is_answer_to(&Provider::wiki()), "{}", page.heading());
    let response = Base64::decode_vec(&page.hidden("SAMLResponse").unwrap()).unwrap();
    let response = String::from_utf8(response).unwrap();
    let codes = response.split("<samlp:StatusCode Value=\"");
    let last = codes.last().unwrap().split('"').next().unwrap();
    last.rsplit(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn row_19_a_passive_request_shows_nothing_also_where_the_session_opens_nothing_any_more() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let wiki = Provider::wiki();
    let passive = || {
        let xml = wiki.xml(&world);
        address(&xml.replace(" Version=", " IsPassive=\"true\" Version="))
    };
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    assert_eq!(status(&browser.open(&passive()).await), "Success");

    // The person makes a pause: before, and between the two requests of a browser.
    let begun = browser.open_once(&passive()).await;
    assert_eq!(phone.act("pause", None).await.status, 204);
    let silent = world.refuses(&[], browser.open(&passive())).await;
    assert_eq!(status(&silent), "NoPassive");
    let login = begun.header("location").unwrap();
    for _ in 0..2 {
        assert_eq!(status(&browser.open(login).await), "NoPassive");
    }
    // A page that may be shown says so.
    assert_eq!(browser.arrive(&wiki).await.heading(), "end.paused");
    let id = phone.id.to_string();
    world.command(&["phone", "resume", &id]).await;

    // The session ends between the two requests.
    let begun = browser.open_once(&passive()).await;
    let plain = browser.open_once(&wiki.request(&world)).await;
    world.command(&["phone", "suspend", &id]).await;
    let login = begun.header("location").unwrap();
    let silent = world.refuses(&[], browser.open(login)).await;
    assert_eq!(status(&silent), "NoPassive");
    // That is nobody else's, and nothing that may be shown.
    let thief = Browser::new(&world);
    thief.open_once(login).await.is_page(400);
    thief.arrive(&wiki).await;
    thief.open_once(login).await.is_page(410);
    let plain = plain.header("location").unwrap();
    browser.open_once(plain).await.is_page(410);
    world.end().await;
}

#[tokio::test]
async fn row_06_a_passive_request_that_was_answered_is_not_answered_again() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    let xml = Provider::wiki().xml(&world);
    let passive = address(&xml.replace(" Version=", " IsPassive=\"true\" Version="));
    let [first, second] = [
        browser.open_once(&passive).await,
        browser.open_once(&passive).await,
    ];
    let [first, second] = [&first, &second].map(|answer| answer.header("location").unwrap());
    assert_eq!(status(&browser.open(first).await), "Success");
    assert_eq!(browser.open(first).await.heading(), "end.elsewhere");
    browser.open_once(second).await.is_page(410);
    world.end().await;
}

#[tokio::test]
async fn an_application_that_asks_for_another_name_identifier_is_told_so() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let wiki = Provider::wiki();
    let transient = || {
        let policy = "</saml:Issuer><samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"/>";
        wiki.xml(&world).replace("</saml:Issuer>", policy)
    };
    let entries = &[("sso", "the name identifier format is not supported")];
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    browser.open(&page.path).await;
    // Also where somebody is signed in: nobody is signed in by it.
    for browser in [&Browser::new(&world), &browser] {
        let request = address(&transient());
        let told = world.refuses(entries, browser.open(&request)).await;
        assert_eq!(status(&told), "InvalidNameIDPolicy");
        assert_eq!(told.answer.cookies(), []);
    }
    // Sent nowhere but to the registered address, and only by its own application.
    let elsewhere = transient().replace(&wiki.acs, "https://evil.example/acs");
    let why = "the assertion consumer service is not the registered one";
    is_refused(&world, &address(&elsewhere), Problem::Unusable, why).await;
    world.end().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_out() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    world.set_back(5);
    assert_eq!(status(&browser.open(&page.path).await), "Success");
    world.set_back(200);
    assert_eq!(status(&browser.arrive(&Provider::wiki()).await), "Success");
    world.end().await;
}

#[tokio::test]
async fn row_20_relay_state_comes_back_byte_by_byte_and_is_no_markup() {
    let world = World::new().await;
    let provider = signing(&world).await;
    let phone = world.with_phone().await;
    for state in [
        r#""><script>alert(1)</script><input name="x"#,
        "https://evil.example/?a=b&c=d&amp;lt;",
        "'+%2B %00 \u{e9}\u{202e}",
    ] {
        let browser = Browser::new(&world);
        let page = browser
            .open(&signed_address(&provider.xml(&world), state))
            .await;
        let page = browser.fill(&page, &page.path, &[("account", ANNA)]).await;
        phone.approve_on(&page).await;
        let end = browser.open(&page.path).await;
        assert!(end.is_answer_to(&provider), "{}", end.answer.body);
        assert_eq!(end.hidden("RelayState").unwrap(), state);
        assert!(!end.answer.body.contains("<script>"));
        assert_eq!(end.answer.header("location"), None);
    }
    world.end().await;
}

#[tokio::test]
async fn row_38_no_header_says_who_we_are_or_where_the_visitor_is() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let browser = Browser::new(&world);
    let spoofed = |path: &str| {
        let mut request = browser.request("GET", path, None);
        let headers = request.headers_mut();
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-for", "203.0.113.66"),
            ("forwarded", "for=203.0.113.66;host=evil.example"),
            ("x-original-url", "https://evil.example/"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        request
    };
    let clean = |answer: &Answer| {
        assert!(!answer.body.contains("evil.example"), "{}", answer.body);
        for value in answer.headers.values() {
            assert!(!value.to_str().unwrap().contains("evil.example"));
        }
    };
    let plain = browser.open_once("/saml/metadata").await.body;
    for path in ["/saml/metadata", "https://evil.example/saml/metadata"] {
        assert_eq!(browser.once(spoofed(path)).await.body, plain);
    }
    let begun = browser
        .once(spoofed(&Provider::wiki().request(&world)))
        .await;
    clean(&begun);
    let path = begun.header("location").unwrap();
    assert!(path.starts_with("/login/"), "{path}");
    let page = browser.open(path).await;
    let mut form = browser.request(
        "POST",
        path,
        Some(&[("csrf", &page.csrf()), ("account", ANNA)]),
    );
    form.headers_mut()
        .insert("x-forwarded-for", "203.0.113.66".parse().unwrap());
    assert_eq!(browser.once(form).await.status, 303);
    let challenge = phone.challenge().await;
    let context = challenge.context.clone().unwrap();
    assert_eq!(context.ip.as_deref(), Some("192.0.2.1"));
    let page = browser.once(spoofed(path)).await;
    clean(&page);
    let number = browser.open(path).await.number().unwrap();
    phone.approve(&challenge, &number).await;
    let end = browser.once(spoofed(path)).await;
    clean(&end);
    assert!(end.body.contains(&Provider::wiki().acs));
    world.end().await;
}

#[tokio::test]
async fn row_26_nobody_fills_the_audit_by_what_is_refused_and_the_page_stays_the_same() {
    let world = World::new().await;
    let forged = Provider::named("nobody").request(&world);
    let posted = format!("/saml/sso/{}", countersign_protocol::Id::make().unwrap());
    let mut first = Vec::new();
    for turn in 0..70 {
        let browser = Browser::new(&world);
        let entries: &[_] = match turn {
            0..30 => &[("sso", "unknown issuer"), ("sso", "posted request over")],
            _ => &[],
        };
        let both = async {
            [
                browser.open_once(&forged).await,
                browser.open_once(&posted).await,
            ]
        };
        let both = world.refuses(entries, both).await;
        let pages = both.map(|answer| (answer.status, answer.body));
        if first.is_empty() {
            first = pages.to_vec();
        }
        assert_eq!(pages.to_vec(), first, "{turn}");
    }
    // Another source has its own, and so has the next minute.
    let browser = Browser::new(&world);
    let said = &[("sso", "unknown issuer")];
    let elsewhere = world.send_from("198.51.100.7:1", browser.request("GET", &forged, None));
    world.refuses(said, elsewhere).await.is_page(400);
    world.pass(60);
    world
        .refuses(said, browser.open_once(&forged))
        .await
        .is_page(400);
    // Logins go on where nothing more is written about them.
    for _ in 0..60 {
        browser.open_once(&forged).await;
    }
    let phone = world.with_phone().await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    assert!(browser.is_signed_in(&page).await);
    world.end().await;
}

#[tokio::test]
async fn row_26_nobody_fills_the_audit_by_sign_ins_that_are_begun_and_given_up() {
    let world = World::new().await;
    let nobody = "nobody@example.com";
    let before = world.audit(0).await.len();
    for turn in 0..25 {
        let browser = Browser::new(&world);
        let page = browser.ask(&Provider::wiki(), nobody).await;
        assert_eq!(page.heading(), "wait");
        // A new sign-in of the same browser, or the button, ends the last one.
        world.pass(u64::from(turn == 0) * 30);
        let ended = match turn {
            0 => browser.ask(&Provider::wiki(), nobody).await,
            _ => browser.press(&page, &format!("{}/cancel", page.path)).await,
        };
        let open = format!("{}/cancel", ended.path);
        if turn == 0 {
            browser.press(&ended, &open).await;
        }
    }
    let said = world.audit(before).await;
    assert_eq!(said.len(), 60);
    for result in ["new", "phone asked", "replaced", "cancelled"] {
        assert!(said.contains(&("login".to_owned(), result.to_owned())));
    }
    // What a browser does that the account knows stands there all the same.
    let before = world.audit(0).await.len();
    world.waiting_known().await;
    let said = world.audit(before).await;
    assert_eq!(said, [("login".to_owned(), "phone asked".to_owned())]);
    world.end().await;
}

#[tokio::test]
async fn a_name_that_no_response_can_carry_is_refused_when_it_is_typed() {
    let world = World::new().await;
    let long = "a".repeat(1025);
    for bad in ["", " a", "a ", "a  b", "a\tb", "a\u{fffe}b", &long] {
        let add = ["app", "add", "x", "--name", "X"];
        for line in [
            [&add[..], &["--entity-id", bad]].concat(),
            [&add[..], &["--audience", bad]].concat(),
            vec!["app", "set", "wiki", "--audience", bad],
        ] {
            let said = world.refuses(&[], world.try_command(&line)).await;
            let (said, option) = (said.unwrap_err(), line[line.len() - 2]);
            assert!(said.contains(option), "{said}");
        }
    }
    let good = ["app", "set", "wiki", "--audience", "Example Passport <SP>"];
    assert_eq!(world.command(&good).await["audience"], good[4]);
    world.end().await;
}
