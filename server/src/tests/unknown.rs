//! Row 33: nobody learns which names exist.

use crate::testkit::{ANNA, Answer, Browser, Page, Provider, World, around_heard};

const NOBODY: &str = "zora@example.com";
const NO_PHONE: &str = "carl@example.com";

/// What somebody sees who types a name, from the first page to the last, without what differs
/// between two tries of one name.
async fn seen_by(world: &World, account: &str) -> Vec<String> {
    let mut seen = seen_here_by(world, account).await;
    let browser = Browser::new(world);
    let page = browser.ask(&Provider::wiki(), account).await;
    seen.push(plain(&page, account));
    assert!(
        page.number()
            .unwrap()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    );
    let again = format!("{}/again", page.path);
    seen.push(plain(&browser.press(&page, &again).await, account));
    world.pass(15);
    seen.push(same(&browser.wait(&page, "told").await));
    seen.push(plain(&browser.open(&page.path).await, account));
    world.pass(106);
    seen.push(same(&browser.wait(&page, "unreached").await));
    let end = browser.open(&page.path).await;
    seen.push(plain(&end, account));
    let page = browser.press(&end, &again).await;
    seen.push(plain(&page, account));
    let cancel = format!("{}/cancel", page.path);
    seen.push(plain(&browser.press(&page, &cancel).await, account));
    seen
}

/// The same on the phone itself, as far as nobody's phone takes part.
async fn seen_here_by(world: &World, account: &str) -> Vec<String> {
    let browser = Browser::new(world);
    let page = browser.ask(&Provider::wiki(), account).await;
    let page = browser.press_same(&page).await;
    assert_eq!(page.heading(), "same");
    let mut seen = vec![plain(&page, account)];
    world.pass(30);
    seen.push(same(&browser.wait(&page, "here").await));
    let page = browser.open(&page.path).await;
    seen.push(plain(&page, account));
    let again = format!("{}/again", page.path);
    seen.push(plain(&browser.press(&page, &again).await, account));
    world.pass(121);
    seen.push(plain(&browser.open(&page.path).await, account));
    seen
}

fn same(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "set-cookie" | "content-length"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!("{}\n{}\n{}", answer.status, headers.join("\n"), answer.body)
}

fn plain(page: &Page, account: &str) -> String {
    let login: Vec<&str> = page.path.split('/').take(3).collect();
    let mut text = same(&page.answer)
        .replace(&login.join("/"), "/login/ID")
        .replace(account, "ACCOUNT");
    if let Some(number) = page.number() {
        let spoken: Vec<String> = number.chars().map(String::from).collect();
        text = text.replace(&format!("\"{}\"", spoken.join(", ")), "\"NUMBER\"");
        text = text.replace(&format!(">{number}<"), ">NUMBER<");
    }
    for code in page.drawings().filter(|path| path.contains("h1v1h-1z")) {
        text = text.replace(code, "CODE");
    }
    if let Some(link) = page.request_link() {
        text = text.replace(&link.to_link().unwrap(), "LINK");
    }
    if text.contains("name=\"csrf\"") {
        text = text.replace(&page.csrf(), "CSRF");
    }
    if let Some(time) = heard(page) {
        text = text.replace(&time, "TIME");
    }
    text
}

/// Since when the phone has not been heard, as the last page says.
fn heard(page: &Page) -> Option<String> {
    let (before, after) = around_heard();
    let (_, time) = page.answer.body.split_once(&before)?;
    Some(time.split_once(&format!("{after}<"))?.0.to_owned())
}

#[tokio::test]
async fn row_33_every_name_is_asked_alike() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    world.add_user(NO_PHONE).await;
    let known = seen_by(&world, ANNA).await;
    for account in [NOBODY, NO_PHONE, "Zora <b>&amp;", "\u{130}\u{130}@x"] {
        let seen = seen_by(&world, account).await;
        for (seen, known) in seen.iter().zip(&known) {
            // A name is shown escaped; its markup is the only difference.
            let seen = seen
                .replace("Zora &lt;b&gt;&amp;amp;", "ACCOUNT")
                .replace("i\u{307}i\u{307}@x", "ACCOUNT");
            assert_eq!(
                seen.replace("zora &lt;b&gt;&amp;amp;", "ACCOUNT"),
                *known,
                "{account}"
            );
        }
    }
    world.end().await;
}

#[tokio::test]
async fn row_33_a_name_that_nobody_has_asks_no_phone() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let before = world.snapshot().await["credentials"].clone();
    for account in [NOBODY, "anna@example.con"] {
        Browser::new(&world).ask(&Provider::wiki(), account).await;
    }
    assert_eq!(world.count("challenges").await, 2);
    let real = "SELECT count(*) || '' FROM challenges JOIN credentials ON credentials.id = challenges.credential";
    assert_eq!(world.value(real).await, "0");
    assert_eq!(world.snapshot().await["credentials"], before);
    assert_eq!(phone.list("").await.challenges.len(), 0);
    // And each is of another nobody, so that nothing adds up.
    let nobodies = "SELECT count(DISTINCT credential) || '' FROM challenges";
    assert_eq!(world.value(nobodies).await, "2");
    world.end().await;
}

