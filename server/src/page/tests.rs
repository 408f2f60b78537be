//! What holds for every page, in both languages.

use std::collections::BTreeSet;

use countersign_texts::Lang;

use super::*;

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>]]>&amp;<h1>";
const LINK: &str = "https://id.example/e#eyJ2IjoxfQ";

/// Every page in one language, with its name; `value` stands wherever a value can.
fn pages(lang: Lang, value: &str) -> Vec<(&'static str, String)> {
    let site = Site {
        lang,
        server: value,
        host: value,
        authenticator: value,
    };
    let act = Action {
        url: value,
        csrf: value,
    };
    let link = if value == HOSTILE {
        format!("https://{HOSTILE}")
    } else {
        LINK.to_owned()
    };
    let mut pages = Vec::new();

    let troubles = [
        None,
        Some(SignInTrouble::NameMissing),
        Some(SignInTrouble::Hold(Hold::Busy(1))),
    ];
    for trouble in troubles {
        let page = SignIn {
            service: value,
            action: act,
            account: value,
            trouble,
        };
        pages.push(("sign-in", sign_in(&site, &page)));
    }
    let phone = |number: Option<&'static str>| Way::Phone {
        number,
        scan: number.map(|_| "CS1N:AAAAAAAAAAAAAAAAAAAAAA.47"),
        again: act,
        same: act,
    };
    let same = |link, number: bool| Way::Same {
        link,
        number: number.then_some(act),
        only: !number,
    };
    for (phase, way, hold) in [
        (Phase::Told, phone(Some("47")), None),
        (Phase::Seen, phone(Some("09")), None),
        (Phase::Unreached, phone(None), Some(Hold::Soon(20))),
        (Phase::Here, same(Some(link.as_str()), false), None),
        (
            Phase::Seen,
            same(Some(link.as_str()), true),
            Some(Hold::Soon(20)),
        ),
        (Phase::Back, same(None, true), None),
    ] {
        let page = Waiting {
            service: value,
            account: value,
            way,
            seconds_left: 119,
            phase,
            here: value,
            wait: value,
            hold,
            more: act,
            cancel: act,
        };
        pages.push(("waiting", waiting(&site, &page)));
    }
    for one in ends(value) {
        pages.push(("end", end(&site, one, Some(&act), Some(Hold::Soon(12)))));
    }
    let fields = [("SAMLResponse", value), (value, "x")];
    let form = PostForm {
        service: value,
        acs_url: value,
        fields: &fields,
    };
    pages.push(("post", post_form(&site, &form)));

    let again = Some(act);
    let open = |step| Invitation::Open {
        account: value,
        step,
        seconds_left: 600,
        here: value,
        wait: value,
    };
    let digits = |error| open(Step::Digits { action: act, error });
    for state in [
        Invitation::Closed { show: act },
        open(Step::Scan {
            link: &link,
            code: Some("EJTJGPEZREVQ445X9A2C"),
            recovery: true,
        }),
        digits(None),
        digits(Some(DigitsError::Empty)),
        digits(Some(DigitsError::Wrong { tries_left: 1 })),
        Invitation::Done,
        Invitation::UsedTwice { again },
        Invitation::Over { again },
        Invitation::Failed { again },
    ] {
        pages.push(("invitation", invitation(&site, &state)));
    }
    pages.push(("come back", come_back(&site)));
    for scheme in [
        &[][..],
        &["nordwall-id://c#eyJ2IjoxfQ", "kupfer-id://c#eyJ2IjoxfQ"],
    ] {
        let open = |link: &&str| OpenApp {
            name: value,
            link: (*link).to_owned(),
        };
        let apps: Vec<OpenApp<'_>> = scheme.iter().map(open).collect();
        for link in [
            Landing::Invitation { apps: &apps },
            Landing::Request { apps: &apps },
        ] {
            pages.push(("link", landing(&site, &link)));
        }
    }
    for one in PROBLEMS {
        pages.push(("problem", problem(&site, one, Some(value))));
    }
    pages
}

