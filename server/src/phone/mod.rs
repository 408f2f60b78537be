//! In: calls of phones (protocol section 10). Out: statements signed by S, or a problem.
//! Each call is authenticated by a statement of the phone before anything is looked up for it.
//! Never: a state changed by an unverified call, a hint whose credential or challenge an unknown id
//! might be (one 404 for all), a statement over its cap.

mod acks;
mod actions;
mod enrol;
mod judge;
mod keys;
mod life;
mod list;
mod once;
mod overview;
pub(crate) mod pin;
mod problem;
mod proof;
mod renew;
mod respond;
mod waiting;

use crate::app::Shared;
use axum::Router;
use axum::routing::{get, post, put};
pub(crate) use problem::{Problem, answer, bytes};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/cs/v1/keys", get(keys::keys))
        .route("/cs/v1/invitations", post(enrol::begin))
        .route("/cs/v1/offers", post(enrol::offer))
        .route("/cs/v1/registrations", post(enrol::register))
        .route("/cs/v1/credentials/{id}", get(enrol::state))
        .route("/cs/v1/challenges", get(list::challenges))
        .route("/cs/v1/challenges/{id}", get(list::challenge))
        .route("/cs/v1/responses", post(respond::respond))
        .route("/cs/v1/actions", post(actions::act))
        .route("/cs/v1/acks", post(acks::acknowledge))
        .route("/cs/v1/overview", get(overview::overview))
        .route("/cs/v1/phone", put(overview::describe))
        .route(
            "/cs/v1/push",
            put(overview::set_push).delete(overview::drop_push),
        )
        .route("/cs/v1/wake/{wake}", get(waiting::wake))
        .method_not_allowed_fallback(async || {
            Problem::from(countersign_protocol::problem::Code::BadRequest)
        })
}

/// One for now, for so many seconds.
pub(crate) fn unavailable(seconds: u64) -> axum::response::Response {
    axum::response::IntoResponse::into_response(Problem {
        retry_after: Some(seconds),
        ..countersign_protocol::problem::Code::Unavailable.into()
    })
}

/// A problem answer for addresses outside these routes.
pub(crate) fn problem(code: countersign_protocol::problem::Code) -> axum::response::Response {
    axum::response::IntoResponse::into_response(Problem::from(code))
}