async fn heard_of(world: &World, account: &str) -> String {
    let browser = Browser::new(world);
    let page = browser.ask(&Provider::wiki(), account).await;
    world.pass(121);
    heard(&browser.open(&page.path).await).unwrap()
}

fn seconds(time: &str) -> i64 {
    let (date, clock) = time.strip_suffix(" UTC").unwrap().split_once(' ').unwrap();
    let stamp: jiff::Timestamp = format!("{date}T{clock}:00Z").parse().unwrap();
    stamp.as_second()
}

#[tokio::test]
async fn row_33_the_phone_of_nobody_was_heard_when_it_was_heard() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    world.add_user(NO_PHONE).await;
    let anna = heard_of(&world, ANNA).await;
    for account in [NOBODY, NO_PHONE] {
        // The same on every try, as that of a phone that lies in a drawer, or heard between two tries.
        let mut last = heard_of(&world, account).await;
        for _ in 0..3 {
            let before = world.now() as i64 - 121;
            let next = heard_of(&world, account).await;
            assert!(
                next == last || seconds(&next) >= before - 60,
                "{last} {next}"
            );
            assert!(seconds(&next) < world.now() as i64 - 121);
            last = next;
        }
    }
    let mut times = Vec::new();
    for name in ["a", "b", "c", "d"] {
        times.push(heard_of(&world, name).await);
    }
    assert!(
        times.iter().any(|time| *time != times[0]),
        "every name has its own"
    );
    assert_eq!(heard_of(&world, ANNA).await, anna);
    phone.state().await;
    world.end().await;
}

#[tokio::test]
async fn row_33_some_phones_of_nobody_are_heard_daily_and_some_lie_still_for_weeks() {
    const DAYS: i64 = 86_400;
    let world = World::new().await;
    let (mut ages, mut before, mut moves) = (Vec::new(), Vec::new(), Vec::new());
    let names: Vec<_> = (0..60).map(|n| format!("name{n}@example.com")).collect();
    for name in &names {
        let heard = seconds(&heard_of(&world, name).await);
        ages.push(world.now() as i64 - heard);
        before.push(heard);
    }
    assert!(ages.iter().any(|age| *age > 3 * DAYS), "{ages:?}");
    assert!(ages.iter().any(|age| *age < 2 * DAYS), "{ages:?}");
    // Over days some move, none back and not by whole days: a clock would give it away.
    world.pass(4 * 86_400);
    for (name, last) in names.iter().zip(before) {
        let next = seconds(&heard_of(&world, name).await);
        assert!(next >= last && next < world.now() as i64);
        moves.push(next - last);
    }
    assert!(moves.contains(&0), "{moves:?}");
    assert!(moves.iter().any(|by| by % DAYS != 0), "{moves:?}");
    world.end().await;
}

#[tokio::test]
async fn row_33_a_name_that_nobody_has_is_asked_by_a_policy_that_phones_have() {
    let world = World::new().await;
    let _phone = world.with_phone().await;
    // From now on no number is typed, but by those who agreed to that.
    let newer = world.beside(|settings| {
        assert!(settings.contains("match = true"));
        settings.replacen("match = true", "match = false", 1)
    });
    newer.await.store.close().await;
    let later = world.copy().await;
    assert_eq!(later.app.policy.n, 2);
    for name in [ANNA, NOBODY, NO_PHONE, "a", "b", "c", "d"] {
        for _ in 0..2 {
            let page = Browser::new(&later).ask(&Provider::wiki(), name).await;
            assert!(page.number().is_some(), "{name}");
            later.pass(121);
        }
    }
    later.end().await;
    world.end().await;
}

#[tokio::test]
async fn row_33_odd_names_are_names_that_nobody_has() {
    let world = World::new().await;
    for account in [
        // Lower case of these composes, or is longer.
        "J\u{30c}@example.com".to_owned(),
        "H\u{331}T\u{308}".to_owned(),
        "\u{130}".repeat(254),
        "A".repeat(4000),
        "' OR 1=1 --".to_owned(),
        "\u{10ffff}a\u{0}b".to_owned(),
        "%\u{fffd}".to_owned(),
    ] {
        let browser = Browser::new(&world);
        let page = browser.ask(&Provider::wiki(), &account).await;
        assert_eq!(page.heading(), "wait", "{account}");
        assert!(page.number().is_some());
    }
    world.end().await;
}

#[tokio::test]
async fn row_33_a_name_is_found_however_it_is_typed() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    for account in [
        "ANNA@EXAMPLE.COM",
        " anna@example.com\u{200b} ",
        "\u{feff}Anna@example.com \u{200b}",
    ] {
        let browser = Browser::new(&world);
        let page = browser.ask(&Provider::wiki(), account).await;
        phone.approve_on(&page).await;
        assert!(browser.is_signed_in(&page).await);
    }
    world.end().await;
}