fn ends(value: &str) -> [End<'_>; 10] {
    [
        End::Denied,
        End::NumberWrong,
        End::Late,
        End::Reported,
        End::Replaced,
        End::Cancelled,
        End::Paused,
        End::Unreached { since: value },
        End::Unreturned,
        End::Elsewhere,
    ]
}

const PROBLEMS: [Problem; 7] = [
    Problem::AppNotReady,
    Problem::CookiesNeeded,
    Problem::NotFound,
    Problem::Unusable,
    Problem::SignInOver,
    Problem::Busy,
    Problem::Fault,
];

fn all() -> Vec<(&'static str, String)> {
    Lang::ALL
        .into_iter()
        .flat_map(|lang| pages(lang, "Acme"))
        .collect()
}

/// The tags of a document as a browser's tokenizer sees them, each with the names of its attributes, without any value or text.
fn skeleton(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let mut tag = String::new();
        let mut quoted = false;
        let mut used = 0;
        for c in after.chars() {
            used += c.len_utf8();
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted => break,
                _ if quoted => {}
                c => tag.push(c),
            }
        }
        tags.push(tag);
        rest = &after[used..];
    }
    tags
}

#[test]
fn markup_in_a_value_changes_no_page() {
    for lang in Lang::ALL {
        for ((name, plain), (_, hostile)) in
            pages(lang, "Acme").into_iter().zip(pages(lang, HOSTILE))
        {
            assert_eq!(skeleton(&plain), skeleton(&hostile), "{name}: {hostile}");
            assert!(
                !hostile.contains("<script>") && !hostile.contains("<img"),
                "{name}: {hostile}"
            );
        }
    }
}

#[test]
fn every_page_has_one_heading_a_title_and_its_language() {
    for lang in Lang::ALL {
        for (name, page) in pages(lang, "Acme") {
            assert_eq!(page.matches("<h1").count(), 1, "{name}");
            assert!(
                page.starts_with(&format!("<!DOCTYPE html><html lang=\"{}\">", lang.tag())),
                "{name}"
            );
            assert!(page.contains(" – Acme</title>"), "{name}");
            let heading = page
                .split("<h1>")
                .nth(1)
                .and_then(|rest| rest.split("</h1>").next())
                .unwrap()
                // Where a word may break is for the heading alone.
                .replace('\u{ad}', "");
            assert!(
                page.contains(&format!("<title>{heading} – ")),
                "{name}: {heading}"
            );
        }
    }
}

#[test]
fn no_page_holds_a_script_a_style_or_a_handler() {
    let ours = format!("<script src=\"{SCRIPT_PATH}\" defer></script>");
    for (name, page) in all() {
        let rest = page.replace(&ours, "");
        assert!(
            !rest.contains("<script") && !rest.contains("<style"),
            "{name}"
        );
        for tag in skeleton(&rest) {
            for attribute in tag.split_whitespace().skip(1) {
                assert!(
                    !attribute.starts_with("style") && !attribute.starts_with("on"),
                    "{name}: {tag}"
                );
            }
        }
    }
}

