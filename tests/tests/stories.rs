//! The stories of `tests/stories/`, each lived by the virtual phone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use countersign_tests::stories::{all, play};

fn told(name: &str) {
    let stories = all().unwrap();
    let (_, story) = stories.into_iter().find(|(file, _)| file == name).unwrap();
    let transcript = play(&story, &|world, phone| world.phone(phone));
    if let Err(trouble) = transcript {
        panic!("{}: {trouble}", story.story);
    }
}

macro_rules! stories {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                told(stringify!($name));
            }
        )*

        #[test]
        fn no_story_is_left_out() {
            let files: Vec<String> = all().unwrap().into_iter().map(|(name, _)| name).collect();
            assert_eq!(files, [$(stringify!($name)),*]);
        }
    };
}

stories!(
    everyday,
    factors,
    first_login,
    flood,
    keys,
    modes,
    phones,
    service,
    states
);
