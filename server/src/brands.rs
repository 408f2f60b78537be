//! The apps that people of this server may use: `[[brand]]` in the settings, one for each brand.
//!
//! In: what a brand is known by to phones (its identifier, certificates, scheme). Out: the two files by which Android and iOS
//! let an app open our links, and links that the pages offer. Never: `/r`, which leads back to the browser; a token in a link
//! of a scheme, since any app may claim that scheme.

use countersign_protocol::invitation::is_brand;
use countersign_protocol::links::is_scheme;
use countersign_protocol::text::Name;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One brand.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brand {
    /// Names it in links: `/e/<id>`.
    pub(crate) id: String,
    /// As people know it.
    pub(crate) name: Name,
    /// Its own scheme, where it has one.
    pub(crate) scheme: Option<String>,
    pub(crate) android: Option<Android>,
    pub(crate) ios: Option<Ios>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Android {
    pub(crate) application_id: String,
    /// SHA-256 of its signing certificates, in hexadecimal, with or without colons.
    pub(crate) signing_sha256: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ios {
    pub(crate) bundle_id: String,
    pub(crate) team_id: String,
}

/// What is wrong with the brands of the settings.
pub(crate) fn check(brands: &[Brand]) -> Result<(), String> {
    for (at, brand) in brands.iter().enumerate() {
        let said = |what: &str| format!("brand {}: {what}", brand.id);
        if !is_brand(&brand.id) {
            return Err(said("id has 1 to 32 of a-z, 0-9, '-'"));
        }
        if brand
            .scheme
            .as_deref()
            .is_some_and(|scheme| !is_scheme(scheme))
        {
            return Err(said("scheme is none that an app can own"));
        }
        if !brand.android.as_ref().is_none_or(Android::is_fit) {
            return Err(said(
                "android has an application_id (de.example.app) and signing_sha256, 64 hexadecimal digits each",
            ));
        }
        if !brand.ios.as_ref().is_none_or(Ios::is_fit) {
            return Err(said(
                "ios has a bundle_id (de.example.app) and a team_id of ten characters",
            ));
        }
        let same = |other: &Brand| {
            other.id == brand.id || (other.scheme.is_some() && other.scheme == brand.scheme)
        };
        if brands[..at].iter().any(same) {
            return Err(said("another brand has its id or scheme"));
        }
    }
    Ok(())
}

impl Android {
    fn is_fit(&self) -> bool {
        let segment = |segment: &str| {
            segment.starts_with(|first: char| first.is_ascii_alphabetic())
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        self.application_id.contains('.')
            && self.application_id.split('.').all(segment)
            && !self.signing_sha256.is_empty()
            && self
                .signing_sha256
                .iter()
                .all(|print| fingerprint(print).is_some())
    }
}

impl Ios {
    fn is_fit(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        self.bundle_id.contains('.')
            && self.bundle_id.bytes().all(plain)
            && self.team_id.len() == 10
            && self
                .team_id
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    }
}

/// `AA:BB:…`, as Android has it.
fn fingerprint(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(|c| *c != ':').collect();
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes: Vec<&[u8]> = hex.as_bytes().chunks(2).collect();
    let bytes = bytes
        .iter()
        .map(|pair| String::from_utf8_lossy(pair).to_ascii_uppercase());
    Some(bytes.collect::<Vec<_>>().join(":"))
}

/// `/.well-known/assetlinks.json` (Digital Asset Links): which Android apps may open links of this host.
pub(crate) fn asset_links(brands: &[Brand]) -> Value {
    let apps = brands.iter().filter_map(|brand| brand.android.as_ref());
    let statement = |app: &Android| {
        let prints = app.signing_sha256.iter();
        let prints: Vec<String> = prints.filter_map(|print| fingerprint(print)).collect();
        json!({
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": app.application_id,
                "sha256_cert_fingerprints": prints,
            },
        })
    };
    apps.map(statement).collect()
}

/// `/.well-known/apple-app-site-association`: which iOS apps open which links of this host.
pub(crate) fn app_site_association(brands: &[Brand]) -> Value {
    let details = brands.iter().filter_map(|brand| {
        let app = brand.ios.as_ref()?;
        let paths = ["/e".to_owned(), format!("/e/{}", brand.id), "/c".to_owned()];
        let components: Vec<Value> = paths.iter().map(|path| json!({ "/": path })).collect();
        let id = format!("{}.{}", app.team_id, app.bundle_id);
        Some(json!({ "appIDs": [id], "components": components }))
    });
    json!({ "applinks": { "details": details.collect::<Vec<_>>() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nordwall() -> Brand {
        let print = "ab".repeat(32);
        toml::from_str(&format!(
            r#"
            id = "nordwall"
            name = "Nordwall ID"
            scheme = "nordwall-id"
            android = {{ application_id = "de.nordwall.id", signing_sha256 = ["{print}"] }}
            ios = {{ bundle_id = "de.nordwall.id", team_id = "A1B2C3D4E5" }}
            "#
        ))
        .unwrap()
    }

    #[test]
    fn a_brand_is_told_to_android_and_ios_as_they_want_it() {
        let brands = [nordwall()];
        assert_eq!(check(&brands), Ok(()));
        let print = ["AB"; 32].join(":");
        assert_eq!(
            asset_links(&brands),
            json!([{
                "relation": ["delegate_permission/common.handle_all_urls"],
                "target": {
                    "namespace": "android_app",
                    "package_name": "de.nordwall.id",
                    "sha256_cert_fingerprints": [print],
                },
            }])
        );
        assert_eq!(
            app_site_association(&brands),
            json!({"applinks": {"details": [{
                "appIDs": ["A1B2C3D4E5.de.nordwall.id"],
                "components": [{"/": "/e"}, {"/": "/e/nordwall"}, {"/": "/c"}],
            }]}})
        );
        // The way back belongs to the browser.
        for file in [asset_links(&brands), app_site_association(&brands)] {
            assert!(!file.to_string().contains("/r"));
        }
    }

    #[test]
    fn without_brands_and_without_apps_the_files_name_nobody() {
        let bare = Brand {
            android: None,
            ios: None,
            ..nordwall()
        };
        for brands in [&[][..], &[bare][..]] {
            assert_eq!(asset_links(brands), json!([]));
            assert_eq!(
                app_site_association(brands),
                json!({"applinks": {"details": []}})
            );
        }
    }

    #[test]
    fn what_no_phone_would_take_is_refused() {
        let changes: [fn(&mut Brand); 16] = [
            |brand| brand.id = String::new(),
            |brand| brand.id = "Nordwall".into(),
            |brand| brand.id = "a/b".into(),
            |brand| brand.id = "a".repeat(33),
            |brand| brand.scheme = Some("https".into()),
            |brand| brand.scheme = Some("javascript:".into()),
            |brand| brand.scheme = Some("Nordwall".into()),
            |brand| android(brand).application_id = "nordwall".into(),
            |brand| android(brand).application_id = "de.1nordwall".into(),
            |brand| android(brand).application_id = "de.nordwall.".into(),
            |brand| android(brand).signing_sha256 = Vec::new(),
            |brand| android(brand).signing_sha256[0].truncate(63),
            |brand| android(brand).signing_sha256.push("zz".repeat(32)),
            |brand| ios(brand).bundle_id = "de nordwall.id".into(),
            |brand| ios(brand).team_id = "A1B2C3D4E".into(),
            |brand| ios(brand).team_id = "a1b2c3d4e5".into(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut brand = nordwall();
            change(&mut brand);
            assert!(check(&[brand]).is_err(), "{at}");
        }
    }

    fn android(brand: &mut Brand) -> &mut Android {
        brand.android.as_mut().unwrap()
    }

    fn ios(brand: &mut Brand) -> &mut Ios {
        brand.ios.as_mut().unwrap()
    }

    #[test]
    fn two_brands_differ_in_id_and_scheme() {
        let other = |id: &str, scheme: Option<&str>| Brand {
            id: id.into(),
            scheme: scheme.map(str::to_owned),
            ..nordwall()
        };
        assert!(check(&[nordwall(), other("kupfer", Some("kupfer-id"))]).is_ok());
        assert!(check(&[other("a", None), other("b", None)]).is_ok());
        for twice in [
            other("nordwall", Some("kupfer-id")),
            other("kupfer", Some("nordwall-id")),
        ] {
            assert!(check(&[nordwall(), twice]).is_err());
        }
    }
}
