//! Where links end that no app took, and the files by which an app may take them.

use crate::app::{App, Shared};
use crate::brands::{self, Brand};
use crate::login;
use crate::page::{self, Landing, OpenApp};
use crate::web::{self, Page, Visitor, ok, show, site};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use countersign_protocol::links::ChallengeLink;
use serde_json::Value;

/// `GET /e`, `GET /e/{brand}`: an invitation. What stands behind its `#` is known to the browser alone.
pub(super) async fn invitation(
    State(app): State<Shared>,
    brand: Option<Path<String>>,
    visitor: Visitor,
) -> Response {
    let brands = &app.config.file.brands;
    let named = brand.and_then(|Path(id)| brands.iter().find(|brand| brand.id == id));
    let one;
    let apps = match named {
        Some(brand) => {
            one = [brand];
            &one[..]
        }
        None => &brands.iter().collect::<Vec<_>>(),
    };
    let mut site = site(&app, &visitor);
    if let Some(brand) = named {
        site.authenticator = brand.name.as_str();
    }
    // Nothing goes along: any app may claim a scheme, and the invitation is a secret.
    let apps = open_apps(apps, |scheme| Some(format!("{scheme}://e")));
    ok(page::landing(&site, &Landing::Invitation { apps: &apps }))
}

/// `GET /c`: a request on this device. The browser that waits for it gets the link again, by each brand's own scheme.
pub(super) async fn request(State(app): State<Shared>, visitor: Visitor) -> Response {
    let page: Page = async {
        let waiting = match web::session(&app, &visitor).await? {
            Some(session) => login::request_of(&app, &session.token_hash).await?,
            None => None,
        };
        let brands: Vec<&Brand> = app.config.file.brands.iter().collect();
        let by = |link: &ChallengeLink, scheme: &str| link.to_scheme_link(scheme).ok();
        let apps = open_apps(&brands, |scheme| by(waiting.as_ref()?, scheme));
        let site = site(&app, &visitor);
        Ok(ok(page::landing(&site, &Landing::Request { apps: &apps })))
    }
    .await;
    show(&app, &visitor, page)
}

fn open_apps<'a>(brands: &[&'a Brand], link: impl Fn(&str) -> Option<String>) -> Vec<OpenApp<'a>> {
    let open = |brand: &&'a Brand| {
        Some(OpenApp {
            name: brand.name.as_str(),
            link: link(brand.scheme.as_deref()?)?,
        })
    };
    brands.iter().filter_map(open).collect()
}

/// `GET /.well-known/assetlinks.json`.
pub(super) async fn asset_links(State(app): State<Shared>) -> Response {
    file(&app, brands::asset_links)
}

/// `GET /.well-known/apple-app-site-association`.
pub(super) async fn app_site_association(State(app): State<Shared>) -> Response {
    file(&app, brands::app_site_association)
}

/// As the makers of the systems fetch it, and keep it for a while: no redirect, no cookie.
fn file(app: &App, content: fn(&[Brand]) -> Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    let text = content(&app.config.file.brands).to_string();
    (headers, text).into_response()
}
