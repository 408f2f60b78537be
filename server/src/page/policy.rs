//! What a page may load and where its forms may go (Content Security Policy, level 3).

/// The `Content-Security-Policy` of every page but the one that posts to an application.
pub fn content_security_policy() -> String {
    with_forms("'self'")
}

/// The `Content-Security-Policy` of [`super::post_form`].
///
/// Some browsers hold redirects after a post to the same list, and applications do redirect after they took an assertion, to
/// hosts that we cannot know: so https is allowed at large. The page has this one form and nothing that comes from outside.
pub fn content_security_policy_for_post(acs_url: &str) -> String {
    match origin(acs_url) {
        Some(origin) => with_forms(&format!("{origin} https:")),
        None => with_forms("'none'"),
    }
}

fn with_forms(targets: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action {targets}; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Scheme and authority of a web address. None for anything that could mean something else inside the header.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let good =
        matches!(scheme, "https" | "http") && !authority.is_empty() && authority.chars().all(plain);
    if good {
        url.get(..scheme.len() + "://".len() + authority.len())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_or_loads_that_is_not_ours() {
        let policy = content_security_policy();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{policy}"
        );
        assert!(policy.contains("form-action 'self';"), "{policy}");
        assert!(
            policy.ends_with("base-uri 'none'; frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains("data:"),
            "{policy}"
        );
    }

    #[test]
    fn the_posting_page_may_reach_its_application() {
        for (url, origin) in [
            ("http://localhost:8000/saml/acs", "http://localhost:8000"),
            ("https://sp.example", "https://sp.example"),
            ("https://sp.example?x=/y", "https://sp.example"),
            ("https://[::1]:9/acs#x", "https://[::1]:9"),
        ] {
            let policy = content_security_policy_for_post(url);
            assert!(
                policy.contains(&format!("form-action {origin} https:; ")),
                "{policy}"
            );
        }
    }

    #[test]
    fn an_address_cannot_add_to_the_policy() {
        for url in [
            "javascript:alert(1)",
            "javascript://sp.example/%0aalert(1)",
            "https://sp.example; script-src *",
            "https://sp.example,default-src *",
            "https://sp.example\r\nX: y",
            "https://user@sp.example/",
            "https:///acs",
            "https://*",
            "https://sp.exämple/",
            "/acs",
            "",
        ] {
            let policy = content_security_policy_for_post(url);
            assert!(policy.contains("form-action 'none'; "), "{url:?}: {policy}");
        }
    }
}
