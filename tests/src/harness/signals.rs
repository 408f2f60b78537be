//! Work that ends early when somebody presses Ctrl-C.

use super::{During, Result, end_all};
use std::thread;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Works in a thread of its own; nothing when a signal came first, and then everything that was started is stopped and removed.
///
/// # Errors
/// What the work ran into.
pub fn until_signal<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<Option<T>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .during("listening for signals")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).during("listening for signals")?;
        let mut terminate = signal(SignalKind::terminate()).during("listening for signals")?;
        let (done, worked) = oneshot::channel();
        thread::spawn(move || {
            // Nobody listens any more when a signal came first.
            let _ = done.send(work());
        });
        tokio::select! {
            result = worked => result.during("the work broke off")?.map(Some),
            _ = interrupt.recv() => Ok(stopped()),
            _ = terminate.recv() => Ok(stopped()),
        }
    })
}

fn stopped<T>() -> Option<T> {
    end_all();
    None
}
