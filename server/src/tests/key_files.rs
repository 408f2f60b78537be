//! Key files that can't be read: they keep nobody from withdrawing a key, and a withdrawn one signs nothing.

use crate::testkit::{Browser, Provider, World};
use countersign_protocol::statement::VerdictCode;
use std::path::PathBuf;

async fn keys(world: &World, words: &[&str]) -> String {
    let root = world.folder().join("root.key").display().to_string();
    let mut line = vec!["keys"];
    line.extend(words);
    if words != ["list"] {
        line.extend(["--root-key", root.as_str()]);
    }
    world.command(&line).await.to_string()
}

/// Name and file of the one key there is.
fn the_key(world: &World) -> (String, PathBuf) {
    let folder = world.folder().join("signing");
    let mut found = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let path = found.next().unwrap().path();
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    (name, path)
}

#[tokio::test]
async fn rubbish_among_the_key_files_keeps_no_stolen_key_in_use() {
    let world = World::new().await;
    let mut phone = world.with_phone().await;
    let (stolen, path) = the_key(&world);
    for rubbish in ["zz.key", "00.key"] {
        std::fs::write(world.folder().join("signing").join(rubbish), "rubbish").unwrap();
    }
    std::fs::create_dir(world.folder().join("signing/folder.key")).unwrap();
    keys(&world, &["withdraw", &stolen, "--replace"]).await;
    assert!(!path.exists());
    let said = keys(&world, &["list"]).await;
    assert!(!said.contains(&stolen) && said.contains("\"signs\":true"));

    // Neither does a server that runs mind, nor one that starts.
    let (_, page) = world.waiting().await;
    let list = phone.list("").await;
    let in_force = world.app.signer.in_force();
    phone.server = in_force.ever.clone();
    let challenge = phone.verify(&list.challenges[0]);
    assert_ne!(challenge.kid().to_string(), stolen);
    let code = phone.approve(&challenge, &page.number().unwrap()).await;
    assert_eq!(code, VerdictCode::Ok);
    let other = world.beside(|settings| settings).await;
    assert!(other.signer.can_sign() && other.signer.in_force().named == in_force.named);
    world.end().await;
}

#[tokio::test]
async fn a_server_that_cannot_read_the_new_key_signs_nothing_by_the_withdrawn_one() {
    let world = World::new().await;
    let phone = world.with_phone().await;
    let (stolen, old) = the_key(&world);
    let saved = std::fs::read(&old).unwrap();
    keys(&world, &["withdraw", &stolen, "--replace"]).await;
    let (_, path) = the_key(&world);
    let new = std::fs::read(&path).unwrap();
    std::fs::write(&path, "not for this server's user").unwrap();
    // Not even where the withdrawn one was put back.
    std::fs::write(&old, saved).unwrap();

    let before = world.count("challenges").await;
    let browser = Browser::new(&world);
    for _ in 0..2 {
        let page = browser.ask(&Provider::wiki(), crate::testkit::ANNA).await;
        page.answer.is_page(500);
        assert_eq!(world.count("challenges").await, before);
        assert!(!world.app.signer.can_sign());
    }
    let ready = browser.open_once("/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "keys\n"));
    // As soon as it can be read the server goes on, without a restart.
    std::fs::write(&path, new).unwrap();
    assert_eq!(browser.open_once("/readyz").await.status, 200);
    let (_, page) = world.waiting().await;
    assert_eq!(page.heading(), "wait");
    assert_eq!(phone.list("").await.challenges.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn the_newest_key_signs_as_soon_as_its_file_can_be_read_also_where_an_older_one_could() {
    let world = World::new().await;
    let (old, path) = the_key(&world);
    keys(&world, &["rotate"]).await;
    let folder = world.folder().join("signing");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let new = files.find(|file| *file != path).unwrap();
    let saved = std::fs::read(&new).unwrap();
    std::fs::write(&new, "not for this server's user").unwrap();
    let signs = async || {
        let mut phone = world.with_phone().await;
        phone.server = world.app.signer.in_force().ever.clone();
        let kid = phone.state().await.kid().to_string();
        world
            .command(&["phone", "revoke", &phone.id.to_string()])
            .await;
        kid
    };
    assert_eq!(signs().await, old);
    std::fs::write(&new, saved).unwrap();
    // It isn't looked for at every call.
    assert_eq!(signs().await, old);
    world.pass(60);
    assert_eq!(signs().await, new.file_stem().unwrap().to_str().unwrap());
    world.end().await;
}
