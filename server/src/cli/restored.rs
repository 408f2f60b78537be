//! After the database was put back from a backup: a phone may have newer states than it has, and takes none that is not newer still
//! (protocol section 5); it may have read on further than the numbers are; and what was used up or ended since is there again.

use super::Said;
use crate::app::App;
use crate::credential;
use crate::links::end_living;
use crate::signer::StartError;
use crate::store::{credentials, forget_what_came_back};
use serde_json::json;

/// More states than a credential gets between a backup and the day when it is put back.
const STEP: i64 = 1000;

/// Signs a next state for every credential, far enough above the last one that is known here. A phone that was being added is not:
/// what it and the server agreed on may be gone.
pub(super) async fn restored(app: &App) -> Result<Said, StartError> {
    let mut tx = app.store.write().await?;
    // The state that is signed now is the last of them.
    credentials::skip_states(&mut tx, STEP - 1).await?;
    let mut states = 0;
    for mut row in credentials::all(&mut tx).await? {
        if row.standing == "pending" {
            end_living(app, &mut tx, &row.user).await?;
        } else {
            credential::sign_again(app, &mut tx, &mut row).await?;
        }
        states += 1;
    }
    let locked = forget_what_came_back(&mut tx).await?;
    app.audit(&mut tx, "server", "", "restored").await?;
    tx.commit().await?;
    let text = format!(
        "Signed a newer state for each of {states} phones; they take it when they ask next. \
         Everybody is signed out, and addresses of invitations are over. \
         Recovery codes of {locked} people wait for `user recovery ACCOUNT --unlock`: some may have been used since."
    );
    let json = json!({ "states": states, "locked": locked });
    Ok(Said::new(text, json))
}
