//! A record of every call.

use std::future::Future;
use std::sync::Mutex;

use s3ferry_core::model::{Document, Target};
use s3ferry_engine::ports::PortError;

use super::around::{Around, Call, Layered, Operation};

/// A world that remembers its calls.
pub type Recording<W> = Layered<W, Record>;

/// The calls so far.
#[derive(Debug, Default)]
pub struct Record(Mutex<Vec<Call>>);

impl<W> Recording<W> {
    /// A world with an empty record.
    #[must_use]
    pub fn new(world: W) -> Self {
        Self {
            world,
            layer: Record::default(),
        }
    }

    /// The calls in the order they began.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.layer
            .0
            .lock()
            .expect("no test panics while recording")
            .clone()
    }

    /// The documents that a target was written with, in order; `None` for a removal.
    #[must_use]
    pub fn writes_to(&self, target: &Target) -> Vec<Option<Document>> {
        let address = target.to_string();
        let calls = self.calls().into_iter();
        calls
            .filter(|call| call.operation == Operation::Write && call.on == address)
            .map(|call| call.after)
            .collect()
    }

    /// The targets written, in order, one entry per write.
    #[must_use]
    pub fn written(&self) -> Vec<String> {
        let calls = self.calls().into_iter();
        calls
            .filter(|call| call.operation == Operation::Write)
            .map(|call| call.on)
            .collect()
    }
}

impl Around for Record {
    async fn around<T: Send>(
        &self,
        call: Call,
        inner: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        self.0
            .lock()
            .expect("no test panics while recording")
            .push(call);
        inner.await
    }
}
