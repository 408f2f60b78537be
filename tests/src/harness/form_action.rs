//! What a page's Content-Security-Policy lets its forms do: a browser that enforces it stops a login where the
//! service provider's origin was forgotten.

use url::Url;

/// Whether a page at `page` with this policy may send a form to `target`.
pub(super) fn allows(policy: &str, page: &Url, target: &Url) -> bool {
    let directive = policy
        .split(';')
        .map(|directive| directive.split_ascii_whitespace().collect::<Vec<_>>())
        .find(|words| {
            words
                .first()
                .is_some_and(|name| name.eq_ignore_ascii_case("form-action"))
        });
    // Without the directive nothing is forbidden: `default-src` does not stand in for it.
    directive.is_none_or(|words| {
        words
            .iter()
            .skip(1)
            .any(|source| matches(source, page, target))
    })
}

fn matches(source: &str, page: &Url, target: &Url) -> bool {
    match source {
        "'self'" => page.origin() == target.origin(),
        "'none'" => false,
        "*" => target.scheme() == "https",
        _ if source.ends_with(':') => source.strip_suffix(':') == Some(target.scheme()),
        _ => Url::parse(source).is_ok_and(|allowed| {
            let whole = allowed.path() == "/" || allowed.path() == target.path();
            allowed.origin() == target.origin() && whole
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(policy: &str, target: &str) -> bool {
        allows(
            policy,
            &Url::parse("https://localhost:1/login/x").unwrap(),
            &Url::parse(target).unwrap(),
        )
    }

    #[test]
    fn a_named_origin_is_allowed_and_another_port_is_another_origin() {
        let policy = "default-src 'none'; form-action 'self' https://localhost:2";
        assert!(allowed(policy, "https://localhost:2/acs"));
        assert!(allowed(policy, "https://localhost:1/login/x"));
        assert!(!allowed(policy, "https://localhost:3/acs"));
    }

    #[test]
    fn nothing_named_is_nothing_allowed_and_no_directive_forbids_nothing() {
        assert!(!allowed("form-action 'none'", "https://localhost:1/"));
        assert!(!allowed("form-action", "https://localhost:1/"));
        assert!(allowed("default-src 'none'", "https://localhost:9/"));
    }

    #[test]
    fn a_path_in_the_policy_counts() {
        assert!(allowed(
            "form-action https://localhost:2/acs",
            "https://localhost:2/acs?c=1"
        ));
        assert!(!allowed(
            "form-action https://localhost:2/acs",
            "https://localhost:2/other"
        ));
    }
}
