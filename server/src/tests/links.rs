//! Links that no app took, and the files by which an app may take them.

use crate::testkit::{ANNA, Answer, Browser, Provider, World};
use countersign_protocol::links::ChallengeLink;
use serde_json::Value;

const ASSET_LINKS: &str = "/.well-known/assetlinks.json";
const ASSOCIATION: &str = "/.well-known/apple-app-site-association";

/// A server for two brands; the second has neither an app for iOS nor a scheme.
async fn branded() -> World {
    World::with_settings(|settings| {
        let print = "0f".repeat(32);
        format!(
            r#"{settings}
[[brand]]
id = "nordwall"
name = "Nordwall ID"
scheme = "nordwall-id"
android = {{ application_id = "de.nordwall.id", signing_sha256 = ["{print}", "{print}"] }}
ios = {{ bundle_id = "de.nordwall.id", team_id = "A1B2C3D4E5" }}

[[brand]]
id = "kupfer"
name = "Kupfer"
android = {{ application_id = "com.kupfer.app", signing_sha256 = ["{print}"] }}
"#
        )
    })
    .await
}

/// A file as Android and iOS fetch it: by this address, of this type, without cookies; it may be kept.
fn is_file(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    assert!(answer.cookies().is_empty() && answer.header("location").is_none());
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn the_apps_of_the_settings_may_open_links_and_no_other() {
    let world = branded().await;
    let browser = Browser::new(&world);
    let links = is_file(&browser.open_once(ASSET_LINKS).await);
    let packages: Vec<_> = links.as_array().unwrap().iter().collect();
    let package = |at: usize| packages[at]["target"]["package_name"].as_str().unwrap();
    assert_eq!(
        (packages.len(), package(0), package(1)),
        (2, "de.nordwall.id", "com.kupfer.app")
    );
    let association = is_file(&browser.open_once(ASSOCIATION).await);
    let details = association["applinks"]["details"].as_array().unwrap();
    assert_eq!(details.len(), 1);
    assert_eq!(details[0]["appIDs"][0], "A1B2C3D4E5.de.nordwall.id");
    for path in [ASSET_LINKS, ASSOCIATION] {
        let head = browser.once(browser.request("HEAD", path, None)).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        let post = browser.once(browser.request("POST", path, Some(&[]))).await;
        assert_eq!(post.status, 405);
        for other in [format!("{path}/"), path.to_uppercase()] {
            browser.open_once(&other).await.is_page(404);
        }
    }
    world.end().await;
}

#[tokio::test]
async fn without_brands_nobody_may_and_the_pages_name_the_app_all_the_same() {
    let world = World::new().await;
    let browser = Browser::new(&world);
    assert_eq!(
        is_file(&browser.open_once(ASSET_LINKS).await),
        serde_json::json!([])
    );
    let association = is_file(&browser.open_once(ASSOCIATION).await);
    assert_eq!(association["applinks"]["details"], serde_json::json!([]));
    for path in ["/e", "/e/nordwall", "/c"] {
        let page = browser.open(path).await;
        page.answer.is_page(200);
        assert!(page.says("Countersign") && !page.answer.body.contains("<a "));
    }
    world.end().await;
}

#[tokio::test]
async fn the_page_of_an_invitation_offers_the_app_and_never_the_invitation() {
    let world = branded().await;
    let browser = Browser::new(&world);
    let open = "<a class=\"first\" href=\"nordwall-id://e\">Open Nordwall ID</a>";
    for (path, offered, named) in [
        ("/e", true, "Countersign"),
        ("/e/nordwall", true, "Nordwall ID"),
        ("/e/kupfer", false, "Kupfer"),
        ("/e/other", true, "Countersign"),
        ("/e/nordwall?t=AAAA", true, "Nordwall ID"),
    ] {
        let page = world.refuses(&[], browser.open(path)).await;
        page.answer.is_page(200);
        assert_eq!(page.answer.body.contains(open), offered, "{path}");
        assert_eq!(
            page.answer.body.matches("<a ").count(),
            usize::from(offered),
            "{path}"
        );
        assert!(page.says(&format!("If {named} is not on your phone yet")));
        let title = format!("This is for {named}");
        assert!(
            page.answer.body.contains(&title),
            "{path}: {}",
            page.answer.body
        );
        assert!(page.answer.cookies().is_empty() && !page.answer.body.contains("<script"));
    }
    for strange in ["/e/%3Cb%3E", "/e/..%2f..", "/e/\u{130}"] {
        let strange = percent(strange);
        let page = browser.open(&strange).await;
        page.answer.is_page(200);
        assert!(!page.answer.body.contains("<b>"));
    }
    world.end().await;
}

fn percent(path: &str) -> String {
    path.replace('\u{130}', "%C4%B0")
}

#[tokio::test]
async fn the_page_of_a_request_offers_the_link_to_the_browser_that_waits_and_to_no_other() {
    let world = branded().await;
    let phone = world.with_phone().await;
    let (browser, page) = world.same().await;
    let link = page.request_link().unwrap();
    let by_scheme = link.to_scheme_link("nordwall-id").unwrap();
    assert!(ChallengeLink::parse(&by_scheme, Some("nordwall-id")).is_ok());
    let offers = |page: &crate::testkit::Page| {
        page.answer
            .body
            .contains(&format!(" href=\"{by_scheme}\">"))
    };
    for _ in 0..2 {
        let landing = world.refuses(&[], browser.open("/c")).await;
        landing.answer.is_page(200);
        assert!(offers(&landing) && landing.answer.cookies().is_empty());
    }
    let other = Browser::new(&world);
    other.ask(&Provider::wiki(), "zora@example.com").await;
    for strange in [Browser::new(&world), other] {
        let landing = world.refuses(&[], strange.open("/c")).await;
        landing.answer.is_page(200);
        assert!(!landing.answer.body.contains("<a ") && !landing.answer.body.contains(ANNA));
    }
    // Nor when there is nothing to be opened any more.
    phone.approve_opened(&page).await;
    assert!(!offers(&browser.open("/c").await));
    let (late, _) = world.same().await;
    world.pass(121);
    assert!(!late.open("/c").await.answer.body.contains("<a "));
    world.end().await;
}

#[tokio::test]
async fn the_pages_of_a_server_for_one_brand_name_that_brand() {
    let world = World::with_settings(|settings| {
        format!("{settings}\n[[brand]]\nid = \"nordwall\"\nname = \"Nordwall ID\"\n")
    })
    .await;
    let (_browser, page) = world.same().await;
    assert!(page.says("Open Nordwall ID") && !page.says("Countersign"));
    world.end().await;
}
