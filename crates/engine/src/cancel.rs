//! Cancellation: the caller says once that no new write may start.

use tokio::sync::watch;

/// The caller's end: says that the run shall stop.
#[derive(Debug, Clone)]
pub struct Canceller(watch::Sender<bool>);

/// The run's end: asks whether it shall stop.
#[derive(Debug, Clone)]
pub struct CancelToken(watch::Receiver<bool>);

/// A canceller and its token. A canceller that is dropped without a word never cancels.
#[must_use]
pub fn canceller() -> (Canceller, CancelToken) {
    let (sender, receiver) = watch::channel(false);
    (Canceller(sender), CancelToken(receiver))
}

impl Canceller {
    /// Asks the run to stop between writes.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl CancelToken {
    /// A token that never asks to stop.
    #[must_use]
    pub fn never() -> Self {
        canceller().1
    }

    /// Whether the run shall stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when the run shall stop; never where nobody can say so any more.
    pub async fn cancelled(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