#[test]
fn no_page_points_elsewhere() {
    for (name, page) in all() {
        let rest = page.replace(LINK, "");
        let rest = rest
            .replace("nordwall-id://", "")
            .replace("kupfer-id://", "");
        for word in ["http:", "https:", "//", "javascript:", "data:"] {
            assert!(!rest.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn tags_are_closed_in_order() {
    const VOID: [&str; 5] = ["!DOCTYPE", "meta", "link", "input", "br"];
    for (name, page) in all() {
        let mut open = Vec::new();
        for tag in skeleton(&page) {
            let element = tag.split_whitespace().next().unwrap_or_default().to_owned();
            match element.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed), "{name}"),
                None if VOID.contains(&element.as_str()) => {}
                None => open.push(element),
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}

#[test]
fn every_field_has_a_label_and_every_reference_its_target() {
    for (name, page) in all() {
        for attribute in ["for", "aria-describedby"] {
            for part in page.split(&format!(" {attribute}=\"")).skip(1) {
                for id in part.split('"').next().unwrap().split(' ') {
                    assert_eq!(
                        page.matches(&format!(" id=\"{id}\"")).count(),
                        1,
                        "{name}: {id}"
                    );
                }
            }
        }
        let fields = page.matches("<input").count() - page.matches("type=\"hidden\"").count();
        assert_eq!(fields, page.matches("<label").count(), "{name}");
    }
}

#[test]
fn every_form_of_ours_carries_the_token() {
    for (name, page) in all() {
        let posts = page.matches("method=\"post\"").count();
        let to_us = if name == "post" { posts - 1 } else { posts };
        assert_eq!(page.matches("name=\"csrf\"").count(), to_us, "{name}");
    }
}

#[test]
fn no_two_ends_say_the_same() {
    for lang in Lang::ALL {
        let site = Site {
            lang,
            server: "S",
            host: "h",
            authenticator: "A",
        };
        let mut lines = BTreeSet::new();
        let mut headings = BTreeSet::new();
        for one in ends("x") {
            let page = end(&site, one, None, None);
            let line = page
                .split("role=\"status\">")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned();
            let heading = page
                .split("<h1>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned();
            assert!(page.contains("<svg class=\"icon"), "{heading}");
            assert!(lines.insert(line.clone()), "{line}");
            assert!(headings.insert(heading.clone()), "{heading}");
        }
    }
}

#[test]
fn an_end_has_one_button_or_none_and_starts_nothing() {
    let site = Site {
        lang: Lang::En,
        server: "S",
        host: "h",
        authenticator: "A",
    };
    let act = Action {
        url: "/again",
        csrf: "t",
    };
    for one in ends("x") {
        assert_eq!(
            end(&site, one, Some(&act), None).matches("<button").count(),
            1
        );
        let without = end(&site, one, None, None);
        assert_eq!(without.matches("<button").count(), 0);
        assert!(!without.contains("refresh") && !without.contains(SCRIPT_PATH));
    }
}

#[test]
fn the_number_is_text_and_spoken_digit_by_digit() {
    let page = &pages(Lang::En, "Acme")
        .into_iter()
        .find(|(name, _)| *name == "waiting")
        .unwrap()
        .1;
    assert!(
        page.contains("<span role=\"img\" aria-label=\"4, 7\">47</span>"),
        "{page}"
    );
    assert!(
        page.contains("<span aria-hidden=\"true\">1\u{a0}min 59\u{a0}s left</span>"),
        "{page}"
    );
    assert!(
        page.contains("<span class=\"unseen\">1 minute, 59 seconds left</span>"),
        "{page}"
    );
}

#[test]
fn a_waiting_page_works_without_a_script() {
    let page = &pages(Lang::De, "/w")
        .into_iter()
        .find(|(name, _)| *name == "waiting")
        .unwrap()
        .1;
    let (_, without) = page.split_once("<noscript>").unwrap();
    let (without, _) = without.split_once("</noscript>").unwrap();
    assert!(without.contains("„Jetzt prüfen“"), "{without}");
    assert!(
        without.contains("<form method=\"get\" action=\"/w\">"),
        "{without}"
    );
    assert!(without.contains("Jetzt prüfen</button>"), "{without}");
}

#[test]
fn no_page_loads_itself_again_under_somebody_who_reads() {
    for (name, page) in pages(Lang::En, "x") {
        assert!(!page.contains("http-equiv"), "{name}: {page}");
    }
}

#[test]
fn the_posting_page_has_a_button_and_its_fields_in_order() {
    let site = Site {
        lang: Lang::En,
        server: "S",
        host: "h",
        authenticator: "A",
    };
    let fields = [("SAMLResponse", "PHg+"), ("RelayState", "a\"b]]>")];
    let page = post_form(
        &site,
        &PostForm {
            service: "Jira",
            acs_url: "https://sp.example/acs?a=1&b=2",
            fields: &fields,
        },
    );
    assert!(
        page.contains("action=\"https://sp.example/acs?a=1&amp;b=2\" data-submit"),
        "{page}"
    );
    let first = page.find("name=\"SAMLResponse\" value=\"PHg+\"").unwrap();
    let second = page
        .find("name=\"RelayState\" value=\"a&quot;b]]&gt;\"")
        .unwrap();
    assert!(first < second);
    assert!(page.contains("Continue</button>"));
    assert!(!page.contains("name=\"submit\""));
}

#[test]
fn only_a_web_address_becomes_a_link() {
    let site = Site {
        lang: Lang::En,
        server: "S",
        host: "h",
        authenticator: "A",
    };
    let scan = |link| {
        let step = Step::Scan {
            link,
            code: None,
            recovery: false,
        };
        invitation(
            &site,
            &Invitation::Open {
                account: "a",
                step,
                seconds_left: 9,
                here: "/i",
                wait: "/w",
            },
        )
    };
    assert!(scan(LINK).contains(&format!("href=\"{LINK}\"")));
    for link in [
        "javascript:alert(1)",
        "http://id.example/e#x",
        "countersign://e#x",
        " https://x",
    ] {
        assert!(!scan(link).contains("<a "), "{link}");
    }
}

#[test]
fn a_link_that_no_qr_code_can_hold_is_still_a_link() {
    let site = Site {
        lang: Lang::En,
        server: "S",
        host: "h",
        authenticator: "A",
    };
    let long = format!("https://id.example/e#{}", "x".repeat(5000));
    let step = Step::Scan {
        link: &long,
        code: None,
        recovery: false,
    };
    let page = invitation(
        &site,
        &Invitation::Open {
            account: "a",
            step,
            seconds_left: 9,
            here: "/i",
            wait: "/w",
        },
    );
    assert!(!page.contains("<svg") && page.contains("<a href="));
}

#[test]
fn the_landing_page_of_a_link_runs_nothing() {
    for (name, page) in all() {
        if name == "link" {
            assert!(!page.contains("<script") && !page.contains("<form"));
            // An app that was set up is offered, and nothing else.
            let apps = page.matches("-id://c#").count();
            assert_eq!(page.matches("<a ").count(), apps);
        }
    }
}

#[test]
fn every_problem_differs_and_has_a_fitting_status() {
    let site = Site {
        lang: Lang::En,
        server: "S",
        host: "h",
        authenticator: "A",
    };
    let mut bodies = BTreeSet::new();
    for one in PROBLEMS {
        assert!((400..600).contains(&one.status()), "{one:?}");
        assert!(bodies.insert(problem(&site, one, None)), "{one:?}");
        assert!(problem(&site, one, Some("r-17")).contains("Reference r-17"));
    }
}

#[test]
fn the_sign_in_page_says_what_to_do_and_keeps_what_was_typed() {
    let site = Site {
        lang: Lang::En,
        server: "S",
        host: "h",
        authenticator: "A",
    };
    let action = Action {
        url: "/login",
        csrf: "t",
    };
    let page = |trouble| {
        sign_in(
            &site,
            &SignIn {
                service: "Jira",
                action,
                account: "a@b.c",
                trouble,
            },
        )
    };
    let wrong = page(Some(SignInTrouble::NameMissing));
    assert!(
        wrong.contains("Enter your e-mail.")
            && wrong.contains("aria-invalid=\"true\" aria-describedby=\"error\" autofocus")
    );
    assert!(wrong.contains("value=\"a@b.c\""));
    let first = page(None);
    assert!(!first.contains("aria-invalid") && !first.contains("autofocus"));
    assert!(first.contains("autocomplete=\"username\""));
}

#[test]
fn phases_keep_their_names() {
    for phase in Phase::ALL {
        assert_eq!(Phase::from_name(phase.name()), Some(phase));
    }
    assert_eq!(Phase::from_name("over"), None);
}
