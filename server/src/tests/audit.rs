//! The log of what was done, as an administrator looks at it.

use crate::testkit::{ANNA, Page, Provider, World};

/// What `audit check` says, with what was noted where something was.
async fn check(world: &World, noted: Option<(&str, &str)>) -> Result<String, String> {
    let mut line = vec!["audit", "check"];
    if let Some((n, digest)) = noted {
        line.extend(["--noted", n, "--digest", digest]);
    }
    let said = world.try_command(&line).await?;
    Ok(said[0].to_string())
}

async fn change(world: &World, sql: &'static str) {
    let mut tx = world.app.store.write().await.unwrap();
    tx.look::<i64>(sql);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_cut_end_and_a_log_made_anew_show_by_what_was_noted() {
    let world = World::new().await;
    let said = world.command(&["audit", "check"]).await;
    let (n, digest) = (
        said["complete"].to_string(),
        said["digest"].as_str().unwrap(),
    );
    let noted = Some((n.as_str(), digest));
    world.with_phone().await;
    assert!(check(&world, noted).await.is_ok());
    let said = world.command(&["audit", "check"]).await;
    let later = said["complete"].to_string();
    let noted_later = Some((later.as_str(), said["digest"].as_str().unwrap()));

    change(
        &world,
        "DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)",
    )
    .await;
    // By itself it looks whole, and what was noted before is there still.
    assert!(check(&world, None).await.is_ok() && check(&world, noted).await.is_ok());
    let cut = check(&world, noted_later).await.unwrap_err();
    assert!(cut.contains(&format!("no entry {later}")), "{cut}");

    let other = "A".repeat(43);
    let another = check(&world, Some((&n, &other))).await.unwrap_err();
    assert!(another.contains("made anew"), "{another}");
    for n in ["0", "-1", "-9223372036854775808", "9223372036854775807"] {
        let n = format!("--noted={n}");
        let line = ["audit", "check", &n, "--digest", digest];
        let refused = world.try_command(&line).await.unwrap_err();
        assert!(refused.contains("no entry"), "{refused}");
    }
    // One without the other, and what is no digest.
    for line in [
        &["audit", "check", "--noted", "1"][..],
        &["audit", "check", "--digest", digest],
        &["audit", "check", "--noted", "1", "--digest", "x"],
    ] {
        assert!(world.try_command(line).await.is_err());
    }
}

#[tokio::test]
async fn an_entry_that_was_changed_or_taken_out_is_named() {
    let world = World::new().await;
    world.with_phone().await;
    change(&world, "UPDATE audit SET result = 'other' WHERE n = 2").await;
    let broken = check(&world, None).await.unwrap_err();
    assert!(broken.contains("broken at entry 2"), "{broken}");
    change(&world, "DELETE FROM audit WHERE n = 2").await;
    let broken = check(&world, None).await.unwrap_err();
    assert!(broken.contains("broken at entry 2"), "{broken}");
}

#[tokio::test]
async fn the_newest_entries_are_listed_of_all_or_of_one() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let list = async |more: &[&str]| {
        let line = [&["audit", "list"], more].concat();
        world.try_command(&line).await.unwrap()
    };
    let all = list(&[]).await;
    let numbers: Vec<u64> = all.iter().map(|line| line["n"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted());
    let newest = list(&["--last", "2"]).await;
    assert_eq!(newest, all[all.len() - 2..]);
    let id = phone.id.to_string();
    world.command(&["phone", "suspend", &id]).await;
    let of_phone = list(&["--subject", &id]).await;
    assert!(of_phone.iter().all(|line| line["subject"] == id.as_str()));
    assert_eq!(of_phone.last().unwrap()["result"], "admin");
    assert!(list(&["--subject", "nobody"]).await.is_empty());
    // No entry names anybody.
    assert!(all.iter().all(|line| !line.to_string().contains(ANNA)));
    world.end().await;
}

/// The ID of the response that a page posts.
fn response_id(page: &Page) -> String {
    use base64ct::{Base64, Encoding as _};
    let response = Base64::decode_vec(&page.hidden("SAMLResponse").unwrap()).unwrap();
    let response = String::from_utf8(response).unwrap();
    let (_, id) = response.split_once(" ID=\"").unwrap();
    id.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn it_says_long_afterwards_who_was_let_in_where_and_by_which_response() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let other = Provider::named("other");
    world.add_app(&other, &[]).await;
    let (browser, page) = world.waiting().await;
    phone.approve_on(&page).await;
    let by_phone = browser.open(&page.path).await;
    // By the session alone.
    let by_session = browser.arrive(&other).await;
    let anna = world.value("SELECT id FROM users").await;
    world.pass(5 * 86_400);
    crate::store::sweep(&world.app.store, world.now())
        .await
        .unwrap();
    assert_eq!(world.count("logins").await, 0);
    let line = ["audit", "list", "--subject", &anna];
    let said = world.try_command(&line).await.unwrap();
    let said = said.iter().filter(|entry| entry["event"] == "sso");
    let results: Vec<&str> = said
        .map(|entry| entry["result"].as_str().unwrap())
        .collect();
    let expected = [("wiki", &by_phone), ("other", &by_session)].map(|(app, page)| {
        let login = page.path.rsplit('/').next().unwrap();
        format!("{app} {login} {}", response_id(page))
    });
    assert_eq!(results, expected);
    world.end().await;
}
